from __future__ import annotations

from pathlib import Path

import pytest

from operations.settings import Settings
from tests.operations.cli.fakes import CliRunner, FakeCatalog, stack


@pytest.fixture
def sde(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> CliRunner:
    """Platform, safe-haven on it, and a tenancy on both; beside them a stack for real Azure."""
    stacks = [
        stack("platform"),
        stack("safe-haven", "platform"),
        stack("tre-heart", "platform", "safe-haven"),
        stack("platform-north", cloud="azure"),
    ]
    return CliRunner(capsys, Settings.load({"SDE_HOME": str(tmp_path), "PATH": "/nowhere"}), FakeCatalog(stacks))
