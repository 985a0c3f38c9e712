"""Every firewall rule names its sources in the estate (FW6)."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network

from formats.addresses import CELL_PREFIXES
from policies.azure_semantics.firewall import GROUP, RULE_PATHS, FirewallRule, rules_of
from policies.expected.sites import ranges_of_sites
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

CELL_PREFIX = CELL_PREFIXES[0]
"""The prefix length of the largest cell: no kind of tenancy has a larger range."""


def check(group: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Require sources within a cell. Rules are for a kind of tenancy, whose range is fixed in advance."""
    sites = ranges_of_sites(context.configs.get(group.stack))
    for rule in rules_of(group, context):
        if rule.allows:
            for message in _too_wide(rule, sites):
                yield Violation(rule.path, f"{rule.name} {message}")


def _too_wide(rule: FirewallRule, sites: frozenset[IPv4Network]) -> Iterator[str]:
    """Yield what is wrong with the sources of a rule. Sites may have public addresses, which come through a tunnel."""
    if not rule.sources:
        yield "names no source"
    for source in rule.sources:
        if source.networks and sites.issuperset(source.networks):
            continue
        if not source.private:
            yield f"is for {source.text}, which contains public addresses"
        elif any(network.prefixlen < CELL_PREFIX for network in source.networks if network.version == 4):
            yield f"is for {source.text}, more than a cell of the estate (/{CELL_PREFIX})"


POLICY = Policy(
    id="FW6",
    title="Every firewall rule names its sources in the estate",
    why="A rule for all sources gives every project what one was granted.",
    resource_types=(GROUP,),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.2.10", "2.2.11"),
        ncsc=("3", "11"),
        caf=("B4.a",),
        iso27001=("8.22",),
        five_safes=("settings", "projects"),
    ),
    fix="Name the ranges of the kind of tenancy, or of the zones, that the rule is for.",
    check=check,
    check_paths=RULE_PATHS,
    evaluation_scope="stack",
)
