"""Network security groups allow nothing out to the Internet (NW5)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.bastion import GROUP, is_required_by_bastion
from policies.azure_semantics.security_group import RULE, RULE_PATHS, NsgRule, denies_internet, rules_in, rules_of
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation


def check(resource: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Require a rule that denies the Internet: Azure's default rules allow all outbound traffic."""
    for rule in rules_in(resource):
        if not rule.inbound and rule.allows and not is_required_by_bastion(rule, resource, context):
            yield from _check_outbound(rule)
    if resource.type == RULE:
        return
    if not any(denies_internet(rule) for rule in rules_of(resource, context) if not rule.inbound):
        yield Violation(
            "securityRules", "has no outbound rule that denies all ports to Internet, which Azure allows by default"
        )


def _check_outbound(rule: NsgRule) -> Iterator[Violation]:
    for destination in rule.destinations:
        if destination.public and not (rule.protocol == "tcp" and destination.is_permitted_egress(rule.ports)):
            yield Violation(
                rule.path or "destinationAddressPrefix",
                f"{rule.name} allows traffic to {destination.text}, which contains public addresses",
            )


POLICY = Policy(
    id="NW5",
    title="Network security groups allow nothing out to the Internet",
    why="The firewall is the only exit; with another allowed by a group, one wrong route is enough to lose data.",
    resource_types=(GROUP, RULE),
    severity=Severity.CRITICAL,
    controls=ComplianceControls(
        satre=("2.2.11", "3.1.12"), ncsc=("11",), caf=("B4.a", "B5.b"), iso27001=("8.12",), five_safes=("outputs",)
    ),
    fix="Allow private addresses only, and deny all outbound ports to Internet. Exceptions are hosts "
    "of the estate's egress and of sign-in (/28 or narrower, TCP 443 or 80), and the rules that Azure requires for "
    "Bastion.",
    check=check,
    check_paths=(
        *RULE_PATHS,
        "network:NetworkInterface:networkSecurityGroup.id",
        "network:Subnet:networkSecurityGroup.id",
        "network:Subnet:subnetName",
        "network:VirtualNetwork:subnets[*].networkSecurityGroup.id",
    ),
    evaluation_scope="stack",
)
