"""`sde ledger note`."""

from __future__ import annotations

from typing import Annotated

import typer

from formats.errors import InputError
from operations.cli.options import Stacks, command
from operations.cli.recorded import Recorder
from operations.cli.session import Session
from operations.ledger.entry import MAX_REASON


@command(accepts_orphaned=True)
def note(
    session: Session,
    *,
    stacks: Stacks = None,
    reason: Annotated[str, typer.Option("--break-glass", metavar="TEXT", help="Who used it, where, when and why.")],
) -> None:
    """Record that the break-glass key was used, which nothing in Azure tells. The entry names who says so."""
    if not reason.strip() or len(reason) > MAX_REASON:
        raise InputError("The reason cannot be used.", key="--break-glass", allowed=f"1 to {MAX_REASON:,} characters")
    chosen = session.chosen(stacks, not stacks)
    if not chosen:
        raise InputError("This estate has no stack.")
    number = Recorder(session, "ledger note").break_glass(chosen, reason)
    session.output.emit({"event": "noted", "entry": number})
    session.output.say(f"recorded as entry {number}.", style="green")
