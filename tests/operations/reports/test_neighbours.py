"""One stack with its neighbours: new findings block on every stack, recorded ones do not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from formats.errors import InputError
from formats.plan import Operation, Plan, PlannedResource
from operations.reports.report_formats import as_json
from operations.reports.table import table
from policies.exemptions import read
from policies.judged_runs import JudgedRuns
from policies.model import PolicyContext, Resource, Unknown, Violation
from policies.plan_evaluation import Neighbours, evaluate_plans
from policies.rules import load
from policies.runner import BROKE, Report
from tests.operations.reports.samples import STORE, exemption
from tests.people import ROSTER
from tests.policies import shipped
from tests.policies.world import catalogue, policy

OTHERS = ("junction-zone", "safe-haven", "tre-hcm-progression")
TODAY = date(2026, 3, 1)
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def neighbours_of(stack: str, *others: str, before: Plan | None = None) -> Neighbours:
    """Return some deployed neighbours, or all."""
    names = others or tuple(s for s in shipped.STACKS if s != stack)
    return Neighbours.of_plans(map(shipped.deployed, names), [before or shipped.deployed(stack)])


def recorded(folder: Path, *reports: Report) -> JudgedRuns:
    """Record the blocking findings of reports."""
    found = [f for report in reports for f in report.blocking]
    runs = JudgedRuns(folder)
    for file, text in runs.texts("policy check --all", NOW, (), found).items():
        file.write_text(text)
    return runs


def without_links(plan: Plan) -> Plan:
    """Return a hub that does not resolve private endpoints, which are in other stacks."""
    links = [r for r in plan.resources if r.type.endswith(":VirtualNetworkLink")]
    return replace(plan, resources=tuple(r for r in plan.resources if r not in links))


@pytest.mark.parametrize("stack", shipped.STACKS)
def test_each_shipped_stack_passes_with_its_neighbours(stack: str) -> None:
    report = evaluate_plans([shipped.after(stack)], neighbours=neighbours_of(stack), configs=shipped.configs())
    assert not report.blocks
    assert (report.is_complete, report.stacks, report.preexisting, report.notes) == (True, (stack,), (), ())


def without_egress(plan: Plan) -> Plan:
    """Return a stack without the estate's only egress rule, in the firewall or in the NSGs."""

    def kept(rules: Any) -> list[Any]:
        return [rule for rule in rules if not rule["name"].startswith("packages")]

    def changed(resource: PlannedResource) -> PlannedResource:
        inputs = dict(resource.inputs)
        if "securityRules" in inputs:
            inputs["securityRules"] = kept(inputs["securityRules"])
        if "ruleCollections" in inputs:
            inputs["ruleCollections"] = [
                dict(one) | ({"rules": kept(one["rules"])} if "rules" in one else {})
                for one in inputs["ruleCollections"]
            ]
        return replace(resource, inputs=inputs)

    return replace(plan, resources=tuple(map(changed, plan.resources)))


def test_an_egress_rule_leaves_tenancies_and_hub_in_either_order() -> None:
    hub, tenancy = "platform", "tre-hcm-progression"
    first = evaluate_plans([without_egress(shipped.after(tenancy))], neighbours=neighbours_of(tenancy))
    assert not first.blocks
    others = [shipped.deployed(name) for name in ("junction-zone", "safe-haven")]
    then = Neighbours.of_plans([*others, without_egress(shipped.deployed(tenancy))], [shipped.deployed(hub)])
    assert not evaluate_plans([without_egress(shipped.after(hub))], neighbours=then).blocks
    # The names of the firewall have a guardrail and a lock, so what only the tenancies' NSGs allow opens no way.
    assert not evaluate_plans([without_egress(shipped.after(hub))], neighbours=neighbours_of(hub)).blocks


def test_a_new_finding_on_another_stack_blocks() -> None:
    weak = without_links(shipped.after("platform"))
    assert {f.stack for f in evaluate_plans([weak]).blocking} == set()
    report = evaluate_plans([weak], neighbours=neighbours_of("platform"))
    assert report.blocks
    assert set(OTHERS) <= {f.stack for f in report.blocking}
    assert {f.policy for f in report.blocking} == {"PE4"}


def test_a_recorded_finding_is_shown_and_does_not_block(tmp_path: Path) -> None:
    weak = without_links(shipped.deployed("platform"))
    neighbours = Neighbours.of_plans([weak, shipped.deployed("junction-zone")], [shipped.deployed("safe-haven")])
    plan = shipped.after("safe-haven")
    whole = evaluate_plans([*(stack.load() for stack in neighbours.deployed), plan], is_complete=True)
    runs = recorded(tmp_path, whole)
    report = evaluate_plans([plan], neighbours=replace(neighbours, recorded=runs))
    assert {p.finding.stack for p in report.preexisting} == {"platform", "junction-zone"}
    assert {f.stack for f in report.blocking} == {"safe-haven"}  # its own block it
    again = evaluate_plans(
        [without_links(shipped.after("platform"))],
        neighbours=replace(neighbours_of("platform", *OTHERS[:2], before=weak), recorded=runs),
    )
    assert {p.finding.stack for p in again.preexisting} == {"junction-zone", "safe-haven"}
    assert {f.stack for f in again.blocking} == {"platform"}
    (inherited, *_) = as_json(again)["inherited"]
    assert inherited["recorded_by"] == "policy check --all of 2026-03-01 12:00 UTC"
    assert "it does not block" in "\n".join(line.plain for line in table(again))


def test_an_unrecorded_finding_of_before_blocks_with_a_hint() -> None:
    weak = without_links(shipped.deployed("platform"))
    neighbours = Neighbours.of_plans([weak, shipped.deployed("junction-zone")], [shipped.deployed("safe-haven")])
    report = evaluate_plans([shipped.after("safe-haven")], neighbours=neighbours, configs=shipped.configs())
    assert report.preexisting == ()
    assert {f.stack for f in report.blocking} == {"platform", "junction-zone", "safe-haven"}
    (note,) = report.notes
    assert "on junction-zone, platform" in note
    assert note in as_json(report)["remarks"]


def test_a_first_plan_is_compared_with_the_estate_without_it() -> None:
    neighbours = replace(neighbours_of("tre-hcm-progression"), before=())
    report = evaluate_plans([shipped.before("tre-hcm-progression")], neighbours=neighbours)
    assert not report.blocks
    assert report.is_complete


def test_a_missing_stack_switches_no_policy_off() -> None:
    weak = without_links(shipped.after("platform"))
    report = evaluate_plans([weak], neighbours=neighbours_of("platform", "junction-zone"))
    assert (report.is_complete, report.blocks) == (True, True)
    assert {f.policy for f in report.blocking} == {"PE4"}


def test_a_stack_is_not_its_own_neighbour() -> None:
    with pytest.raises(InputError, match="of one stack"):
        evaluate_plans([shipped.after("platform")], neighbours=Neighbours.of_plans((shipped.deployed("platform"),)))


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
        [plan], policies=catalogue(policy(judge, evaluation_scope="estate")), neighbours=neighbours, day=TODAY, **more
    )


def test_a_recorded_finding_that_gets_worse_blocks(tmp_path: Path) -> None:
    neighbours = Neighbours.of_plans([one("a", public=True)], [one("b", public=False)])
    runs = recorded(tmp_path, report_of(counted, one("a", public=True), Neighbours()))
    neighbours = replace(neighbours, recorded=runs)
    assert not report_of(counted, one("b", public=False), neighbours).blocks
    worse = report_of(counted, one("b", public=True), neighbours)
    assert {f.stack for f in worse.blocking} == {"a", "b"}


def test_broken_rules_block_and_recorded_unknowns_do_not(tmp_path: Path) -> None:
    """Findings of broken rules cannot be compared; a value that was unknown before is not a result of the change."""

    def breaks(*_: Any) -> Any:
        raise RuntimeError

    def unsure(resource: Resource, _: PolicyContext) -> Any:
        raise Unknown("public")

    neighbours = Neighbours.of_plans((one("a"),), (one("b"),))
    assert {f.message for f in report_of(breaks, one("b"), neighbours).blocking if f.stack == "a"} == {
        BROKE + "RuntimeError"
    }
    runs = recorded(tmp_path, report_of(unsure, one("a"), Neighbours()))
    known = report_of(unsure, one("b"), replace(neighbours, recorded=runs))
    assert {p.finding.stack for p in known.preexisting} == {"a"}


def test_an_exemption_applies_to_a_neighbours_resource() -> None:
    granted = read({"exemptions": [exemption(resource="tre-heart:storage:StorageAccount:data")]},
                   catalogue(policy(evaluation_scope="estate")), file="x", today=TODAY, people=ROSTER)  # fmt: skip
    neighbours = Neighbours.of_plans((one("tre-heart", public=True),), (one("b"),))
    report = report_of(counted, one("b", public=False), neighbours, exemptions=granted)
    assert [e.id for e in report.exemptions] == ["intake"]
    alone = evaluate_plans(
        [one("tre-heart", public=True)],
        policies=catalogue(policy(evaluation_scope="estate")),
        exemptions=granted,
        day=TODAY,
    )
    assert not alone.warnings


def test_policies_of_one_stack_do_not_check_neighbours() -> None:
    report = evaluate_plans([one("b", public=False)], policies=catalogue(policy()), day=TODAY,
                    neighbours=Neighbours.of_plans((one("a", public=True),), ()))  # fmt: skip
    assert {f.stack for f in report.findings} == {"b"}


def test_estate_policies_have_their_scope() -> None:
    assert {"PE4", "IA5", "FW8"} <= {p.id for p in load().values() if p.evaluation_scope == "estate"}
