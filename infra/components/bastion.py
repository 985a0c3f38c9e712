"""Azure Bastion: the only way to connect to a desk, from a browser."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network

import pulumi
from pulumi_azure_native import network

from infra.components.base_component import BaseComponent, ComponentArgs, DiagnosticCategories
from infra.components.grants import Principal
from infra.components.nsg_rules import Direction, SecurityRule
from infra.components.public_ip_address import PublicIpAddress
from infra.components.subnet import SubnetSpec
from infra.names import ResourceKind
from infra.network_services import BASTION_INTERNAL_PORTS, Port
from infra.roles import Role

HTTPS, HTTP, SSH, RDP = (str(int(port)) for port in (Port.HTTPS, Port.HTTP, Port.SSH, Port.RDP))
NETWORK = "VirtualNetwork"
IN, OUT = Direction.IN, Direction.OUT


def bastion_subnet(prefix: IPv4Network) -> SubnetSpec:
    """Return Bastion's subnet with the rules that Azure requires (learn.microsoft.com, "Working with NSG access and
    Bastion")."""
    allowed = (
        SecurityRule("browsers-in", IN, "Internet", "*", (HTTPS,), "browsers"),
        SecurityRule("control-plane-in", IN, "GatewayManager", "*", (HTTPS,), "Azure's control plane"),
        SecurityRule("health-in", IN, "AzureLoadBalancer", "*", (HTTPS,), "Azure's health probes"),
        SecurityRule("instances-in", IN, NETWORK, NETWORK, BASTION_INTERNAL_PORTS, "between its instances", "*"),
        SecurityRule("desks-out", OUT, "*", NETWORK, (SSH, RDP), "to the desks", "*"),
        SecurityRule("azure-out", OUT, "*", "AzureCloud", (HTTPS,), "its own logs and settings"),
        SecurityRule("instances-out", OUT, NETWORK, NETWORK, BASTION_INTERNAL_PORTS, "between its instances", "*"),
        SecurityRule("certificates-out", OUT, "*", "Internet", (HTTP,), "certificate revocation lists", "*"),
    )
    return SubnetSpec("bastion", prefix, allowed, "AzureBastionSubnet", routed=False, internet_facing=True)


@dataclass(frozen=True, kw_only=True)
class BastionArgs(ComponentArgs):
    """The arguments of `Bastion`."""

    subnet: network.Subnet
    """The subnet of `bastion_subnet`."""
    after: Sequence[pulumi.Resource] = ()
    """The last write to the network, which refuses others while a Bastion is created."""


class Bastion(BaseComponent):
    """A Bastion without clipboard, file copy, tunnels and shareable links.

    Standard is the smallest SKU in which copy and paste can be disabled (learn.microsoft.com, "Bastion SKUs").
    """

    TYPE = "sde:infra:Bastion"

    def __init__(self, name: str, args: BastionArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        scope = args.scope
        address = PublicIpAddress(name, ComponentArgs(scope=scope), self.child_opts()).address
        self.host = network.BastionHost(
            name,
            bastion_host_name=scope.names.local(ResourceKind.BASTION),
            resource_group_name=scope.group_name,
            location=scope.location,
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
                    name=scope.names.local(ResourceKind.IP_CONFIGURATION, name),
                    subnet=network.SubResourceArgs(id=args.subnet.id),
                    public_ip_address=network.SubResourceArgs(id=address.id),
                    private_ip_allocation_method=network.IPAllocationMethod.DYNAMIC,
                )
            ],
            zones=list(scope.zones) or None,
            tags=scope.tags,
            opts=self.child_opts(depends_on=args.after),
        )
        self.add_diagnostic_setting(name, self.host.id, DiagnosticCategories.GENERAL)
        self.register_outputs({"host": self.host.id})

    def grant_connect(self, name: str, principal: Principal) -> None:
        """Assign the Reader role on Bastion, which connecting to a desk through it requires."""
        self.grant(f"{self.name}-{name}-see", Role.READER, principal, self.host.id)
