"""The policies on the whole estate: evaluating two tenancies of each class finds what evaluating all of them finds."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from formats.urns import stack_of
from policies.estate_evaluation import EstateEvaluation, EstateStack
from policies.model import Finding, PolicyContext, Resource, Verdict, Violation
from policies.rule_helpers.flow_findings import POLICIES
from policies.rules import load
from policies.runner import EstateFindings
from policies.stack_cache import StackCache
from tests.policies.reachability.sample_estates import (
    ALLOW,
    BLOB_WRITER,
    added,
    changed,
    estate,
    grant,
    named,
)
from tests.policies.rules.cases import TODAY

TENANCIES = ("tre-hcm-progression", "tre-project-1", "tre-project-2", "tre-project-3")
LAST = TENANCIES[-1]
FLOWS = frozenset(POLICIES.values())
CHEAP = [policy for policy in load().values() if policy.id not in FLOWS]
Change = Callable[[Sequence[Resource], str], list[Resource]]


def _stacks(resources: Sequence[Resource], built: list[str] | None = None) -> list[EstateStack]:
    """Return the stacks of these resources. `built`: gets the name of each whose resources are asked for."""
    names = dict.fromkeys(resource.stack for resource in resources)

    def resources_of(name: str) -> list[Resource]:
        if built is not None:
            built.append(name)
        return [resource for resource in resources if resource.stack == name]

    return [
        EstateStack(
            name, str(hash(str([r for r in resources if r.stack == name]))), lambda name=name: resources_of(name)
        )
        for name in names
    ]


def _evaluated(
    resources: Sequence[Resource], *own: str, policies: Any = CHEAP, cache: StackCache | None = None, **options: Any
) -> EstateFindings:
    evaluation = EstateEvaluation.of(policies, TODAY, cache)
    return evaluation.findings(_stacks(resources), own=own or (LAST,), **options)


def _compared(finding: Finding) -> tuple[Any, ...]:
    """Return what is equal with and without the reduction: of a flow, the weakest path may be another one."""
    message = finding.message.partition(":")[0] if finding.policy in FLOWS else finding.message
    return finding.policy, finding.verdict, finding.urn, finding.name, finding.stack, finding.path, message


def _same(resources: Sequence[Resource], *own: str, policies: Any = CHEAP) -> EstateFindings:
    """Return the findings, which must be those of the exhaustive evaluation."""
    reduced = _evaluated(resources, *own, policies=policies)
    whole = _evaluated(resources, *own, policies=policies, exhaustive=True)
    assert sorted(map(_compared, reduced.own)) == sorted(map(_compared, whole.own))
    assert sorted(map(_compared, reduced.elsewhere)) == sorted(map(_compared, whole.elsewhere))
    return reduced


def _of(resources: Sequence[Resource], stack_: str, type_: str) -> Resource:
    return next(r for r in resources if (r.stack, r.type) == (stack_, type_))


def _foreign_role(resources: Sequence[Resource], stack_: str) -> list[Resource]:
    """A tenancy assigns a role on the warehouse."""
    warehouse = str(named(resources, "safe-haven", "resources:ResourceGroup", "warehouse").id)
    return [*resources, grant("b" * 8 + "-0000-4000-8000-" + "0" * 12, BLOB_WRITER, warehouse, stack_)]


def _other_route(resources: Sequence[Resource], stack_: str) -> list[Resource]:
    """A route of a tenancy leads to an address of its own."""
    table = _of(resources, stack_, "network:RouteTable")
    network = _of(resources, stack_, "network:VirtualNetwork").inputs["addressSpace"]["addressPrefixes"][0]
    address = network.replace(".0/24", ".7")
    route = {"name": "r", "addressPrefix": "0.0.0.0/0", "nextHopType": "VirtualAppliance", "nextHopIpAddress": address}
    return changed(resources, str(table.id).lower(), routes=[route])


def _other_zone(resources: Sequence[Resource], stack_: str) -> list[Resource]:
    """The names of a tenancy's private endpoint are in a zone outside of the estate."""
    group = _of(resources, stack_, "network:PrivateDnsZoneGroup")
    return changed(resources, str(group.id).lower(), privateDnsZoneConfigs=[{"privateDnsZoneId": "/zones/elsewhere"}])


def _open_group(resources: Sequence[Resource], stack_: str) -> list[Resource]:
    group = named(resources, stack_, "network:NetworkSecurityGroup", "net-desks")
    return changed(resources, str(group.id).lower(), securityRules=[])


IN_A_TENANCY: dict[str, Change] = {
    "a role on another stack": _foreign_role,
    "a route to no firewall": _other_route,
    "names in no zone of the estate": _other_zone,
}


def _rule(resources: Sequence[Resource], sources: Sequence[str]) -> list[Resource]:
    """The firewall lets some sources open connections to all tenancies."""
    policy = next(r.id for r in resources if r.type == "network:FirewallPolicy")
    rule = {"ruleType": "NetworkRule", "name": "n", "sourceAddresses": list(sources), "ipProtocols": ["TCP"],
            "destinationAddresses": ["10.65.0.0/16"], "destinationPorts": ["443"]}  # fmt: skip
    collections = [{**ALLOW, "name": "c", "priority": 200, "rules": [rule]}]
    return [*resources, added("network:FirewallPolicyRuleCollectionGroup", "odd", f"{policy}/ruleCollectionGroups/odd",
                              priority=5000, ruleCollections=collections)]  # fmt: skip


def _unlinked(resources: Sequence[Resource]) -> list[Resource]:
    return [r for r in resources if r.type != "privatedns:VirtualNetworkLink"]


def _unlogged(resources: Sequence[Resource]) -> list[Resource]:
    return [r for r in resources if r.type != "monitor:SubscriptionDiagnosticSetting"]


def test_tenancies_that_are_equivalent_are_evaluated_once() -> None:
    found = _same(estate(4), *TENANCIES)
    assert {f.stack for f in found.own} == set(TENANCIES)
    assert not found.elsewhere


@pytest.mark.parametrize("what", IN_A_TENANCY)
@pytest.mark.parametrize("stacks", [(LAST,), (TENANCIES[0],), TENANCIES], ids=["the last", "the first", "all"])
def test_a_breach_in_tenancies_is_found_in_each(what: str, stacks: Sequence[str]) -> None:
    resources = list(estate(4))
    for one in stacks:
        resources = IN_A_TENANCY[what](resources, one)
    found = _same(resources)
    blocking = {f.stack for f in (*found.own, *found.elsewhere) if f.verdict is Verdict.FAIL}
    assert blocking == set(stacks)


@pytest.mark.parametrize(
    ("weaken", "policy"),  # functions: the shipped plans are made by a test, not while tests are collected
    [
        (lambda: _rule(estate(4), ["10.65.0.0/16"]), "FW8"),
        (lambda: _rule(estate(4), ["10.65.1.0/24", "10.65.2.0/24"]), "FW8"),
        (lambda: _unlinked(estate(4)), "PE4"),
        (lambda: _unlogged(estate(4)), "LG6"),
    ],
    ids=["a rule for all tenancies", "a rule for two", "no links", "no activity log"],
)
def test_a_breach_in_a_shared_stack_names_every_tenancy(weaken: Callable[[], list[Resource]], policy: str) -> None:
    found = _same(weaken())
    assert policy in {f.policy for f in (*found.own, *found.elsewhere) if f.verdict is Verdict.FAIL}


@pytest.mark.parametrize("stacks", [(), (LAST,), TENANCIES], ids=["none", "one tenancy", "all tenancies"])
def test_the_flows_that_are_found_are_those_of_every_tenancy(stacks: Sequence[str]) -> None:
    resources = list(estate(4))
    for one in stacks:
        store = str(named(resources, one, "storage:StorageAccount", "data").id).lower()
        resources = changed(_open_group(resources, one), store, publicNetworkAccess="Enabled", networkRuleSet=None)
    _same(resources, policies=load().values())


@settings(max_examples=20)
@given(
    st.lists(st.tuples(st.sampled_from(TENANCIES), st.sampled_from(sorted(IN_A_TENANCY))), max_size=4), st.booleans()
)
def test_any_breaches_together_are_found(breaches: Sequence[tuple[str, str]], all_allowed: bool) -> None:
    resources = list(estate(4))
    for one, what in breaches:
        resources = IN_A_TENANCY[what](resources, one)
    _same(_rule(resources, ["10.65.0.0/16"]) if all_allowed else resources, LAST, "platform")


def test_the_resources_of_an_equivalent_tenancy_are_not_built() -> None:
    cache = StackCache()
    for expected in (set(TENANCIES), set(TENANCIES[:2])):
        built: list[str] = []
        stacks = _stacks(estate(4), built)
        EstateEvaluation.of(CHEAP, TODAY, cache).findings(stacks, own=[LAST])
        assert set(built) & set(TENANCIES) == expected


def test_the_resources_of_a_stack_are_built_once_for_each_state() -> None:
    store, built = _Store(), list[str]()
    first = EstateEvaluation.of(CHEAP, TODAY, StackCache(store)).findings(_stacks(estate(4), built), own=TENANCIES)
    assert built
    built.clear()
    again = EstateEvaluation.of(CHEAP, TODAY, StackCache(store)).findings(_stacks(estate(4), built), own=TENANCIES)
    assert (again, built) == (first, [])


def test_another_tenancy_adds_little_to_an_evaluation() -> None:
    """Counted in calls of functions, which are the same on every machine: at most a fiftieth of the evaluation each."""

    def calls(tenancies: int) -> int:
        stacks, store, found = _stacks(estate(tenancies)), _Store(), 0

        def count(*_: object) -> None:
            nonlocal found
            found += 1

        for profile in (None, count):  # the first evaluation keeps what it reads
            evaluation = EstateEvaluation.of(CHEAP, TODAY, StackCache(store))
            sys.setprofile(profile)
            evaluation.findings(stacks, own=[TENANCIES[0]])
            sys.setprofile(None)
        return found

    few, many = calls(4), calls(12)
    assert many - few < 8 * few / 50, (few, many)


UNREAD = ("storage:ManagementPolicy", "keyvault:Key", "authorization:ManagementLockByScope", "network:FlowLog")


def _without(resources: Sequence[Resource], stack_: str, *types: str) -> list[Resource]:
    return [r for r in resources if r.stack != stack_ or r.type not in types]


def test_tenancies_that_differ_in_what_no_policy_reads_are_evaluated_once() -> None:
    resources = _without(estate(4), LAST, *UNREAD)
    cache = StackCache()
    for expected in (set(TENANCIES), set(TENANCIES[:2])):
        built: list[str] = []
        EstateEvaluation.of(CHEAP, TODAY, cache).findings(_stacks(resources, built), own=[LAST])
        assert set(built) & set(TENANCIES) == expected


@pytest.mark.parametrize("granting", ["safe-haven", TENANCIES[1], LAST])
@pytest.mark.parametrize("stacks", [(LAST,), (TENANCIES[0],), TENANCIES], ids=["the last", "the first", "all"])
def test_a_role_on_a_resource_of_an_unread_type_is_judged_by_its_stack(granting: str, stacks: Sequence[str]) -> None:
    resources = list(estate(4))
    for one in stacks:
        key = _of(resources, one, "keyvault:Key")
        resources.append(grant("b" * 8 + "-0000-4000-8000-" + "0" * 12, BLOB_WRITER, str(key.id), granting))
    found = _same(resources, *TENANCIES, "safe-haven")
    failed = {f.urn for f in found.own if f.policy == "IA5" and f.verdict is Verdict.FAIL}
    assert bool(failed) == bool(set(stacks) - {granting})


@pytest.mark.parametrize("read", ["a type", "an id", "a URN"])
def test_a_resource_that_was_left_out_cannot_be_read(read: str) -> None:
    key = _of(estate(1), TENANCIES[0], "keyvault:Key")

    def check(_: Resource, context: PolicyContext) -> list[Violation]:
        {"a type": lambda: context.of("keyvault:Key"), "an id": lambda: context.get(key.id),
         "a URN": lambda: context.get_urn(key.urn)}[read]()  # fmt: skip
        return []

    odd = replace(CHEAP[0], evaluation_scope="estate", resource_types=("resources:ResourceGroup",), requires=(),
                  check_paths=(), check=check, applies=lambda *_: True)  # fmt: skip
    found = _evaluated(estate(1), "platform", policies=[odd])
    assert {(f.verdict, f.message) for f in found.own} == {(Verdict.UNKNOWN, "the rule broke: LookupError")}


class _Store:
    """A store in memory."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}

    def get(self, key: str) -> Any:
        return json.loads(self.values.get(key, "null"))

    def put(self, key: str, value: Any) -> None:
        self.values[key] = json.dumps(value)


def _with(key: str, value: Any) -> Callable[[Any], Any]:
    """Return a function that changes the value of an entry, if it has the key."""

    def changed_entry(entry: Any) -> Any:
        found = {**entry["value"], key: value} if key in entry["value"] else entry["value"]
        return {**entry, "value": found}

    return changed_entry


def _with_resource(key: str, value: Any) -> Callable[[Any], Any]:
    """Return a function that changes the first resource of a content."""

    def changed_entry(entry: Any) -> Any:
        first, *others = entry["value"].get("read", [{}])
        return _with("read", [{**first, key: value}, *others])(entry)

    return changed_entry


DAMAGE: dict[str, Callable[[Any], Any]] = {
    "another type": lambda _: [],
    "another key": lambda entry: {**entry, "key": "other"},
    "no value": lambda entry: {"key": entry["key"]},
    "a field too many": lambda entry: {**entry, "value": {**entry["value"], "more": 1}},
    "a shape of another stack": _with("stack", "tre-other"),
    "a number for a word": _with("words", [1]),
    "an identifier without a kind": _with("identifiers", [["a"]]),
    "a space that is no network": _with("spaces", ["10.0.0.5/24"]),
    "a content without resources": _with("read", None),
    "a resource of another stack": _with_resource("stack", "tre-other"),
    "a resource without a URN": _with_resource("urn", None),
    "a text for inputs": _with_resource("inputs", "{}"),
    "a number for true": _with_resource("from_program", 1),
    "a text for dependencies": _with_resource("property_dependencies", {"principalId": "urn"}),
}


@pytest.mark.parametrize("what", DAMAGE)
def test_a_damaged_entry_is_computed_again(what: str) -> None:
    store = _Store()
    before = _evaluated(estate(4), *TENANCIES, cache=StackCache(store))
    good = dict(store.values)
    store.values = {key: json.dumps(DAMAGE[what](json.loads(value))) for key, value in good.items()}
    assert _evaluated(estate(4), *TENANCIES, cache=StackCache(store)) == before
    unread = [json.loads(good[key])["value"]["read"][0]["urn"] for key in good if store.values[key] != good[key]]
    assert {stack_of(urn) for urn in unread} <= set(TENANCIES[2:])  # contents that this evaluation does not need


def test_a_changed_state_has_another_shape() -> None:
    cache = StackCache(_Store())
    assert not _evaluated(estate(4), cache=cache).elsewhere
    broken = _foreign_role(estate(4), TENANCIES[2])
    assert {f.stack for f in _evaluated(broken, cache=cache).elsewhere} == {TENANCIES[2]}


def test_a_path_that_no_policy_declares_cannot_be_read() -> None:
    """It would not be compared."""
    odd = replace(CHEAP[0], evaluation_scope="estate", resource_types=("resources:ResourceGroup",), requires=(),
                  check_paths=(), check=lambda group, _: filter(None, [group.at("location") and None]),
                  applies=lambda *_: True)  # fmt: skip
    found = _evaluated(estate(1), "platform", policies=[odd])
    assert {(f.verdict, f.message) for f in found.own} == {(Verdict.UNKNOWN, "the rule broke: LookupError")}
