"""The VPN gateway of a hub, and its connections to sites outside Azure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address

import pulumi
import pulumi_random as random
from pulumi_azure_native import network

from formats.stack_config import Site
from infra.components.base_component import BaseComponent, ComponentArgs, DiagnosticCategories
from infra.components.public_ip_address import PublicIpAddress
from infra.names import ResourceKind

SHARED_KEY_BYTES = 32
"""256 bits, as 64 hexadecimal digits: each VPN device accepts these, and Azure up to 128 printable characters
(learn.microsoft.com, "VPN Gateway FAQ")."""
LIFETIME_SECONDS, LIFETIME_KILOBYTES = 27_000, 102_400_000
"""When keys of a tunnel are renewed: Azure's defaults (learn.microsoft.com, "About cryptographic requirements")."""


@dataclass(frozen=True, kw_only=True)
class SiteGatewayArgs(ComponentArgs):
    """The arguments of `SiteGateway`."""

    subnet: network.Subnet
    """The subnet `GatewaySubnet`."""
    after: Sequence[pulumi.Resource]
    """The resources to create first: the writes to the network, and the services with subnets of their own."""
    sites: Sequence[Site]
    """The connected sites. Several may be behind one device."""


class SiteGateway(BaseComponent):
    """A zone-redundant VPN gateway with one IKEv2 connection to each device. Routes are static: no BGP.

    Tunnels have the algorithms that NCSC recommends, and Azure proposes the ranges of sites and their inboxes alone.
    That is no control: a gateway accepts the selectors that the device proposes (learn.microsoft.com, "About custom
    traffic selectors"). What a site reaches is decided by the routes of the gateway's subnet and the firewall's rules.
    """

    TYPE = "sde:infra:SiteGateway"

    def __init__(self, name: str, args: SiteGatewayArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        self._args = args
        self.gateway = self._gateway()
        self.add_diagnostic_setting(name, self.gateway.id, DiagnosticCategories.GENERAL)
        for device in dict.fromkeys(site.device for site in args.sites if site.device):
            self._connect(device, [site for site in args.sites if site.device == device])
        self.register_outputs({"gateway": self.gateway.id})

    def _gateway(self) -> network.VirtualNetworkGateway:
        scope = self.scope
        address = PublicIpAddress(self.name, ComponentArgs(scope=scope), self.child_opts()).address
        sku = network.VirtualNetworkGatewaySkuName.VPN_GW1_AZ
        return network.VirtualNetworkGateway(
            self.name,
            virtual_network_gateway_name=scope.names.local(ResourceKind.GATEWAY),
            resource_group_name=scope.group_name,
            location=scope.location,
            gateway_type=network.VirtualNetworkGatewayType.VPN,
            vpn_type=network.VpnType.ROUTE_BASED,
            vpn_gateway_generation=network.VpnGatewayGeneration.GENERATION1,
            sku=network.VirtualNetworkGatewaySkuArgs(name=sku, tier=sku.value),
            active_active=False,
            enable_bgp=False,
            enable_private_ip_address=False,
            enable_dns_forwarding=False,
            allow_remote_vnet_traffic=False,
            allow_virtual_wan_traffic=False,
            disable_ip_sec_replay_protection=False,
            ip_configurations=[
                network.VirtualNetworkGatewayIPConfigurationArgs(
                    name=scope.names.local(ResourceKind.IP_CONFIGURATION, self.name),
                    subnet=network.SubResourceArgs(id=self._args.subnet.id),
                    public_ip_address=network.SubResourceArgs(id=address.id),
                    private_ip_allocation_method=network.IPAllocationMethod.DYNAMIC,
                )
            ],
            tags=scope.tags,
            opts=self.child_opts(depends_on=self._args.after),
        )

    def _connect(self, device: IPv4Address, sites: Sequence[Site]) -> None:
        """Connect the sites behind a device: Azure has one connection to each."""
        scope, purpose = self.scope, str(device).replace(".", "-")
        name = f"{self.name}-{purpose}"
        remote = network.LocalNetworkGateway(
            name,
            local_network_gateway_name=scope.names.local(ResourceKind.LOCAL_GATEWAY, purpose),
            resource_group_name=scope.group_name,
            location=scope.location,
            gateway_ip_address=str(device),
            local_network_address_space=network.AddressSpaceArgs(
                address_prefixes=[str(range_) for site in sites for range_ in site.ranges]
            ),
            tags=scope.tags,
            opts=self.child_opts(),
        )
        network.VirtualNetworkGatewayConnection(
            name,
            virtual_network_gateway_connection_name=scope.names.local(ResourceKind.CONNECTION, purpose),
            resource_group_name=scope.group_name,
            location=scope.location,
            connection_type=network.VirtualNetworkGatewayConnectionType.IPSEC,
            connection_protocol=network.VirtualNetworkGatewayConnectionProtocol.IK_EV2,
            connection_mode=network.VirtualNetworkGatewayConnectionMode.DEFAULT,
            virtual_network_gateway1=network.VirtualNetworkGatewayArgs(id=self.gateway.id),
            local_network_gateway2=network.LocalNetworkGatewayArgs(id=remote.id),
            shared_key=self._shared_key(name, sites),
            enable_bgp=False,
            use_local_azure_ip_address=False,
            use_policy_based_traffic_selectors=True,
            traffic_selector_policies=[
                network.TrafficSelectorPolicyArgs(
                    local_address_ranges=[f"{inbox}/32" for inbox in site.inboxes],
                    remote_address_ranges=[str(range_) for range_ in site.ranges],
                )
                for site in sites
            ],
            ipsec_policies=[_ipsec_policy()],
            tags=scope.tags,
            opts=self.child_opts(),
        )

    def _shared_key(self, name: str, sites: Sequence[Site]) -> pulumi.Output[str]:
        """Generate the shared key of a connection, and another one where a site's number of renewals is raised.

        No vault has it: a secret is deleted with its vault alone, and a site must be closed at once.
        """
        renewals = {site.name: str(site.key_renewals) for site in sites if site.key_renewals}
        key = random.RandomBytes(name, length=SHARED_KEY_BYTES, keepers=renewals or None, opts=self.child_opts())
        value: pulumi.Output[str] = key.hex
        return value


def _ipsec_policy() -> network.IpsecPolicyArgs:
    """Return the algorithms of a tunnel: AES-256-GCM, SHA-384, and the 384-bit elliptic curve for each new key."""
    return network.IpsecPolicyArgs(
        ike_encryption=network.IkeEncryption.GCMAES256,
        ike_integrity=network.IkeIntegrity.SHA384,
        dh_group=network.DhGroup.ECP384,
        ipsec_encryption=network.IpsecEncryption.GCMAES256,
        ipsec_integrity=network.IpsecIntegrity.GCMAES256,
        pfs_group=network.PfsGroup.ECP384,
        sa_life_time_seconds=LIFETIME_SECONDS,
        sa_data_size_kilobytes=LIFETIME_KILOBYTES,
    )
