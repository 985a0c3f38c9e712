"""Route tables: parse their routes, and find the route that an address takes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from policies.azure_semantics.addresses import Network, Span, span
from policies.azure_semantics.properties import entries, lower_text
from policies.model import MISSING, PolicyContext, Resource, Violation

TABLE, ROUTE = "network:RouteTable", "network:Route"
APPLIANCE, LOCAL = "virtualappliance", "vnetlocal"


@dataclass(frozen=True)
class Route:
    """One route. Next hop types are in lower case: `virtualappliance`, `internet`, `none`, `vnetlocal`, …"""

    name: str
    """Its place in the table, or the name of a separate resource."""
    destination: Span
    next_hop: str
    address: str
    """The address of the next hop; empty if it has none."""
    path: str = ""
    """Its property path in its table; empty for a separate resource."""

    @property
    def is_default(self) -> bool:
        """True for a route for all addresses."""
        return self.destination.everywhere

    def violation(self, message: str) -> Violation:
        """Return a violation of this route."""
        return Violation(self.path or "nextHopType", message)


_PROPERTIES = ("addressPrefix", "nextHopIpAddress", "nextHopType")
ROUTE_PATHS = (*(f"{TABLE}:routes[*].{name}" for name in _PROPERTIES), *(f"{ROUTE}:{name}" for name in _PROPERTIES))
"""The properties that `routes_of` reads."""


def routes_in(resource: Resource) -> list[Route]:
    """Return the routes that one resource declares: inline in a table, or as a separate route."""
    if resource.type == ROUTE:
        return [_route(resource, "", "")]
    return [_route(resource, f"{path}.", path) for path in entries(resource, "routes")]


def routes_of(table: Resource, context: PolicyContext) -> list[Route]:
    """Return every route of a table."""
    return [*routes_in(table), *(route for own in context.children(ROUTE, table) for route in routes_in(own))]


def route_to(routes: Sequence[Route], destination: Network) -> Route | None:
    """Return the most specific route for all addresses of a network; None if Azure's system routes apply.

    System routes (learn.microsoft.com, "Virtual network traffic routing") keep the ranges of the network and its peers
    inside, and send everything else to the Internet. A user-defined route for the same range overrides them.
    """
    fitting = [(n.prefixlen, r) for r in routes for n in r.destination.networks if Span("", (n,)).covers(destination)]
    return max(fitting, key=lambda pair: pair[0])[1] if fitting else None


def replacing_system_routes(routes: Iterable[Route], prefix_length: int) -> list[Route]:
    """Return the routes that take the place of Azure's own inside a network: those as long as its address space, whose
    prefix length this is, or longer. A shorter one leaves packets inside."""
    return [r for r in routes if all(n.prefixlen >= prefix_length for n in r.destination.networks)]


def _route(resource: Resource, prefix: str, path: str) -> Route:
    destination, address = resource.at(f"{prefix}addressPrefix"), resource.at(f"{prefix}nextHopIpAddress")
    return Route(
        name=path or resource.name,
        destination=span(destination) if destination is not MISSING else span("*"),
        next_hop=lower_text(resource, f"{prefix}nextHopType"),
        address=str(address) if address is not MISSING else "",
        path=path,
    )
