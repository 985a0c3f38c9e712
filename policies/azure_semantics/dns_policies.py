"""DNS security policies: the names that Azure's DNS server answers in a network.

A network has at most one policy. Its enabled rules are evaluated by priority, the lowest number first, and the first
one with a domain of the name decides. Allow and Alert both answer. A name that no rule matches is answered.

Source: learn.microsoft.com, "Azure DNS security policy", DNS traffic rules, Virtual network links.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from policies.azure_semantics import ids
from policies.azure_semantics.properties import entries, lower_text, texts
from policies.expected.dns_domains import ANSWERED_DOMAINS, EVERY_NAME
from policies.model import MISSING, PolicyContext, Resource, Unknown

DNS_POLICY, LINK = "dnsresolver:DnsResolverPolicy", "dnsresolver:DnsResolverPolicyVirtualNetworkLink"
RULE, LIST = "dnsresolver:DnsSecurityRule", "dnsresolver:DnsResolverDomainList"
ACTION, LISTS, STATE, PRIORITY = "action.actionType", "dnsResolverDomainLists", "dnsSecurityRuleState", "priority"
LINKED_NETWORK, DOMAINS = "virtualNetwork.id", "domains"
DNS_POLICY_PATHS = (
    f"{LINK}:{LINKED_NETWORK}",
    *(f"{RULE}:{path}" for path in (ACTION, LISTS, STATE, PRIORITY)),
    f"{LIST}:{DOMAINS}",
)
"""The properties that the functions below read."""


@dataclass(frozen=True)
class DnsRule:
    """An enabled rule of a DNS security policy."""

    priority: int
    answers: bool
    domains: tuple[str, ...]
    """In lower case, without the final dot."""


def policy_of(network_id: str, context: PolicyContext) -> Resource | None:
    """Return the DNS security policy that is linked to a network. `Unknown` where a link is unknown, or where several
    policies are linked: Azure accepts one of them."""
    links = [link for link in context.of(LINK) if ids.plain(link.at(LINKED_NETWORK)) == network_id]
    linked = {ids.parent(ids.own(link)) for link in links}
    if len(linked) > 1:
        raise Unknown(LINKED_NETWORK, "several DNS security policies are linked to this network; it can have one")
    return context.get(linked.pop()) if linked else None


def rules_of(policy: Resource, context: PolicyContext) -> list[DnsRule]:
    """Return the enabled rules of a policy by priority. `Unknown` where a rule or one of its lists is unknown."""
    enabled = [rule for rule in context.children(RULE, policy) if lower_text(rule, STATE) in ("", "enabled")]
    return sorted((_rule(rule, context) for rule in enabled), key=lambda rule: (rule.priority, not rule.answers))


def _rule(rule: Resource, context: PolicyContext) -> DnsRule:
    priority = rule.at(PRIORITY)
    if not isinstance(priority, int | float):
        raise Unknown(PRIORITY)
    return DnsRule(int(priority), lower_text(rule, ACTION) != "block", tuple(_domains(rule, context)))


def _domains(rule: Resource, context: PolicyContext) -> Iterator[str]:
    for entry in entries(rule, LISTS):
        found = context.get(rule.at(f"{entry}.id"))
        if found is None or found.type != LIST:
            raise Unknown(LISTS)
        if found.at(DOMAINS) is MISSING:
            raise Unknown(DOMAINS)
        yield from map(plain_domain, texts(found, DOMAINS))


def plain_domain(text: str) -> str:
    """Return a domain in lower case, without the final dot and without a wildcard, which adds nothing to it."""
    return text.strip().lower().removeprefix("*.").rstrip(".")


def is_answered_domain(domain: str) -> bool:
    """True if a domain, without the final dot, is one of those that may be answered, or below one."""
    return any(domain == known or domain.endswith(f".{known}") for known in ANSWERED_DOMAINS)


def blocks_outsiders(rules: Iterable[DnsRule]) -> bool:
    """True if a name that an outsider's name server answers gets no answer: a rule blocks every name, and those before
    it allow known domains only."""
    for rule in rules:
        if not rule.answers and EVERY_NAME in rule.domains:
            return True
        if rule.answers and not all(map(is_answered_domain, rule.domains)):
            return False
    return False
