"""Virtual networks, subnets and peerings, written inline in the network or as resources of their own."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from policies.azure_semantics import ids
from policies.azure_semantics.addresses import Network, span
from policies.azure_semantics.properties import entries, lower_text, texts
from policies.model import MISSING, PolicyContext, Resource, Unknown, Violation

NETWORK, SUBNET = "network:VirtualNetwork", "network:Subnet"
SUBNETS = (SUBNET, NETWORK)
"""The types that a policy on subnets applies to."""
FIREWALL_SUBNET = "azurefirewallsubnet"
BASTION_SUBNET = "azurebastionsubnet"
UNGUARDED = (FIREWALL_SUBNET, "azurefirewallmanagementsubnet", "gatewaysubnet", "routeserversubnet")
"""Subnets of Azure's own that take no NSG."""
UNROUTED = (*UNGUARDED, BASTION_SUBNET)
"""Subnets of Azure's own that take no route table of this kind.

Source: learn.microsoft.com, "Azure Firewall FAQ", "Bastion configuration settings", "Route Server FAQ".
"""


@dataclass(frozen=True)
class SubnetDeclaration:
    """The declaration of a subnet: the resource that it is written in, and its path there."""

    resource: Resource
    path: str = ""
    """Empty for a resource of its own, else `subnets[0]`."""

    def inner(self, property_: str) -> str:
        """Return the path of one of its properties in its resource."""
        return f"{self.path}.{property_}" if self.path else property_

    def at(self, property_: str) -> Any:
        """Return one of its properties."""
        return self.resource.at(self.inner(property_))

    @property
    def name(self) -> str:
        """Its name in lower case."""
        own = "" if self.path else lower_text(self.resource, "subnetName")
        return own or lower_text(self.resource, self.inner("name")) or ids.name(self.resource.id)

    @property
    def network_id(self) -> str:
        """The id of its network. `Unknown` where it is unknown."""
        return ids.own(self.resource) if self.path else ids.parent(ids.own(self.resource))

    @property
    def id(self) -> str:
        """Its own id. `Unknown` where it is unknown."""
        return f"{self.network_id}/subnets/{self.name}" if self.path else ids.own(self.resource)

    @property
    def prefixes(self) -> list[Network]:
        """Its address ranges."""
        single = self.at("addressPrefix")
        several = texts(self.resource, self.inner("addressPrefixes"))
        return [n for text in ([single] if single is not MISSING else []) + several for n in span(text).networks]

    def problem(self, property_: str, message: str) -> Violation:
        """Return a problem with one of its properties; the message names an inline subnet."""
        return Violation(self.inner(property_), f"{message} ({self.name})" if self.path else message)


def has_subnets(resource: Resource, _: PolicyContext) -> bool:
    """True for a subnet, and for a network with inline subnets."""
    return resource.type == SUBNET or bool(entries(resource, "subnets"))


def subnets_in(resource: Resource) -> list[SubnetDeclaration]:
    """Return the subnets that are written in one resource."""
    if resource.type == SUBNET:
        return [SubnetDeclaration(resource)]
    return [SubnetDeclaration(resource, path) for path in entries(resource, "subnets")]


def subnets_of(network: Resource, context: PolicyContext) -> list[SubnetDeclaration]:
    """Return every subnet of a network."""
    return [*subnets_in(network), *(SubnetDeclaration(resource) for resource in context.children(SUBNET, network))]


def subnet_of(id_: object, context: PolicyContext) -> SubnetDeclaration | None:
    """Return the subnet with that id, if it is in the context."""
    own = context.get(ids.plain(id_))
    if own is not None and own.type == SUBNET:
        return SubnetDeclaration(own)
    network = context.get(ids.parent(id_))
    inline = subnets_in(network) if network is not None and network.type == NETWORK else []
    return next((subnet for subnet in inline if subnet.id == ids.plain(id_)), None)


def network_of(subnet: SubnetDeclaration, context: PolicyContext) -> Resource | None:
    """Return the network of a subnet, if it is in the context."""
    return subnet.resource if subnet.path else context.get(subnet.network_id)


def prefixes_of(network: Resource) -> list[Network]:
    """Return the address ranges of a network."""
    return [n for text in texts(network, "addressSpace.addressPrefixes") for n in span(text).networks]


def name_servers_of(network: Resource) -> list[str]:
    """Return the DNS servers of a network. None: Azure's own DNS answers, past the firewall."""
    return texts(network, "dhcpOptions.dnsServers")


def is_hub(network: Resource, context: PolicyContext) -> bool:
    """True for a hub: only a hub has a subnet for a firewall."""
    return any(subnet.name == FIREWALL_SUBNET for subnet in subnets_of(network, context))


@lru_cache(maxsize=2)
def firewall_addresses(context: PolicyContext) -> frozenset[str]:
    """Return the private address of each firewall: the first that Azure assigns in its subnet, which is the fifth.

    Source: learn.microsoft.com, "Azure Firewall FAQ" (the first usable address); Azure keeps four of each subnet.
    """
    entered = ((fw, entry) for fw in context.of("network:AzureFirewall") for entry in entries(fw, "ipConfigurations"))
    subnets = [subnet_of(firewall.at(f"{entry}.subnet.id"), context) for firewall, entry in entered]
    return frozenset(str(prefix[4]) for subnet in subnets if subnet for prefix in subnet.prefixes)


def peerings_of(resource: Resource) -> list[Peering]:
    """Return the peerings that are written in one resource: itself, or inline in a network."""
    if resource.type == NETWORK:
        return [Peering(resource, path) for path in entries(resource, "virtualNetworkPeerings")]
    return [Peering(resource)]


@dataclass(frozen=True)
class Peering:
    """One side of a peering: the resource that it is written in, and its path there."""

    resource: Resource
    path: str = ""

    def inner(self, property_: str) -> str:
        """Return the path of one of its properties in its resource."""
        return f"{self.path}.{property_}" if self.path else property_

    @property
    def near(self) -> str:
        """The id of the network whose side it is."""
        return ids.own(self.resource) if self.path else ids.parent(ids.own(self.resource))

    @property
    def far(self) -> str:
        """The id of the network that it leads to. `Unknown` where it is missing."""
        far = ids.plain(self.resource.at(self.inner("remoteVirtualNetwork.id")))
        if not far:
            raise Unknown(self.inner("remoteVirtualNetwork.id"))
        return far
