"""Plain `pulumi` warns where the estate has changed since the stack's configuration was rendered."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from formats.stack_names import RENDERED
from infra.stale_configuration import warning


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The comparisons that ran, each of which finds one stack's file stale."""
    found: list[Any] = []

    def run(command: object, **options: Any) -> Any:
        found.append(options["env"])
        stale = json.dumps({"event": "stale", "file": "/estates/Pulumi.platform.yaml"})
        return SimpleNamespace(returncode=1, stdout=stale)

    monkeypatch.setattr(subprocess, "run", run)
    return found


def project(tmp_path: Path) -> Path:
    (tmp_path / "estate").mkdir()
    return tmp_path


def test_only_the_stack_whose_file_differs_is_warned_of(tmp_path: Path, runs: list[Any]) -> None:
    root = project(tmp_path)
    secret = {"PATH": "/bin", "PULUMI_CONFIG_PASSPHRASE": "secret"}
    assert "run scripts/sde render" in str(warning("platform", root, secret))
    assert warning("safe-haven", root, secret) is None
    assert runs == [{"PATH": "/bin"}] * 2


def test_nothing_is_compared_where_sde_has_rendered_or_the_estate_is_elsewhere(tmp_path: Path, runs: list[Any]) -> None:
    path = {"PATH": "/bin"}
    assert warning("platform", tmp_path, path) is None
    root = project(tmp_path)
    assert warning("platform", root, path | {RENDERED: "1"}) is None
    assert warning("platform", root, {"LANG": "C"}) is None
    assert runs == []
    assert warning("platform", root, path)


def test_an_estate_that_cannot_be_read_is_not_passed_over_in_silence(tmp_path: Path) -> None:
    assert "cannot be read" in str(warning("platform", project(tmp_path), {"PATH": "/nowhere"}))
