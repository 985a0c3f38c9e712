"""FW11: every name is denied before a rule could permit one."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.addresses import HTTP, HTTPS
from policies.azure_semantics.firewall import APPLICATION, FirewallRule, rules_of_policy
from policies.azure_semantics.firewall import POLICY as FIREWALL_POLICY
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

PROTOCOLS = frozenset([("https", HTTPS), ("http", HTTP)])


def check(policy: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Two denials may share the work; what another rule permits before them, they come too late for."""
    denied: set[tuple[str, tuple[int, int]]] = set()
    for rule in (r for r in rules_of_policy(policy, context) if r.kind == APPLICATION):
        if rule.allows:
            yield Violation("ruleCollectionGroups", f"{rule.name} permits names before every name is denied")
            return
        if _denies_everybody(rule):
            denied |= set(zip(rule.protocols, rule.ports, strict=True))
        if denied >= PROTOCOLS:
            return
    yield Violation("ruleCollectionGroups", "no rule denies every name to everybody, over HTTPS (443) and HTTP (80)")


def _denies_everybody(rule: FirewallRule) -> bool:
    """As Azure applies it: a rule that says no source is for none, and one with destinations only for those."""
    return "*" in rule.names and any(s.everywhere for s in rule.sources) and not rule.destinations


POLICY = Policy(
    id="FW11",
    title="Every name is denied before a rule could permit one",
    why="Where a rule goes by name, the firewall looks the name up itself and sends the packet there, whatever address "
    "the security groups let it leave for: one name that is permitted by mistake would be the only mistake needed.",
    on=(FIREWALL_POLICY,),
    reads=("network:FirewallPolicyRuleCollectionGroup:ruleCollections", "basePolicy"),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.2.11", "3.1.12"), ncsc=("11",), iso27001=("8.20", "8.23"), five_safes=("outputs",)
    ),
    fix="Deny *, over Http:80 and Https:443 and from *, in the first collection of the first group; permit by address.",
    check=check,
    scope="stack",
)
