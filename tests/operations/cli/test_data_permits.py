"""`up` loses protected data, and closes a provider, with permits of their own alone: with the shipped programs."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from operations.settings import Settings
from tests.kept_hosts import main
from tests.made_once import deployed_estate
from tests.operations.estates import change

Run = Callable[..., tuple[int, str, str]]
REASON = ("--reason", "The provider has left; see the minutes", "--demo-keys")


@pytest.fixture
def sde(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs commands on a copy of the deployed sample estate, with a route."""
    shutil.copytree(deployed_estate(), tmp_path, dirs_exist_ok=True)
    (tmp_path / "estate/route.yaml").write_text("route: west-midlands\n")
    settings = Settings.load({"SDE_HOME": str(tmp_path / "home"), "PATH": "/nowhere"})

    def run(*arguments: str) -> tuple[int, str, str]:
        code = main(["--engine", "embedded", "--estate", str(tmp_path / "estate"), *arguments], settings=settings)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


def without_last_provider(estate: Path) -> str:
    """Remove the last provider of the estate, and return its code."""
    codes: list[str] = []

    def edit(data: Any) -> None:
        systems = data["integrated_care_systems"]
        codes.append(systems[-1]["providers"].pop()["code"])
        if not systems[-1]["providers"]:
            systems.pop()

    change(estate / "estate.yaml", edit)
    return codes[0]


def test_a_provider_is_closed_with_a_permit_and_its_container_with_another(sde: Run, tmp_path: Path) -> None:
    code = without_last_provider(tmp_path / "estate")
    container = f"provider-{code.lower()}"
    exit_, _, err = sde("up", "junction-zone", "--yes")
    assert (exit_, f"BlobContainer junction-{container} would be deleted" in err) == (3, True), err
    urn = next(urn for urn in urns(sde) if urn.endswith(f"::junction-{container}") and "BlobContainer::" in urn)
    assert sde("request", "actions", "ask", "destroy-data", "junction-zone", "--target", urn, *REASON)[0] == 0
    exit_, _, err = sde("up", "junction-zone", "--yes")
    assert (exit_, f"close-provider {code}" in err) == (3, True), err
    assert urn in urns(sde)
    assert sde("request", "actions", "ask", "close-provider", "junction-zone", "--target", code, *REASON)[0] == 0
    exit_, out, err = sde("up", "junction-zone", "--yes")
    assert (exit_, err) == (0, "")
    assert "up first deletes the lock junction, and makes it again" in out
    left = urns(sde)
    assert urn not in left
    assert any(one.endswith("ManagementLockByScope::junction") for one in left)
    states = [json.loads(line)["state"] for line in sde("request", "actions", "show", "--json")[1].splitlines()]
    assert states == ["it was used already"] * 2
    assert sde("up", "junction-zone", "--yes")[0] == 0
    code, out, err = sde("ledger", "verify")
    assert (code, err) == (0, ""), out


def urns(sde: Run) -> list[str]:
    """Return the URNs of the junction zone."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "state.json")
        code, _, err = sde("export", "state", "junction-zone", "--output", str(file))
        assert code == 0, err
        exported = json.loads(file.read_text())
    return [one["urn"] for one in exported["deployment"]["resources"]]
