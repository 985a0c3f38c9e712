"""All names are denied before any rule permits one (FW11)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.addresses import HTTP, HTTPS
from policies.azure_semantics.firewall import APPLICATION, FirewallRule, rules_of_policy
from policies.azure_semantics.firewall import POLICY as FIREWALL_POLICY
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

PROTOCOLS = frozenset([("https", HTTPS), ("http", HTTP)])


def check(policy: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Require denials of HTTPS and HTTP for all, in one rule or two, before any rule allows names. A rule that allows
    another protocol or port needs a denial of that before it."""
    denied: set[tuple[str, tuple[int, int]]] = set()
    for rule in (r for r in rules_of_policy(policy, context) if r.kind == APPLICATION):
        over = set(zip(rule.protocols, rule.ports, strict=True))
        if rule.allows and not (over and denied >= over | PROTOCOLS):
            yield Violation("ruleCollectionGroups", f"{rule.name} permits names before all names are denied")
            return
        if not rule.allows and _denies_all(rule):
            denied |= over
    if not denied >= PROTOCOLS:
        yield Violation("ruleCollectionGroups", "no rule denies all names to all sources, over HTTPS (443) and HTTP "
                        "(80)")  # fmt: skip


def _denies_all(rule: FirewallRule) -> bool:
    """Return True if the rule denies every name to every source, at every destination."""
    return "*" in rule.names and any(s.everywhere for s in rule.sources) and not rule.destinations


POLICY = Policy(
    id="FW11",
    title="All names are denied before any rule permits one",
    why="For a rule by name the firewall resolves the name and connects to the result, whatever the address that "
    "network security groups allowed: one wrongly permitted name would be enough.",
    resource_types=(FIREWALL_POLICY,),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.2.11", "3.1.12"), ncsc=("11",), iso27001=("8.20", "8.23"), five_safes=("outputs",)
    ),
    fix="Deny *, over Http:80 and Https:443 and from *, in the first collection of the first group; permit by address.",
    check=check,
    check_paths=(
        "network:FirewallPolicyRuleCollectionGroup:ruleCollections",
        "basePolicy",
        "network:FirewallPolicyRuleCollectionGroup:priority",
    ),
    evaluation_scope="stack",
)
