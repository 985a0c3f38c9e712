"""The Pulumi CLI on this machine: where it is, and whether it is one that this project works with."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from semver import Version

from formats.errors import InputError
from operations.settings import Settings

INSTALL = "install the Pulumi CLI: https://www.pulumi.com/docs/iac/download-install/"
OLDEST = Version(3, 260)
"""The oldest whose previews, events, update plans and state are known to be as we read them."""
TOO_NEW = Version(4)
"""The first that may have broken what the Python SDK relies on."""


def on_path(settings: Settings) -> Path | None:
    """Return the `pulumi` on PATH, or None. `InputError` if it is too old or prints no version."""
    command = shutil.which("pulumi", path=settings.environ.get("PATH"))
    return _usable(Path(command).absolute(), settings) if command else None


def built(settings: Settings) -> Path | None:
    """The CLI that `scripts/pulumi-cli` built; None where it did not."""
    command = settings.built_cli
    return _usable(command, settings) if command.exists() else None


def _usable(command: Path, settings: Settings) -> Path | None:
    """The command, if it runs: a broken link, or another machine's binary, is as good as none."""
    try:
        environment = {**settings.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"}
        done = subprocess.run([command, "version"], env=environment, capture_output=True, timeout=30, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return None
    if done.returncode != 0:
        return None
    said = done.stdout.decode(errors="replace").strip()
    try:
        version = Version.parse(said.removeprefix("v"))
    except ValueError:
        raise _unfit(command, "The version of the Pulumi CLI cannot be read.", said) from None
    if version < OLDEST:
        raise _unfit(command, "The Pulumi CLI is too old for this project.", said)
    if version >= TOO_NEW:
        raise _unfit(command, "The Pulumi CLI is too new for this project.", said)
    return command


def _unfit(command: Path, problem: str, said: str) -> InputError:
    return InputError(
        problem,
        file=str(command),
        found=said or "no version",
        allowed=f"{OLDEST} or later, and before {TOO_NEW}",
        fix=f"{INSTALL}; or, for the local Azure alone: --engine embedded",
    )
