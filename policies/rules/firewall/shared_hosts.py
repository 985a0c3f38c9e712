"""FW5: no rule allows a domain in which anybody can open an account."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.firewall import GROUPS, NAT, rules_of
from policies.azure_semantics.shared_hosts import allows_every_customer, allows_multi_customer_host
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

PLAIN = ("http",)


def check(group: Resource, context: PolicyContext) -> Iterator[Violation]:
    """One customer's host may be named exactly; all of them may not. Without TLS, no wildcard at all."""
    for rule in rules_of(group, context):
        if not rule.allows or rule.kind == NAT:
            continue
        for name in rule.names:
            if allows_every_customer(name):
                yield Violation(rule.path, f"{rule.name} allows {name}, where anybody can open an account")
            if allows_multi_customer_host(name):
                yield Violation(rule.path, f"{rule.name} allows {name}, a host that takes data for anybody")
            if "*" in name and set(rule.protocols) & set(PLAIN):
                yield Violation(rule.path, f"{rule.name} allows {name} without TLS, so that anybody can answer for it")


POLICY = Policy(
    id="FW5",
    title="No rule allows a domain where anybody can open an account",
    why="Data leaves by a permitted name as well as by any other, if whoever takes it can rent a host under that name.",
    on=GROUPS,
    reads=("ruleCollections", "network:IpGroup:ipAddresses"),
    severity=Severity.CRITICAL,
    controls=ComplianceControls(
        satre=("2.2.11", "3.1.12"), ncsc=("11",), iso27001=("8.12", "8.23"), five_safes=("outputs",)
    ),
    fix="Name the one host that is needed, and read it through a mirror where that host is its customers' too.",
    check=check,
    scope="stack",
)
