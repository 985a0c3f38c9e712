"""The ways out of the estate and into it that a plan opens, with the people who answer for them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from formats.plan import Operation, Plan, PlannedResource
from operations.cli.output import Output, printable
from operations.cli.text import plural

if TYPE_CHECKING:
    from operations.estate import ApprovedWay

NETWORK = "azure-native:network"
HOLDERS = (":RoleAssignment", ":VirtualMachine")
"""The types that give a way in to its holder: a role for a group, and a computer with a key."""
SOURCES = (
    ":StorageAccount", ":PrivateEndpointConnection", ":LocalNetworkGateway", ":VirtualNetworkGatewayConnection",
    ":FirewallPolicyRuleCollectionGroup",
)  # fmt: skip
"""The types that let a source in: by its address, its endpoint or its connection."""
Opening = tuple[str, str]
"""A destination address and a port of a rule."""


@dataclass(frozen=True)
class NewWay:
    """An approved way that the plan of a stack opens or widens."""

    stack: str
    way: ApprovedWay


def new_ways(plan: Plan, ways: Sequence[ApprovedWay]) -> list[NewWay]:
    """Return the ways out of which the plan opens an address or a port, and the ways in that it gives to a holder."""
    return [*_new_ways_out(plan, ways), *_new_ways_in(plan, ways)]


def _new_ways_in(plan: Plan, ways: Sequence[ApprovedWay]) -> list[NewWay]:
    """Return the ways whose group gets a role, whose key gets onto a computer, or whose source or host is allowed."""
    given = _added(plan, HOLDERS, {way.way.holder.lower() for way in ways if way.way.holder})
    let_in = _added(plan, SOURCES, {text.lower() for way in ways for text in way.way.opened_by})
    return [
        NewWay(plan.stack, way)
        for way in ways
        if way.way.holder.lower() in given or not let_in.isdisjoint(map(str.lower, way.way.opened_by))
    ]


def _added(plan: Plan, types: tuple[str, ...], texts: Collection[str]) -> frozenset[str]:
    """Return those of the texts that a resource of these types gets and did not have before."""
    changed = (r for r in plan.resources if r.type.endswith(types) and r.operation is not Operation.SAME)
    found = (set(_held(_after(r), texts)) - set(_held(_before(r), texts)) for r in changed) if texts else ()
    return frozenset().union(*found)


def _held(value: object, texts: Collection[str]) -> Iterator[str]:
    """Yield those of the lower-case texts that are in a value."""
    if isinstance(value, str) and value.strip().lower() in texts:
        yield value.strip().lower()
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _held(inner, texts)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _held(inner, texts)


def _new_ways_out(plan: Plan, ways: Sequence[ApprovedWay]) -> list[NewWay]:
    destinations = {address for way in ways for address in way.way.destinations}
    network = [r for r in plan.resources if r.type.startswith(NETWORK)]
    if not destinations or all(r.operation is Operation.SAME for r in network):
        return []
    before = {opening for r in network for opening in openings(_before(r)) if opening[0] in destinations}
    after = {opening for r in network for opening in openings(_after(r)) if opening[0] in destinations}
    opened = {address for address, _ in after - before}
    return [NewWay(plan.stack, way) for way in ways if opened.intersection(way.way.destinations)]


def show_new_ways(found: Sequence[NewWay], output: Output) -> None:
    """Print each new way once, with its stacks."""
    stacks: dict[ApprovedWay, list[str]] = {}
    for one in found:
        stacks.setdefault(one.way, []).append(one.stack)
    for way, names in stacks.items():
        output.emit({"event": f"new-{way.way.direction.replace(' ', '-')}", "stacks": names, **way.to_json()})
        where = names[0] if len(names) == 1 else plural(len(names), "stack")
        direction = "way out of" if way.way.direction == "way out" else "way into"
        output.say(printable(f"  ! new {direction} {where}: {way.text()}"), style="bold yellow")


def _before(resource: PlannedResource) -> Mapping[str, Any]:
    if resource.operation in (Operation.SAME, Operation.READ, Operation.DELETE):
        return resource.inputs
    return resource.old_inputs or {}


def _after(resource: PlannedResource) -> Mapping[str, Any]:
    return {} if resource.operation is Operation.DELETE else resource.inputs


def openings(value: object) -> Iterator[Opening]:
    """Yield the destinations and ports of every rule in a value: of a firewall, or of a network security group."""
    if isinstance(value, list):
        for item in value:
            yield from openings(item)
    elif isinstance(value, Mapping):
        addresses, ports = _texts(value, "address"), _texts(value, "port") or ["*"]
        yield from ((address, port) for address in addresses for port in ports)
        for item in value.values():
            yield from openings(item)


def _texts(rule: Mapping[str, Any], kind: str) -> list[str]:
    """Return the texts of a rule's properties for destinations of a kind, such as `destinationPortRanges`."""
    found = [value for key, value in rule.items() if "destination" in key.lower() and kind in key.lower()]
    return [text for value in found for text in (value if isinstance(value, list) else [value])
            if isinstance(text, str)]  # fmt: skip
