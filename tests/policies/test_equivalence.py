"""Symmetry reduction: the result for a class of equivalent tenancies is the result for each of them."""

from __future__ import annotations

import functools
import json
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from formats import property_paths
from formats.plan import UNKNOWN
from formats.property_paths import get
from policies.azure_semantics.diagnostics import ACTIVITY
from policies.equivalence import EquivalenceClasses
from policies.estate_view import ReadablePaths, VisibleResource
from policies.expected.guardrails import no_public_stores
from policies.model import Resource
from policies.reachability.forbidden_flows import FlowKind, ForbiddenFlow, analyse_flows
from policies.rules import load
from policies.stack_content import content_of
from policies.stack_shape import shape_of
from tests.policies.reachability.sample_estates import added, changed, endpoint, estate, failing, grant, named, seen

TENANCIES = ("tre-hcm-progression", "tre-project-1", "tre-project-2", "tre-project-3")
LAST = TENANCIES[-1]
OTHER_SUBSCRIPTION = "10ca1000-0000-4000-8000-0000000000ff"
THIRD_SUBSCRIPTION = "10ca1000-0000-4000-8000-0000000000fe"


READABLE = ReadablePaths.of(policy for policy in load().values() if policy.evaluation_scope == "estate")


def _classes(resources: Sequence[Resource]) -> EquivalenceClasses:
    stacks: dict[str, list[VisibleResource]] = {}
    for resource in resources:
        stacks.setdefault(resource.stack, []).append(READABLE.visible(resource))
    contents = (content_of(stack, found, READABLE.types) for stack, found in stacks.items())
    return EquivalenceClasses([shape_of(stack, content.read) for stack, content in zip(stacks, contents, strict=True)])


def _equivalents(resources: Sequence[Resource]) -> set[str]:
    """Return the tenancies that are left out."""
    return set(_classes(resources).folding().absent)


def _depths(flows: Sequence[ForbiddenFlow]) -> dict[tuple[FlowKind, str], int]:
    return {(flow.kind, flow.source): flow.depth for flow in flows}


def test_tenancies_that_differ_in_identifiers_alone_are_equivalent() -> None:
    assert _equivalents(estate(4)) == {TENANCIES[2], TENANCIES[3]}


def test_tenancies_with_random_computer_names_are_equivalent() -> None:
    """A deployed tenancy has another name of its computer in its state than any other."""
    resources = list(estate(4))
    for number, stack in enumerate(TENANCIES):
        computer = named(resources, stack, "compute:VirtualMachine", "desk")
        profile = {**computer.inputs["osProfile"], "computerName": f"desk-{number}x{number}"}
        resources = changed(resources, str(computer.id).lower(), osProfile=profile)
    assert _equivalents(resources) == {TENANCIES[2], TENANCIES[3]}


def _moved(resources: Sequence[Resource], *stacks: str, subscription: str = OTHER_SUBSCRIPTION) -> list[Resource]:
    """Return the resources with some stacks in another subscription."""
    groups = [str(r.id).split("/")[4] for r in resources if r.stack in stacks and r.type == "resources:ResourceGroup"]
    own = re.compile(f'/subscriptions/[0-9a-f-]+(?=/resourceGroups/({"|".join(groups)})[/"])')
    definitions = re.compile("/subscriptions/[0-9a-f-]+(?=/providers/)")

    def moved(resource: Resource) -> Resource:
        text = own.sub(f"/subscriptions/{subscription}", json.dumps([resource.id, resource.inputs]))
        if resource.stack in stacks:
            text = definitions.sub(f"/subscriptions/{subscription}", text)
        id_, inputs = json.loads(text)
        return replace(resource, id=id_, inputs=inputs)

    return [moved(resource) for resource in resources]


def _in_two_subscriptions() -> list[Resource]:
    """Return an estate with a tenancy beside the platform, and two in each of two other subscriptions."""
    resources = _moved(estate(5), "tre-project-1", "tre-project-2")
    resources = _moved(resources, "tre-project-3", "tre-project-4", subscription=THIRD_SUBSCRIPTION)
    log = next(r for r in resources if r.type == ACTIVITY)
    home = str(log.id).split("/")[2]
    guardrails = [
        replace(
            one,
            urn=one.urn.replace(home, other),
            name=one.name.replace(home, other),
            id=str(one.id).replace(home, other),
            inputs=json.loads(json.dumps(one.inputs).replace(home, other)),
        )
        for other in (OTHER_SUBSCRIPTION, THIRD_SUBSCRIPTION)
        for one in resources
        if one.type.startswith("authorization:Policy") and one.name.endswith(home)
    ]
    logs = [
        replace(
            log,
            urn=log.urn.replace(home, other),
            name=log.name.replace(home, other),
            id=str(log.id).replace(home, other),
            inputs=json.loads(json.dumps(log.inputs).replace(f"activity-{home}", f"activity-{other}")),
        )
        for other in (OTHER_SUBSCRIPTION, THIRD_SUBSCRIPTION)
    ]
    return [*resources, *guardrails, *logs]


def test_tenancies_in_different_subscriptions_are_equivalent() -> None:
    assert _equivalents(_in_two_subscriptions()) == {"tre-project-2", "tre-project-3", "tre-project-4"}


def test_copied_controls_are_in_the_subscription_of_the_tenancy() -> None:
    resources = _in_two_subscriptions()
    (flow,) = [
        f
        for f in analyse_flows(seen(resources)).flows
        if f.kind is FlowKind.PAST_AIRLOCK and f.source == "tre-project-4"
    ]
    assert flow.minimal_cut_sets
    for control in flow.minimal_cut_sets.paths[0].controls:
        resources = failing(resources, control)
    opened = _depths(analyse_flows(seen(resources)).flows)
    assert opened[FlowKind.PAST_AIRLOCK, "tre-project-4"] == 0


@pytest.mark.parametrize("scope", [f"/subscriptions/{OTHER_SUBSCRIPTION}", f"/subscriptions/{OTHER_SUBSCRIPTION}/"])
def test_a_right_on_one_subscription_changes_the_class_of_its_tenancies(scope: str) -> None:
    reader = "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"
    right = grant("5bbb7694-f292-5ef8-995d-ea3581a724bc", reader, scope, "platform")
    assert _equivalents([*_in_two_subscriptions(), right]) == {"tre-project-4"}  # the two others are of another class


def test_a_missing_activity_log_changes_the_class_of_its_tenancies() -> None:
    """The diagnostic setting of the activity log belongs to the subscription, without a resource group."""
    *resources, _ = _in_two_subscriptions()
    assert _equivalents(resources) == {"tre-project-2"}


def test_a_definition_that_a_tenancy_mentions_changes_its_class() -> None:
    """The platform defines it in its own subscription. In another one an assignment of that name assigns nothing."""
    resources = _in_two_subscriptions()
    assert len(_equivalents(resources)) == 3
    definition = next(r for r in resources if (r.stack, r.type) == ("platform", "authorization:PolicyDefinition"))
    for stack in (f"tre-project-{number}" for number in range(1, 5)):
        assignment = next(r for r in resources if (r.stack, r.type) == (stack, "authorization:PolicyAssignment"))
        own = str(next(r.id for r in resources if r.stack == stack and r.type == "resources:ResourceGroup"))
        name = str(definition.id).rpartition("/")[2]
        assigned = f"{own.partition('/resourceGroups')[0]}/providers/Microsoft.Authorization/policyDefinitions/{name}"
        resources = changed(resources, str(assignment.id).lower(), policyDefinitionId=assigned)
    home = _equivalents(_moved(resources, "tre-project-4", subscription=str(definition.id).split("/")[2]))
    assert "tre-project-4" not in home


def test_a_resource_of_another_stack_keeps_its_subscription() -> None:
    """A log workspace in the tenancy's own subscription is another one than that of the platform."""
    resources = _in_two_subscriptions()
    home = str(resources[0].id).split("/")[2]

    def foreign(resource: Resource) -> Resource:
        text = json.dumps(resource.inputs).replace(home, THIRD_SUBSCRIPTION)
        return replace(resource, inputs=json.loads(text)) if resource.stack == "tre-project-4" else resource

    assert "tre-project-4" not in _equivalents([foreign(resource) for resource in resources])


def test_the_copied_result_is_the_result_of_the_whole_analysis() -> None:
    read_or_open, found = analyse_flows(seen(estate(4))), analyse_flows(seen(estate(4)), exhaustive=True)
    assert _depths(read_or_open.flows) == _depths(found.flows)
    one, other = (
        {f.source: f for f in v.flows if f.kind is FlowKind.PAST_AIRLOCK}[LAST] for v in (read_or_open, found)
    )
    assert one.subject == other.subject
    assert one.stacks == other.stacks
    assert one.minimal_cut_sets
    assert {len(path.controls) for path in one.minimal_cut_sets.paths} == {other.depth}


def test_the_copied_controls_are_those_of_the_tenancy() -> None:
    (flow,) = [f for f in analyse_flows(seen(estate(4))).flows if f.kind is FlowKind.PAST_AIRLOCK and f.source == LAST]
    assert flow.minimal_cut_sets
    resources = list(estate(4))
    for control in flow.minimal_cut_sets.paths[0].controls:
        resources = failing(resources, control)
    opened = _depths(analyse_flows(seen(resources)).flows)
    assert opened[FlowKind.PAST_AIRLOCK, LAST] == 0
    assert opened[FlowKind.PAST_AIRLOCK, TENANCIES[0]] > 0


def _open_group(resources: Sequence[Resource], stack: str) -> list[Resource]:
    group = named(resources, stack, "network:NetworkSecurityGroup", "net-desks")
    return changed(resources, str(group.id).lower(), securityRules=[])


def _open_store(resources: Sequence[Resource], stack: str) -> list[Resource]:
    account = named(resources, stack, "storage:StorageAccount", "data")
    return changed(resources, str(account.id).lower(), publicNetworkAccess="Enabled")


def _granted(resources: Sequence[Resource], stack: str) -> list[Resource]:
    """A new group may read one project's data."""
    account = named(resources, stack, "storage:StorageAccount", "data")
    return [*resources, grant("b" * 8 + "-0000-4000-8000-" + "0" * 12, "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1",
                              str(account.id), "platform")]  # fmt: skip


def _endpoint_elsewhere(resources: Sequence[Resource], stack: str) -> list[Resource]:
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


def _with_outboxes(*ranges: tuple[str, ...]) -> list[Resource]:
    """Return an estate with a tenancy for each of these, whose approved exports people fetch from these ranges, which
    Azure Policy permits."""
    resources = list(estate(len(TENANCIES)))
    for stack, own in zip(TENANCIES, ranges, strict=True):
        account = named(resources, stack, "storage:StorageAccount", "export-released")
        rules = [{"iPAddressOrRange": text, "action": "Allow"} for text in own]
        network = {**account.inputs["networkRuleSet"], "ipRules": rules}
        resources = changed(resources, str(account.id).lower(), publicNetworkAccess="Enabled", networkRuleSet=network)
        definition = named(resources, stack, "authorization:PolicyDefinition", "stores-stay-closed")
        rule = no_public_stores({str(account.id).rpartition("/")[2]: own}).policy_rule
        resources = changed(resources, str(definition.id).lower(), policyRule=rule)
    return resources


APART = (("20.40.1.0/28", "20.40.9.4"), ("20.40.2.0/28", "20.41.9.5"), ("20.40.3.0/28", "20.42.9.6"))


@pytest.mark.parametrize(("last", "is_equivalent"), [
    (("20.40.4.0/28", "20.43.9.7"), True), (("20.40.4.0/29", "20.43.9.7"), False), (("20.40.4.0/28",), False),
    (("20.40.4.0/28", "20.40.4.7"), False), (("20.40.4.0/28", "20.40.1.7"), False),
    (("20.40.4.0/28", "20.40.9.4"), False), (("0.0.0.0/0", "20.43.9.7"), False),
    (("203.0.113.16/28", "20.43.9.7"), False),
])  # fmt: skip
def test_ranges_of_recipients_are_exchangeable_if_they_are_apart(last: tuple[str, ...], *, is_equivalent: bool) -> None:
    resources = _with_outboxes(*APART, last)
    assert (LAST in _equivalents(resources)) is is_equivalent


@pytest.mark.parametrize("last", [("20.40.4.0/28", "20.43.9.7"), ("0.0.0.0/0", "20.43.9.7")], ids=str)
def test_recipients_have_the_results_of_the_whole_analysis(last: tuple[str, ...]) -> None:
    resources = _with_outboxes(*APART, last)
    reduced, whole = analyse_flows(seen(resources)), analyse_flows(seen(resources), exhaustive=True)
    assert _depths(reduced.flows) == _depths(whole.flows)


@pytest.mark.parametrize("condition", [{"equals": "{}", "field": "kind"}, {"equals": "{}", "field": "name.first"},
                                       {"field": "type", "notIn": ["one", "{}"]}], ids=str)  # fmt: skip
def test_a_name_that_a_rule_compares_with_something_else_stays(condition: dict[str, Any]) -> None:
    resources = list(estate(len(TENANCIES)))
    for stack in TENANCIES:
        account = str(named(resources, stack, "storage:StorageAccount", "export-released").id).rpartition("/")[2]
        own = json.loads(json.dumps(condition).replace("{}", account))
        definition = named(resources, stack, "authorization:PolicyDefinition", "stores-stay-closed")
        rule = {**definition.inputs["policyRule"], "if": own}
        resources = changed(resources, str(definition.id).lower(), policyRule=rule)
    assert not _equivalents(resources)


def test_tenancies_with_common_recipients_are_equivalent() -> None:
    assert _equivalents(_with_outboxes(*[APART[0]] * 4)) == {TENANCIES[2], TENANCIES[3]}


def test_a_range_inside_another_tenancys_makes_both_differ() -> None:
    classes = _classes(_with_outboxes(*APART, ("20.40.1.0/29", "20.43.9.7")))
    signatures = [classes.signature(classes.tenancies[stack]) for stack in TENANCIES]
    assert signatures[1] == signatures[2]
    assert len(set(signatures)) == 3


def test_a_copied_result_names_the_recipients_of_the_tenancy() -> None:
    classes = _classes(_with_outboxes(*APART, ("20.40.4.0/28", "20.43.9.7")))
    (last,) = [one for one in classes.folding().equivalents if one.stack == LAST]
    assert last.rename("from 20.40.1.0/28 and 20.40.9.4/32") == "from 20.40.4.0/28 and 20.43.9.7/32"


ODD = {
    "its group": _open_group,
    "its store": _open_store,
    "a grant of another stack's": _granted,
    "an endpoint of another stack's": _endpoint_elsewhere,
    "a rule of the firewall's": _address_elsewhere,
}


@pytest.mark.parametrize("what", ODD)
def test_a_tenancy_that_differs_is_analysed_itself(what: str) -> None:
    odd = ODD[what](estate(4), LAST)
    assert LAST not in _equivalents(odd)
    read_or_open, found = analyse_flows(seen(odd)), analyse_flows(seen(odd), exhaustive=True)
    assert _depths(read_or_open.flows) == _depths(found.flows)


def test_a_tenancy_that_mentions_another_is_analysed_with_it() -> None:
    target = named(estate(4), TENANCIES[0], "storage:StorageAccount", "data").id
    subnet = named(estate(4), LAST, "network:Subnet", "net-endpoints").id
    odd = endpoint("odd", f"{subnet}-odd", subnet, LAST, [{"name": "c", "privateLinkServiceId": target}])
    assert not {TENANCIES[0], LAST} & _equivalents([*estate(4), odd])


def test_tenancies_with_one_address_space_are_analysed_themselves() -> None:
    networks = [named(estate(4), stack, "network:VirtualNetwork", "net") for stack in TENANCIES[2:]]
    same = changed(estate(4), str(networks[0].id).lower(), addressSpace=networks[1].inputs["addressSpace"])
    assert not set(TENANCIES[2:]) & _equivalents(same)


def _leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list | tuple) else ()
    for key, found in inner:
        yield from _leaves(found, (*path, key))
    if not isinstance(value, dict | list | tuple) or not value:
        yield path


@functools.cache
def _read_properties() -> list[tuple[str, tuple[Any, ...]]]:
    """Every property of the last tenancy that the analysis can read, by URN and path."""
    shown = [READABLE.visible(resource) for resource in estate(4) if resource.stack == LAST]
    return [(r.urn, path) for r in shown for path in _leaves(r.inputs) if path]


ESTATES = int(os.environ.get("SDE_EQUIVALENCE", "4"))
"""The estates with one property changed whose two analyses are compared. `scripts/soak` tries many more."""
OTHER_VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(0, 65535), st.text(max_size=8), st.just([]), st.just({}),
    st.sampled_from([UNKNOWN, "*", "Internet", "10.65.3.7", "10.65.3.0/24", "10.0.0.0/8", "10.65.3.4-10.65.4.9",
                     "azure-desks", "staging", "asked", f"urn:pulumi:{LAST}::sde", "\0name0", TENANCIES[0],
                     "stwmsdedatahcmpnhralfkl5n3", "/subscriptions/s/resourceGroups/rg-wmsde-tre-project-1-project"]),
)  # fmt: skip


def _with_other_value(data: st.DataObject, resources: Sequence[Resource]) -> list[Resource]:
    """The same resources, with another value for one property of the last tenancy."""
    urn, path = data.draw(st.sampled_from(_read_properties()))
    (resource,) = [r for r in resources if r.urn == urn]
    after = data.draw(OTHER_VALUES)
    assume(json.dumps(get(resource.inputs, path)) != json.dumps(after))
    return [replace(r, inputs=property_paths.put(r.inputs, path, after)) if r is resource else r for r in resources]


@settings(max_examples=5 * ESTATES)
@given(st.data())
def test_any_change_of_one_property_changes_the_class(data: st.DataObject) -> None:
    classes = _classes(_with_other_value(data, estate(4)))
    last, other = (classes.tenancies[stack] for stack in (LAST, TENANCIES[1]))
    assert LAST in classes.unexchangeable or classes.signature(last) != classes.signature(other)


@settings(max_examples=ESTATES)
@given(st.data())
def test_the_reduced_analysis_finds_what_the_whole_one_finds(data: st.DataObject) -> None:
    """With one property of one tenancy changed at random, and up to two tenancies opened."""
    resources = _with_other_value(data, estate(4))
    resources = _moved(resources, *data.draw(st.lists(st.sampled_from(TENANCIES), unique=True, max_size=2)))
    for stack, what in data.draw(
        st.lists(st.tuples(st.sampled_from(TENANCIES), st.sampled_from(sorted(ODD))), max_size=2)
    ):
        resources = ODD[what](resources, stack)
    reduced, whole = analyse_flows(seen(resources)), analyse_flows(seen(resources), exhaustive=True)
    assert _depths(reduced.flows) == _depths(whole.flows)


def test_a_name_that_the_analysis_reads_is_never_replaced() -> None:
    """A subnet whose name begins as Azure's own do takes no private endpoint, whatever else it is equal to."""
    subnet = named(estate(4), LAST, "network:Subnet", "net-desks")
    renamed = [replace(r, id=f"{str(r.id).rpartition('/')[0]}/azure-desks") if r is subnet else r for r in estate(4)]
    assert LAST not in _equivalents(renamed)


def test_a_wildcard_for_one_tenancy_s_store_changes_its_class() -> None:
    """Only the rule of the firewall names the host; the tenancies do not differ."""
    store = str(named(estate(4), LAST, "storage:StorageAccount", "data").inputs["accountName"])
    assert LAST not in _equivalents(_with_rule(f"*{store[-6:]}.blob.core.windows.net"))
    assert LAST in _equivalents(_with_rule("*.example.org"))


def _with_rule(name: str) -> list[Resource]:
    policy = next(r.id for r in estate(4) if r.type == "network:FirewallPolicy")
    rule = {"ruleType": "ApplicationRule", "name": "a", "sourceAddresses": ["*"], "targetFqdns": [name],
            "protocols": [{"protocolType": "Https", "port": 443}]}  # fmt: skip
    collection = {"name": "c", "priority": 200, "rules": [rule], "action": {"type": "Allow"},
                  "ruleCollectionType": "FirewallPolicyFilterRuleCollection"}  # fmt: skip
    return [*estate(4), added("network:FirewallPolicyRuleCollectionGroup", "odd", f"{policy}/ruleCollectionGroups/odd",
                              "platform", priority=5000, ruleCollections=[collection])]  # fmt: skip


def test_the_id_of_a_role_is_never_replaced_as_a_principal() -> None:
    """Roles are compared by their ids, so that no principal with such an id may hide one."""
    role = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
    account = named(estate(4), LAST, "storage:StorageAccount", "data")
    assert LAST not in _equivalents([*estate(4), grant(role, role, str(account.id), LAST)])
