"""The gate refuses everything that the tables weaken in the shipped plans, because of what was weakened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from formats import property_paths
from formats.plan import UNKNOWN, Plan, PlannedResource
from formats.property_paths import join
from policies.model import Policy, PolicyContext, Resource
from policies.mutations import coverage, paths
from policies.mutations.flow_detector import FlowDetector
from policies.mutations.generate import mutants
from policies.mutations.model import AddedKind, Mutant, Outcome
from policies.mutations.mutant_evaluator import MutantEvaluator, all_new_findings
from policies.mutations.pack_detector import PackDetector, received
from policies.mutations.proof import GateDetector, Proof, prove, ready
from policies.mutations.sdk_mutants import SdkMutants
from policies.mutations.table import ADDITIONS, COMMON_WEAKENINGS, TABLES
from policies.mutations.table.permitted import PERMITTED_CHILDREN, PERMITTED_VALUES
from policies.plan_evaluation import evaluate_plans, today
from policies.plan_resources import resources_of
from policies.rules import load
from tests.policies import shipped

LOOK_FURTHER = ("LG3", "NW7", "NW8", "TY3")
"""Policies on a stack that find more where the whole estate is in the context."""


@cache
def plans() -> tuple[Plan, ...]:
    return tuple(ready([shipped.after(stack) for stack in shipped.STACKS]))


@cache
def gate() -> GateDetector:
    return GateDetector(plans(), load(), today=today(), is_complete=True, configs=shipped.configs())


@cache
def proof() -> Proof:
    return prove(gate(), [], plans())


@cache
def kinds() -> tuple[Mutant, ...]:
    """Return one mutant of each kind: the same change to the same type."""
    return tuple({(o.mutant.type, o.mutant.label): o.mutant for o in proof().outcomes}.values())


def of(type_: str, label: str) -> Mutant:
    return next(m for m in kinds() if (m.type, m.label) == (type_, label))


def test_the_shipped_plans_pass_without_mutants() -> None:
    assert proof().before == ()


def test_the_gate_refuses_every_mutant() -> None:
    assert [m.id for m in proof().missed("gate")] == []
    assert len(proof().outcomes) > 10_000
    assert proof().holds


def test_every_addition_is_refused_or_listed_as_harmless() -> None:
    assert [m.id for m in proof().missed_additions] == []
    refused = [o.mutant for o in proof().added if o.refused_by("gate")]
    assert {m.added for m in refused} == set(AddedKind)
    assert len(refused) > 2_000
    assert all(o.refused_by("gate") or o.mutant.harmless for o in proof().added)


def test_unread_properties_are_not_refused_by_coincidence() -> None:
    """A refusal by another rule would hide that TY2 and TY3 do not see the addition."""
    by = {o.mutant.added: set[str]() for o in proof().added}
    for outcome in proof().added:
        refusal = outcome.refusals.get("gate")
        by[outcome.mutant.added] |= {refusal.by} if refusal else set()
    assert by[AddedKind.PROPERTY] == {"TY2"}
    assert by[AddedKind.REFERENCE] == {"TY2", "TY3"}


def test_every_permitted_value_and_child_is_an_addition() -> None:
    harmless = [o.mutant for o in proof().added if o.mutant.harmless]
    assert {m.type for m in harmless if m.added is AddedKind.CHILD} == PERMITTED_CHILDREN.keys()
    values = {(m.type, m.path) for m in harmless if m.added is AddedKind.ENUM_VALUE}
    assert PERMITTED_VALUES.keys() <= values


def test_an_addition_that_passes_is_named_and_fails_the_proof() -> None:
    fewer = {id_: policy for id_, policy in load().items() if id_ != "TY2"}
    weaker = GateDetector(plans()[:1], fewer, today=today(), is_complete=False, configs=shipped.configs())
    sample = [m for m in SdkMutants(load()).of(weaker.estate) if m.added is AddedKind.PROPERTY and not m.harmless][::50]
    found = replace(proof(), added=tuple(Outcome(m, {"gate": weaker.refuses(m)}) for m in sample))
    assert found.missed_additions == tuple(sample)
    assert not found.holds


def test_the_pack_refuses_the_additions_that_the_gate_refuses() -> None:
    pack = PackDetector(plans(), gate().estate)
    refused = [o.mutant for o in proof().added if o.refused_by("gate")]
    assert [m.id for m in refused[::20] if pack.refuses(m) is None] == []


def test_every_mutant_has_its_own_id() -> None:
    ids = [o.mutant.id for o in (*proof().outcomes, *proof().added)]
    assert len(set(ids)) == len(ids)


def test_every_table_makes_mutants() -> None:
    made = {o.mutant.type for o in proof().outcomes}
    # All of the first is harmless; tests/policies/test_sites.py has the types of a gateway.
    gateways = {"network:LocalNetworkGateway", "network:VirtualNetworkGatewayConnection"}
    costs = {"consumption:Budget", "devtestlab:GlobalSchedule"}  # tests/policies/rules/test_desk_costs.py has some
    windows = {"random:index/randomPassword:RandomPassword"}  # tests/policies/test_windows_desks.py
    assert set(TABLES) - made == {"storage:ManagementPolicy", *gateways, *costs, *windows}
    added = {o.mutant.label for o in proof().outcomes if o.mutant.before is None}
    assert added == {f"added: {addition.label}" for addition in ADDITIONS}


def test_a_refusal_names_the_weakened_resource_or_a_related_one() -> None:
    for outcome in proof().outcomes:
        refusal = outcome.refusals["gate"]
        if refusal and refusal.resource:
            urns = gate().related(outcome.mutant)
            names = {r.name for r in gate().estate.resources if r.urn in urns}
            assert refusal.resource in names, outcome.mutant.id


def test_the_first_finding_is_among_those_of_all_resources() -> None:
    evaluator = MutantEvaluator(gate().estate, load(), today())
    for mutant in kinds()[:: len(kinds()) // 10]:
        refusal, findings = evaluator.refuses(mutant), all_new_findings(evaluator, mutant)
        assert refusal is not None
        assert refusal.by in {finding.policy for finding in findings}, mutant.id


def test_the_deployment_s_gate_refuses_a_mutant_of_the_plan() -> None:
    standing = [m for m in kinds() if m.before]
    for mutant in standing[:: len(standing) // 8]:
        assert evaluate_plans([_plan_of(m, mutant) for m in plans()], is_complete=True).blocks, mutant.id


def _plan_of(plan: Plan, mutant: Mutant) -> Plan:
    """Return the plan with the mutant's change, where it is the mutant's stack."""
    if plan.stack != mutant.stack or mutant.before is None:
        return plan
    changed = [r if r.urn != mutant.urn else _changed(r, mutant.after) for r in plan.resources]
    return replace(plan, resources=tuple(r for r in changed if r))


def _changed(planned: PlannedResource, after: Resource | None) -> PlannedResource | None:
    if after is None:
        return None
    told = {k: urns for k, urns in planned.property_dependencies.items() if k in after.property_dependencies}
    return replace(planned, inputs=after.inputs, protect=after.protect, ignore_changes=after.ignore_changes,
                   property_dependencies=told)  # fmt: skip


def test_the_pack_receives_the_gate_s_resources() -> None:
    for plan in plans():
        theirs = {r.urn: r for r in received(plan)}
        ours = {r.urn: r for r in resources_of(plan)}
        assert theirs.keys() == ours.keys()
        assert [
            u
            for u in ours
            if theirs[u].inputs != ours[u].inputs or str(theirs[u].id).lower() != str(ours[u].id).lower()
        ] == []


def test_the_pack_refuses_what_the_gate_refuses() -> None:
    pack = PackDetector(plans(), gate().estate)
    assert not any(pack.blocks(plan.stack) for plan in plans())
    for mutant in kinds()[::3]:
        refusal = gate().refuses(mutant)
        assert refusal
        assert pack.refuses(mutant), mutant.id


def test_without_neighbours_the_pack_misses_relations_of_stacks() -> None:
    alone = PackDetector(plans(), gate().estate, alone=True)
    past = [m for m in kinds() if alone.refuses(m) is None]
    assert past
    for mutant in past:
        refusal = gate().refuses(mutant)
        assert refusal
        assert load()[refusal.by].evaluation_scope == "estate" or refusal.by in LOOK_FURTHER, mutant.id


def test_mutants_of_a_first_plan_are_refused_too() -> None:
    others = [shipped.after(stack) for stack in shipped.STACKS[:-1]]
    plans_ = ready([*others, shipped.before("tre-hcm-progression")])
    first = GateDetector(plans_, load(), today=today(), is_complete=True, configs=shipped.configs())
    assert first.before == ()
    assert [m.id for m in mutants(first.estate, ["tre-hcm-progression"]) if first.refuses(m) is None] == []


def test_a_mutant_of_a_removed_rule_is_let_through() -> None:
    fewer: dict[str, Policy] = {id_: policy for id_, policy in load().items() if id_ not in ("FW1", "FW2")}
    weaker = GateDetector(plans()[:1], fewer, today=today(), is_complete=False, configs=shipped.configs())
    assert weaker.before == ()
    assert weaker.refuses(of("network:FirewallPolicy", 'threatIntelMode = "Off"')) is None
    assert gate().refuses(of("network:FirewallPolicy", 'threatIntelMode = "Off"'))


def test_plans_that_are_refused_without_mutants_prove_nothing() -> None:
    mutant = of("network:FirewallPolicy", 'threatIntelMode = "Off"')
    weak = [_plan_of(plan, mutant) for plan in plans()[:1]]
    found = GateDetector(weak, load(), today=today(), is_complete=False)
    assert found.before
    assert not replace(proof(), before=found.before).holds


def test_every_shipped_property_is_weakened_or_harmless() -> None:
    assert coverage.uncovered(gate().estate.resources) == []


def test_an_uncovered_property_is_named() -> None:
    vault = next(r for r in gate().estate.resources if r.type == "keyvault:Vault")
    new = {**vault.inputs, "properties": {**vault.inputs["properties"], "opensOnSundays": True}}
    stranger = replace(vault, type="quantum:Computer")
    assert coverage.uncovered([replace(vault, inputs=new), stranger]) == [
        "keyvault:Vault properties.opensOnSundays", "quantum:Computer *"
    ]  # fmt: skip


def test_every_harmless_property_has_a_reason() -> None:
    for table in TABLES.values():
        assert all(len(harmless.because) > 4 for harmless in table.harmless)


@pytest.mark.parametrize(
    ("type_", "label"),
    [
        ("storage:StorageAccount", 'publicNetworkAccess = "Enabled"'),
        ("storage:StorageAccount", "publicNetworkAccess = unknown"),
        ("storage:StorageAccount", "publicNetworkAccess left out"),
        ("storage:StorageAccount", "not protected"),
        ("storage:StorageAccount", "ignores changes of encryption"),
        ("network:PrivateEndpoint", "removed"),
        ("network:PrivateDnsZoneGroup", "removed"),
        ("authorization:ManagementLockByScope", "removed"),
        ("monitor:DiagnosticSetting", "removed"),
        ("network:RouteTable", "routes = []"),
        ("network:Subnet", "networkSecurityGroup left out"),
        ("network:NetworkSecurityGroup", "additional rule: Internet in, port *"),
        ("keyvault:Key", "removed"),
        ("storage:BlobContainerImmutabilityPolicy", "removed"),
        ("network:FlowLog", "removed"),
        ("compute:VirtualMachine", "securityProfile.encryptionAtHost = false"),
        ("resources:ResourceGroup", 'location = "westeurope"'),
        ("resources:ResourceGroup", 'tags.expiry = "2020-01-01"'),
        ("authorization:RoleAssignment", "roleDefinitionId = Owner"),
        ("network:FirewallPolicyRuleCollectionGroup", "more rules: everything out"),
    ],
)
def test_the_listed_weaknesses_are_mutants_and_refused(type_: str, label: str) -> None:
    assert gate().refuses(of(type_, label))


def test_a_weakening_changes_nothing_else() -> None:
    mutant = of("storage:StorageAccount", "publicNetworkAccess left out")
    assert mutant.before
    assert mutant.after
    assert set(mutant.before.inputs) - set(mutant.after.inputs) == {"publicNetworkAccess"}
    assert {k: v for k, v in mutant.before.inputs.items() if k in mutant.after.inputs} == mutant.after.inputs


def test_an_unknown_value_has_no_source() -> None:
    """An unknown value with a source in the plan may be filled in; one without a source may not."""
    mutant = of("compute:DiskEncryptionSet", "activeKey.keyUrl = unknown")
    assert mutant.after
    assert mutant.after.at("encryptionType")
    assert mutant.after.inputs["activeKey"]["keyUrl"] == UNKNOWN
    assert "activeKey" not in mutant.after.property_dependencies


def test_mutants_are_the_same_in_every_run() -> None:
    again = [m.id for m in mutants(gate().estate)]
    assert again == [o.mutant.id for o in proof().outcomes]


def test_only_the_selected_stacks_are_weakened() -> None:
    assert {m.stack for m in mutants(gate().estate, ["platform"])} == {"platform"}


def test_every_weakening_names_its_harm() -> None:
    assert all(w.harm for table in TABLES.values() for w in (*table.weakenings, *COMMON_WEAKENINGS))


def test_the_flow_detector_checks_mutants_of_flow_types_alone() -> None:
    detector = FlowDetector(gate().estate)
    joined = [m for m in kinds() if m.label == "added: a role that combines separated duties" or "a NAT" in m.label]
    shown = detector.check_all([*joined, of("storage:StorageAccount", "tags left out")])["flows"]
    assert all(m.startswith("urn:") for m in shown)
    assert not any(m.endswith("tags left out") for m in shown)


def resource(inputs: Mapping[str, Any]) -> Resource:
    return Resource(urn="urn:pulumi:s::p::azure-native:a:B::r", type="a:B", name="r", stack="s", inputs=inputs)


LEAF = st.none() | st.booleans() | st.integers() | st.text(max_size=5)
KEYS = st.sampled_from(["a", "b", "c"])
INPUTS = st.dictionaries(
    KEYS, st.recursive(LEAF, lambda v: st.lists(v, max_size=3) | st.dictionaries(KEYS, v, max_size=3), max_leaves=8)
)
PATHS = st.lists(KEYS, min_size=1, max_size=3).map(".".join)


@settings(max_examples=60)
@given(INPUTS, PATHS, LEAF.filter(lambda v: v is not None))
def test_a_rule_reads_the_value_that_is_put(inputs: dict[str, Any], path: str, value: object) -> None:
    for place in paths.places(inputs, path):
        made = property_paths.put(inputs, place, value)
        assert resource(made).at(path) == value
        assert not paths.has_value(property_paths.without(made, place), place)


@settings(max_examples=60)
@given(INPUTS)
def test_the_original_inputs_are_unchanged(inputs: dict[str, Any]) -> None:
    before = repr(inputs)
    for path in [p for p in paths.leaves(inputs) if p]:
        for place in paths.places(inputs, path):
            property_paths.put(inputs, place, "x")
            property_paths.without(inputs, place)
    assert repr(inputs) == before


def test_a_star_matches_each_entry() -> None:
    inputs = {"rules": [{"access": "Deny"}, {"access": "Allow"}]}
    found = list(paths.places(inputs, "rules[*].access"))
    assert found == [("rules", 0, "access"), ("rules", 1, "access")]
    assert property_paths.put(inputs, found[1], "Deny") == {"rules": [{"access": "Deny"}, {"access": "Deny"}]}
    assert join(found[1]) == "rules[1].access"
    assert list(paths.leaves({"a": [], "b": {"c": [1, 2]}})) == ["a", "b.c[*]", "b.c[*]"]


def test_unknown_inputs_are_weakened_too() -> None:
    blind = [replace(r, inputs=dict.fromkeys(r.inputs, UNKNOWN)) for r in gate().estate.resources]
    assert {m.label for m in mutants(PolicyContext(blind))} >= {"removed", "not protected"}


def names(found: Sequence[Mutant]) -> list[str]:
    return [m.label for m in found]


def test_a_value_that_is_set_already_is_no_mutant() -> None:
    group = next(r for r in gate().estate.resources if r.type == "resources:ResourceGroup")
    here = replace(group, inputs={**group.inputs, "location": "westeurope"})
    made = names(list(mutants(PolicyContext([here]))))
    assert 'location = "westeurope"' not in made
    assert 'location = "eastus"' in made
