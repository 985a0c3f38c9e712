"""A spoke network: peered with the hub only, with the firewall as its only egress."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Protocol

import pulumi
from pulumi_azure_native import network

from infra.components.base_component import (
    BaseComponent,
    ComponentArgs,
    PrivateDnsZoneIds,
)
from infra.components.flow_log import FlowLog, FlowLogArgs
from infra.components.forced_tunnel_route_table import ForcedTunnelRouteTable, ForcedTunnelRouteTableArgs
from infra.components.stack_subnets import StackSubnets
from infra.components.subnet import SubnetSpec
from infra.components.virtual_network import VirtualNetwork, VirtualNetworkArgs
from infra.components.write_order import WriteOrder
from infra.names import ResourceKind


class CellHub(PrivateDnsZoneIds, Protocol):
    """The hub of a cell as its spokes use it: by the outputs of its stack, or, in the hub's own stack, directly."""

    @property
    def group_name(self) -> pulumi.Input[str]:
        """The name of its resource group."""
        ...

    @property
    def network_id(self) -> pulumi.Input[str]:
        """The id of its network."""
        ...

    @property
    def network_name(self) -> pulumi.Input[str]:
        """The name of its network."""
        ...

    @property
    def network_writes(self) -> WriteOrder:
        """This stack's writes to its network."""
        ...

    @property
    def firewall_address(self) -> pulumi.Input[str]:
        """The private address of its firewall."""
        ...

    @property
    def flow_store_id(self) -> pulumi.Input[str]:
        """The id of the storage account for flow logs."""
        ...

    @property
    def flow_identity_id(self) -> pulumi.Input[str]:
        """The id of the identity that writes flow logs."""
        ...

    @property
    def flow_store_ready(self) -> tuple[pulumi.Resource, ...]:
        """The resources that a flow log must depend on."""
        ...

    @property
    def provider(self) -> pulumi.ProviderResource | None:
        """The provider of its subscription; None: the stack's own."""
        ...


@dataclass(frozen=True, kw_only=True)
class SpokeNetworkArgs(ComponentArgs):
    """The arguments of `SpokeNetwork`."""

    space: IPv4Network
    """The address space."""
    subnets: Sequence[SubnetSpec]
    """The subnets; one has the purpose `endpoints`. Empty: other stacks have subnets in the network."""
    platform: CellHub
    """The hub of the cell."""
    unencrypted_reason: str | None = None
    """The written reason to disable network encryption between virtual machines. It is kept as a tag."""


class SpokeNetwork(StackSubnets, BaseComponent):
    """A virtual network with subnets, their route table, peerings with the hub in both directions, and a flow log."""

    TYPE = "sde:infra:SpokeNetwork"

    def __init__(self, name: str, args: SpokeNetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        scope, platform = args.scope, args.platform
        self.platform = platform
        routes_args = ForcedTunnelRouteTableArgs(scope=scope, firewall_address=platform.firewall_address)
        routes = ForcedTunnelRouteTable(name, routes_args, self.child_opts()) if args.subnets else None
        network_args = VirtualNetworkArgs(
            scope=scope,
            space=args.space,
            subnets=args.subnets,
            dns_server=platform.firewall_address,
            routes=routes.table if routes else None,
            unencrypted_reason=args.unencrypted_reason,
        )
        self.virtual_network = VirtualNetwork(name, network_args, self.child_opts())
        self._set_subnets(args.subnets, self.virtual_network.subnets, platform)
        self.readable_network = self.network_id
        self.writes = self.virtual_network.writes
        """Those after the peerings are of resources inside the network."""
        self._peer_with_hub()
        flow_log_args = FlowLogArgs(
            scope=scope,
            network=self.virtual_network,
            storage_account_id=platform.flow_store_id,
            identity_id=platform.flow_identity_id,
            after=platform.flow_store_ready,
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

    @property
    def network_id(self) -> pulumi.Output[str]:
        """The id of the network."""
        network_id: pulumi.Output[str] = self.virtual_network.network.id
        return network_id
