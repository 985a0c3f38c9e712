"""FW6: every rule says who may use it: ranges of the estate, never everybody."""

from __future__ import annotations

from collections.abc import Iterator

from formats.addresses import CELL_PREFIXES
from policies.azure_semantics.firewall import GROUPS, FirewallRule, rules_of
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

LARGEST = CELL_PREFIXES[0]
"""A cell of the estate, as its prefix: no kind of tenancy is larger."""


def check(group: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Rules are for a kind of tenancy, whose range is known before its tenancies are."""
    for rule in rules_of(group, context):
        if rule.allows:
            for message in _wide(rule):
                yield Violation(rule.path, f"{rule.name} {message}")


def _wide(rule: FirewallRule) -> Iterator[str]:
    if not rule.sources:
        yield "says not who may use it"
    for source in rule.sources:
        if not source.private:
            yield f"is for {source.text}, which is or holds public addresses"
        elif any(network.prefixlen < LARGEST for network in source.networks if network.version == 4):
            yield f"is for {source.text}, more than a cell of the estate (/{LARGEST})"


POLICY = Policy(
    id="FW6",
    title="Every firewall rule says which of the estate may use it",
    why="A rule for everybody gives each project what one was granted.",
    on=GROUPS,
    reads=("ruleCollections", "network:IpGroup:ipAddresses"),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.2.10", "2.2.11"), ncsc=("3", "11"), iso27001=("8.22",), five_safes=("settings", "projects")
    ),
    fix="Name the ranges of the kind of tenancy, or the zones, that the rule is for.",
    check=check,
    scope="stack",
)
