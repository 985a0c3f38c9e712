"""The control plane in the flows: a right on any operation of a technique is refused, for every actor."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import chain
from pathlib import Path
from typing import cast

import pytest
from rich.console import Console

from operations.reports.flowstable import flows_table
from policies.azure_semantics.role_operations import BUILT_IN, PULL, operations_of
from policies.azure_semantics.roles import RIGHTS, Right
from policies.estate_view import EstateView, ReadablePaths
from policies.expected.subscription_guardrails import ROLES
from policies.model import PolicyContext, Resource
from policies.reachability import control_plane_edges
from policies.reachability.accepted_risks import ACCEPTED, AcceptedRisk
from policies.reachability.actor_kinds import ActorKind
from policies.reachability.actors import actors_of
from policies.reachability.control_plane import EDGES, NARROW_OPERATIONS, OPERATIONS, TECHNIQUES
from policies.reachability.control_sets import MIN_CONTROLS
from policies.reachability.data_stores import DataStores
from policies.reachability.flow_paths import FLOW_PATHS
from policies.reachability.forbidden_flows import FlowKind, FlowReport, ForbiddenFlow, _ForbiddenFlows, analyse_flows
from policies.reachability.graph import FlowGraph
from policies.reachability.network_reachability import NetworkReachability
from policies.reachability.role_grants import RoleGrants
from policies.reachability.technique import Source, Technique
from policies.reachability.topology import Topology
from policies.rules.identity import assignable_roles
from tests.policies.reachability.sample_estates import ASSIGNMENT, SUBSCRIPTION, added, estate, grant, seen

DECISIONS = Path(__file__).parents[3] / "docs" / "decisions"
CUSTOM = "0000c057-0000-4000-8000-00000000c057"
SCOPE = f"/subscriptions/{SUBSCRIPTION}"
WITH_RIGHT = [one for one in EDGES if not one.over_network]


def _role(*operations: str) -> Resource:
    """Return a custom role that permits these operations."""
    id_ = f"{SCOPE}/providers/Microsoft.Authorization/roleDefinitions/{CUSTOM}"
    return added("authorization:RoleDefinition", "custom", id_, permissions=[{"actions": list(operations)}])


def _given(principal: str, technique: Technique) -> list[Resource]:
    """Return the resources that give a principal the rights of a technique in the whole subscription."""
    return [_role(*technique.operations, *technique.elsewhere), grant(principal, CUSTOM, SCOPE)]


class _Analysis:
    """The flows of the sample estate, whose networks are read once, with further role assignments."""

    def __init__(self) -> None:
        self.resources = estate(2)
        self.readable = ReadablePaths(FLOW_PATHS)
        self.visible = [self.readable.visible(one) for one in self.resources]
        self.members = seen(self.resources).members
        view = self._view([])
        self.topology = Topology(view, [])
        self.stores = DataStores(self.topology, RoleGrants(view))
        self.reachability = NetworkReachability(self.topology, self.stores)

    def _view(self, more: Sequence[Resource]) -> EstateView:
        added_ = (self.readable.visible(one) for one in more)
        return EstateView([*self.visible, *added_], is_complete=True, members=self.members)

    def findings(self, more: Sequence[Resource]) -> Iterator[ForbiddenFlow]:
        """Yield the flows that the gate refuses, those of tenancies first."""
        view = self._view(more)
        actors = actors_of(self.topology, RoleGrants(view), self.stores)
        flows = _ForbiddenFlows(view, FlowGraph(self.stores, self.reachability, actors, MIN_CONTROLS - 1))
        of_tenancies = (flow for tenancy in flows.sources for flow in flows._tenancy_to_internet(tenancy))
        return (flow for flow in chain(of_tenancies, flows.all()) if flow.is_finding)


@cache
def _analysis() -> _Analysis:
    return _Analysis()


@cache
def _principals() -> Mapping[ActorKind, str]:
    """Return one principal of each kind; the group of a tenancy where it has one."""
    graph = analyse_flows(seen(estate(2)), limit=1).graph
    assert graph
    people = {a.kind: a.key for a in sorted(graph.actors, key=lambda a: "tre-" in a.label) if a.is_people}
    return cast("Mapping[ActorKind, str]", people)


@pytest.mark.parametrize("technique", WITH_RIGHT, ids=lambda one: one.key)
@pytest.mark.parametrize("kind", [kind for kind in ActorKind if kind not in (ActorKind.IDENTITY, ActorKind.OTHER)])
def test_each_right_of_the_control_plane_is_refused(kind: ActorKind, technique: Technique) -> None:
    more = _given(_principals()[kind], technique)
    assert list(assignable_roles.check(more[1], PolicyContext([*more])))
    found = next(_analysis().findings(more), None)
    is_of_tenancy = kind in (ActorKind.RESEARCHER, ActorKind.CHECKER, ActorKind.STEWARD)
    if is_of_tenancy or technique.source is not Source.VAULT:  # only tenancies' people complete a flow from a vault
        assert found


def test_the_statement_of_a_technique_is_whole() -> None:
    assert TECHNIQUES["run-command"].statement == "run a command on a computer"
    logs = "send to a place of their own the logs of a storage account or a container registry"
    assert TECHNIQUES["log-routing"].statement == logs
    last = {one.statement.rpartition(" ")[2] for one in TECHNIQUES.values()}
    assert last == {"computer", "account", "vault", "registry", "data"}


@pytest.mark.parametrize("technique", WITH_RIGHT, ids=lambda one: one.key)
def test_an_identity_with_a_right_still_needs_its_network_path(technique: Technique) -> None:
    """A desk's identity reaches Azure Resource Manager over the firewall alone, and its people gain nothing."""
    desk = next(r for r in estate(2) if r.type == "managedidentity:UserAssignedIdentity" and r.name == "desk")
    principal = next(
        str(r.inputs["principalId"]) for r in estate(2) if desk.urn in r.property_dependencies.get("principalId", ())
    )
    more = _given(principal, technique)
    assert list(assignable_roles.check(more[1], PolicyContext([*more])))
    found = next(_analysis().findings(more), None)
    changes_settings = not NARROW_OPERATIONS.issuperset((*technique.operations, *technique.elsewhere))
    assert (found is not None) == changes_settings


def test_a_right_is_a_finding_in_the_analysis_of_the_whole_estate() -> None:
    more = _given(_principals()[ActorKind.ENGINEER], TECHNIQUES["run-command"])
    report = analyse_flows(seen([*estate(2), *more]), limit=MIN_CONTROLS - 1)
    weakest = _flow(report.flows, FlowKind.PAST_AIRLOCK)
    assert weakest.depth == 0
    assert weakest.minimal_cut_sets
    assert "run-command" in weakest.minimal_cut_sets.paths[0].techniques


def test_a_right_in_another_project_alone_opens_nothing_here() -> None:
    group = next(r for r in estate(2) if r.type == "resources:ResourceGroup" and r.stack == "tre-project-1")
    run = TECHNIQUES["run-command"]
    more = [_role(*run.operations), grant(_principals()[ActorKind.ENGINEER], CUSTOM, str(group.id))]
    found = {flow.source for flow in _analysis().findings(more) if flow.kind is FlowKind.PAST_AIRLOCK}
    assert found == {"tre-project-1"}


def _flow(flows: Sequence[ForbiddenFlow], kind: FlowKind) -> ForbiddenFlow:
    return next(flow for flow in flows if flow.kind is kind)


GUARDRAILS = {
    "code-stays": "extension",
    "disks-close": "disk-export",
    "disks-stay": "disk-attach",
    "types-stay": "event-routing",
}


@pytest.mark.parametrize("key", GUARDRAILS)
def test_a_technique_without_its_guardrail_is_a_finding(key: str) -> None:
    report = _without(key)
    flow = _flow(report.flows, FlowKind.PAST_AIRLOCK)
    assert flow.is_finding
    assert flow.minimal_cut_sets
    assert GUARDRAILS[key] in {name for path in flow.minimal_cut_sets.paths for name in path.techniques}


def test_a_risk_is_not_accepted_with_fewer_controls_than_its_decision_says() -> None:
    assert _flow(_without("rights-stay").flows, FlowKind.PAST_AIRLOCK).depth == 1


def _without(key: str) -> FlowReport:
    """Return the gate's analysis of the estate without the assignments of a guardrail."""
    kept = [r for r in estate(1) if not (r.type == ASSIGNMENT and key in str(r.inputs["policyDefinitionId"]))]
    assert len(kept) < len(estate(1))
    return analyse_flows(seen(kept), limit=MIN_CONTROLS - 1)


def test_a_disk_that_may_be_exported_is_no_control_and_neither_is_its_guardrail() -> None:
    disks = {r.urn for r in estate(1) if r.type == "compute:Disk"}
    opened = [_opened(r) if r.urn in disks else r for r in estate(1)]
    flow = _flow(analyse_flows(seen(opened), limit=MIN_CONTROLS - 1).flows, FlowKind.PAST_AIRLOCK)
    assert flow.depth == MIN_CONTROLS - 1


def _opened(disk: Resource) -> Resource:
    return added(disk.type, disk.name, str(disk.id), disk.stack, **{**disk.inputs, "networkAccessPolicy": "AllowAll"})


def test_accepted_risks_are_reported_with_their_depth_and_apart_from_it() -> None:
    flow = _flow(_whole().flows, FlowKind.PAST_AIRLOCK)
    accepted = flow.to_json()["accepted"]
    assert flow.depth >= MIN_CONTROLS
    assert accepted["depth"] == MIN_CONTROLS - 1
    assert {"run-command", "role-change", "policy-exemption", "pim", "event-routing"} <= set(accepted["techniques"])
    assert set(accepted["techniques"]) <= set(ACCEPTED)
    assert all(path["controls"] for path in accepted["ways"])


@pytest.mark.parametrize("kind", FlowKind)
def test_every_kind_of_flow_names_its_accepted_risks(kind: FlowKind) -> None:
    flow = _flow(_whole().flows, kind)
    assert flow.accepted
    assert {"role-change", "policy-exemption"} <= set(flow.accepted.accepted) <= set(ACCEPTED)
    printed = _printed(FlowReport((flow,), ()))
    assert "accepted (decision 0022): 2 controls against" in printed
    assert "policy-exemption" in printed
    assert "apart from accepted risks in 1" in printed


@cache
def _whole() -> FlowReport:
    return analyse_flows(seen(estate(2)))


def _printed(report: FlowReport) -> str:
    console = Console(width=2000, color_system=None)
    with console.capture() as captured:
        console.print(flows_table(report))
    return captured.get()


def test_a_risk_is_accepted_for_the_actors_of_its_decision_only(monkeypatch: pytest.MonkeyPatch) -> None:
    narrow = AcceptedRisk("run-command", "0022", actors=frozenset([ActorKind.ENGINEER]))
    with monkeypatch.context() as patched:
        patched.setattr(control_plane_edges, "ACCEPTED", {**ACCEPTED, "run-command": narrow})
        control_plane_edges._by_acceptance.cache_clear()
        flow = _flow(analyse_flows(seen(estate(1)), limit=MIN_CONTROLS - 1).flows, FlowKind.PAST_AIRLOCK)
    control_plane_edges._by_acceptance.cache_clear()
    assert flow.depth == MIN_CONTROLS - 1
    assert flow.minimal_cut_sets
    assert {path.techniques for path in flow.minimal_cut_sets.paths} == {("run-command",)}


@pytest.mark.parametrize("risk", ACCEPTED.values(), ids=lambda one: one.technique)
def test_the_decision_of_an_accepted_risk_names_it(risk: AcceptedRisk) -> None:
    (file,) = DECISIONS.glob(f"{risk.decision}-*.md")
    assert re.search(rf"^\|.*`{risk.technique}`", file.read_text(), re.MULTILINE)
    assert not TECHNIQUES[risk.technique].covered


def test_every_role_of_the_guardrail_on_roles_is_known() -> None:
    assert set(ROLES) <= set(BUILT_IN)


@pytest.mark.parametrize("role", [role for role, right in RIGHTS.items() if not right & Right.CONTROL])
def test_a_known_role_permits_no_administration(role: str) -> None:
    administration = {o for one in EDGES if one.is_administration for o in one.operations}
    assert not operations_of(BUILT_IN[role], OPERATIONS) & administration


@pytest.mark.parametrize(
    "actions", [["*"], ["Microsoft.Compute/disks/*"], ["Microsoft.Storage/storageAccounts/write"], None]
)
def test_a_custom_role_that_changes_more_than_a_technique_has_all_rights(actions: list[str] | None) -> None:
    role = _role(*actions) if actions else added("authorization:RoleDefinition", "custom", _role().id or "")
    given = grant("11111111-1111-4111-8111-111111111111", CUSTOM, SCOPE)
    (found,) = RoleGrants(PolicyContext([role, given])).all
    assert found.rights & Right.CONTROL
    assert found.operations


def test_a_custom_role_that_reads_settings_has_no_right_but_that_on_images() -> None:
    for reads, images, operations in ("Microsoft.Compute/disks/read", Right.NONE, ()), ("*/read", Right.READ, (PULL,)):
        (found,) = RoleGrants(PolicyContext([_role(reads), grant("group", CUSTOM, SCOPE)])).all
        assert (found.rights, found.images, found.operations) == (Right.NONE, images, frozenset(operations))
