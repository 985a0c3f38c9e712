"""`sde ledger note`."""

from __future__ import annotations

from typing import Annotated

import typer

from formats.errors import InputError, Refused
from operations.cli.options import Stacks, command
from operations.cli.recorded import Recorder
from operations.cli.session import Session
from operations.ledger.entry import MAX_REASON, UNPERMITTED


@command(accepts_orphaned=True)
def note(
    session: Session,
    *,
    stacks: Stacks = None,
    reason: Annotated[str, typer.Option("--break-glass", metavar="TEXT", help="Who used it, where, when and why.")],
) -> None:
    """Record that the break-glass key was used, which nothing in Azure tells. The entry names who says so.

    In an estate with a route that uses the permit break-glass of each stack up. A use without one is recorded too, as
    such, and the command exits 3.

    Example: sde ledger note platform --break-glass "On call, 3 May 02:10 to 02:40: Entra was down".
    """
    if not reason.strip() or len(reason) > MAX_REASON:
        raise InputError("The reason cannot be used.", key="--break-glass", allowed=f"1 to {MAX_REASON:,} characters")
    chosen = session.chosen(stacks, not stacks)
    if not chosen:
        raise InputError("This estate has no stack.")
    recorder, problems = Recorder(session, "ledger note"), list[str]()
    for stack in chosen:
        permit, why = session.permits.break_glass(stack)
        problems += [why] if why else []
        number = recorder.break_glass(stack, f"{UNPERMITTED}{reason}" if why else reason, permit)
        session.output.emit({"event": "noted", "stack": stack.name, "entry": number, "permitted": not why})
        session.output.say(f"{stack.name}: recorded as entry {number}.", style="yellow" if why else "green")
    if problems:
        raise Refused("\n".join(problems))
