"""DNS security policies: whether Azure's DNS server answers a name in a network.

Facts: docs/azure-facts.md#dns-security-policies.
"""

from __future__ import annotations

from collections.abc import Sequence

from local_azure.data_plane.answers import Attempt, Control
from local_azure.model import Cloud, StoredResource
from local_azure.types.common import parent_id, same, value_at, values_at
from local_azure.types.dnsresolver import LINK, RULE


def require_answer(attempt: Attempt, network: StoredResource, names: Sequence[str]) -> None:
    """Refuse a DNS query to which the policy of a network gives no answer. `names`: the name, and what it is an alias
    of. The enabled rule with the lowest priority that has a domain of one of them decides."""
    policy = _policy_of(attempt.cloud, network)
    if policy is None:
        return
    rules = sorted(attempt.cloud.children(policy.id, RULE), key=lambda rule: int(rule.properties.get("priority", 0)))
    for rule in rules:
        if rule.properties.get("dnsSecurityRuleState") == "Disabled" or not _applies(attempt.cloud, rule, names):
            continue
        said = f"{policy.name} of {network.name}: rule {rule.name}"
        if value_at(rule.properties, "action.actionType") == "Block":
            attempt.refuse(Control.DNS_POLICY, f"{said} blocks {names[0]}", 0, "NameResolutionFailed",
                           f"{names[0]} is an alias of blockpolicy.azuredns.invalid.")  # fmt: skip
        attempt.passed(Control.DNS_POLICY, f"{said} allows {names[0]}")
        return
    attempt.passed(Control.DNS_POLICY, f"{policy.name} of {network.name} has no rule for {names[0]}")


def _policy_of(cloud: Cloud, network: StoredResource) -> StoredResource | None:
    for user in cloud.referencing(network.id):
        if user.token == LINK and same(value_at(user.properties, "virtualNetwork.id"), network.id):
            return cloud.get(parent_id(user.id))
    return None


def _applies(cloud: Cloud, rule: StoredResource, names: Sequence[str]) -> bool:
    lists = (cloud.get(str(id_)) for id_ in values_at(rule.properties, "dnsResolverDomainLists[*].id"))
    domains = [str(one) for found in lists if found for one in values_at(found.properties, "domains[*]")]
    return any(_is_in(name.lower().rstrip("."), domain) for name in names for domain in domains)


def _is_in(name: str, domain: str) -> bool:
    plain = domain.lower().removeprefix("*.").rstrip(".")
    return not plain or name == plain or name.endswith(f".{plain}")
