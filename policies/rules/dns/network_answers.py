"""Azure's DNS server answers few names in a hub, and none in any other network (DN3)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics import ids
from policies.azure_semantics.dns_policies import (
    DNS_POLICY_PATHS,
    blocks_outsiders,
    is_answered_domain,
    policy_of,
    rules_of,
)
from policies.azure_semantics.network import NETWORK, SUBNET, is_hub
from policies.azure_semantics.properties import display
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation


def check(network: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Require a linked policy that blocks every name, after rules that allow known domains in a hub alone."""
    policy = policy_of(ids.own(network), context)
    if policy is None:
        yield Violation("", "has no DNS security policy, so Azure's DNS server asks any name server for its computers")
        return
    rules = rules_of(policy, context)
    answered = [domain for rule in rules if rule.answers for domain in rule.domains]
    if answered and not is_hub(network, context):
        yield Violation("", f"has a DNS security policy that answers {display(answered)}; only that of a hub may "
                        "answer names")  # fmt: skip
        return
    for domain in answered:
        if not is_answered_domain(domain):
            yield Violation(
                "", f"has a DNS security policy that answers {display(domain or '.')}, which is no approved domain"
            )
    if not blocks_outsiders([rule for rule in rules if not rule.answers]):
        yield Violation("", "has a DNS security policy without an enabled rule that blocks the domain '.'")


POLICY = Policy(
    id="DN3",
    title="Azure's DNS server answers few names in a hub, and none in any other network",
    why="The name in a DNS query reaches the name server of whoever owns the domain, so that data can leave in it, "
    "past every firewall. Azure's DNS server need only answer the names that Azure's own services use.",
    resource_types=(NETWORK,),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.2.10", "2.2.11", "3.1.12"),
        ncsc=("3", "11"),
        caf=("B4.a",),
        iso27001=("8.12", "8.20", "8.23"),
        five_safes=("settings", "outputs"),
    ),
    fix="Link a DNS security policy to the network, with an enabled rule that blocks the domain '.'. In a hub, rules "
    "before it may allow domains of policies/expected/dns_domains.py.",
    check=check,
    check_paths=(*DNS_POLICY_PATHS, f"{SUBNET}:subnetName", "subnets"),
    evaluation_scope="stack",
)  # fmt: skip
