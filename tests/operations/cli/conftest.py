from __future__ import annotations

from pathlib import Path

import pytest

from operations.cli.permits import Permits
from operations.settings import Settings
from tests.operations.cli.fakes import CliRunner, FakeCatalog, stack


@pytest.fixture
def sde(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    """A platform, a safe haven that requires it, a tenancy that requires both; and a stack in real Azure.

    No permits are required: these stacks are of no estate.
    """
    monkeypatch.setattr(Permits, "_are_required", lambda *_: False)
    stacks = [
        stack("platform"),
        stack("safe-haven", "platform"),
        stack("tre-heart", "platform", "safe-haven"),
        stack("platform-north", cloud="azure"),
    ]
    return CliRunner(capsys, Settings.load({"SDE_HOME": str(tmp_path), "PATH": "/nowhere"}), FakeCatalog(stacks))


@pytest.fixture
def local_azure(tmp_path: Path) -> None:
    """A database of the local Azure, without which no stack can be refreshed."""
    (tmp_path / "local").mkdir()
    (tmp_path / "local/azure.db").touch()
