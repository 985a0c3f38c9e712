"""The resources that stacks declare, learned by deploying them to a local Azure that is thrown away.

Before its first deployment a stack that reads outputs of another has no plan. Here every stack is deployed, so that
each id and reference is known. Nothing of the stacks' real state, or of their cloud, is read or changed.
"""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

from formats.plan import Plan
from local_azure import create_providers
from operations.engine.embedded.engine import EmbeddedEngine
from operations.engine.port import StackSettings
from operations.engine.program_process import ProgramProcess


def declared(stacks: Sequence[StackSettings], root: Path, program_seconds: float) -> Iterator[Plan]:
    """Yield the resources of each stack as a Plan. `stacks` are in dependency order, required ones included."""
    with _scratch(root, program_seconds) as (engine, folder):
        for stack in stacks:
            scratch = replace(stack, file=folder / stack.file.name)
            engine.up(scratch)
            yield engine.current_state([scratch])[stack.name]


def planned(
    stacks: Sequence[StackSettings], required: Sequence[StackSettings], root: Path, program_seconds: float
) -> Iterator[tuple[Plan, tuple[Plan, ...]]]:
    """Yield the plan of each stack before its first deployment, with the states of all that they require.

    `required`: what they require, in dependency order.
    """
    with _scratch(root, program_seconds) as (engine, folder):
        files = [replace(one, file=folder / one.file.name) for one in required]
        for one in files:
            engine.up(one)
        states = tuple(engine.current_state(files).values())
        for stack in stacks:
            yield engine.preview(replace(stack, file=folder / stack.file.name)), states


@contextmanager
def _scratch(root: Path, program_seconds: float) -> Iterator[tuple[EmbeddedEngine, Path]]:
    """Give an engine with an empty state and an empty local Azure, and the folder of its files."""
    with tempfile.TemporaryDirectory(prefix="sde-") as name:
        folder = Path(name)
        (folder / "state").mkdir()
        providers = partial(create_providers, folder / "azure.db", any_subscription=True)
        passphrase = secrets.token_urlsafe()
        program = ProgramProcess(root, program_seconds)
        engine = EmbeddedEngine(root, folder / "state", providers, lambda: passphrase, program)
        try:
            yield engine, folder
        finally:
            engine.close()
