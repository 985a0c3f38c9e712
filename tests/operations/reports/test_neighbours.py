"""One stack with its neighbours: new findings block on every stack, preexisting ones do not."""

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


def neighbours_of(stack: str, *, before: Plan | None = None, absent: tuple[str, ...] = ()) -> Neighbours:
    others = [s for s in shipped.STACKS if s != stack and s not in absent]
    return Neighbours(tuple(map(shipped.deployed, others)), (before or shipped.deployed(stack),), absent)


def without_links(plan: Plan) -> Plan:
    """Return a hub that does not resolve private endpoints, which are in other stacks."""
    links = [r for r in plan.resources if r.type.endswith(":VirtualNetworkLink")]
    return replace(plan, resources=tuple(r for r in plan.resources if r not in links))


@pytest.mark.parametrize("stack", shipped.STACKS)
def test_each_shipped_stack_passes_with_its_neighbours(stack: str) -> None:
    report = evaluate_plans([shipped.after(stack)], neighbours=neighbours_of(stack))
    assert not report.blocks
    assert (report.is_complete, report.stacks, report.preexisting, report.notes) == (True, (stack,), (), ())


def test_a_new_finding_on_another_stack_blocks() -> None:
    weak = without_links(shipped.after("platform"))
    assert {f.stack for f in evaluate_plans([weak]).blocking} == set()
    report = evaluate_plans([weak], neighbours=neighbours_of("platform"))
    assert report.blocks
    assert set(OTHERS) <= {f.stack for f in report.blocking}
    assert {f.policy for f in report.blocking} == {"PE4"}


def test_a_preexisting_finding_is_shown_and_does_not_block() -> None:
    weak = without_links(shipped.deployed("platform"))
    neighbours = replace(neighbours_of("safe-haven"), deployed=(weak, *map(shipped.deployed, ("junction-zone",))))
    report = evaluate_plans([shipped.after("safe-haven")], neighbours=neighbours)
    assert {f.stack for f in report.preexisting} == {"platform", "junction-zone"}
    assert {f.stack for f in report.blocking} == {"safe-haven"}  # its own stay its own
    again = evaluate_plans(
        [without_links(shipped.after("platform"))], neighbours=neighbours_of("platform", before=weak)
    )
    assert {f.stack for f in again.preexisting} == set(OTHERS)
    assert {f.stack for f in again.blocking} == {"platform"}
    assert [f["stack"] for f in as_json(again)["inherited"]]
    assert "it does not block" in "\n".join(line.plain for line in table(again))


def test_a_first_plan_is_compared_with_the_estate_without_it() -> None:
    neighbours = replace(neighbours_of("tre-hcm-progression"), before=())
    report = evaluate_plans([shipped.before("tre-hcm-progression")], neighbours=neighbours)
    assert not report.blocks
    assert report.is_complete


def test_skipped_estate_policies_are_noted() -> None:
    weak = without_links(shipped.after("platform"))
    report = evaluate_plans([weak], neighbours=neighbours_of("platform", absent=("safe-haven",)))
    assert (report.is_complete, report.blocks) == (False, False)
    (remark,) = report.notes
    assert "PE4" in remark
    assert "safe-haven" in remark
    assert remark in as_json(report)["remarks"]


def test_a_stack_is_not_its_own_neighbour() -> None:
    with pytest.raises(InputError, match="of one stack"):
        evaluate_plans([shipped.after("platform")], neighbours=Neighbours((shipped.deployed("platform"),)))


# With sample rules


def one(stack: str, name: str = "data", **inputs: Any) -> Plan:
    urn = f"urn:pulumi:{stack}::sde::{STORE}::{name}"
    return Plan("sde", stack, "local", (PlannedResource(urn, STORE, Operation.SAME, inputs=inputs),))


def counted(resource: Resource, estate: PolicyContext) -> Any:
    """Yield a violation with the number of public storage accounts."""
    found = sum(r.at("public") is True for r in estate.resources)
    if resource.at("public") is True:
        yield Violation("public", f"is open, with {found} in all")


def report_of(judge: Any, plan: Plan, neighbours: Neighbours, **more: Any) -> Report:
    return evaluate_plans(
        [plan], policies=catalogue(policy(judge, scope="estate")), neighbours=neighbours, day=TODAY, **more
    )


def test_a_preexisting_finding_that_gets_worse_blocks() -> None:
    neighbours = Neighbours((one("a", public=True),), (one("b", public=False),))
    assert not report_of(counted, one("b", public=False), neighbours).blocks
    worse = report_of(counted, one("b", public=True), neighbours)
    assert {f.stack for f in worse.blocking} == {"a", "b"}


def test_broken_rules_block_and_preexisting_unknowns_do_not() -> None:
    """Findings of broken rules cannot be compared; a value that was unknown before is not a result of the change."""

    def breaks(*_: Any) -> Any:
        raise RuntimeError

    def unsure(resource: Resource, _: PolicyContext) -> Any:
        raise Unknown("public")

    neighbours = Neighbours((one("a"),), (one("b"),))
    assert {f.message for f in report_of(breaks, one("b"), neighbours).blocking if f.stack == "a"} == {
        BROKE + "RuntimeError"
    }
    assert {f.stack for f in report_of(unsure, one("b"), neighbours).preexisting} == {"a"}


def test_an_exemption_applies_to_a_neighbours_resource() -> None:
    granted = read({"exemptions": [exemption(resource="tre-heart:storage:StorageAccount:data")]},
                   catalogue(policy(scope="estate")), file="x", today=TODAY)  # fmt: skip
    neighbours = Neighbours((one("tre-heart", public=True),), (one("b"),))
    report = report_of(counted, one("b", public=False), neighbours, exemptions=granted)
    assert [e.id for e in report.exemptions] == ["intake"]
    alone = evaluate_plans(
        [one("tre-heart", public=True)], policies=catalogue(policy(scope="estate")), exemptions=granted, day=TODAY
    )
    assert not alone.warnings


def test_policies_of_one_stack_do_not_check_neighbours() -> None:
    report = evaluate_plans([one("b", public=False)], policies=catalogue(policy()), day=TODAY,
                    neighbours=Neighbours((one("a", public=True),), ()))  # fmt: skip
    assert {f.stack for f in report.findings} == {"b"}


def test_estate_policies_have_their_scope() -> None:
    assert {"PE4", "IA5", "FW8"} <= {p.id for p in load().values() if p.scope == "estate"}
