"""FW8: inside the estate, connections are opened by the zones alone: a tenancy reaches nothing but the hub."""

from __future__ import annotations

from collections.abc import Iterator

from infra.config import DataClass
from policies.facts.firewall import GROUPS, NETWORK_RULE, Rule, rules_of
from policies.facts.network import NETWORK, is_hub, prefixes_of
from policies.model import Controls, Estate, Policy, Problem, Resource, Severity

TENANCY = "tre-"
"""What a tenancy's stack is called: a tenancy stays one, whatever class of data it was granted."""


def judge(group: Resource, estate: Estate) -> Iterator[Problem]:
    """Data goes down: from the zones that hold records to the tenancies. A range without a network is nobody's yet."""
    for rule in rules_of(group, estate):
        if rule.allows and rule.kind == NETWORK_RULE:
            for message in _opened(rule, estate):
                yield Problem(rule.path, f"{rule.name} {message}")


def _opened(rule: Rule, estate: Estate) -> Iterator[str]:
    for source in rule.sources:
        networks = [n for n in estate.of(NETWORK) if any(source.overlaps(prefix) for prefix in prefixes_of(n))]
        if not networks:
            yield f"is for {source.text}, where no network of the estate is"
        for network in networks:
            if not is_hub(network, estate) and not _is_zone(network, estate):
                yield f"lets {network.name} of {network.stack} open connections inside the estate"


def _is_zone(network: Resource, estate: Estate) -> bool:
    return estate.data_class(network) is DataClass.IDENTIFIABLE and not network.stack.startswith(TENANCY)


POLICY = Policy(
    id="FW8",
    title="Tenancies open no connection to each other, nor to the zones",
    why="The firewall joins every network: one rule between two tenancies undoes what their separate networks are for.",
    on=GROUPS,
    reads=("ruleCollections", f"{NETWORK}:addressSpace.addressPrefixes"),
    severity=Severity.CRITICAL,
    controls=Controls(
        satre=("2.1.08", "2.1.14", "2.2.10"), ncsc=("3",), iso27001=("8.22",), five_safes=("settings", "projects")
    ),
    fix="Let the zones open the connections by which they hand data on; tenancies have their own private endpoints.",
    judge=judge,
    scope="estate",
)
