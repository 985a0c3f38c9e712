"""An estate of each data class comes up, stays unchanged, and passes every policy."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from operations.cli.app import main
from operations.settings import ROOT, Settings
from tests.operations.estates import change

CONFIDENTIAL = {"size": "Standard_DC4as_v5"}
ORCHESTRATOR = "6c2f3f0e-5a52-4c60-9f1d-1de0b7c3a201"


@pytest.mark.parametrize(
    ("estate", "project", "desk"),
    [
        ("synthetic", "synthetic", {}),
        ("de-identified", "synthetic", {}),
        ("identifiable", "identifiable", CONFIDENTIAL),
    ],
)
def test_an_estate_of_each_data_class_comes_up(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], estate: str, project: str, desk: dict[str, str]
) -> None:
    folder = tmp_path / "estate"
    shutil.copytree(ROOT / "estate", folder)

    def set_project(content: dict[str, Any]) -> None:
        content["data_class"] = project
        content["desk"].update(desk)

    change(
        folder / "estate.yaml",
        lambda content: content.update(data_class=estate, confidential_orchestrator=ORCHESTRATOR),
    )
    change(folder / "requests/hcm-progression.yaml", set_project)
    settings = Settings.load({"SDE_HOME": str(tmp_path / "home"), "PATH": "/nowhere"})

    def run(*arguments: str) -> str:
        code = main([*arguments, "--engine", "embedded", "--estate", str(folder)], settings=settings)
        captured = capsys.readouterr()
        assert code == 0, captured.err + captured.out[-2000:]
        return captured.out

    run("up", "--all", "--yes")
    assert "Nothing to change in any stack" in run("up", "--all", "--yes")
    run("policy", "check", "--all")
    run("policy", "flows", "--all")
