"""Firewall rules stay in the estate, except the egress rules that it names (FW13)."""

from __future__ import annotations

from collections.abc import Iterator

from formats.egress import EgressRule
from formats.stack_config import PlatformConfig
from policies.azure_semantics.addresses import inside
from policies.azure_semantics.firewall import GROUP, NAT, RULE_PATHS, FirewallRule, rules_of
from policies.expected.sites import ranges_of_sites
from policies.expected.staff import archives_of
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.rule_helpers.estate_egress import foreign_sources, unnamed


def check(group: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Refuse sources outside the estate and its sites, and destinations outside it that it does not name for the
    sources of a rule."""
    config = context.configs[group.stack]
    sites = ranges_of_sites(config)
    for rule in rules_of(group, context):
        if rule.allows and rule.kind != NAT:
            egress = list(_egress(config, rule)) if isinstance(config, PlatformConfig) else []
            outside = unnamed(rule.destinations, rule.ports, egress, config)
            sources = [one for one in rule.sources if not sites.issuperset(one.networks)]
            for message in (*foreign_sources(sources, config), *outside):
                yield Violation(rule.path, f"{rule.name} {message}")


def _egress(config: PlatformConfig, rule: FirewallRule) -> Iterator[EgressRule]:
    """Yield the egress rules of the kind of tenancy, or of the staff network, that all sources of a rule are in."""
    sources = [network for source in rule.sources for network in source.networks]
    for kind, range_ in config.tenancy_ranges.items():
        if sources and all(inside(network, range_) for network in sources):
            yield from config.egress.get(kind, ())
    if config.staff_range and sources and all(inside(network, config.staff_range) for network in sources):
        yield from archives_of(config) or ()


POLICY = Policy(
    id="FW13",
    title="Firewall rules stay in the estate, except the egress rules that it names",
    why="A way out that the estate does not name has no owner, no approver and no end.",
    resource_types=(GROUP,),
    severity=Severity.CRITICAL,
    controls=ComplianceControls(
        satre=("2.2.11", "3.1.12"),
        ncsc=("11",),
        caf=("B4.a", "B4.b", "B5.b"),
        cyber_essentials=("1.6",),
        iso27001=("8.23",),
        five_safes=("outputs",),
    ),
    fix="Add an egress rule with its approval to estate.yaml; the firewall's rules are made from it.",
    check=check,
    check_paths=RULE_PATHS,
    evaluation_scope="stack",
    needs_config=True,
)
