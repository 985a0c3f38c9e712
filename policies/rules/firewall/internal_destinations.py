"""FW10: inside the estate, the firewall leads to single addresses, never to a network or a subnet."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.addresses import is_private
from policies.azure_semantics.firewall import GROUPS, NETWORK_RULE, rules_of
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation


def check(group: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Private endpoints have fixed addresses (PE6), so that a rule can say which of them it means."""
    for rule in rules_of(group, context):
        if rule.allows and rule.kind == NETWORK_RULE:
            for far in rule.destinations:
                if any(n.prefixlen < n.max_prefixlen for n in far.networks if is_private(n) or not far.few_hosts):
                    yield Violation(rule.path, f"{rule.name} leads to {far.text}; it must name each address meant")


POLICY = Policy(
    id="FW10",
    title="The firewall leads to single addresses inside the estate",
    why="A rule for a network opens all that stands in it, now and later, to whoever the rule is for.",
    on=GROUPS,
    reads=("ruleCollections", "network:IpGroup:ipAddresses"),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.1.14", "2.2.10"), ncsc=("3", "11"), iso27001=("8.20", "8.22"), five_safes=("settings", "projects")
    ),
    fix="Name the fixed address of each private endpoint that is meant.",
    check=check,
    scope="stack",
)
