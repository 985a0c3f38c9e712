"""The shipped stacks under both engines on one state: equal plans and verdicts, and each continues after the other."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from formats.arm.resolve import resolved
from formats.plan import UNKNOWN, Operation, Plan
from operations.cli.estate import EstateCatalog
from operations.cli.stack_catalog import Stack
from operations.engine.embedded.update_plan_check import UpdatePlanCheck
from operations.engine.port import Engine
from operations.settings import ROOT, Settings
from policies.plan_evaluation import evaluate_plans
from policies.plan_resources import resources_of
from policies.runner import Report
from tests.operations.estates import copy_estate
from tests.parity.comparing import DRAWN, by_urn, same
from tests.parity.conftest import world_of
from tests.pulumi_cli import needs_cli
from tests.soak import in_soak_alone

pytestmark = needs_cli
LINKED = (".venv", "Pulumi.yaml", "infra", "local_azure", "operations", "pyproject.toml", "tre_templates")
DRAWN_NAMES = ("azure-native:authorization:RoleAssignment", "roleAssignmentName")
"""A name that the provider generates from the engine's seed: the CLI has a new seed for each preview."""
Engines = tuple[Engine, Engine]
"""The embedded engine and the CLI, with one state and one cloud."""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project with its own estate, state and cloud."""
    root = tmp_path_factory.mktemp("project")
    for name in LINKED:
        (root / name).symlink_to(ROOT / name)
    copy_estate(root / "estate")
    return root


def stacks(root: Path) -> list[Stack]:
    catalog = EstateCatalog(root / "estate", Settings.load({"SDE_HOME": str(root / ".sde")}, root=root))
    catalog.render()
    return list(catalog.stacks)


@pytest.fixture(scope="module")
def engines(project: Path) -> Engines:
    embedded, pulumi = (world_of(name, project, project / ".sde") for name in ("embedded", "pulumi"))
    return embedded.engine, pulumi.engine


def agreed(engines: Engines, stack: Stack, targets: Sequence[str] = ()) -> tuple[Plan, Plan]:
    """Return both plans, which must be equal: as they are, and with derived ids."""
    ours, theirs = (engine.preview(stack.settings, targets=targets) for engine in engines)
    same(without_drawn(ours), without_drawn(theirs), "the plan")
    same({o.name: o for o in ours.outputs}, {o.name: o for o in theirs.outputs}, "the plan's outputs")
    assert ours.subscription == theirs.subscription != ""
    same(without_drawn(resolved(ours)), without_drawn(resolved(theirs)), "the plan with its ids")
    return ours, theirs


def without_drawn(plan: Plan) -> dict[tuple[str, str], Any]:
    found = by_urn(plan)
    type_, key = DRAWN_NAMES
    for resource in found.values():
        if resource["type"] == type_ and resource["operation"] == Operation.CREATE:
            resource["inputs"][key] = DRAWN
    return found


def assert_same_verdicts(ours: Report, theirs: Report) -> None:
    """Policy by policy, resource by resource, in one order, unknowns included."""
    for policy in ours.policies:
        same(dict(enumerate(ours.of(policy))), dict(enumerate(theirs.of(policy))), policy)
    assert (ours.counts, ours.resources, ours.warnings) == (theirs.counts, theirs.resources, theirs.warnings)


def unknown_keys(value: Any, key: str = "") -> set[str]:
    if isinstance(value, dict):
        return {found for k, item in value.items() for found in unknown_keys(item, k)}
    if isinstance(value, list | tuple):
        return {found for item in value for found in unknown_keys(item, key)}
    return {key} if value == UNKNOWN else set()


def assert_came_true(before: Plan, after: Plan) -> None:
    """Check that every id derived from the first plan is the actual one, and that nothing else differs."""
    ids, there = (
        {r.urn: r.id for r in resources_of(plan) if not r.type.startswith(("pulumi:", "random:"))}
        for plan in (before, after)
    )
    assert ids.keys() == there.keys()
    assert None not in ids.values()
    same({urn: str(id_).lower() for urn, id_ in ids.items()}, {u: str(i).lower() for u, i in there.items()}, "ids")
    permitted = UpdatePlanCheck(before, after.subscription)
    for resource in after.resources:
        permitted.step(resource)


@pytest.fixture(scope="module")
def brought_up(project: Path, engines: Engines) -> list[tuple[Stack, Plan, Plan]]:
    """Deploy the stacks, alternating the engines; return each with its plan before and its state after."""
    found = []
    for turn, stack in enumerate(stacks(project)):
        plans = agreed(engines, stack)
        assert_same_verdicts(*(evaluate_plans([plan]) for plan in plans))
        before = plans[turn % 2]
        engines[turn % 2].up(stack.settings, plan=before)
        ours, theirs = (engine.current_state([stack.settings])[stack.name] for engine in engines)
        assert ours.digest == theirs.digest
        found.append((stack, before, ours))
    return found


def test_first_plan_matches_the_result_of_either_engine(brought_up: list[tuple[Stack, Plan, Plan]]) -> None:
    for _, before, after in brought_up:
        assert set(before.counts) <= {Operation.CREATE, Operation.READ}
        assert not evaluate_plans([before]).blocks
        assert unknown_keys([r.inputs for r in resolved(before).resources]) <= {"principalId", "keyUrl"}
        assert_came_true(before, after)


def test_either_engine_finds_nothing_to_change(brought_up: list[tuple[Stack, Plan, Plan]], engines: Engines) -> None:
    for stack, _, _ in brought_up:
        plans = agreed(engines, stack)
        assert set(plans[0].counts) <= {Operation.SAME, Operation.READ}
        assert plans[0].digest == plans[1].digest
        assert engines[0].outputs(stack.name) == engines[1].outputs(stack.name)


@in_soak_alone
@pytest.mark.usefixtures("brought_up")
def test_changed_tag_gives_the_same_plan_with_and_without_targets(project: Path, engines: Engines) -> None:
    file = project / "estate" / "estate.yaml"
    estate = yaml.safe_load(file.read_text())
    file.write_text(yaml.safe_dump({**estate, "cost_centre": "changed"}))
    found = [(stack, agreed(engines, stack)[0].changes) for stack in stacks(project)]
    assert {r.operation for _, changes in found for r in changes} == {Operation.UPDATE}
    assert all("cost-centre" in path for _, changes in found for r in changes for path in r.changed)
    platform, changes = found[0]
    chosen = [r.urn for r in changes[:2]]
    assert {r.urn for r in agreed(engines, platform, targets=chosen)[0].changes} == set(chosen)


@pytest.mark.usefixtures("brought_up")
def test_destroy_gives_the_same_plan(project: Path, engines: Engines) -> None:
    for turn, stack in enumerate(reversed(stacks(project))):
        ours, theirs = (engine.preview_destroy(stack.settings) for engine in engines)
        assert [r.urn for r in ours.resources] == [r.urn for r in theirs.resources]
        assert ours.digest == theirs.digest
        last = [ours.resources[0].urn]
        ours, theirs = (engine.preview_destroy(stack.settings, targets=last) for engine in engines)
        assert ours.digest == theirs.digest
        engines[turn % 2].destroy(stack.settings, release_protected=True)
        assert engines[0].current_state([stack.settings]) == engines[1].current_state([stack.settings]) == {}
