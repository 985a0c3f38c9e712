"""Virtual networks, subnets and peerings, declared inline in the network or as separate resources."""

from __future__ import annotations

from collections.abc import Iterable
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
SUBNETS_WITHOUT_NSG = (FIREWALL_SUBNET, "azurefirewallmanagementsubnet", "gatewaysubnet", "routeserversubnet")
"""Subnets reserved for Azure's services that accept no NSG."""
SUBNETS_WITHOUT_ROUTE_TABLE = (*SUBNETS_WITHOUT_NSG, BASTION_SUBNET)
"""Subnets reserved for Azure's services that accept no route table to the firewall.

Source: learn.microsoft.com, "Azure Firewall FAQ", "Bastion configuration settings", "Route Server FAQ".
"""


@dataclass(frozen=True)
class SubnetDeclaration:
    """The declaration of a subnet: the resource that contains it, and its path there."""

    resource: Resource
    path: str = ""
    """Empty for a separate resource, else a path such as `subnets[0]`."""

    def path_of(self, property_: str) -> str:
        """Return the path of one of its properties in its resource."""
        return f"{self.path}.{property_}" if self.path else property_

    def at(self, property_: str) -> Any:
        """Return one of its properties."""
        return self.resource.at(self.path_of(property_))

    @property
    def name(self) -> str:
        """Its name in lower case."""
        own = "" if self.path else lower_text(self.resource, "subnetName")
        return own or lower_text(self.resource, self.path_of("name")) or ids.name(self.resource.id)

    @property
    def network_id(self) -> str:
        """The id of its network. Raises `Unknown` if it is unknown."""
        return ids.own(self.resource) if self.path else ids.parent(ids.own(self.resource))

    @property
    def id(self) -> str:
        """Its own id. Raises `Unknown` if it is unknown."""
        return f"{self.network_id}/subnets/{self.name}" if self.path else ids.own(self.resource)

    @property
    def prefixes(self) -> list[Network]:
        """Its address ranges."""
        single = self.at("addressPrefix")
        several = texts(self.resource, self.path_of("addressPrefixes"))
        return [n for text in ([single] if single is not MISSING else []) + several for n in span(text).networks]

    def violation(self, property_: str, message: str) -> Violation:
        """Return a violation of one of its properties; the message names an inline subnet."""
        return Violation(self.path_of(property_), f"{message} ({self.name})" if self.path else message)


def has_subnets(resource: Resource, _: PolicyContext) -> bool:
    """True for a subnet, and for a network with inline subnets."""
    return resource.type == SUBNET or bool(entries(resource, "subnets"))


def subnets_in(resource: Resource) -> list[SubnetDeclaration]:
    """Return the subnets that one resource declares."""
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


def dns_servers_of(network: Resource) -> list[str]:
    """Return the DNS servers of a network. If there are none, Azure's DNS is used, which bypasses the firewall."""
    return texts(network, "dhcpOptions.dnsServers")


def firewalls_used_by(network: Resource, context: PolicyContext) -> list[str]:
    """Return the addresses of the firewall that a network uses: a hub's own, or the DNS servers of another network."""
    own = [subnet for subnet in subnets_of(network, context) if subnet.name == FIREWALL_SUBNET]
    return _first_usable(own) if own else dns_servers_of(network)


def is_hub(network: Resource, context: PolicyContext) -> bool:
    """True if a network is a hub: only a hub has a subnet for a firewall."""
    return any(subnet.name == FIREWALL_SUBNET for subnet in subnets_of(network, context))


@lru_cache(maxsize=2)
def firewall_addresses(context: PolicyContext) -> frozenset[str]:
    """Return the private address of each firewall: the fifth of its subnet, because Azure reserves the first four.

    Source: learn.microsoft.com, "Azure Firewall FAQ" (the first usable address).
    """
    configurations = (
        (fw, entry) for fw in context.of("network:AzureFirewall") for entry in entries(fw, "ipConfigurations")
    )
    subnets = [subnet_of(firewall.at(f"{entry}.subnet.id"), context) for firewall, entry in configurations]
    return frozenset(_first_usable(subnet for subnet in subnets if subnet))


def _first_usable(subnets: Iterable[SubnetDeclaration]) -> list[str]:
    return [str(prefix[4]) for subnet in subnets for prefix in subnet.prefixes]


def peerings_of(resource: Resource) -> list[Peering]:
    """Return the peerings that one resource declares: itself, or those inline in a network."""
    if resource.type == NETWORK:
        return [Peering(resource, path) for path in entries(resource, "virtualNetworkPeerings")]
    return [Peering(resource)]


@dataclass(frozen=True)
class Peering:
    """One side of a peering: the resource that contains it, and its path there."""

    resource: Resource
    path: str = ""

    def path_of(self, property_: str) -> str:
        """Return the path of one of its properties in its resource."""
        return f"{self.path}.{property_}" if self.path else property_

    @property
    def local_id(self) -> str:
        """The id of the network that has this side of the peering."""
        return ids.own(self.resource) if self.path else ids.parent(ids.own(self.resource))

    @property
    def remote_id(self) -> str:
        """The id of the remote network. Raises `Unknown` if it is missing."""
        remote = ids.plain(self.resource.at(self.path_of("remoteVirtualNetwork.id")))
        if not remote:
            raise Unknown(self.path_of("remoteVirtualNetwork.id"))
        return remote
