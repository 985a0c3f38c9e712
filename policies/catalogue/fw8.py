"""FW8: inside the estate, connections are opened by the zones alone: a tenancy reaches nothing but the hub."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network

from infra.addresses import ZONES_PREFIX
from infra.config import DataClass
from policies.facts.addresses import Span
from policies.facts.firewall import GROUPS, NETWORK_RULE, Rule, rules_of
from policies.facts.network import NETWORK, is_hub, prefixes_of
from policies.model import Controls, Estate, Policy, Problem, Resource, Severity

TENANCY = "tre-"
"""What a tenancy's stack is called: a tenancy stays one, whatever class of data it was granted."""


def judge(group: Resource, estate: Estate) -> Iterator[Problem]:
    """Data goes down: from the zones that hold records to the tenancies. A range without a network is nobody's yet."""
    for rule in rules_of(group, estate):
        if rule.allows and rule.kind == NETWORK_RULE:
            for message in _opened(rule, _kept_for_zones(group, estate), estate):
                yield Problem(rule.path, f"{rule.name} {message}")


def _kept_for_zones(group: Resource, estate: Estate) -> list[IPv4Network]:
    """The range of the address plan for the zones of the hub's own cell: the second /21 of the cell, after the hub.

    A cell may have none of them yet, or never: its rules are written all the same.
    """
    hubs = [n for n in estate.beside(group, NETWORK) if is_hub(n, estate)]
    starts = [p.network_address for hub in hubs for p in prefixes_of(hub) if isinstance(p, IPv4Network)]
    return [IPv4Network((start + (1 << (32 - ZONES_PREFIX)), ZONES_PREFIX), strict=False) for start in starts]


def _opened(rule: Rule, kept: list[IPv4Network], estate: Estate) -> Iterator[str]:
    for source in rule.sources:
        found = [n for n in estate.of(NETWORK) if any(source.overlaps(prefix) for prefix in prefixes_of(n))]
        networks = [network for network in found if not is_hub(network, estate)]
        if not networks and not _inside(source, kept):
            yield f"is for {source.text}, where no zone of the estate is, nor is to be"
        for network in networks:
            if not _is_zone(network, estate):
                yield f"lets {network.name} of {network.stack} open connections inside the estate"


def _inside(source: Span, kept: list[IPv4Network]) -> bool:
    return bool(source.networks) and all(any(Span("", (k,)).covers(n) for k in kept) for n in source.networks)


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
