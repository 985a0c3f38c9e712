"""`sde local env`, `list`, `delete`, `load` and `reset`: the local Azure on this machine."""

from __future__ import annotations

import shlex
from typing import Annotated

import typer

from approvals.estate_files import ANCHOR
from formats.errors import InputError, Refused
from local_azure.load.setting import Load
from operations.cli.estate_requests import EstateRequests
from operations.cli.options import Yes, command
from operations.cli.output import printable
from operations.cli.session import Session
from operations.cli.text import kind_of, plural


@command("estate")
def env(session: Session) -> None:
    """Print shell exports for the Pulumi CLI with the local Azure. Use: eval "$(scripts/sde local env)".

    Where made-up people have approved requests, their anchor is among them, which the policy pack asks for.

    Example: sde local env.
    """
    session.output.out = session.output.err  # a shell evaluates stdout, so messages go to stderr
    session.bring_up_to_date()
    _create_stacks(session)
    anchor = EstateRequests(session).anchor_file
    approvers = {ANCHOR: anchor.read_text(encoding="utf-8").strip()} if anchor.exists() else {}
    for name, value in {**session.settings.local_environment(), **approvers}.items():
        typer.echo(f"export {name}={shlex.quote(value)}")


def _create_stacks(session: Session) -> None:
    """Create missing stacks in the backend if the Pulumi CLI is installed: `pulumi up` needs existing ones."""
    from operations.engine.choose import local_cli  # noqa: PLC0415

    settings = session.settings
    names = [s.name for s in session.catalog.stacks if s.cloud == "local" and s.settings.file.parent == settings.root]
    if names and (cli := local_cli(settings)):
        for name in cli.make_missing(names):
            session.output.say(f"created the stack {name}", style="dim")


@command("json_")
def list_(session: Session) -> None:
    """List the resources of the local Azure, and the names that it reserves after a delete, as Azure does.

    Example: sde local list.
    """
    from local_azure import admin  # noqa: PLC0415 - opens a database

    entries = [*admin.resources(session.settings.local_db), *admin.soft_deleted(session.settings.local_db)]
    width = max((len(kind_of(e.type)) for e in entries), default=0)
    for entry in entries:
        held = entry.held_until.isoformat(timespec="seconds") if entry.held_until else None
        session.output.emit({"id": entry.id, "type": entry.type, "held_until": held})
        note = f"  (deleted; its name is reserved until {held})" if held else ""
        if not session.output.json:
            session.output.say_whole(f"{kind_of(entry.type):<{width}}  {printable(entry.id)}{note}")
    reserved = sum(1 for e in entries if e.held_until)
    names = f", {plural(reserved, 'reserved name')}" if reserved else ""
    session.output.say(f"{plural(len(entries) - reserved, 'resource')}{names}", style="bold")


@command("json_")
def reset(session: Session, *, yes: Yes = False) -> None:
    """Delete all resources and reserved names of the local Azure. Stacks keep their state: refresh them.

    Example: sde local reset --yes.
    """
    from local_azure import admin  # noqa: PLC0415

    database = session.settings.local_db
    count = admin.count(database)
    if count and not yes and not session.agree(f"Delete {plural(count, 'resource')} of the local Azure?"):
        raise Refused("Nothing was deleted: you answered no.")
    deleted = admin.reset(database)
    session.output.emit({"event": "reset", "resources": deleted})
    session.output.say(f"deleted {plural(deleted, 'resource')}. The local Azure is empty.")
    if deleted:
        session.output.say("The stacks' state still has them: scripts/sde refresh --all", style="dim")


@command("json_")
def delete(session: Session, id_: Annotated[str, typer.Argument(metavar="ID", help="Its resource ID.")]) -> None:
    """Delete a resource of the local Azure, as `az resource delete` does in Azure. A stack's state keeps it.

    Example: sde local delete ID, with an id that sde local list shows.
    """
    from local_azure import admin  # noqa: PLC0415 - opens a database
    from local_azure.model import AzureError  # noqa: PLC0415

    try:
        found = admin.delete(session.settings.local_db, id_)
    except AzureError as error:
        raise Refused(f"The local Azure refused to delete it: {error}") from error
    if not found:
        raise InputError("The local Azure has no such resource.", found=id_, fix="see: scripts/sde local list")
    session.output.emit({"event": "deleted", "id": id_})
    session.output.say(f"deleted {printable(id_)}")


Setting = Annotated[
    Load | None,
    typer.Argument(
        metavar="LOAD",
        help="off; busy: writes take time and exclude each other, and new policy definitions and roles are seen "
        "late; lost-answer: as busy, and the next storage account is created but answered with an error. Without it: "
        "only show.",
        show_default=False,
    ),
]


@command("json_")
def load(session: Session, setting: Setting = None) -> None:
    """Show or set how busy the local Azure is. Off by default; a busy one refuses as Azure does under load.

    Example: sde local load busy.
    """
    from local_azure import admin  # noqa: PLC0415 - opens a database

    database = session.settings.local_db
    if setting is not None:
        admin.set_load(database, setting)
    now = admin.load(database)
    session.output.emit({"event": "load", "load": now.value})
    session.output.say(f"The load of the local Azure is {now.value}.")
