"""An estate of two cells and a shared tenancy in an Azure under load: the Pulumi CLI deploys it, and each engine
continues."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from local_azure.admin import count, set_load
from local_azure.load.setting import Load
from operations.estate.templates import service_template
from operations.settings import Settings
from tests.kept_hosts import main
from tests.operations.estates import add_shared_project, add_shared_tenancy, change, copy_estate
from tests.pulumi_cli import CLI, needs_cli
from tests.soak import IS_SOAK

pytestmark = needs_cli
STACKS = 8 if IS_SOAK else 6
Sde = Callable[..., list[str]]
SECOND = """
name: two
addresses: 10.66.0.0/15
subscriptions:
  platform: 10ca1000-0000-4000-8000-000000000001
  zones: 10ca1000-0000-4000-8000-000000000001
  tenancies: [10ca1000-0000-4000-8000-000000000001]
storage_accounts: 250
"""


@pytest.fixture
def sde(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Sde:
    """Run a command, which must succeed, on the sample estate with a second cell and a project of a shared tenancy; in
    the soak also with a second such project and a tenancy of the template `synthetic`. Return the printed lines."""
    copy_estate(tmp_path / "estate")
    (tmp_path / "estate/allocations.yaml").unlink()
    (tmp_path / "estate/requests/hcm-progression.yaml").unlink()
    if IS_SOAK:
        request = service_template("synthetic").example_request(datetime.now(UTC).date())
        (tmp_path / "estate/requests/sample-course.yaml").write_text(yaml.safe_dump(request))
    change(tmp_path / "estate/estate.yaml", lambda estate: estate["cells"].append(yaml.safe_load(SECOND)))
    add_shared_tenancy(tmp_path / "estate")
    for project in ("one", "two") if IS_SOAK else ("one",):
        add_shared_project(tmp_path / "estate", project)
    assert CLI
    path = os.pathsep.join([str(CLI.parent), os.environ["PATH"]])
    home = {"SDE_HOME": str(tmp_path / "home"), "PATH": path, "HOME": str(tmp_path)}

    def run(*arguments: str) -> list[str]:
        code = main([*arguments, "--estate", str(tmp_path / "estate")], settings=Settings.load(home))
        captured = capsys.readouterr()
        assert code == 0, captured.err + captured.out[-2000:]
        return captured.out.splitlines()

    return run


def test_cli_deploys_two_cells_in_a_busy_azure_and_each_engine_continues(sde: Sde, tmp_path: Path) -> None:
    """The CLI makes writes at the same time; the embedded engine follows it, and it the embedded engine.

    `test_engines_agree.py` compares the engines' plans of these stacks after each of these runs.
    """
    database = tmp_path / "home/local/azure.db"
    set_load(database, Load.BUSY)
    sde("up", "--all", "--yes", "--engine", "pulumi")
    stacks = [json.loads(line) for line in sde("stacks", "--json")]
    assert len(stacks) == STACKS
    assert all(stack["state"] == "up" for stack in stacks)

    estate = tmp_path / "estate/estate.yaml"
    if IS_SOAK:  # test_ordinary_runs.py changes a tag under both engines
        change(estate, lambda content: content.update(organisation="changed"))  # a tag of every resource
        assert any("updated" in line for line in sde("up", "--all", "--yes", "--engine", "pulumi"))
    assert nothing_to_change(sde("preview", "--all", "--engine", "embedded")) == STACKS

    change(estate, lambda content: content.update(cost_centre="changed"))
    sde("up", "--all", "--yes", "--engine", "embedded")
    assert any("Nothing to change in any stack" in line for line in sde("up", "--all", "--yes", "--engine", "pulumi"))
    sde("destroy", "--all", "--yes", "--engine", "pulumi")
    assert count(database) == 0


def nothing_to_change(lines: list[str]) -> int:
    return sum("Nothing to change." in line for line in lines)
