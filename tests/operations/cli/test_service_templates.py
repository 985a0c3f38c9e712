"""A tenancy for synthetic data comes up, changes and ends by itself, beside the deployed sample estate.

`test_data_classes.py` deploys tenancies of the other templates.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from operations.estate.templates import service_template
from operations.settings import Settings
from tests.kept_hosts import main
from tests.made_once import deployed_estate
from tests.operations.estates import change

Run = Callable[..., tuple[int, str, str]]
SYNTHETIC, PATIENTS = "tre-sample-course", "tre-hcm-progression"


@pytest.fixture
def sde(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs commands on a copy of the deployed sample estate, with the example of the template `synthetic` as well."""
    shutil.copytree(deployed_estate(), tmp_path, dirs_exist_ok=True)
    request = service_template("synthetic").example_request(datetime.now(UTC).date())
    request_of(tmp_path, SYNTHETIC).write_text(yaml.safe_dump(request))
    settings = Settings.load({"SDE_HOME": str(tmp_path / "home"), "PATH": "/nowhere"})

    def run(*arguments: str) -> tuple[int, str, str]:
        code = main(["--engine", "embedded", "--estate", str(tmp_path / "estate"), *arguments], settings=settings)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


def request_of(folder: Path, stack: str) -> Path:
    return folder / f"estate/requests/{stack.removeprefix('tre-')}.yaml"


def done(result: tuple[int, str, str]) -> str:
    assert result[0] == 0, result[2] + result[1][-2000:]
    return result[1]


def test_a_tenancy_for_synthetic_data_comes_up_changes_and_ends_by_itself(sde: Run, tmp_path: Path) -> None:
    done(sde("up", SYNTHETIC, "--yes"))
    events = map(json.loads, done(sde("preview", SYNTHETIC, "--json")).splitlines())
    (resources,) = (event["plan"]["resources"] for event in events if event["event"] == "plan")
    assert {resource["operation"] for resource in resources} == {"same", "read"}
    logical = {resource["urn"].rpartition("::")[2] for resource in resources}
    assert "export-asked" in logical
    assert not any("import" in name or "staging" in name for name in logical)
    done(sde("policy", "flows", "--all"))

    change(request_of(tmp_path, SYNTHETIC), lambda data: data.update(tiers={"cool_after_days": 60}))
    assert "created" in done(sde("up", SYNTHETIC, "--yes"))
    assert "No deployed tenancy has ended." in done(sde("destroy", "--ended", "--yes"))
    assert sde("destroy", "--ended", "--all")[0] == 2
    ended_tenancies_are_destroyed(sde, tmp_path)


def ended_tenancies_are_destroyed(sde: Run, tmp_path: Path) -> None:
    """A request that says `synthetic` does not make a tenancy with an import airlock one without patient data."""
    today = datetime.now(UTC).date()
    dates = {"approved_on": today - timedelta(days=30), "expires": today}
    course = yaml.safe_load(request_of(tmp_path, SYNTHETIC).read_text())
    kept = {key: course[key] for key in ("template", "data_class", "desks", "tiers")}
    change(request_of(tmp_path, SYNTHETIC), lambda data: data.update(dates))
    change(request_of(tmp_path, PATIENTS), lambda data: data.update(kept | dates))
    code, out, err = sde("destroy", "--ended", "--yes")
    assert (code, SYNTHETIC in out) == (3, True), err
    assert f"{PATIENTS}: its resources have the data class de-identified, it has an import airlock" in err
    states = {one["name"]: one["state"] for one in map(json.loads, done(sde("stacks", "--json")).splitlines())}
    assert [name for name, state in states.items() if state == "not up"] == [SYNTHETIC]
    entries = [json.loads(line) for line in done(sde("history", "--json")).splitlines()]
    assert any("its end is past" in json.dumps(entry) for entry in entries)
