"""The stacks that cannot be planned yet, because they read the outputs of others that are not up."""

from __future__ import annotations

from collections.abc import Sequence

from formats.errors import InputError
from operations.cli.session import Session
from operations.cli.stack_catalog import Stack

Waiting = tuple[Stack, list[str]]
"""A stack, and the stacks that it requires and that are not up."""


def waiting_stacks(session: Session, stacks: Sequence[Stack]) -> list[Waiting]:
    """Return the stacks that cannot be planned, with the stacks that they require and that are not up."""
    by_name = {s.name: s for s in session.catalog.stacks}

    def missing(stack: Stack) -> list[str]:
        return [name for name in stack.requires if not session.is_deployed(by_name[name])]

    return [(stack, names) for stack in stacks if (names := missing(stack))]


def split(session: Session, stacks: Sequence[Stack]) -> tuple[list[Stack], list[Waiting]]:
    """Return the stacks that can be planned, and those that wait for another to be up."""
    waiting = waiting_stacks(session, stacks)
    names = {stack.name for stack, _ in waiting}
    return [stack for stack in stacks if stack.name not in names], waiting


def refuse_waiting(waiting: Sequence[Waiting]) -> None:
    """Raise `InputError` for stacks that read the outputs of stacks that are not up."""
    if not waiting:
        return
    first = sorted({name for _, missing in waiting for name in missing})
    lines = [f"  {stack.name} requires {' and '.join(missing)}" for stack, missing in waiting]
    raise InputError(
        "Some stacks cannot be planned yet:\n" + "\n".join(lines),
        found=f"not up: {', '.join(first)}",
        fix=f"scripts/sde up {waiting[0][1][0]}",
    )
