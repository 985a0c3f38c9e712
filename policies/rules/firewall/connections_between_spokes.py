"""FW8: inside the estate, connections are opened by the zones alone: a tenancy reaches nothing but the hub."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network

from formats.addresses import CELL_PREFIXES, ZONES_PREFIX
from formats.stack_config import DataClass
from policies.azure_semantics.addresses import Span, is_private
from policies.azure_semantics.firewall import GROUPS, NETWORK_RULE, FirewallRule, rules_of
from policies.azure_semantics.network import NETWORK, is_hub, prefixes_of
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

TENANCY = "tre-"
"""What a tenancy's stack is called: a tenancy stays one, whatever class of data it was granted."""


def check(group: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Data goes down: from the zones that hold records to the tenancies. A range without a network is nobody's yet."""
    rules = [rule for rule in rules_of(group, context) if rule.allows and rule.kind == NETWORK_RULE]
    hubs = _hubs(group, context)
    inside = [*_cells(hubs, rules), *(p for n in context.of(NETWORK) for p in prefixes_of(n))]
    for rule in rules:
        if any(far.overlaps(network) for far in rule.destinations for network in inside):
            for message in _opened(rule, _kept_for_zones(hubs), context):
                yield Violation(rule.path, f"{rule.name} {message}")


def _hubs(group: Resource, context: PolicyContext) -> list[IPv4Network]:
    found = [n for n in context.same_stack(group, NETWORK) if is_hub(n, context)]
    return [p for hub in found for p in prefixes_of(hub) if isinstance(p, IPv4Network)]


def _cells(hubs: list[IPv4Network], rules: list[FirewallRule]) -> list[IPv4Network]:
    """What is inside, whether a network of it is judged here or not: what holds the hub and all whom the rules are for.

    A hub lies at the start of its cell, and each kind of tenancy has one range that reaches to half of it or the end.
    """
    sources = [n for rule in rules for s in rule.sources for n in s.networks if isinstance(n, IPv4Network)]
    return [_around(hub, source) for hub in hubs for source in sources if is_private(source)]


def _around(one: IPv4Network, other: IPv4Network) -> IPv4Network:
    """The smallest range that holds both, and no larger than a cell can be."""
    around = one
    while not other.subnet_of(around) and around.prefixlen > CELL_PREFIXES[0]:
        around = around.supernet()
    return around


def _kept_for_zones(hubs: list[IPv4Network]) -> list[IPv4Network]:
    """The range of the address plan for the zones of the hub's own cell: the second /21 of the cell, after the hub.

    A cell may have none of them yet, or never: its rules are written all the same.
    """
    size = 1 << (32 - ZONES_PREFIX)
    return [IPv4Network((hub.network_address + size, ZONES_PREFIX), strict=False) for hub in hubs]


def _opened(rule: FirewallRule, kept: list[IPv4Network], context: PolicyContext) -> Iterator[str]:
    for source in rule.sources:
        found = [n for n in context.of(NETWORK) if any(source.overlaps(prefix) for prefix in prefixes_of(n))]
        networks = [network for network in found if not is_hub(network, context)]
        if not networks and not _inside(source, kept):
            yield f"is for {source.text}, where no zone of the estate is, nor is to be"
        for network in networks:
            if not _is_zone(network, context):
                yield f"lets {network.name} of {network.stack} open connections inside the estate"


def _inside(source: Span, kept: list[IPv4Network]) -> bool:
    return bool(source.networks) and all(any(Span("", (k,)).covers(n) for k in kept) for n in source.networks)


def _is_zone(network: Resource, context: PolicyContext) -> bool:
    return context.data_class(network) is DataClass.IDENTIFIABLE and not network.stack.startswith(TENANCY)


POLICY = Policy(
    id="FW8",
    title="Tenancies open no connection to each other, nor to the zones",
    why="The firewall joins every network: one rule between two tenancies undoes what their separate networks are for.",
    on=GROUPS,
    reads=("ruleCollections", f"{NETWORK}:addressSpace.addressPrefixes"),
    severity=Severity.CRITICAL,
    controls=ComplianceControls(
        satre=("2.1.08", "2.1.14", "2.2.10"), ncsc=("3",), iso27001=("8.22",), five_safes=("settings", "projects")
    ),
    fix="Let the zones open the connections by which they hand data on; tenancies have their own private endpoints.",
    check=check,
    scope="estate",
)
