"""Resources that wait for deletion are judged as deployed: alone, between stacks, and apart from their successor."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

from formats.plan import Operation, Plan
from formats.pulumi_state import read_export
from policies.exemptions import Exemption, Exemptions
from policies.model import Finding, Verdict
from policies.plan_evaluation import Neighbours, evaluate_plans
from policies.rules import load
from tests.policies import shipped

ASSIGNMENT = "azure-native:authorization:RoleAssignment"
STEWARDS = "stewards"
TODAY = date(2026, 11, 29)


def with_left_grant(stack: str, name: str, principal: str, number: int = 1) -> dict[str, Any]:
    """Return the state of a stack in which the delete of a replaced role assignment failed."""
    exported = shipped.state(stack)
    resources = exported["deployment"]["resources"]
    grant = next(r for r in resources if r["type"] == ASSIGNMENT and r["urn"].endswith(f"::{name}"))
    scope, _, _ = grant["id"].rpartition("/")
    inputs = {**grant["inputs"], "principalId": principal}
    left = {**grant, "id": f"{scope}/{UUID(int=number)}", "delete": True, "inputs": inputs}
    return {**exported, "deployment": {**exported["deployment"], "resources": [*resources, left]}}


def plan_of(exported: dict[str, Any]) -> Plan:
    found = read_export(exported, cloud="local")
    assert found
    return found


def blocking(*plans: Plan, **options: Any) -> list[Finding]:
    report = evaluate_plans(plans, day=TODAY, **options)
    return [finding for finding in report.findings if finding.verdict.blocks]


def test_a_revoked_group_whose_grant_was_not_deleted_counts() -> None:
    """Two groups then have the data of a store, and one has it if the delete succeeds."""
    plan = plan_of(with_left_grant("safe-haven", "staging-stewards-writes", str(UUID(int=7))))
    assert {f.policy for f in blocking(plan)} == {"AL3"}
    assert blocking(plan.with_deletes_done()) == []


def test_a_left_grant_is_judged_between_stacks() -> None:
    """A project's researchers still have the warehouse of the other stack."""
    project = shipped.deployed("tre-hcm-progression")
    researchers = "db7a0118-c48f-5463-aec7-50d383efab17"
    left = plan_of(with_left_grant("safe-haven", "warehouse-stewards-writes", researchers))
    others = [shipped.deployed(stack) for stack in ("platform", "junction-zone")]
    assert blocking(project, neighbours=Neighbours.of_plans([*others, shipped.deployed("safe-haven")])) == []
    assert "FL1" in {f.policy for f in blocking(project, neighbours=Neighbours.of_plans([*others, left]))}


def test_a_preview_judges_what_waits_for_deletion_as_deployed() -> None:
    deployed = plan_of(with_left_grant("safe-haven", "staging-stewards-writes", str(UUID(int=7))))
    plan = replace(shipped.after("safe-haven"), resources=deployed.resources)
    assert plan.only_deletes
    assert [r.operation for r in plan.changes] == [Operation.DELETE]
    assert {f.policy for f in blocking(plan)} == {"AL3"}


def test_an_exemption_of_the_successor_does_not_cover_a_left_resource() -> None:
    exported = with_left_grant("safe-haven", "staging-stewards-writes", str(UUID(int=7)))
    left = exported["deployment"]["resources"][-1]
    left["inputs"] = {**left["inputs"], "roleDefinitionId": f"/providers/x/{UUID(int=8)}"}
    name = "safe-haven:authorization:RoleAssignment:staging-stewards-writes"
    exemptions = Exemptions(tuple(
        Exemption.model_construct(id=f"E{n}", policy="IA1", resource=resource, expires=TODAY)
        for n, resource in enumerate((name, left["urn"]))
    ))  # fmt: skip
    (found,) = blocking(plan_of(exported), exemptions=exemptions, policies={"IA1": load()["IA1"]})
    assert found.verdict is Verdict.FAIL
    assert left["id"] in found.name
