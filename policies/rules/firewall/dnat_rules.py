"""The firewall has no inbound NAT rules (FW7)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.firewall import GROUP, NAT, RULE_PATHS, rules_of
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation


def check(group: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Refuse rules that forward connections to the firewall's public address."""
    for rule in rules_of(group, context):
        if rule.kind == NAT:
            yield Violation(
                rule.path, f"{rule.name} forwards connections from the firewall's public address to a machine inside"
            )


POLICY = Policy(
    id="FW7",
    title="The firewall has no inbound NAT rules",
    why="People enter through Bastion and data through the providers' containers; a NAT rule would be another entry.",
    resource_types=(GROUP,),
    severity=Severity.CRITICAL,
    controls=ComplianceControls(
        satre=("2.2.09", "3.1.12"),
        ncsc=("11",),
        caf=("B4.a",),
        cyber_essentials=("1.4",),
        iso27001=("8.20",),
        five_safes=("settings",),
    ),
    fix="Remove the NAT rule.",
    check=check,
    check_paths=RULE_PATHS,
    evaluation_scope="stack",
)
