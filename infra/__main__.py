"""The Pulumi program: picks what to bring up by the name of the stack."""

from __future__ import annotations

import sys
from pathlib import Path

# Pulumi runs this folder as a program, so the project's own folder is not where Python looks.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from infra import speed

speed.speed_up()  # before the SDK's own classes are used: see infra/speed.py

import pulumi

from infra.config import load
from infra.errors import BadInput
from infra.stacks.programs import bring_up


class Told(BadInput, pulumi.RunError):
    """What a person wrote and cannot be used. Pulumi's own host prints a `RunError` without a traceback."""


def main() -> None:
    """Brings up the stack that is running."""
    try:
        bring_up(load(pulumi.get_stack()))
    except BadInput as error:
        raise Told(error.problem, file=error.file, key=error.key, found=error.found, allowed=error.allowed,
                   fix=error.fix) from None  # fmt: skip


if __name__ == "__main__":
    main()
