"""No route bypasses the firewall (NW16)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics import ids
from policies.azure_semantics.addresses import span
from policies.azure_semantics.routes import APPLIANCE, LOCAL, ROUTE, ROUTE_PATHS, TABLE, Route, routes_in, routes_of
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation


def check(resource: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Refuse routes to other next hops than the default route's: more specific routes win."""
    for route in routes_in(resource):
        yield from _check_next_hop(route)
    table = resource if resource.type == TABLE else _table(resource, context)
    hops = (
        {r.address for r in routes_of(table, context) if r.is_default and r.next_hop == APPLIANCE} if table else set()
    )
    for route in routes_in(resource):
        if hops and route.next_hop == APPLIANCE and hops != {route.address}:
            yield route.violation(f"{route.name} goes to {route.address}, not to the next hop of the default route")


def _check_next_hop(route: Route) -> Iterator[Violation]:
    if route.address and route.next_hop != APPLIANCE:
        yield route.violation(f"{route.name} goes to {route.next_hop or 'no next hop'} and names {route.address} too")
    if route.next_hop == "none" or (route.next_hop == LOCAL and route.destination.private):
        return
    if route.next_hop != APPLIANCE:
        yield route.violation(f"{route.name} goes to {route.next_hop or 'no next hop'}, past the firewall")
    elif not route.address or not span(route.address).private:
        yield route.violation(f"{route.name} goes to {route.address or 'no address'}; it must be a private address")


def _table(route: Resource, context: PolicyContext) -> Resource | None:
    return context.get(ids.parent(ids.own(route)))


POLICY = Policy(
    id="NW16",
    title="No route bypasses the firewall",
    why="The most specific route wins: one more route is enough to leave by the Internet or a gateway.",
    resource_types=(TABLE, ROUTE),
    severity=Severity.CRITICAL,
    controls=ComplianceControls(
        satre=("2.2.11",),
        ncsc=("11",),
        caf=("B4.a", "B5.b"),
        cyber_essentials=("1.1",),
        iso27001=("8.22",),
        five_safes=("settings",),
    ),
    fix="Lead every route to the firewall (VirtualAppliance), or to None.",
    check=check,
    check_paths=ROUTE_PATHS,
    evaluation_scope="stack",
)
