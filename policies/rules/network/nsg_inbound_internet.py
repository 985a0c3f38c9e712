"""Network security groups allow nothing in from the Internet (NW6)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.bastion import GROUP, is_required_by_bastion
from policies.azure_semantics.security_group import RULE, RULE_PATHS, NsgRule, rules_in
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation


def check(resource: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Refuse every source with public addresses, written as `*`, ranges, tags or lists."""
    for rule in rules_in(resource):
        if rule.inbound and rule.allows and not is_required_by_bastion(rule, resource, context):
            yield from _check_inbound(rule)


def _check_inbound(rule: NsgRule) -> Iterator[Violation]:
    for source in rule.sources:
        if source.public:
            yield Violation(
                rule.path or "sourceAddressPrefix",
                f"{rule.name} allows traffic from {source.text}, which contains public addresses",
            )


POLICY = Policy(
    id="NW6",
    title="Network security groups allow nothing in from the Internet",
    why="People connect through Bastion only; anything else that answers the Internet is attacked within minutes.",
    resource_types=(GROUP, RULE),
    severity=Severity.CRITICAL,
    controls=ComplianceControls(
        satre=("2.2.09",),
        ncsc=("11",),
        caf=("B4.a",),
        cyber_essentials=("1.4",),
        cis=("7.1", "7.2", "7.3", "7.4"),
        iso27001=("8.20",),
        five_safes=("settings",),
    ),
    fix="Name private ranges of the estate as sources. Only a Bastion's subnet accepts connections from the "
    "Internet, on 443.",
    check=check,
    check_paths=(
        *RULE_PATHS,
        "network:NetworkInterface:networkSecurityGroup.id",
        "network:Subnet:networkSecurityGroup.id",
        "network:Subnet:subnetName",
        "network:VirtualNetwork:subnets[*].networkSecurityGroup.id",
    ),
    evaluation_scope="stack",
    checkov=("CKV_AZURE_9", "CKV_AZURE_10", "CKV_AZURE_160"),
)
