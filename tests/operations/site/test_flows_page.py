"""The flows of data: how many controls prevent each forbidden one, and how people reach data."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from formats.plan import Operation, Plan, PlannedResource
from operations.access.actions import Action
from operations.access.things import Kind, Thing
from operations.site import findings_page, flows_page
from operations.site.facts import Flows, SiteFacts, StackFacts
from operations.site.group_names import GroupNames
from policies.reachability.allowed_flows import AllowedFlow
from policies.reachability.control_sets import Control, ControlKind
from policies.reachability.cut_sets import MinimalCutSets, Path
from policies.reachability.forbidden_flows import FlowKind, FlowReport, ForbiddenFlow
from tests.operations.reports.samples import granted
from tests.operations.site.rendering import EMPTY, foreign, html_of, text_of
from tests.operations.site.test_access_pages import CURATED, READ, Holder, right

GROUP = Holder("621c57c4-96c3-5141-ab42-965c5b73e31b", "stewards of staging")
GUARDRAIL, GRANT = (
    Control(ControlKind.GUARDRAIL, "g", "Azure Policy denies private endpoints"),
    Control(ControlKind.GRANT, "r", "no role lets the group 621c57c4 (staging-writes in safe-haven) do it"),
)


def flow(
    source: str, *controls: Control, kind: FlowKind = FlowKind.PAST_STAGING, accepted: bool = False
) -> ForbiddenFlow:
    path = Path(frozenset(controls), ("the group 621c57c4 reads it",), "the Internet")
    risk = MinimalCutSets(2, (path,), ("run-command",)) if accepted else None
    return ForbiddenFlow(kind, source, "urn", frozenset(["safe-haven"]), MinimalCutSets(len(controls), (path,)), risk)


def report(*found: ForbiddenFlow, allowed: tuple[AllowedFlow, ...] = (), unknowns: tuple[str, ...] = ()) -> SiteFacts:
    facts = replace(EMPTY, flows=Flows(FlowReport(found, unknowns), allowed=allowed))
    return replace(facts, access=replace(EMPTY.access, rows=(right(GROUP, READ, CURATED),)))


def page(facts: SiteFacts) -> str:
    return text_of(html_of(facts, flows_page.pages)["flows.html"])


def test_similar_flows_are_together_with_the_weakest_path_and_names() -> None:
    third = Control(ControlKind.GUARDRAIL, "h", "Azure Policy denies public addresses")
    both = (flow(source, GUARDRAIL, third, GRANT, accepted=True) for source in ("landing", "junction"))
    text = page(report(*both))
    except_for = (
        "except by 1 technique whose risk is accepted (decision 0022): against these, at least 2 controls hold."
    )
    assert f"At least 3 controls prevent each of 2 forbidden flows, {except_for}" in text
    assert "✓ 3 controls prevent it; 2 for accepted techniques From landing, junction" in text
    assert "Kinds of control: 2 × guardrails (Azure Policy), role assignments." in text
    assert "no role lets stewards of staging do it" in text
    assert "Accepted risk: 2 controls against 1 technique of the control plane (decision 0022)" in text
    assert "can: run a command on a computer Decision 0022" in text


def test_a_flow_with_too_few_controls_is_a_finding_unless_it_is_exempt() -> None:
    few = flow("landing", GUARDRAIL)
    facts = report(few)
    assert "Fewer than 3 controls prevent 1 of 1 forbidden flow." in page(facts)
    assert [one.badge.text for one in findings_page.open_findings(facts)] == ["flow"]
    exemption = granted().valid[0]
    assert facts.flows
    exempt = replace(facts, flows=replace(facts.flows, exempt={few: exemption}), exemptions=(exemption,))
    assert "1 control prevents it; exempt" in page(exempt)
    assert "Exemption intake, which ends on 2026-05-02" in page(exempt)
    assert exemption.expires == date(2026, 5, 1)
    assert not findings_page.open_findings(exempt)


def test_what_could_not_be_read_is_said() -> None:
    text = page(report(flow("landing", *(GUARDRAIL,) * 3), unknowns=("the rules of nsg-1",)))
    assert "Could not be read the rules of nsg-1" in text


def allowed(project: str, container: str) -> AllowedFlow:
    network = "network: from 10.65.0.128/25 alone" if project == "heart" else "network: from 10.65.1.0/25 alone"
    who, to = f"the group 621c57c4 at the computer tre-{project}/desk", f"tre-{project}/{container}"
    return AllowedFlow(who, "reads", to, frozenset([f"tre-{project}"]), True, (f"reach {to}",), (network,))


def test_ways_that_are_equal_in_several_tenancies_are_one_row() -> None:
    facts = report(allowed=(allowed("heart", "data"), allowed("lung", "data"), allowed("heart", "other")))
    assert facts.flows
    one, other = flows_page.allowed_of(facts.flows, GroupNames(facts))
    assert one.who == "stewards of staging at the computer tre-‹project›/desk"
    assert (one.to, one.stacks) == (("tre-‹project›/data",), ("tre-heart", "tre-lung"))
    assert other.to == ("tre-heart/other",)
    assert not foreign(html_of(facts, flows_page.pages)["flows.html"])


def test_groups_whose_ids_begin_alike_are_told_apart() -> None:
    desk = Thing("/desk", Kind.COMPUTER, "desk of heart", "desk", "tre-heart", "heart", "")
    users, others, gone = (f"0f0e0d0c-1111-4222-8333-{number:012}" for number in range(3))
    rows = (
        right(Holder(users, "researchers of heart"), (Action.SIGN_IN,), desk, way="Bastion"),
        right(Holder(others, "stewards of staging"), READ, CURATED),
        right(Holder(gone, f"unknown {gone}", is_known=False), READ, replace(CURATED, stack="junction-zone")),
    )
    urn = "urn:pulumi:tre-heart::sde::azure-native:compute:VirtualMachine::desk"
    machine = PlannedResource(urn, "azure-native:compute:VirtualMachine", Operation.SAME, id="/Desk")
    tenancy = StackFacts("tre-heart", "tenancy", "local", "wm", plan=Plan("sde", "tre-heart", "local", (machine,)))
    names = GroupNames(replace(EMPTY, stacks=(tenancy,), access=replace(EMPTY.access, rows=rows)))
    at_desk = "the group 0f0e0d0c at the computer tre-heart/desk"
    assert names.named(at_desk) == "researchers of heart at the computer tre-heart/desk"
    assert names.named("let the group 0f0e0d0c (reads in safe-haven) do it") == "let stewards of staging do it"
    assert names.named("the group 0f0e0d0c (reads in junction-zone)") == f"the group {gone} (reads in junction-zone)"
    assert names.named("the group 0f0e0d0c does") == "the group 0f0e0d0c does"


def test_an_estate_without_data_says_so() -> None:
    assert "Nothing that holds data is deployed" in page(EMPTY)
