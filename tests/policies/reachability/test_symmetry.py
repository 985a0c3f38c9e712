"""Tenancies that look alike: what is said of two of them is what would be found for each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from policies.model import Resource
from policies.reachability.assertions import Forbidden, Kind, judge
from policies.reachability.symmetry import alike
from tests.policies.reachability.sample_estates import added, changed, endpoint, estate, failing, grant, named, seen

TENANCIES = ("tre-hcm-progression", "tre-project-1", "tre-project-2", "tre-project-3")
LAST = TENANCIES[-1]
OF_TENANCIES = (Kind.PAST_AIRLOCK, Kind.BETWEEN_PROJECTS)


def _spoken_for(resources: Sequence[Resource]) -> set[str]:
    return {twin.stack for twin in alike(seen(resources), TENANCIES)}


def _depths(flows: Sequence[Forbidden]) -> dict[tuple[Kind, str], int]:
    return {(flow.kind, flow.source): flow.depth for flow in flows}


def test_two_speak_for_all_that_differ_in_names_and_addresses_alone() -> None:
    assert _spoken_for(estate(4)) == {TENANCIES[2], TENANCIES[3]}


def test_what_is_told_of_a_tenancy_is_what_is_found_for_it() -> None:
    told, found = judge(seen(estate(4))), judge(seen(estate(4)), each=True)
    assert _depths(told.flows) == _depths(found.flows)
    one, other = ({f.source: f for f in v.flows if f.kind is Kind.PAST_AIRLOCK}[LAST] for v in (told, found))
    assert one.about == other.about
    assert one.stacks == other.stacks
    assert one.weakest
    assert {len(way.controls) for way in one.weakest.ways} == {other.depth}


def test_the_controls_that_are_told_of_a_tenancy_are_its_own() -> None:
    (flow,) = [f for f in judge(seen(estate(4))).flows if f.kind is Kind.PAST_AIRLOCK and f.source == LAST]
    assert flow.weakest
    resources = list(estate(4))
    for control in flow.weakest.ways[0].controls:
        resources = failing(resources, control)
    opened = _depths(judge(seen(resources)).flows)
    assert opened[Kind.PAST_AIRLOCK, LAST] == 0
    assert opened[Kind.PAST_AIRLOCK, TENANCIES[0]] > 0


def _open_group(resources: Sequence[Resource], stack: str) -> list[Resource]:
    group = named(resources, stack, "network:NetworkSecurityGroup", "net-desks")
    return changed(resources, str(group.id).lower(), securityRules=[])


def _open_store(resources: Sequence[Resource], stack: str) -> list[Resource]:
    account = named(resources, stack, "storage:StorageAccount", "data")
    return changed(resources, str(account.id).lower(), publicNetworkAccess="Enabled")


def _granted(resources: Sequence[Resource], stack: str) -> list[Resource]:
    """Somebody new may read one project's data."""
    account = named(resources, stack, "storage:StorageAccount", "data")
    return [*resources, grant("b" * 8 + "-0000-4000-8000-" + "0" * 12, "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1",
                              str(account.id), "platform")]  # fmt: skip


def _door_elsewhere(resources: Sequence[Resource], stack: str) -> list[Resource]:
    """The platform has an endpoint of one project's store."""
    account = named(resources, stack, "storage:StorageAccount", "data")
    subnet = named(resources, "platform", "network:Subnet", "hub-endpoints").id
    connections = [{"name": "c", "privateLinkServiceId": account.id}]
    return [*resources, endpoint("odd", "/subscriptions/s/odd", subnet, "platform", connections)]


def _address_elsewhere(resources: Sequence[Resource], stack: str) -> list[Resource]:
    """The firewall has a rule for one project's addresses."""
    desks = named(resources, stack, "network:Subnet", "net-desks").inputs["addressPrefix"]
    policy = next(r.id for r in resources if r.type == "network:FirewallPolicy")
    rule: dict[str, Any] = {"ruleType": "NetworkRule", "name": "n", "sourceAddresses": [desks], "ipProtocols": ["TCP"],
                            "destinationAddresses": ["*"], "destinationPorts": ["443"]}  # fmt: skip
    collection = {"name": "c", "priority": 200, "rules": [rule], "action": {"type": "Allow"},
                  "ruleCollectionType": "FirewallPolicyFilterRuleCollection"}  # fmt: skip
    return [*resources, added("network:FirewallPolicyRuleCollectionGroup", "odd", f"{policy}/ruleCollectionGroups/odd",
                              "platform", priority=5000, ruleCollections=[collection])]  # fmt: skip


ODD = {
    "its group": _open_group,
    "its store": _open_store,
    "a grant of another stack's": _granted,
    "an endpoint of another stack's": _door_elsewhere,
    "a rule of the firewall's": _address_elsewhere,
}


@pytest.mark.parametrize("what", ODD)
def test_one_that_differs_speaks_for_itself(what: str) -> None:
    odd = ODD[what](estate(4), LAST)
    assert LAST not in _spoken_for(odd)
    told, found = judge(seen(odd)), judge(seen(odd), each=True)
    assert _depths(told.flows) == _depths(found.flows)


def test_one_that_speaks_of_another_makes_both_speak_for_themselves() -> None:
    target = named(estate(4), TENANCIES[0], "storage:StorageAccount", "data").id
    subnet = named(estate(4), LAST, "network:Subnet", "net-endpoints").id
    odd = endpoint("odd", f"{subnet}-odd", subnet, LAST, [{"name": "c", "privateLinkServiceId": target}])
    assert not {TENANCIES[0], LAST} & _spoken_for([*estate(4), odd])


def test_where_two_have_one_range_of_addresses_nobody_speaks_for_them() -> None:
    networks = [named(estate(4), stack, "network:VirtualNetwork", "net") for stack in TENANCIES[2:]]
    same = changed(estate(4), str(networks[0].id).lower(), addressSpace=networks[1].inputs["addressSpace"])
    assert not set(TENANCIES[2:]) & _spoken_for(same)
