"""NW5: security groups deny the Internet outwards in so many words, and no rule lets anything out to it."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.bastion import GROUP, asked_by_azure
from policies.azure_semantics.security_group import RULE, NsgRule, denies_internet, rules_in, rules_of
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation


def check(resource: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Azure's own rules let everything out: without a rule that denies, what is not allowed is."""
    for rule in rules_in(resource):
        if not rule.inbound and rule.allows and not asked_by_azure(rule, resource, context):
            yield from _lets_out(rule)
    if resource.type == RULE:
        return
    if not any(denies_internet(rule) for rule in rules_of(resource, context) if not rule.inbound):
        yield Violation("securityRules", "holds no outbound rule that denies all ports to Internet, which Azure allows")


def _lets_out(rule: NsgRule) -> Iterator[Violation]:
    for far in rule.destinations:
        if far.public and not (rule.protocol == "tcp" and far.named(rule.ports)):
            yield Violation(
                rule.path or "destinationAddressPrefix",
                f"{rule.name} lets traffic out to {far.text}, which is or holds public addresses",
            )


POLICY = Policy(
    id="NW5",
    title="No security group lets anything out to the Internet",
    why="The firewall is the only way out; a group that allows another makes one wrong route enough to lose data.",
    on=(GROUP, RULE),
    reads=("securityRules", "access", "destinationAddressPrefix", "destinationAddressPrefixes", f"{RULE}:access"),
    severity=Severity.CRITICAL,
    controls=ComplianceControls(satre=("2.2.11", "3.1.12"), ncsc=("11",), iso27001=("8.12",), five_safes=("outputs",)),
    fix="Allow private addresses only, and deny all ports outwards to Internet. Sign-in (AzureActiveDirectory, TCP "
    "443), hosts that the estate's egress names (/28 or narrower each, TCP 443 or 80) and the rules that Azure insists "
    "on before a Bastion are the exceptions.",
    check=check,
    scope="stack",
)
