"""Firewall rules allow no domain in which anyone can open an account (FW5)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.firewall import GROUP, NAT, RULE_PATHS, rules_of
from policies.azure_semantics.shared_hosts import allows_multi_customer_host, is_multi_customer_wildcard
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation


def check(group: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Allow one customer's host by its exact name, but no wildcard for all customers, and none without TLS."""
    for rule in rules_of(group, context):
        if not rule.allows or rule.kind == NAT:
            continue
        for name in rule.names:
            if is_multi_customer_wildcard(name):
                yield Violation(rule.path, f"{rule.name} allows {name}, where anyone can open an account")
            if allows_multi_customer_host(name):
                yield Violation(rule.path, f"{rule.name} allows {name}, a host that accepts data for any customer")
            if "*" in name and "http" in rule.protocols:
                yield Violation(
                    rule.path, f"{rule.name} allows {name} without TLS, so that the server is not authenticated"
                )


POLICY = Policy(
    id="FW5",
    title="Firewall rules allow no domain in which anyone can open an account",
    why="Data can leave through a permitted name if the receiver can rent a host under it.",
    resource_types=(GROUP,),
    severity=Severity.CRITICAL,
    controls=ComplianceControls(
        satre=("2.2.11", "3.1.12"), ncsc=("11",), caf=("B4.a",), iso27001=("8.12", "8.23"), five_safes=("outputs",)
    ),
    fix="Name the one host that is needed; use a mirror where customers share the host.",
    check=check,
    check_paths=RULE_PATHS,
    evaluation_scope="stack",
)
