"""Network rules of the firewall name addresses, and no domains (FW12)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.firewall import GROUP, NETWORK_RULE, RULE_PATHS, rules_of
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation


def check(group: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Refuse names in rules that allow: the firewall permits whatever address the name has at the time."""
    for rule in rules_of(group, context):
        if rule.allows and rule.kind == NETWORK_RULE and rule.names:
            yield Violation(rule.path, f"{rule.name} allows {', '.join(rule.names)} by name; it must name addresses")


POLICY = Policy(
    id="FW12",
    title="Network rules of the firewall name addresses, and no domains",
    why="Whoever owns a name chooses the address that is permitted, after every check; and a network rule applies "
    "before the denial of all names.",
    resource_types=(GROUP,),
    severity=Severity.CRITICAL,
    controls=ComplianceControls(
        satre=("2.2.11", "3.1.12"), ncsc=("11",), caf=("B4.a",), iso27001=("8.20", "8.23"), five_safes=("outputs",)
    ),
    fix="Remove destinationFqdns, and name the host's addresses.",
    check=check,
    check_paths=RULE_PATHS,
    evaluation_scope="stack",
)
