"""NW5: security groups deny the Internet outwards in so many words, and no rule lets anything out to it."""

from __future__ import annotations

from collections.abc import Iterator

from policies.facts.bastion import GROUP, before_bastion, is_bastions
from policies.facts.security_group import RULE, Rule, denies_internet, rule_of, rules_of
from policies.model import Controls, Estate, Policy, Problem, Resource, Severity

SIGN_IN = "azureactivedirectory"
"""People sign in on their desks with Entra's extension, which knows no proxy; where it goes, the firewall says."""
HTTPS = (443, 443)


def judge(resource: Resource, estate: Estate) -> Iterator[Problem]:
    """Azure's own rules let everything out: without a rule that denies, what is not allowed is."""
    bastion = before_bastion(resource, estate)
    if resource.type == RULE:
        yield from _rule(rule_of(resource), bastion)
        return
    rules = [rule for rule in rules_of(resource, estate) if not rule.inbound]
    for rule in rules:
        if rule.path:
            yield from _rule(rule, bastion)
    if not any(denies_internet(rule) for rule in rules):
        yield Problem("securityRules", "holds no outbound rule that denies all ports to Internet, which Azure allows")


def _rule(rule: Rule, bastion: bool) -> Iterator[Problem]:
    if rule.inbound or not rule.allows or (bastion and is_bastions(rule)):
        return
    for far in rule.destinations:
        if far.public and not (far.tag == SIGN_IN and rule.ports == (HTTPS,) and rule.protocol == "tcp"):
            yield Problem(
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
    controls=Controls(satre=("2.2.11", "3.1.12"), ncsc=("11",), iso27001=("8.12",), five_safes=("outputs",)),
    fix="Allow private ranges only, and deny all ports outwards to Internet. Sign-in (AzureActiveDirectory, TCP "
    "443) and the rules that Azure insists on before a Bastion are the exceptions.",
    judge=judge,
    scope="stack",
)
