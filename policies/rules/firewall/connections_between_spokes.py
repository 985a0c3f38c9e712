"""Tenancies open no connections to each other or to the zones (FW8)."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network

from formats.addresses import CELL_PREFIXES, HUB_PREFIX, TENANCY_PREFIX, ZONES_PREFIX
from formats.stack_config import JunctionZoneConfig, PlatformConfig, SafeHavenConfig, is_kind
from policies.azure_semantics.addresses import Network, Span, is_private, overlap, span
from policies.azure_semantics.firewall import GROUP, NETWORK_RULE, FirewallRule, rules_of
from policies.azure_semantics.network import NETWORK, is_hub, prefixes_of
from policies.azure_semantics.properties import texts
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

REMOTE, RANGES = "network:LocalNetworkGateway", "localNetworkAddressSpace.addressPrefixes"


def check(group: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Allow connections inside the estate from zones, staff and sites only. NW23 compares those of staff and of sites
    with the estate's, address by address. The tenancies' networks may not exist yet."""
    sites = _ranges_of_sites(group, context)
    found = [rule for rule in rules_of(group, context) if rule.allows and rule.kind == NETWORK_RULE]
    rules = [rule for rule in found if not _is_of_sites(rule, sites)]
    hubs = _hub_ranges(group, context)
    declared_ranges = (prefix for network in context.of(NETWORK) for prefix in prefixes_of(network))
    inside = [*_cell_ranges(hubs, rules), *declared_ranges]
    for rule in rules:
        if any(destination.overlaps(network) for destination in rule.destinations for network in inside):
            for message in _check_sources(rule, [*_zone_ranges(hubs), *_staff_ranges(hubs)], context):
                yield Violation(rule.path, f"{rule.name} {message}")


def _ranges_of_sites(group: Resource, context: PolicyContext) -> frozenset[Network]:
    """Return the ranges of the remote networks of the stack outside the estate's networks. NW24 compares them with the
    estate's sites."""
    remote = [
        n for one in context.same_stack(group, REMOTE) for text in texts(one, RANGES) for n in span(text).networks
    ]
    own = [prefix for network in context.of(NETWORK) for prefix in prefixes_of(network)] if remote else []
    return frozenset(n for n in remote if not any(overlap(n, prefix) for prefix in own))


def _is_of_sites(rule: FirewallRule, sites: frozenset[Network]) -> bool:
    return bool(rule.sources) and all(one.networks and sites.issuperset(one.networks) for one in rule.sources)


def _hub_ranges(group: Resource, context: PolicyContext) -> list[IPv4Network]:
    hubs = [network for network in context.same_stack(group, NETWORK) if is_hub(network, context)]
    return [prefix for hub in hubs for prefix in prefixes_of(hub) if isinstance(prefix, IPv4Network)]


def _cell_ranges(hubs: list[IPv4Network], rules: list[FirewallRule]) -> list[IPv4Network]:
    """Return the ranges of the cells, from the hub and the sources of the rules: other networks may not exist yet.

    A hub is at the start of its cell, and each kind of tenancy has one range that ends at the cell's half or its end.
    """
    sources = [n for rule in rules for s in rule.sources for n in s.networks if isinstance(n, IPv4Network)]
    return [_common_range(hub, source) for hub in hubs for source in sources if is_private(source)]


def _common_range(hub: IPv4Network, source: IPv4Network) -> IPv4Network:
    """Return the smallest range that contains both, at most the size of a cell."""
    common = hub
    while not source.subnet_of(common) and common.prefixlen > CELL_PREFIXES[0]:
        common = common.supernet()
    return common


def _zone_ranges(hubs: list[IPv4Network]) -> list[IPv4Network]:
    """Return the ranges of the address plan for the zones of the hubs' cells: the second /21, after the hub.

    The rules exist even where a cell has no zone.
    """
    size = 1 << (32 - ZONES_PREFIX)
    return [IPv4Network((hub.network_address + size, ZONES_PREFIX), strict=False) for hub in hubs]


def _staff_ranges(hubs: list[IPv4Network]) -> list[IPv4Network]:
    """Return the ranges of the address plan for the staff networks of the hubs' cells: the /24 after the hub."""
    size = 1 << (32 - HUB_PREFIX)
    return [IPv4Network((hub.network_address + size, TENANCY_PREFIX)) for hub in hubs]


def _check_sources(rule: FirewallRule, ranges: list[IPv4Network], context: PolicyContext) -> Iterator[str]:
    for source in rule.sources:
        found = [n for n in context.of(NETWORK) if any(source.overlaps(prefix) for prefix in prefixes_of(n))]
        networks = [network for network in found if not is_hub(network, context)]
        if not networks and not _is_within(source, ranges):
            yield f"is for {source.text}, which is not the range of a zone or of staff"
        for network in networks:
            if not is_kind(network.stack, JunctionZoneConfig, SafeHavenConfig, PlatformConfig):
                yield f"allows {network.name} of {network.stack} to open connections inside the estate"


def _is_within(source: Span, ranges: list[IPv4Network]) -> bool:
    """Return True if each network of the source is inside one of the ranges."""
    spans = [Span("", (range_,)) for range_ in ranges]
    return bool(source.networks) and all(any(span.covers(network) for span in spans) for network in source.networks)


POLICY = Policy(
    id="FW8",
    title="Tenancies open no connections to each other or to the zones",
    why="The firewall connects all networks: one rule between two tenancies removes their separation.",
    resource_types=(GROUP,),
    severity=Severity.CRITICAL,
    controls=ComplianceControls(
        satre=("2.1.08", "2.1.14", "2.2.10"),
        ncsc=("3",),
        caf=("B4.a", "B5.b"),
        iso27001=("8.22",),
        five_safes=("settings", "projects"),
    ),
    fix="Let the zones open the connections on which they hand over data; tenancies have their own private endpoints.",
    check=check,
    check_paths=(
        "ruleCollections",
        f"{NETWORK}:addressSpace.addressPrefixes",
        "network:Subnet:subnetName",
        "network:VirtualNetwork:subnets",
        "priority",
        f"{REMOTE}:{RANGES}",
    ),
    evaluation_scope="estate",
)
