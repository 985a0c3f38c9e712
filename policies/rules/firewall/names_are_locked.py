"""A read-only lock protects the firewall's first rules for names (FW15)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.firewall import APPLICATION, FIRST_PRIORITY, RULE_PATHS, rules_of_policy
from policies.azure_semantics.firewall import POLICY as FIREWALL_POLICY
from policies.azure_semantics.locks import BY_SCOPE, is_read_only
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.rules.firewall.deny_all_names_first import denies_all


def check(policy: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Require that the denial of all names, and each rule for names before it, is in the group that comes first, and
    that this group has a lock. FW11 requires the denial."""
    for rule in (r for r in rules_of_policy(policy, context) if r.kind == APPLICATION):
        if rule.priority[0] != FIRST_PRIORITY:
            yield Violation("ruleCollectionGroups", f"{rule.name} is in a group with another priority than "
                            f"{FIRST_PRIORITY}, so a further group could come before it")  # fmt: skip
        elif not is_read_only(rule.group, context):
            yield Violation("ruleCollectionGroups", f"the group of {rule.name} has no lock of level ReadOnly")
        if not rule.allows and denies_all(rule):
            return


POLICY = Policy(
    id="FW15",
    title="A read-only lock protects the firewall's first rules for names",
    why="Of all rules of the firewall, only one for names passes the network security groups: one more name, or one "
    "rule before the denial of all names, is a way out.",
    resource_types=(FIREWALL_POLICY,),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.2.11", "3.1.12"), ncsc=("11",), caf=("B4.b",), iso27001=("8.9", "8.20"), five_safes=("outputs",)
    ),
    fix="Give the rule collection group with sign-in and the denial of all names the priority 100, and a management "
    "lock of level ReadOnly.",
    check=check,
    check_paths=(
        "basePolicy",
        f"{BY_SCOPE}:scope",
        f"{BY_SCOPE}:level",
        *(path if ":" in path else f"network:FirewallPolicyRuleCollectionGroup:{path}" for path in RULE_PATHS),
    ),
    evaluation_scope="stack",
)
