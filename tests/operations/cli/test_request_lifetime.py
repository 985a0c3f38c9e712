"""An estate whose secrets or request expired, or whose request was removed: with the shipped programs.

`test_expiry.py` and `test_orphaned.py` have the same for every command, without a program.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from operations.settings import Settings
from tests.kept_hosts import main
from tests.made_once import deployed_estate
from tests.operations.estates import change, snapshot

Run = Callable[..., tuple[int, str, str]]
TENANCY = "tre-hcm-progression"
MESSAGE = f"{TENANCY} is deployed and the estate no longer has its request"
EVALUATIONS = (("policy", "check", "--all"), ("policy", "flows", "--all"))


@pytest.fixture
def sde(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs commands on a copy of the deployed sample estate."""
    shutil.copytree(deployed_estate(), tmp_path, dirs_exist_ok=True)
    settings = Settings.load({"SDE_HOME": str(tmp_path / "home"), "PATH": "/nowhere"})

    def run(*arguments: str) -> tuple[int, str, str]:
        code = main(["--engine", "embedded", "--estate", str(tmp_path / "estate"), *arguments], settings=settings)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


@contextmanager
def edited(file: Path) -> Iterator[Path]:
    before = file.read_bytes()
    yield file
    file.write_bytes(before)


def test_a_tenancy_without_a_valid_request(sde: Run, tmp_path: Path) -> None:
    assert sde("render")[0] == 0
    request = tmp_path / "estate/requests/hcm-progression.yaml"
    (configuration,) = (tmp_path / "home/config").rglob(f"Pulumi.{TENANCY}.yaml")

    with edited(tmp_path / "estate/estate.yaml") as file:
        expired_secrets_stop_the_safe_haven(sde, file)
    with edited(request):
        change(request, lambda data: data.update(expires=datetime.now(UTC).date()))
        an_expired_request_stops_its_own_stack(sde, tmp_path)
    with edited(request):
        request.unlink()
        commands_report_the_orphaned_stack(sde, *EVALUATIONS)
        with edited(configuration):
            configuration.unlink()
            commands_report_the_orphaned_stack(sde, ("policy", "check", "--all"))
    assert states(sde)[TENANCY] == "up", "the request is restored"

    request.unlink()
    configuration.unlink()
    assert sde("destroy", TENANCY, "--yes")[0] == 0
    assert sde("up", "--all", "--yes")[::2] == (0, "")


def expired_secrets_stop_the_safe_haven(sde: Run, file: Path) -> None:
    today = datetime.now(UTC).date()
    change(file, lambda data: data.update(secrets_expire=today))
    code, _, err = sde("up", "safe-haven", "--yes")
    assert code == 3
    assert f"Set a later day in {file}, then scripts/sde up safe-haven: that renews the secrets." in err
    assert sde("up", TENANCY, "--yes")[::2] == (0, "")
    change(file, lambda data: data.update(secrets_expire=today + timedelta(100)))
    code, out, err = sde("up", "safe-haven", "--yes")
    assert (code, err) == (0, "")
    assert "1 to update" in out


def all_but_records(folder: Path) -> Mapping[Path, bytes]:
    """Return every file below a folder but those of the ledger, which records a refusal too, and of the cache."""
    return {file: content for file, content in snapshot(folder).items() if {"ledger", "cache"}.isdisjoint(file.parts)}


def an_expired_request_stops_its_own_stack(sde: Run, tmp_path: Path) -> None:
    before = all_but_records(tmp_path)
    code, _, err = sde("up", TENANCY, "--yes")
    assert (code, all_but_records(tmp_path) == before) == (3, True)
    assert f"{TENANCY} was not changed" in err

    for command in (("up", "platform", "--yes"), ("policy", "check", "platform"), ("render", "--check"), ("stacks",),
                    ("policy", "flows", "--all")):  # fmt: skip
        assert sde(*command)[0] == 0, command
    code, out, err = sde("preview", TENANCY)
    assert "to update" in out
    assert f"up refuses {TENANCY}" in err


def states(sde: Run) -> dict[str, str]:
    """Return the state of each stack."""
    return {line["name"]: line["state"] for line in map(json.loads, sde("stacks", "--json")[1].splitlines())}


def commands_report_the_orphaned_stack(sde: Run, *commands: tuple[str, ...]) -> None:
    found = states(sde)
    assert (found[TENANCY], found["platform"]) == ("orphaned", "up")
    for command in commands:
        code, out, err = sde(*command, "--json")
        assert (code, f"error: {MESSAGE}" in err) == (3, True), command
        evaluated = [line for line in map(json.loads, out.splitlines()) if "event" in line]
        assert all(TENANCY in json.dumps(line) for line in evaluated if line["event"] in ("verdict", "flows"))
    assert sde("preview", TENANCY)[::2] == (2, sde("up", TENANCY, "--yes")[2])
    assert MESSAGE in sde("up", TENANCY, "--yes")[2]
