"""A warning of plain `pulumi` where the estate's files have changed since a stack's configuration was rendered."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from formats.stack_names import RENDERED

_COMMAND = (sys.executable, "-m", "operations", "render", "--check", "--json")
_SECONDS = 60.0


def warning(stack: str, root: Path, environ: Mapping[str, str]) -> str | None:
    """Return why a stack's configuration may not be what the estate's files state; None if it is.

    `root`: the folder of the project. Only its own `estate/` is compared: other estates have their files elsewhere.
    Nothing is compared in a run by `sde`, which has just rendered the configuration: its program hosts set no PATH.
    """
    if environ.get(RENDERED) or "PATH" not in environ or not (root / "estate").is_dir():
        return None
    own = {name: value for name, value in environ.items() if not name.startswith("PULUMI_")}  # secrets among them
    try:
        done = subprocess.run(  # noqa: S603 - our own module
            _COMMAND, cwd=root, env=own, capture_output=True, text=True, timeout=_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return f"Pulumi.{stack}.yaml was not compared with the estate's files: run scripts/sde render --check."
    if done.returncode == 0:
        return None
    records = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    stale = {Path(one["file"]).name for one in records if one.get("event") == "stale"}
    if stale:
        return _stale(stack, stale)
    return "The estate's files cannot be read, so the configuration was not compared: run scripts/sde validate."


def _stale(stack: str, files: set[str]) -> str | None:
    if f"Pulumi.{stack}.yaml" not in files:
        return None
    return (f"The estate's files have changed since Pulumi.{stack}.yaml was rendered: run scripts/sde render, then "
            "repeat this command.")  # fmt: skip
