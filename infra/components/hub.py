"""The hub of a cell: its network and the cell's private DNS zones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address

import pulumi
from pulumi_azure_native import network

from formats.addresses import HubEndpoint, HubRange, first_usable
from infra.components.base_component import BaseComponent, ComponentArgs, PrivateEndpointPlacement
from infra.components.bastion import bastion_subnet
from infra.components.flow_log_storage import FlowLogStorage
from infra.components.forced_tunnel_route_table import ForcedTunnelRouteTable, ForcedTunnelRouteTableArgs
from infra.components.gateway_route_table import GatewayRouteTable, GatewayRouteTableArgs
from infra.components.nsg_rules import Direction, SecurityRule, host_range
from infra.components.private_dns_zones import PrivateDnsZones, PrivateDnsZonesArgs
from infra.components.subnet import SubnetSpec
from infra.components.virtual_network import VirtualNetwork, VirtualNetworkArgs
from infra.components.write_order import WriteOrder
from infra.dns_names import HUB_DOMAINS, REGISTRATION_DOMAINS
from infra.network_services import Port


@dataclass(frozen=True, kw_only=True)
class HubArgs(ComponentArgs):
    """The arguments of `Hub`."""

    addresses: HubRange
    """The hub's range."""
    inboxes: Sequence[IPv4Address] = ()
    """The inboxes that connected sites reach through a gateway; empty: no gateway."""
    log_readers: Sequence[IPv4Address] = ()
    """The virtual machines that query logs over the private link."""
    windows_desks: bool = False
    """True: the firewall finds the host at which Windows desks join Entra."""


class Hub(BaseComponent):
    """The hub's virtual network with its subnets, and the private DNS zones of the cell."""

    TYPE = "sde:infra:Hub"

    def __init__(self, name: str, args: HubArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        scope, addresses = args.scope, args.addresses
        self.addresses = addresses
        # Azure assigns the firewall the first free address of its subnet; it cannot be chosen. The networks need it
        # before the firewall is created, so `Firewall` verifies it afterwards.
        self.firewall_address: IPv4Address = first_usable(addresses.firewall)
        routes = ForcedTunnelRouteTable(
            name, ForcedTunnelRouteTableArgs(scope=scope, firewall_address=str(self.firewall_address)),
            self.child_opts(),
        )  # fmt: skip
        subnets = (
            # Azure refuses an NSG and custom routes on the firewall's subnet.
            SubnetSpec("firewall", addresses.firewall, None, "AzureFirewallSubnet", routed=False),
            bastion_subnet(addresses.bastion),
            SubnetSpec("endpoints", addresses.endpoints),
            # Queries only: no agents are installed, and diagnostic settings do not use the network.
            SubnetSpec("monitoring", addresses.monitoring, _log_queries(args)),
            *([self._gateway_subnet(name, args)] if args.inboxes else []),
        )
        # Only Azure's own services are in the hub; people work in its spokes. Bastion keeps the DNS server of its
        # creation (learn.microsoft.com, "Configure Bastion for Kerberos authentication"), when there is no firewall yet
        # that could answer.
        domains = (*HUB_DOMAINS, *(REGISTRATION_DOMAINS if args.windows_desks else ()))
        network_args = VirtualNetworkArgs(
            scope=scope, space=addresses.network, subnets=subnets, dns_server=None, domains=domains,
            routes=routes.table,
        )  # fmt: skip
        self.virtual_network = VirtualNetwork(name, network_args, self.child_opts())
        dns_args = PrivateDnsZonesArgs(scope=scope, hub=self.virtual_network.network)
        self.dns_zones = PrivateDnsZones("dns", dns_args)
        self.register_outputs({"network": self.virtual_network.network.id})

    def _gateway_subnet(self, name: str, args: HubArgs) -> SubnetSpec:
        table_args = GatewayRouteTableArgs(
            scope=args.scope, firewall_address=str(self.firewall_address), destinations=args.inboxes
        )
        routes = GatewayRouteTable(f"{name}-gateway", table_args, self.child_opts()).table
        return SubnetSpec("gateway", args.addresses.gateway, None, "GatewaySubnet", routed=False, own_routes=routes)

    @property
    def writes(self) -> WriteOrder:
        """The writes to the network."""
        return self.virtual_network.writes

    def subnet(self, purpose: str) -> network.Subnet:
        """Return one of the hub's subnets."""
        return self.virtual_network.subnets[purpose]

    def endpoint_placement(self, purpose: str, endpoint: HubEndpoint | None = None) -> PrivateEndpointPlacement:
        """Return the placement of a private endpoint in a subnet: at its address in the plan, or, for None, at
        addresses that Azure assigns."""
        subnet_id: pulumi.Output[str] = self.subnet(purpose).id
        addresses = (self.addresses.address(endpoint),) if endpoint else ()
        return PrivateEndpointPlacement(subnet_id, self.dns_zones, self.writes, addresses)


def _log_queries(args: HubArgs) -> tuple[SecurityRule, ...]:
    """Return a rule for each virtual machine that queries logs. The private link scope has no fixed addresses, so the
    destination is its subnet."""
    logs, https = str(args.addresses.monitoring), (str(int(Port.HTTPS)),)
    return tuple(
        SecurityRule(f"queries-in-{number}", Direction.IN, host_range(reader), logs, https, "log queries of engineers")
        for number, reader in enumerate(args.log_readers, 1)
    )


@dataclass(frozen=True)
class OwnHub:
    """The hub as a spoke of its own stack uses it (`CellHub`)."""

    hub: Hub
    flows: FlowLogStorage
    provider: pulumi.ProviderResource | None = None

    @property
    def group_name(self) -> pulumi.Input[str]:
        """The name of its resource group."""
        return self.hub.scope.group_name

    @property
    def network_id(self) -> pulumi.Input[str]:
        """The id of its network."""
        network_id: pulumi.Output[str] = self.hub.virtual_network.network.id
        return network_id

    @property
    def network_name(self) -> pulumi.Input[str]:
        """The name of its network."""
        name: pulumi.Output[str] = self.hub.virtual_network.network.name
        return name

    @property
    def network_writes(self) -> WriteOrder:
        """The writes to its network."""
        return self.hub.writes

    @property
    def firewall_address(self) -> pulumi.Input[str]:
        """The private address of its firewall, which comes later; `Firewall` verifies it."""
        return str(self.hub.firewall_address)

    @property
    def flow_store_id(self) -> pulumi.Input[str]:
        """The id of the storage account for flow logs."""
        return self.flows.account_id

    @property
    def flow_identity_id(self) -> pulumi.Input[str]:
        """The id of the identity that writes flow logs."""
        return self.flows.writer_id

    @property
    def flow_store_ready(self) -> tuple[pulumi.Resource, ...]:
        """The resources that a flow log must depend on."""
        return self.flows.ready

    def zone_id(self, name: str) -> pulumi.Input[str]:
        """Return the id of a private DNS zone of the cell."""
        return self.hub.dns_zones.zone_id(name)
