"""The commands on the sample estate, with the shipped programs, the embedded engine and the local Azure."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from operations.settings import ROOT, Settings
from tests.kept_hosts import main
from tests.operations.estates import copy_with_ways_in

Run = Callable[..., tuple[int, str, str]]
STACKS = ["platform", "junction-zone", "safe-haven", "tre-hcm-progression"]


@pytest.fixture
def sde(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs commands on a copy of the sample estate with one tenancy, with its own home."""
    copy_with_ways_in(tmp_path / "estate")
    settings = Settings.load({"SDE_HOME": str(tmp_path / "home"), "PATH": "/nowhere"})

    def run(*arguments: str) -> tuple[int, str, str]:
        engine = () if arguments[0] in ("request", "register") else ("--engine", "embedded")
        code = main([*arguments, *engine, "--estate", str(tmp_path / "estate")], settings=settings)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


def local(sde: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> list[dict[str, str]]:
    settings = Settings.load({"SDE_HOME": str(tmp_path / "home")})
    assert main(["local", "list", "--json"], settings=settings) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_the_sample_estate_from_up_to_destroy(sde: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = sde("up", "--all", "--yes", "--cloud", "local")
    assert (code, err) == (0, "")
    assert "Where to look next" in out

    code, out, _ = sde("stacks", "--json")
    found = [json.loads(line) for line in out.splitlines()]
    assert [s["name"] for s in found] == STACKS
    assert all(s["state"] == "up" and s["resources"] > 20 for s in found)

    code, out, _ = sde("up", "--all", "--yes")
    assert code == 0
    assert "Nothing to change in any stack" in out

    every_policy_passes_without_exemption(sde)
    changed_tag_shows_that_path_alone(sde, tmp_path)

    for what in ("plan", "arm", "state"):
        assert sde("export", what, "platform", "-o", str(tmp_path / what))[0] == 0
        assert json.loads((tmp_path / what).read_text())

    code, _, err = sde("destroy", "platform", "--yes")
    assert code == 3
    assert "junction-zone safe-haven tre-hcm-progression" in err

    assert sde("destroy", "--all", "--yes")[0] == 0
    assert [entry for entry in local(sde, tmp_path, capsys) if entry["held_until"] is None] == []

    assert sde("up", "platform", "--yes")[0] == 0  # the others come back like it
    assert "Nothing to change" in sde("preview", "platform")[1]


def test_every_kind_of_tenancy_in_the_sample_estate_comes_up_and_needs_no_change(sde: Run, tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / "estate")
    shutil.copytree(ROOT / "estate", tmp_path / "estate", ignore=shutil.ignore_patterns("approvals"))
    assert sde("request", "approve", "--all", "--demo-keys")[0] == 0
    code, out, err = sde("up", "--all", "--yes")
    assert (code, err) == (0, "")
    assert "8 stacks" in out
    assert re.search(r"The whole estate\n +policies: [\d,]+ checks pass", out)
    code, out, _ = sde("preview", "--all")
    assert (code, out.count("Nothing to change.")) == (0, 8)
    assert {one["status"] for one in json.loads(sde("register", "--format", "json")[1])["projects"]} == {"active"}
    code, _, err = sde("destroy", "--all", "--yes")
    assert code == 3
    assert "no permit for\n  close-tenancy tre-waiting-times" in err
    assert sde("destroy", "--all", "--yes", "--demo-keys")[0] == 0
    assert all(json.loads(line)["state"] != "up" for line in sde("stacks", "--json")[1].splitlines())
    for file in (tmp_path / "estate/requests").iterdir():
        file.unlink()
    found = json.loads(sde("register", "--format", "json")[1])["projects"]
    assert [(one["status"], one["lead_organisation"]) for one in found].count(("ended", "Aldergate University")) == 1
    assert len(found) == 4


def every_policy_passes_without_exemption(sde: Run) -> None:
    code, out, _ = sde("policy", "check", "--all", "--json")
    (report,) = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert report["verdict"] == "passed"
    assert report["whole"] is True
    assert sorted(report["stacks"]) == sorted(STACKS)
    assert (report["exemptions"], report["warnings"]) == ([], [])
    assert report["counts"]["pass"] > 1_000


def changed_tag_shows_that_path_alone(sde: Run, tmp_path: Path) -> None:
    """A changed tag in the estate appears in every plan as the only change."""
    file = tmp_path / "estate" / "estate.yaml"
    before = file.read_text()
    file.write_text(before.replace("cost_centre: SDE-0001", "cost_centre: SDE-0002"))
    code, out, _ = sde("preview", "--all", "--json")
    lines = [json.loads(line) for line in out.splitlines()]
    plans = [line["plan"] for line in lines if line["event"] == "plan"]
    changed = [r for plan in plans for r in plan["resources"] if r["operation"] != "same"]
    assert code == 0
    assert len(plans) == len(STACKS)
    assert {r["operation"] for r in changed} <= {"update", "read"}
    assert {tuple(r["changed"]) for r in changed if r["operation"] == "update"} == {('tags["cost-centre"]',)}
    file.write_text(before)


def test_missing_requirements_exit_2(sde: Run) -> None:
    code, _, err = sde("up", "safe-haven", "--yes")
    assert code == 2
    assert "scripts/sde up platform" in err
    code, out, err = sde("preview", "--all")
    assert code == 2
    assert "to create" in out
    assert "tre-hcm-progression requires platform and safe-haven" in err
