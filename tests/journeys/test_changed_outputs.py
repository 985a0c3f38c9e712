"""Outputs of the platform that its program adds, changes or removes while the other stacks are deployed."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from operations.settings import ROOT
from tests.journeys.conftest import Workspace

Exports = Callable[[Mapping[str, Any]], None]
READERS = "junction-zone, safe-haven, tre-hcm-progression"
PROGRAM = """
import json, runpy
import pulumi

VALUES = json.loads({values!r})
real = pulumi.export

def export(name, value):
    value = VALUES.get(name, value) if pulumi.get_stack() == "platform" else value
    if value is not None:
        real(name, value)

pulumi.export = export
runpy.run_path({program!r}, run_name="__main__")
"""


@pytest.fixture
def exports(deployed: Workspace, tmp_path: Path) -> Exports:
    """Returns a function that changes exports of the platform's program. None removes one."""

    def change(values: Mapping[str, Any]) -> None:
        program = tmp_path / "project/infra/__main__.py"
        program.parent.mkdir(parents=True)
        program.write_text(PROGRAM.format(values=json.dumps(values), program=str(ROOT / "infra")))
        shutil.copy(ROOT / "Pulumi.yaml", tmp_path / "project")
        deployed.project = tmp_path / "project"

    return change


def test_an_output_that_deployed_stacks_read_is_not_removed(deployed: Workspace, exports: Exports) -> None:
    exports({"log_workspace_id": None})
    text = deployed.sde("up", "platform", "--yes", code=3)
    assert "no resource changes, 1 output changes" in text
    assert f"platform: output log_workspace_id is removed; read by {READERS}" in text
    assert "log_workspace_id" in deployed.sde("outputs", "platform")
    deployed.sde("preview", "tre-hcm-progression")


def test_outputs_change_without_resources(deployed: Workspace, exports: Exports) -> None:
    resources = json.loads(deployed.checkpoint("platform").read_text())["checkpoint"]["latest"]["resources"]
    outputs = next(r["outputs"] for r in resources if r["type"] == "pulumi:pulumi:Stack")
    other = outputs["vault_name"]  # a name of this stack too, which OU1 permits
    exports({"group_name": other})
    text = deployed.sde("up", "platform", "--yes")
    assert "Nothing to change" not in text
    assert "no resource changes, 1 output changes" in text
    assert f"platform: output group_name is changed; read by {READERS}" in text
    assert re.search(rf'group_name +"{other}"', deployed.sde("outputs", "platform"))
    assert "Nothing to change" in deployed.sde("preview", "platform")
