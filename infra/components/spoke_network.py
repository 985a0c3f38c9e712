"""A spoke network: peered with the hub only, with the firewall as its only egress."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network

import pulumi
from pulumi_azure_native import network

from infra.components.base_component import BaseComponent, ComponentArgs, PrivateEndpointPlacement
from infra.components.flow_log import FlowLog, FlowLogArgs
from infra.components.forced_tunnel_route_table import ForcedTunnelRouteTable, ForcedTunnelRouteTableArgs
from infra.components.nsg_rules import SecurityRule
from infra.components.stack_outputs import PlatformOutputs
from infra.components.virtual_network import SubnetSpec, VirtualNetwork, VirtualNetworkArgs
from infra.components.write_order import WriteOrder
from infra.names import ResourceKind


@dataclass(frozen=True, kw_only=True)
class SpokeNetworkArgs(ComponentArgs):
    """The arguments of `SpokeNetwork`."""

    space: IPv4Network
    """The address space."""
    subnets: Sequence[SubnetSpec]
    """The subnets; one has the purpose `endpoints`."""
    platform: PlatformOutputs
    """The hub of the cell."""
    unencrypted_reason: str | None = None
    """The written reason to disable network encryption between virtual machines. It is kept as a tag."""


class SpokeNetwork(BaseComponent):
    """A virtual network with subnets, a route table, peerings with the hub in both directions, and a flow log."""

    TYPE = "sde:infra:SpokeNetwork"

    def __init__(self, name: str, args: SpokeNetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        scope, platform = args.scope, args.platform
        self.platform = platform
        self._allowed = {spec.purpose: spec.allowed or () for spec in args.subnets}
        routes = ForcedTunnelRouteTable(
            name, ForcedTunnelRouteTableArgs(scope=scope, firewall_address=platform.firewall_address), self.child_opts()
        )
        network_args = VirtualNetworkArgs(
            scope=scope,
            space=args.space,
            subnets=args.subnets,
            dns_server=platform.firewall_address,
            routes=routes.table,
            unencrypted_reason=args.unencrypted_reason,
        )
        self.virtual_network = VirtualNetwork(name, network_args, self.child_opts())
        self._peer_with_hub()
        flow_log_args = FlowLogArgs(
            scope=scope,
            network=self.virtual_network,
            storage_account_id=platform.flow_store_id,
            identity_id=platform.flow_identity_id,
        )
        FlowLog(name, flow_log_args, self.child_opts())
        self.register_outputs({"network": self.virtual_network.network.id})

    def _peer_with_hub(self) -> None:
        """Create both peerings. The one from the hub is in the hub's resource group, but in this stack."""
        spoke, hub = self.virtual_network.network, self.platform
        to_hub = self._peering(
            "to-hub", self.scope.group_name, spoke.name, hub.network_id,
            self.child_opts(depends_on=self.writes.last),
        )  # fmt: skip
        hub_opts = self.child_opts(depends_on=[to_hub, *hub.network_writes.last], provider=hub.provider)
        from_hub = self._peering("from-hub", hub.group_name, hub.network_name, spoke.id, hub_opts)
        hub.network_writes.add(from_hub)
        # What is inside the network waits for both sides of the peering.
        self.writes.add(from_hub)

    def _peering(
        self, purpose: str, group_name: pulumi.Input[str], network_name: pulumi.Input[str],
        remote_id: pulumi.Input[str], opts: pulumi.ResourceOptions,
    ) -> pulumi.Resource:  # fmt: skip
        peering: pulumi.Resource = network.VirtualNetworkPeering(
            f"{self.name}-{purpose}",
            virtual_network_peering_name=self.scope.names.local(ResourceKind.PEERING, f"{self.name}-{purpose}"),
            resource_group_name=group_name,
            virtual_network_name=network_name,
            remote_virtual_network=network.SubResourceArgs(id=remote_id),
            allow_virtual_network_access=True,
            # Traffic that the firewall forwards comes from the hub, with a source address outside the hub.
            allow_forwarded_traffic=purpose == "to-hub",
            allow_gateway_transit=False,
            use_remote_gateways=False,
            opts=opts,
        )
        return peering

    def subnet_id(self, purpose: str) -> pulumi.Output[str]:
        """Return the id of a subnet."""
        subnet_id: pulumi.Output[str] = self.virtual_network.subnets[purpose].id
        return subnet_id

    def allowed(self, purpose: str) -> tuple[SecurityRule, ...]:
        """Return the rules that allow traffic of a subnet."""
        return self._allowed[purpose]

    @property
    def writes(self) -> WriteOrder:
        """The writes to the network. Those after the peerings are of resources inside it."""
        return self.virtual_network.writes

    def endpoint_placement(self, address: IPv4Address, subnet: str = "endpoints") -> PrivateEndpointPlacement:
        """Return the placement of a private endpoint at an address of the plan."""
        return PrivateEndpointPlacement(self.subnet_id(subnet), self.platform, self.writes, address)
