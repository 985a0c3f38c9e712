"""NW6: no security group lets anything in from the Internet, on any port."""

from __future__ import annotations

from collections.abc import Iterator

from policies.facts.bastion import GROUP, before_bastion, is_bastions
from policies.facts.security_group import RULE, Rule, rule_of, rules_of
from policies.model import Controls, Estate, Policy, Problem, Resource, Severity


def judge(resource: Resource, estate: Estate) -> Iterator[Problem]:
    """Every source that is or holds public addresses is refused, however it is written: `*`, halves, tags, lists."""
    bastion = before_bastion(resource, estate)
    if resource.type == RULE:
        yield from _rule(rule_of(resource), bastion)
        return
    for rule in rules_of(resource, estate):
        if rule.path:
            yield from _rule(rule, bastion)


def _rule(rule: Rule, bastion: bool) -> Iterator[Problem]:
    if not rule.inbound or not rule.allows or (bastion and is_bastions(rule)):
        return
    for far in rule.sources:
        if far.public:
            yield Problem(
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
    controls=Controls(satre=("2.2.09",), ncsc=("11",), cis=("7.1",), iso27001=("8.20",), five_safes=("settings",)),
    fix="Name private ranges of the estate as sources. Only a Bastion's subnet is reached from the Internet, on 443.",
    judge=judge,
    scope="stack",
    checkov=("CKV_AZURE_9", "CKV_AZURE_10", "CKV_AZURE_160"),
)
