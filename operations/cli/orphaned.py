"""Orphaned stacks: deployed, but without a request in the estate. They are reported until they are destroyed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from formats.errors import InputError, Refused

if TYPE_CHECKING:
    from operations.cli.session import Session
    from operations.cli.stack_catalog import Stack


def refuse_orphaned_names(session: Session, names: Sequence[str]) -> None:
    """Raise `InputError` if an orphaned stack is named, for commands that need its request."""
    if set(names) <= {stack.name for stack in session.catalog.stacks}:
        return
    named = [stack for stack in session.orphaned if stack.name in names]
    if named:
        raise InputError("\n".join(map(_message, named)))


def warn_of_orphaned(session: Session, everything: bool) -> Sequence[Stack]:
    """Print a warning for each orphaned stack, before the work of a command on all stacks. Return these stacks."""
    found = session.orphaned if everything else []
    for stack in found:
        session.output.warn(_message(stack), kind="orphaned", stack=stack.name)
    return found


def refuse_orphaned(orphaned: Sequence[Stack]) -> None:
    """Raise `Refused` for orphaned stacks, after the work on the others."""
    if orphaned:
        raise Refused("\n".join(map(_message, orphaned)))


def _message(stack: Stack) -> str:
    return (
        f"{stack.name} is deployed and the estate no longer has its request: "
        f"restore the file, or scripts/sde destroy {stack.name}"
    )
