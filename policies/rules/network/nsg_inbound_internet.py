"""NW6: no security group lets anything in from the Internet, on any port."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.bastion import GROUP, asked_by_azure
from policies.azure_semantics.security_group import RULE, NsgRule, rules_in
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation


def check(resource: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Every source that is or holds public addresses is refused, however it is written: `*`, halves, tags, lists."""
    for rule in rules_in(resource):
        if rule.inbound and rule.allows and not asked_by_azure(rule, resource, context):
            yield from _lets_in(rule)


def _lets_in(rule: NsgRule) -> Iterator[Violation]:
    for far in rule.sources:
        if far.public:
            yield Violation(
                rule.path or "sourceAddressPrefix",
                f"{rule.name} lets traffic in from {far.text}, which is or holds public addresses",
            )


POLICY = Policy(
    id="NW6",
    title="No security group lets anything in from the Internet",
    why="People come in through Bastion alone; whatever else answers the Internet is attacked within minutes.",
    on=(GROUP, RULE),
    reads=("securityRules", "access", "sourceAddressPrefix", "sourceAddressPrefixes", f"{RULE}:access"),
    severity=Severity.CRITICAL,
    controls=ComplianceControls(
        satre=("2.2.09",), ncsc=("11",), cis=("7.1",), iso27001=("8.20",), five_safes=("settings",)
    ),
    fix="Name private ranges of the estate as sources. Only a Bastion's subnet is reached from the Internet, on 443.",
    check=check,
    scope="stack",
    checkov=("CKV_AZURE_9", "CKV_AZURE_10", "CKV_AZURE_160"),
)
