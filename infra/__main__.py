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
from infra.stacks.programs import bring_up

if __name__ == "__main__":
    bring_up(load(pulumi.get_stack()))
