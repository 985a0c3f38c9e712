"""`sde local env`, `list` and `reset`: the local Azure on this machine."""

from __future__ import annotations

import shlex

import typer

from formats.errors import Refused
from operations.cli.options import Yes, command
from operations.cli.output import printable
from operations.cli.session import Session
from operations.cli.text import kind_of, plural


@command("estate")
def env(session: Session) -> None:
    """Print exports that point the Pulumi CLI at the local Azure. Use: eval "$(scripts/sde local env)"."""
    session.output.out = session.output.err  # what stdout says is run by a shell: words go to stderr
    session.bring_up_to_date()
    _enter_stacks(session)
    for name, value in session.settings.local_environment().items():
        typer.echo(f"export {name}={shlex.quote(value)}")


def _enter_stacks(session: Session) -> None:
    """Make the stacks known to the Pulumi CLI, where it is installed: `pulumi up -s NAME` asks for one that exists."""
    from operations.engine.choose import local_cli  # noqa: PLC0415

    settings = session.settings
    names = [s.name for s in session.catalog.stacks if s.cloud == "local" and s.settings.file.parent == settings.root]
    if names and (cli := local_cli(settings)):
        for name in cli.make_missing(names):
            session.output.say(f"entered the stack {name}", style="dim")


@command("json_")
def list_(session: Session) -> None:
    """Everything that the local Azure has, and the names that it holds after a delete, as Azure does."""
    from local_azure import admin  # noqa: PLC0415 - opens a database

    entries = [*admin.resources(session.settings.local_db), *admin.soft_deleted(session.settings.local_db)]
    width = max((len(kind_of(e.type)) for e in entries), default=0)
    for entry in entries:
        held = entry.held_until.isoformat(timespec="seconds") if entry.held_until else None
        session.output.emit({"id": entry.id, "type": entry.type, "held_until": held})
        note = f"  (deleted; its name is held until {held})" if held else ""
        if not session.output.json:
            session.output.say_whole(f"{kind_of(entry.type):<{width}}  {printable(entry.id)}{note}")
    held_names = sum(1 for e in entries if e.held_until)
    names = f", {plural(held_names, 'held name')}" if held_names else ""
    session.output.say(f"{plural(len(entries) - held_names, 'resource')}{names}", style="bold")


@command("json_")
def reset(session: Session, *, yes: Yes = False) -> None:
    """Forget everything that the local Azure has, held names too. The stacks' state stays: refresh them afterwards."""
    from local_azure import admin  # noqa: PLC0415

    database = session.settings.local_db
    there = admin.count(database)
    if there and not yes and not session.agree(f"Forget {plural(there, 'resource')} of the local Azure?"):
        raise Refused("Nothing was forgotten: you said no.")
    forgotten = admin.reset(database)
    session.output.emit({"event": "reset", "resources": forgotten})
    session.output.say(f"The local Azure is empty; it forgot {plural(forgotten, 'resource')}.")
    if forgotten:
        session.output.say("The stacks' state still names them: scripts/sde refresh --all", style="dim")
