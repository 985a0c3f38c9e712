"""`sde history`."""

from __future__ import annotations

from typing import Annotated

import typer

from operations.cli.ledgerview import changes_of, history_of, what_became
from operations.cli.options import command
from operations.cli.session import Session


@command()
def history(
    session: Session,
    stack: Annotated[str | None, typer.Argument(metavar="STACK", help="Only this stack.", show_default=False)] = None,
) -> None:
    """List the changes and refusals that the ledger has: when, what, who, and what became of them."""
    ledger = session.ledger(session.ledger_cloud)
    found = [(number, entry) for number, entry in ledger.entries() if stack in (None, *entry.stacks)]
    for number, entry, result in changes_of(found):
        session.output.emit({
            "change": number, "time": entry.time, "stacks": entry.stacks, "command": entry.command,
            "result": what_became(entry, result), "who": entry.who.model_dump(exclude_none=True),
            "counts": dict((result or entry).counts), "reason": (result and result.reason) or entry.reason,
            "objects": dict(entry.objects),
        })  # fmt: skip
    if not session.output.json:
        if found:
            session.output.text_console.print(history_of(found))
        else:
            session.output.say("The ledger has no entries.", style="dim")
