"""The shipped stacks under both engines, over one state: one Plan, and either carries on from the other."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest
import yaml

from operations.cli.estate import EstateHouse
from operations.cli.house import Stack
from operations.engine.choose import choose
from operations.engine.port import Engine
from operations.plan import Operation, Plan
from operations.settings import ROOT, Settings

pytestmark = pytest.mark.skipif(shutil.which("pulumi") is None, reason="the Pulumi CLI is not on PATH")
LINKED = (".venv", "Pulumi.yaml", "infra", "local_azure", "operations", "pyproject.toml", "tre_templates")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The project with an estate, a state and a cloud of its own."""
    root = tmp_path_factory.mktemp("project")
    for name in LINKED:
        (root / name).symlink_to(ROOT / name)
    shutil.copytree(ROOT / "estate", root / "estate")
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PULUMI_", "SDE_"))}
    return Settings.load({**environment, "SDE_HOME": str(root / ".sde"), "PYTHONPATH": str(ROOT)}, root=root)


def stacks(settings: Settings) -> list[Stack]:
    house = EstateHouse(settings.root / "estate", settings, including_expired=True)
    house.render()
    return list(house.stacks)


@pytest.fixture
def engines(project: Settings) -> Iterator[tuple[Engine, Engine]]:
    yield choose("pulumi", "local", project), choose("embedded", "local", project)


def agreed(engines: tuple[Engine, Engine], stack: Stack) -> Plan:
    """The plan of both, which must be one: compared part by part, so that a difference is readable."""
    ours, theirs = (
        {(r["urn"], r["operation"]): r for r in engine.preview(stack.settings).to_json()["resources"]}
        for engine in reversed(engines)
    )
    assert sorted(ours) == sorted(theirs)
    for key, resource in ours.items():
        assert resource == theirs[key]
    return engines[0].preview(stack.settings)


def test_the_engines_agree_and_take_turns(project: Settings, engines: tuple[Engine, Engine]) -> None:
    for turn, stack in enumerate(stacks(project)):
        assert set(agreed(engines, stack).counts) <= {Operation.CREATE, Operation.READ}
        engines[turn % 2].up(stack.settings)
        assert set(agreed(engines, stack).counts) <= {Operation.SAME, Operation.READ}
        states = [engine.state(stack.name) for engine in engines]
        assert states[0] and states[1]
        assert states[0].resources == states[1].resources
        assert states[0].outputs == states[1].outputs


def test_the_engines_agree_on_a_changed_tag_and_on_the_end(project: Settings, engines: tuple[Engine, Engine]) -> None:
    file = project.root / "estate" / "estate.yaml"
    estate = yaml.safe_load(file.read_text())
    estate["cost_centre"] = "changed"
    file.write_text(yaml.safe_dump(estate))
    for stack in stacks(project):
        for resource in agreed(engines, stack).changes:
            assert resource.operation is Operation.UPDATE
            assert all("cost-centre" in path for path in resource.changed)
    for turn, stack in enumerate(reversed(stacks(project))):
        ends = [sorted(r.urn for r in e.preview_destroy(stack.settings).changes) for e in engines]
        assert ends[0] == ends[1]
        engines[turn % 2].destroy(stack.settings, release_protected=True)
