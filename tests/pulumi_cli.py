"""Where the official Pulumi CLI is on this machine, for the tests that run it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from operations.settings import Settings

_SEARCHED = os.pathsep.join([os.environ.get("PATH", os.defpath), str(Settings.load().built_cli.parent)])


def _found(name: str) -> Path | None:
    command = shutil.which(name, path=_SEARCHED)
    return Path(command).absolute() if command else None


CLI = _found("pulumi")
"""The `pulumi` on PATH, else the one that `scripts/pulumi-cli` built."""

needs_cli = pytest.mark.skipif(CLI is None, reason="the Pulumi CLI is neither on PATH nor built: scripts/pulumi-cli")
needs_python_host = pytest.mark.skipif(
    CLI is None or _found("pulumi-language-python") is None,
    reason="pulumi-language-python, the CLI's host of Python programs, is not on PATH",
)
"""Only for tests of the language host itself: all others run the program without it."""
