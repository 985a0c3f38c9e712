"""What components in a stack use of its subnets, whether the network is the stack's own or shared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from ipaddress import IPv4Address

import pulumi
from pulumi_azure_native import network

from infra.components.base_component import PrivateDnsZoneIds, PrivateEndpointPlacement
from infra.components.nsg_rules import SecurityRule
from infra.components.subnet import SubnetSpec
from infra.components.write_order import WriteOrder


class StackSubnets:
    """The subnets of a stack, for the component that creates them to inherit."""

    writes: WriteOrder
    """This stack's writes to the network."""
    readable_network: pulumi.Output[str] | None
    """The id of the network if the users of its computers may read it; None if it has parts of other stacks that they
    must not list."""

    def _set_subnets(
        self, specs: Sequence[SubnetSpec], subnets: Mapping[str, network.Subnet], dns: PrivateDnsZoneIds
    ) -> None:
        """Set the subnets, by purpose. `dns`: the zones in which private endpoints are registered."""
        self._allowed = {spec.purpose: spec.allowed or () for spec in specs}
        self._subnets, self._dns = subnets, dns

    def subnet_id(self, purpose: str) -> pulumi.Output[str]:
        """Return the id of a subnet."""
        subnet_id: pulumi.Output[str] = self._subnets[purpose].id
        return subnet_id

    def allowed(self, purpose: str) -> tuple[SecurityRule, ...]:
        """Return the rules that allow traffic of a subnet."""
        return self._allowed[purpose]

    def endpoint_placement(self, *addresses: IPv4Address, subnet: str = "endpoints") -> PrivateEndpointPlacement:
        """Return the placement of a private endpoint at addresses of the plan, one for each member of its service."""
        return PrivateEndpointPlacement(self.subnet_id(subnet), self._dns, self.writes, addresses)
