"""NW11: every security group ends by denying everything, in and out."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.bastion import GROUP
from policies.azure_semantics.security_group import RULE, rules_of
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation


def check(group: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Azure's own last rules deny only what its first let through: the whole network, in and out, and the Internet."""
    total = [rule for rule in rules_of(group, context) if rule.is_total and not rule.allows]
    for inbound, way in ((True, "inbound"), (False, "outbound")):
        if not any(rule.inbound is inbound for rule in total):
            yield Violation(
                "securityRules", f"holds no {way} rule that denies everything; Azure's own allow VirtualNetwork"
            )


POLICY = Policy(
    id="NW11",
    title="Every security group denies what it does not allow",
    why="Azure's own rules let every computer of the network, and of all that is peered with it, talk to every other.",
    on=(GROUP,),
    reads=("securityRules", f"{RULE}:access"),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.2.09", "2.2.10", "2.1.14"), ncsc=("3", "11"), iso27001=("8.20", "8.22"), five_safes=("settings",)
    ),
    fix="Add a rule in each direction that denies all protocols, addresses and ports, after those that allow.",
    check=check,
    scope="stack",
)
