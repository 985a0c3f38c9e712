"""Virtual networks and their subnets, wherever these are written: inline in the network, or as resources."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from policies.azure_semantics import ids
from policies.azure_semantics.addresses import Network, span
from policies.azure_semantics.properties import entries, texts, word
from policies.model import MISSING, Estate, Problem, Resource, Unknown

NETWORK, SUBNET = "network:VirtualNetwork", "network:Subnet"
SUBNETS = (SUBNET, NETWORK)
"""The types that a policy on subnets is said of."""
FIREWALL_SUBNET = "azurefirewallsubnet"
BASTION_SUBNET = "azurebastionsubnet"
UNGUARDED = (FIREWALL_SUBNET, "azurefirewallmanagementsubnet", "gatewaysubnet", "routeserversubnet")
"""Subnets of Azure's own that take no security group."""
UNROUTED = (*UNGUARDED, BASTION_SUBNET)
"""Subnets of Azure's own that take no route table of this kind.

Source: learn.microsoft.com, "Azure Firewall FAQ", "Bastion configuration settings", "Route Server FAQ"."""


@dataclass(frozen=True)
class Subnet:
    """One subnet: the resource that it is written in, and where there."""

    resource: Resource
    path: str = ""
    """Empty for a resource of its own, else `subnets[0]`."""

    def inner(self, property_: str) -> str:
        """The path of one of its properties in its resource."""
        return f"{self.path}.{property_}" if self.path else property_

    def at(self, property_: str) -> Any:
        """One of its properties."""
        return self.resource.at(self.inner(property_))

    @property
    def name(self) -> str:
        """In lower case."""
        for property_ in () if self.path else ("subnetName",):
            if word(self.resource, property_):
                return word(self.resource, property_)
        return word(self.resource, self.inner("name")) or ids.name(self.resource.id)

    @property
    def network_id(self) -> str:
        """The id of the network that it lies in. `Unknown` where it cannot be told."""
        return ids.own(self.resource) if self.path else ids.parent(ids.own(self.resource))

    @property
    def id(self) -> str:
        """Its own id. `Unknown` where it cannot be told."""
        return f"{self.network_id}/subnets/{self.name}" if self.path else ids.own(self.resource)

    @property
    def prefixes(self) -> list[Network]:
        """Its address ranges."""
        single = self.at("addressPrefix")
        several = texts(self.resource, self.inner("addressPrefixes"))
        return [n for text in ([single] if single is not MISSING else []) + several for n in span(text).networks]

    def problem(self, property_: str, message: str) -> Problem:
        """A problem with one of its properties; an inline subnet is named."""
        return Problem(self.inner(property_), f"{message} ({self.name})" if self.path else message)


def has_subnets(resource: Resource, _: Estate) -> bool:
    """Whether a resource is a subnet, or a network with subnets inline: what a policy on subnets applies to."""
    return resource.type == SUBNET or bool(entries(resource, "subnets"))


def subnets_in(resource: Resource) -> list[Subnet]:
    """The subnets that are written in one resource."""
    if resource.type == SUBNET:
        return [Subnet(resource)]
    return [Subnet(resource, path) for path in entries(resource, "subnets")]


def subnets_of(network: Resource, estate: Estate) -> list[Subnet]:
    """Every subnet of a network, inline or not."""
    return [*subnets_in(network), *(Subnet(resource) for resource in estate.below(SUBNET, network))]


def subnet_of(id_: object, estate: Estate) -> Subnet | None:
    """The subnet with that id, if it is judged here."""
    own = estate.get(ids.plain(id_))
    if own is not None and own.type == SUBNET:
        return Subnet(own)
    network = estate.get(ids.parent(id_))
    inline = subnets_in(network) if network is not None and network.type == NETWORK else []
    return next((subnet for subnet in inline if subnet.id == ids.plain(id_)), None)


def network_of(subnet: Subnet, estate: Estate) -> Resource | None:
    """The network that a subnet lies in, if it is judged here."""
    return subnet.resource if subnet.path else estate.get(subnet.network_id)


def prefixes_of(network: Resource) -> list[Network]:
    """The address ranges of a network."""
    return [n for text in texts(network, "addressSpace.addressPrefixes") for n in span(text).networks]


def name_servers_of(network: Resource) -> list[str]:
    """Who answers for names in a network. Empty: Azure does, for everyone and past the firewall."""
    return texts(network, "dhcpOptions.dnsServers")


def is_hub(network: Resource, estate: Estate) -> bool:
    """Whether a firewall can stand in a network: only a hub has that subnet."""
    return any(subnet.name == FIREWALL_SUBNET for subnet in subnets_of(network, estate))


@lru_cache(maxsize=2)
def firewall_addresses(estate: Estate) -> frozenset[str]:
    """The private address of each firewall that is judged here: the first that Azure gives in its subnet, the fifth.

    Source: learn.microsoft.com, "Azure Firewall FAQ" (the first usable address); Azure keeps four of each subnet."""
    entered = ((fw, entry) for fw in estate.of("network:AzureFirewall") for entry in entries(fw, "ipConfigurations"))
    subnets = [subnet_of(firewall.at(f"{entry}.subnet.id"), estate) for firewall, entry in entered]
    return frozenset(str(prefix[4]) for subnet in subnets if subnet for prefix in subnet.prefixes)


def peerings_of(resource: Resource) -> list[Peering]:
    """The peerings that are written in one resource: itself, or inline in a network."""
    if resource.type == NETWORK:
        return [Peering(resource, path) for path in entries(resource, "virtualNetworkPeerings")]
    return [Peering(resource)]


@dataclass(frozen=True)
class Peering:
    """One side of a peering: the resource that it is written in, and where there."""

    resource: Resource
    path: str = ""

    def inner(self, property_: str) -> str:
        """The path of one of its properties in its resource."""
        return f"{self.path}.{property_}" if self.path else property_

    @property
    def near(self) -> str:
        """The id of the network whose side it is."""
        return ids.own(self.resource) if self.path else ids.parent(ids.own(self.resource))

    @property
    def far(self) -> str:
        """The id of the network that it leads to. `Unknown` where it is not said, for then nothing can be told."""
        far = ids.plain(self.resource.at(self.inner("remoteVirtualNetwork.id")))
        if not far:
            raise Unknown(self.inner("remoteVirtualNetwork.id"))
        return far
