"""Find the Pulumi CLI on this machine and check its version."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from semver import Version

from formats.errors import InputError
from operations.settings import Settings

INSTALL = "install the Pulumi CLI: https://www.pulumi.com/docs/iac/download-install/"
OLDEST_VERSION = Version(3, 260)
"""The oldest version whose previews, events, update plans and state have the format that this project reads."""
FIRST_INCOMPATIBLE_VERSION = Version(4)
"""The first version that may be incompatible with the Python SDK."""


def on_path(settings: Settings) -> Path | None:
    """Return the `pulumi` on PATH, or None. `InputError` if it is too old or prints no version."""
    command = shutil.which("pulumi", path=settings.environ.get("PATH"))
    return _usable(Path(command).absolute(), settings) if command else None


def built(settings: Settings) -> Path | None:
    """Return the CLI that `scripts/pulumi-cli` built, or None."""
    command = settings.built_cli
    return _usable(command, settings) if command.exists() else None


def _usable(command: Path, settings: Settings) -> Path | None:
    """Return the command, or None if it does not run, such as a broken link or another platform's binary."""
    try:
        environment = {**settings.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"}
        done = subprocess.run([command, "version"], env=environment, capture_output=True, timeout=30, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return None
    if done.returncode != 0:
        return None
    printed = done.stdout.decode(errors="replace").strip()
    try:
        version = Version.parse(printed.removeprefix("v"))
    except ValueError:
        raise _incompatible(command, "The version of the Pulumi CLI cannot be read.", printed) from None
    if version < OLDEST_VERSION:
        raise _incompatible(command, "The Pulumi CLI is too old for this project.", printed)
    if version >= FIRST_INCOMPATIBLE_VERSION:
        raise _incompatible(command, "The Pulumi CLI is too new for this project.", printed)
    return command


def _incompatible(command: Path, problem: str, printed: str) -> InputError:
    return InputError(
        problem,
        file=str(command),
        found=printed or "no version",
        allowed=f"{OLDEST_VERSION} or later, and before {FIRST_INCOMPATIBLE_VERSION}",
        fix=f"{INSTALL}; or, for the local Azure alone: --engine embedded",
    )
