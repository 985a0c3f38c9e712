"""FW7: the firewall leads nothing in."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.firewall import GROUPS, NAT, rules_of
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation


def check(group: Resource, context: PolicyContext) -> Iterator[Violation]:
    """A rule that translates addresses opens the firewall's public address towards a computer inside."""
    for rule in rules_of(group, context):
        if rule.kind == NAT:
            yield Violation(rule.path, f"{rule.name} leads what arrives at the firewall's address to a computer inside")


POLICY = Policy(
    id="FW7",
    title="The firewall leads nothing in",
    why="People come in through Bastion, data through the intake; an address that is led inside is neither.",
    on=GROUPS,
    reads=("ruleCollections", "network:IpGroup:ipAddresses"),
    severity=Severity.CRITICAL,
    controls=ComplianceControls(satre=("2.2.09", "3.1.12"), ncsc=("11",), iso27001=("8.20",), five_safes=("settings",)),
    fix="Remove the NAT rule.",
    check=check,
    scope="stack",
)
