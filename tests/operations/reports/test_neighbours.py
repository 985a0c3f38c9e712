"""One stack beside the others: what a change brings about blocks wherever it lies, what was there before does not."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from formats.errors import InputError
from formats.plan import Operation, Plan, PlannedResource
from operations.reports.report_formats import as_json
from operations.reports.table import table
from policies.exemptions import read
from policies.model import PolicyContext, Resource, Unknown, Violation
from policies.plan_evaluation import Neighbours, evaluate_plans
from policies.rules import load
from policies.runner import BROKE, Report
from tests.operations.reports.samples import STORE, exemption
from tests.policies import shipped
from tests.policies.world import catalogue, policy

OTHERS = ("junction-zone", "safe-haven", "tre-hcm-progression")
TODAY = date(2026, 3, 1)


def beside(stack: str, *, before: Plan | None = None, absent: tuple[str, ...] = ()) -> Neighbours:
    others = [s for s in shipped.STACKS if s != stack and s not in absent]
    return Neighbours(tuple(map(shipped.standing, others)), (before or shipped.standing(stack),), absent)


def without_links(plan: Plan) -> Plan:
    """The hub does not answer for private endpoints any more: theirs are in other stacks."""
    links = [r for r in plan.resources if r.type.endswith(":VirtualNetworkLink")]
    return replace(plan, resources=tuple(r for r in plan.resources if r not in links))


@pytest.mark.parametrize("stack", shipped.STACKS)
def test_each_shipped_stack_passes_beside_the_others_and_the_whole_estate_is_judged(stack: str) -> None:
    report = evaluate_plans([shipped.after(stack)], neighbours=beside(stack))
    assert not report.blocks
    assert (report.is_complete, report.stacks, report.preexisting, report.notes) == (True, (stack,), (), ())


def test_what_a_change_brings_about_in_other_stacks_blocks() -> None:
    weak = without_links(shipped.after("platform"))
    assert {f.stack for f in evaluate_plans([weak]).blocking} == set()
    report = evaluate_plans([weak], neighbours=beside("platform"))
    assert report.blocks
    assert set(OTHERS) <= {f.stack for f in report.blocking}
    assert {f.policy for f in report.blocking} == {"PE4"}


def test_what_stands_against_a_neighbour_without_the_change_too_is_shown_and_does_not_block() -> None:
    weak = without_links(shipped.standing("platform"))
    neighbours = replace(beside("safe-haven"), deployed=(weak, *map(shipped.standing, ("junction-zone",))))
    report = evaluate_plans([shipped.after("safe-haven")], neighbours=neighbours)
    assert {f.stack for f in report.preexisting} == {"platform", "junction-zone"}
    assert {f.stack for f in report.blocking} == {"safe-haven"}  # its own stay its own
    again = evaluate_plans([without_links(shipped.after("platform"))], neighbours=beside("platform", before=weak))
    assert {f.stack for f in again.preexisting} == set(OTHERS)
    assert {f.stack for f in again.blocking} == {"platform"}
    assert [f["stack"] for f in as_json(again)["inherited"]]
    assert "it does not block" in "\n".join(line.plain for line in table(again))


def test_a_first_plan_is_held_against_the_estate_without_it() -> None:
    neighbours = replace(beside("tre-hcm-progression"), before=())
    report = evaluate_plans([shipped.before("tre-hcm-progression")], neighbours=neighbours)
    assert not report.blocks
    assert report.is_complete


def test_without_every_stack_nothing_is_said_of_the_whole_and_that_is_told() -> None:
    weak = without_links(shipped.after("platform"))
    report = evaluate_plans([weak], neighbours=beside("platform", absent=("safe-haven",)))
    assert (report.is_complete, report.blocks) == (False, False)
    (remark,) = report.notes
    assert "PE4" in remark
    assert "safe-haven" in remark
    assert remark in as_json(report)["remarks"]


def test_a_stack_is_not_its_own_neighbour() -> None:
    with pytest.raises(InputError, match="of one stack"):
        evaluate_plans([shipped.after("platform")], neighbours=Neighbours((shipped.standing("platform"),)))


# With rules of our own


def one(stack: str, name: str = "data", **inputs: Any) -> Plan:
    urn = f"urn:pulumi:{stack}::sde::{STORE}::{name}"
    return Plan("sde", stack, "local", (PlannedResource(urn, STORE, Operation.SAME, inputs=inputs),))


def counted(resource: Resource, estate: PolicyContext) -> Any:
    """A rule whose finding is as bad as there are open stores."""
    found = sum(r.at("public") is True for r in estate.resources)
    if resource.at("public") is True:
        yield Violation("public", f"is open, with {found} in all")


def said(judge: Any, plan: Plan, neighbours: Neighbours, **more: Any) -> Report:
    return evaluate_plans(
        [plan], policies=catalogue(policy(judge, scope="estate")), neighbours=neighbours, day=TODAY, **more
    )


def test_a_finding_that_grows_worse_blocks() -> None:
    neighbours = Neighbours((one("a", public=True),), (one("b", public=False),))
    assert not said(counted, one("b", public=False), neighbours).blocks
    worse = said(counted, one("b", public=True), neighbours)
    assert {f.stack for f in worse.blocking} == {"a", "b"}


def test_what_a_rule_says_that_breaks_or_cannot_tell() -> None:
    """Nobody can compare what a broken rule says; what was not known before is not known through this change."""

    def breaks(*_: Any) -> Any:
        raise RuntimeError

    def unsure(resource: Resource, _: PolicyContext) -> Any:
        raise Unknown("public")

    neighbours = Neighbours((one("a"),), (one("b"),))
    assert {f.message for f in said(breaks, one("b"), neighbours).blocking if f.stack == "a"} == {
        BROKE + "RuntimeError"
    }
    assert {f.stack for f in said(unsure, one("b"), neighbours).preexisting} == {"a"}


def test_an_exemption_holds_for_a_neighbours_resource_and_is_unused_only_where_its_policy_was_asked() -> None:
    granted = read({"exemptions": [exemption(resource="tre-heart:storage:StorageAccount:data")]},
                   catalogue(policy(scope="estate")), file="x", today=TODAY)  # fmt: skip
    neighbours = Neighbours((one("tre-heart", public=True),), (one("b"),))
    report = said(counted, one("b", public=False), neighbours, exemptions=granted)
    assert [e.id for e in report.exemptions] == ["intake"]
    alone = evaluate_plans(
        [one("tre-heart", public=True)], policies=catalogue(policy(scope="estate")), exemptions=granted, day=TODAY
    )
    assert not alone.warnings


def test_policies_of_one_stack_are_not_asked_of_neighbours() -> None:
    report = evaluate_plans([one("b", public=False)], policies=catalogue(policy()), day=TODAY,
                    neighbours=Neighbours((one("a", public=True),), ()))  # fmt: skip
    assert {f.stack for f in report.findings} == {"b"}


def test_the_catalogues_estate_policies_are_quick_to_name() -> None:
    assert {"PE4", "IA5", "FW8"} <= {p.id for p in load().values() if p.scope == "estate"}
