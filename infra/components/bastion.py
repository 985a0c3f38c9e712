"""Bastion: the one way in, by a browser, to the desks."""

from __future__ import annotations

from ipaddress import IPv4Network

from pulumi_azure_native import network

from infra.components.flows import Flow, Way
from infra.components.grants import Principal
from infra.components.part import Part, Report
from infra.components.public_address import PublicAddress
from infra.components.room import Room
from infra.components.virtual_network import SubnetPlan
from infra.names import Kind
from infra.roles import BASTION_INTERNAL, Port, Role

HTTPS, HTTP, SSH, RDP = (str(int(port)) for port in (Port.HTTPS, Port.HTTP, Port.SSH, Port.RDP))
NETWORK = "VirtualNetwork"


def bastion_subnet(prefix: IPv4Network) -> SubnetPlan:
    """Its subnet, with the rules that Azure insists on (learn.microsoft.com, "Working with NSG access and Bastion")."""
    flows = (
        Flow("browsers-in", Way.IN, "Internet", "*", (HTTPS,), "people's browsers"),
        Flow("control-plane-in", Way.IN, "GatewayManager", "*", (HTTPS,), "Azure's control plane"),
        Flow("health-in", Way.IN, "AzureLoadBalancer", "*", (HTTPS,), "Azure's health probes"),
        Flow("instances-in", Way.IN, NETWORK, NETWORK, BASTION_INTERNAL, "among its own instances", "*"),
        Flow("desks-out", Way.OUT, "*", NETWORK, (SSH, RDP), "to the desks", "*"),
        Flow("azure-out", Way.OUT, "*", "AzureCloud", (HTTPS,), "its own logs and settings"),
        Flow("instances-out", Way.OUT, NETWORK, NETWORK, BASTION_INTERNAL, "among its own instances", "*"),
        Flow("certificates-out", Way.OUT, "*", "Internet", (HTTP,), "whether certificates were revoked", "*"),
    )
    return SubnetPlan("bastion", prefix, flows, "AzureBastionSubnet", routed=False, faces_internet=True)


class Bastion(Part):
    """A Bastion through which nothing can be carried: no clipboard, no files, no tunnel, no link to share.

    Standard is the smallest SKU in which copy and paste can be turned off (learn.microsoft.com, "Bastion SKUs").
    """

    def __init__(self, name: str, room: Room, subnet: network.Subnet) -> None:
        super().__init__(name, room)
        address = PublicAddress(name, room, self).address
        self.host = network.BastionHost(
            name,
            bastion_host_name=room.names.local(Kind.BASTION),
            resource_group_name=room.group_name,
            location=room.location,
            sku=network.SkuArgs(name=network.BastionHostSkuName.STANDARD),
            scale_units=2,
            disable_copy_paste=True,
            enable_file_copy=False,
            enable_ip_connect=False,
            enable_kerberos=False,
            enable_shareable_link=False,
            enable_tunneling=False,
            enable_session_recording=False,
            ip_configurations=[
                network.BastionHostIPConfigurationArgs(
                    name=room.names.local(Kind.IP_CONFIGURATION, name),
                    subnet=network.SubResourceArgs(id=subnet.id),
                    public_ip_address=network.SubResourceArgs(id=address.id),
                    private_ip_allocation_method=network.IPAllocationMethod.DYNAMIC,
                )
            ],
            zones=list(room.zones) or None,
            tags=room.tags,
            opts=self.own(),
        )
        self.diagnose(name, self.host.id, Report.GENERAL)
        self.register_outputs({"host": self.host.id})

    def grant_use(self, name: str, who: Principal) -> None:
        """Lets somebody connect through Bastion to the desks that they may sign in to."""
        self.grant(f"{self.called}-{name}-see", Role.READER, who, self.host.id)
