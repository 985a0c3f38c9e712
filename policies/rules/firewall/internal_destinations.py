"""Firewall rules name single addresses inside the estate (FW10)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.addresses import Span, is_private
from policies.azure_semantics.firewall import GROUP, NETWORK_RULE, RULE_PATHS, rules_of
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation


def check(group: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Require single addresses. Private endpoints have fixed ones (PE6)."""
    for rule in rules_of(group, context):
        if rule.allows and rule.kind == NETWORK_RULE:
            for destination in rule.destinations:
                if _is_too_wide(destination):
                    yield Violation(rule.path, f"{rule.name} allows {destination.text}; it must name single addresses")


def _is_too_wide(destination: Span) -> bool:
    """Return True for a private range, or a public one of more than a few hosts."""
    networks = (n for n in destination.networks if is_private(n) or not destination.is_few_hosts)
    return any(network.prefixlen < network.max_prefixlen for network in networks)


POLICY = Policy(
    id="FW10",
    title="Firewall rules name single addresses inside the estate",
    why="A rule for a network allows everything in it, now and later.",
    resource_types=(GROUP,),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.1.14", "2.2.10"),
        ncsc=("3", "11"),
        caf=("B4.a",),
        iso27001=("8.20", "8.22"),
        five_safes=("settings", "projects"),
    ),
    fix="Name the fixed address of each private endpoint that is meant.",
    check=check,
    check_paths=RULE_PATHS,
    evaluation_scope="stack",
)
