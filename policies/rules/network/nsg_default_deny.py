"""Network security groups end by denying everything, in and out (NW11)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.bastion import GROUP
from policies.azure_semantics.security_group import RULE_PATHS, rules_of
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation


def check(group: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Require a rule that denies everything in each direction: Azure's default rules allow a part of the traffic."""
    deny_all_rules = [rule for rule in rules_of(group, context) if rule.matches_all and not rule.allows]
    for inbound, direction in ((True, "inbound"), (False, "outbound")):
        if not any(rule.inbound is inbound for rule in deny_all_rules):
            yield Violation(
                "securityRules",
                f"has no {direction} rule that denies everything; Azure's default rules allow VirtualNetwork",
            )


POLICY = Policy(
    id="NW11",
    title="Network security groups end by denying everything, in and out",
    why="Azure's default rules allow all traffic within the network and all peered networks.",
    resource_types=(GROUP,),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.2.09", "2.2.10", "2.1.14"), ncsc=("3", "11"), iso27001=("8.20", "8.22"), five_safes=("settings",)
    ),
    fix="Add a rule in each direction that denies all protocols, addresses and ports, after those that allow.",
    check=check,
    check_paths=RULE_PATHS,
    evaluation_scope="stack",
)
