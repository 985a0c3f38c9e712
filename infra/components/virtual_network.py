"""A virtual network whose subnets are made one after the other, each with its own rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network

import pulumi
from pulumi_azure_native import network

from infra.components.flows import Flow
from infra.components.part import Part, Report
from infra.components.room import Room
from infra.components.security_group import SecurityGroup
from infra.names import Kind


@dataclass(frozen=True)
class SubnetPlan:
    """A subnet to be made: its range, and what may pass."""

    noun: str
    prefix: IPv4Network
    flows: tuple[Flow, ...] | None = ()
    """None: no security group, which only Azure's own firewall subnet may do without."""
    reserved_name: str | None = None
    """The name that Azure prescribes."""
    routed: bool = True
    """Whether its traffic goes to the firewall."""
    faces_internet: bool = False
    """Azure's Bastion answers browsers: the one subnet without the explicit denial of the Internet."""


class VirtualNetwork(Part):
    """A network that asks the firewall for names, with standalone subnets.

    Subnets are never given inline: since API version 2023-09-01 a network written without that property keeps the
    subnets it has (Azure networking blog, "Updates without subnet property"), and mixing the two styles deletes them.
    Azure takes one write to a network at a time (AnotherOperationInProgress), so each waits for the one before.
    """

    def __init__(
        self, name: str, room: Room, space: IPv4Network, subnets: Sequence[SubnetPlan], *,
        dns: pulumi.Input[str], routes: network.RouteTable | None, unencrypted: str | None = None,
        parent: pulumi.Resource | None = None,
    ) -> None:  # fmt: skip
        """`unencrypted` is the written reason for which traffic between computers goes as it is; it stays as a tag."""
        super().__init__(name, room, parent)
        self.routes = routes
        self.network = network.VirtualNetwork(
            name,
            virtual_network_name=room.names.local(Kind.NETWORK, name),
            resource_group_name=room.group_name,
            location=room.location,
            address_space=network.AddressSpaceArgs(address_prefixes=[str(space)]),
            dhcp_options=network.DhcpOptionsArgs(dns_servers=[dns]),
            # Lets sizes that cannot encrypt in (learn.microsoft.com, "Virtual network encryption": the only choice).
            encryption=network.VirtualNetworkEncryptionArgs(
                enabled=unencrypted is None, enforcement=network.VirtualNetworkEncryptionEnforcement.ALLOW_UNENCRYPTED
            ),
            tags=room.tags | ({"unencrypted": unencrypted} if unencrypted else {}),
            opts=self.own(),
        )
        self.diagnose(name, self.network.id, Report.GENERAL)
        self.last_write: pulumi.Resource = self.network
        self.subnets = {plan.noun: self._subnet(plan) for plan in subnets}
        self.register_outputs({"network": self.network.id})

    def _subnet(self, plan: SubnetPlan) -> network.Subnet:
        names, room = self.room.names, self.room
        called = f"{self.called}-{plan.noun}"
        group = None
        if plan.flows is not None:
            group = SecurityGroup(called, room, plan.flows, internet=plan.faces_internet, parent=self)
        subnet = network.Subnet(
            called,
            subnet_name=plan.reserved_name or names.local(Kind.SUBNET, plan.noun),
            virtual_network_name=self.network.name,
            resource_group_name=room.group_name,
            address_prefix=str(plan.prefix),
            network_security_group=group.reference if group else None,
            route_table=network.RouteTableArgs(id=self.routes.id) if self.routes and plan.routed else None,
            default_outbound_access=False,
            # Without this, rules and routes would not hold for private endpoints.
            private_endpoint_network_policies=network.VirtualNetworkPrivateEndpointNetworkPolicies.ENABLED,
            private_link_service_network_policies=network.VirtualNetworkPrivateLinkServiceNetworkPolicies.ENABLED,
            service_endpoints=[],
            delegations=[],
            opts=self.own(depends_on=[self.last_write]),
        )
        self.last_write = subnet
        return subnet
