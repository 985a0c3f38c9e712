"""`sde stacks`, `outputs`, `import`, `cancel` and `render`."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from formats.errors import Failed, InputError, SdeError
from operations.cli.expiry import changeable, show_ends
from operations.cli.options import OneStack, command
from operations.cli.output import printable
from operations.cli.recorded import Recorder
from operations.cli.session import Session
from operations.cli.stack_catalog import Stack
from operations.cli.text import plural, shown
from operations.engine.port import StackState
from operations.ledger.entry import shortened


@command(accepts_orphaned=True)
def stacks(
    session: Session,
    *,
    expires_within: Annotated[
        int | None,
        typer.Option("--expires-within", metavar="DAYS", min=0, max=36500, show_default=False,
                     help="Only what ends within so many days, or has ended."),
    ] = None,
) -> None:  # fmt: skip
    """List every stack of the estate: its cloud, state, resources, and the stacks that it requires.

    With --expires-within: what ends soon, the first first, with the file and key that say so; always exit code 0.

    Example: sde stacks --expires-within 90.
    """
    if expires_within is not None:
        show_ends(session, expires_within)
        return
    unreadable: list[InputError] = []
    every = [s for s in (*session.catalog.stacks, *session.catalog.orphaned_stacks) if session.cloud in (None, s.cloud)]
    found = [(stack, _record(session, stack, unreadable)) for stack in every]
    found = [(stack, record) for stack, record in found if not stack.is_orphaned or record["state"] != "not up"]
    records = [record for _, record in found]
    for record in records:
        session.output.emit(record)
    if not session.output.json:
        session.output.text_console.print(_table(found))
    if unreadable:
        raise unreadable[0]


def _record(session: Session, stack: Stack, unreadable: list[InputError]) -> dict[str, Any]:
    """Return the record of one stack. Collect the error of an unreadable state, which the command raises at its end."""
    known, state = None, "not up"
    try:
        known = session.state(stack)
    except InputError as error:
        unreadable.append(error)
        state = "unreadable"
    if known:
        state = _state(stack, known)
    return {
        "name": stack.name,
        "kind": stack.kind,
        "cloud": stack.cloud,
        "cell": stack.cell,
        "state": state,
        "resources": known.resources if known else 0,
        "updated": known.updated if known else None,
        "requires": list(stack.requires),
        "expires": str(stack.expiries[0].day) if stack.expiries else None,
        **({"locked_by": known.locked_by} if known and known.locked_by else {}),
    }


def _state(stack: Stack, known: StackState) -> str:
    if stack.is_orphaned and known.resources:
        return "orphaned"
    if known.locked_by:
        return "locked"
    return "up" if known.resources else "not up"


def _table(records: list[tuple[Stack, dict[str, Any]]]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    for name in ("stack", "cloud", "state"):
        table.add_column(name, no_wrap=True)
    table.add_column("resources", justify="right")
    table.add_column("updated", no_wrap=True)
    table.add_column("expires", no_wrap=True)
    table.add_column("requires", overflow="fold")
    for stack, r in records:
        updated = (r["updated"] or "")[:16].replace("T", " ")
        state = Text(r["state"], "bold red" if r["state"] == "orphaned" else "")
        texts = map(printable, (r["name"], r["cloud"], f"{r['resources']:,}", updated, ", ".join(r["requires"])))
        name, cloud, resources, changed, requires = texts
        style = "dim" if r["state"] == "not up" else ""
        table.add_row(name, cloud, state, resources, changed, _expires(stack), requires, style=style)
    return table


def _expires(stack: Stack) -> Text:
    """Return the first day on which the stack cannot be changed, and the days that are left where they are few."""
    if not stack.expiries:
        return Text()
    first = stack.expiries[0]
    if not first.is_near:
        return Text(str(first.day))
    left = "expired" if first.is_past else f"in {plural(first.days_left, 'day')}"
    return Text(f"{first.day} {left}", "bold red" if first.is_urgent else "yellow")


@command(accepts_orphaned=True)
def outputs(
    session: Session,
    *,
    stack: OneStack,
    show_secrets: Annotated[bool, typer.Option("--show-secrets", help="Show secrets in plain text.")] = False,
) -> None:
    """Show a stack's outputs. Secrets are masked without --show-secrets.

    Example: sde outputs junction-zone.
    """
    one = session.named(stack)
    values = session.engine(one).outputs(one.name, show_secrets=show_secrets)
    session.output.emit(dict(values))
    if session.output.json:
        return
    if not values:
        session.output.say(f"{one.name} has no outputs.", style="dim")
    width = max(map(len, values), default=0)
    for name, value in sorted(values.items()):
        text = value if show_secrets and isinstance(value, str) else shown(value, 2000)
        session.output.say_whole(f"{printable(name):<{width}}  {printable(text)}")


@command()
def import_(
    session: Session,
    *,
    stack: OneStack,
    type_: Annotated[str, typer.Argument(metavar="TYPE", help="Such as azure-native:storage:StorageAccount.")],
    name: Annotated[str, typer.Argument(metavar="NAME", help="Its logical name in the program.")],
    id_: Annotated[str, typer.Argument(metavar="ID", help="Its resource ID in Azure.")],
) -> None:
    """Import an existing resource of the cloud into a stack, as a protected resource. Not into an expired stack.

    Example: sde import platform azure-native:storage:StorageAccount old "$(az storage account show -n NAME --query id
    -o tsv)".
    """
    one = session.named(stack)
    recorder = Recorder(session, "import")
    with recorder.recording([one]):
        changeable(session, [one], everything=False)
        session.bring_up_to_date()
        recorder.intent(one, shortened(f"{type_} {name} {id_}"))
        outcome = session.engine(one).import_resource(one.settings, type_, name, id_)
        recorder.finished(one, outcome)
    session.output.emit({"event": "imported", "stack": one.name, "type": type_, "name": name, "id": id_})
    session.output.say(f"imported {printable(name)} into {one.name}; it has {plural(outcome.resources, 'resource')}.")


@command(accepts_orphaned=True)
def cancel(
    session: Session,
    *,
    stack: OneStack,
) -> None:
    """Remove the lock of a killed run, without changing the state. Check first that the run has ended.

    Example: sde cancel tre-hcm-progression.
    """
    one = session.named(stack)
    recorder = Recorder(session, "cancel")
    with recorder.recording([one]):
        recorder.intent(one, "The lock of another run is removed.")
        session.engine(one).cancel(one.name)
        recorder.finished(one)
    session.output.emit({"event": "cancelled", "stack": one.name})
    session.output.say(f"{one.name} is unlocked.")


@command("json_", "estate")
def render(
    session: Session,
    *,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; fail if a file differs from the estate.")
    ] = False,
) -> None:
    """Write each stack's Pulumi.<stack>.yaml from the estate, and remove those of stacks that it no longer has.

    The file of a stack that is still deployed is kept: sde destroy needs it.

    Example: sde render, or sde render --check in a pipeline.
    """
    files = [*(session.catalog.stale() if check else session.catalog.render())]
    unused = _unused_files(session)
    if check:
        _list(session, "stale", "differs", files)
        _list(session, "stale", "belongs to no stack:", unused)
    else:
        _list(session, "written", "wrote", files)
        _list(session, "removed", "removed", unused)
        for file in unused:
            file.unlink()
    files += unused
    if check and files:
        raise Failed("The stacks' configuration files differ from the estate.\n  fix:     scripts/sde render")
    if not files:
        session.output.say("Every stack's configuration matches the estate.", style="green")


def _unused_files(session: Session) -> list[Path]:
    """Return the configuration files of orphaned stacks that are not deployed.

    A stack whose state cannot be read counts as deployed: its file is kept.
    """
    found = []
    for stack in session.catalog.orphaned_stacks:
        with suppress(SdeError):
            if stack.settings.file.exists() and not session.is_deployed(stack):
                found.append(stack.settings.file)
    return found


def _list(session: Session, event: str, verb: str, files: Sequence[Path]) -> None:
    for file in files:
        session.output.emit({"event": event, "file": str(file)})
        session.output.say(f"{verb} {printable(file)}")
