"""NW20: security groups name what answers HTTPS inside the estate address by address, never by its subnet."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.addresses import Span
from policies.azure_semantics.bastion import GROUP, asked_by_azure
from policies.azure_semantics.security_group import RULE, NsgRule, rules_in
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

HTTPS = 443
"""What stores, vaults and logs answer at."""


def check(resource: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Private endpoints have fixed addresses (PE6), so that a rule can say which of them it means."""
    for rule in rules_in(resource):
        if rule.allows and _opens_https(rule) and not asked_by_azure(rule, resource, context):
            for far in rule.destinations:
                if _several(far):
                    yield Violation(
                        rule.path or "destinationAddressPrefix",
                        f"{rule.name} leads to {far.text}, and so to every private endpoint in it; it must name each",
                    )


def _opens_https(rule: NsgRule) -> bool:
    return rule.protocol in ("*", "tcp") and any(low <= HTTPS <= high for low, high in rule.ports)


def _several(far: Span) -> bool:
    """Whether it stands for more than one private address. What is public is judged by NW5."""
    return far.everywhere or (far.private and any(n.prefixlen < n.max_prefixlen for n in far.networks))


POLICY = Policy(
    id="NW20",
    title="Security groups name private endpoints one by one",
    why="A rule for a subnet of endpoints opens all that stand in it: the vault beside the store, the released beside "
    "what nobody has checked.",
    on=(GROUP, RULE),
    reads=(
        "securityRules",
        "destinationAddressPrefix",
        "destinationAddressPrefixes",
        "destinationPortRange",
        "destinationPortRanges",
        f"{RULE}:destinationAddressPrefix",
    ),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.1.14", "2.2.09", "2.2.10"), ncsc=("3", "11"), iso27001=("8.20", "8.22"), five_safes=("settings",)
    ),
    fix="Name the fixed address of each endpoint that is meant, as a /32 of its own.",
    check=check,
    scope="stack",
)
