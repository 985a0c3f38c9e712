"""`sde history`."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated

import typer

from formats.errors import InputError
from operations.cli.ledgerview import history_of
from operations.cli.options import command
from operations.cli.session import Session
from operations.cli.targets import STDOUT, refuse_unwritable, write_text
from operations.history.changes import changes_of, what_became

_MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")


class HistoryFormat(StrEnum):
    """The form of a history: a list, or the register of changes."""

    TEXT = "text"
    MARKDOWN = "markdown"
    CSV = "csv"
    JSON = "json"


@command()
def history(
    session: Session,
    stack: Annotated[str | None, typer.Argument(metavar="STACK", help="Only this stack.", show_default=False)] = None,
    *,
    month: Annotated[
        str, typer.Option(metavar="YYYY-MM", help="Only entries of this month (UTC).", show_default="all")
    ] = "",
    format_: Annotated[
        HistoryFormat,
        typer.Option("--format", "-f", help="All but text: the register, with what each change means and who can now "
                     "do what."),
    ] = HistoryFormat.TEXT,
    output: Annotated[
        str, typer.Option("--output", "-o", metavar="FILE", help="The file to write.", show_default="- (stdout)")
    ] = STDOUT,
) -> None:  # fmt: skip
    """List the changes and refusals that the ledger has: when, what, who, and what became of them.

    Example: sde history tre-hcm-progression, or sde history --month 2026-10 --format csv -o october.csv.
    """
    if month and not _MONTH.fullmatch(month):
        raise InputError("This is no month.", key="--month", found=month, allowed="a year and a month, such as 2026-11")
    if format_ is not HistoryFormat.TEXT:
        _write_register(session, stack, month, format_, output)
        return
    if output != STDOUT:
        raise InputError("--output needs the format of a register.", key="--format", found=format_,
                         allowed="markdown, csv, json")  # fmt: skip
    ledger = session.ledger(session.ledger_cloud)
    found = [(number, entry) for number, entry in ledger.entries() if stack in (None, *entry.stacks)]
    changes = [one for one in changes_of(found) if one.entry.time.startswith(month)]
    for one in changes:
        entry, result = one.entry, one.result
        session.output.emit({
            "change": one.number, "time": entry.time, "stacks": entry.stacks, "command": entry.command,
            "result": what_became(entry, result), "who": entry.who.model_dump(exclude_none=True),
            "counts": dict((result or entry).counts), "reason": (result and result.reason) or entry.reason,
            "parts": [{"kind": part.kind, "reason": part.reason, "details": part.details} for part in one.parts],
            "objects": dict(entry.objects),
        })  # fmt: skip
    if not session.output.json:
        if changes:
            history_of(changes).show(session.output.text_console)
        else:
            session.output.say("The ledger has no such entry." if found else "The ledger has no entries.", style="dim")


def _write_register(session: Session, stack: str | None, month: str, form: HistoryFormat, target: str) -> None:
    from operations.history import register_formats  # noqa: PLC0415 - imports the policies
    from operations.history.register import register_of  # noqa: PLC0415

    refuse_unwritable(target)
    register = register_of(session.ledger(session.ledger_cloud), stack, month)
    write = {HistoryFormat.MARKDOWN: register_formats.as_markdown, HistoryFormat.CSV: register_formats.as_csv}
    text = write.get(form, register_formats.as_json)(register)
    if target == STDOUT:
        session.output.line(text.rstrip("\n"))
        return
    write_text(session, target, "register", text)
    session.output.say(f"wrote {target}")
