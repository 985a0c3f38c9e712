"""`sde policy new`."""

from __future__ import annotations

from typing import Annotated

import typer

from operations.cli.options import command
from operations.cli.session import Session
from operations.reports.new_policy import Draft, write
from policies.model import Severity


@command("json_")
def new(
    session: Session,
    *,
    id_: Annotated[str, typer.Argument(metavar="ID", help="Two capitals and a number, such as ST23.")],
    title: Annotated[str, typer.Option("--title", help="The requirement, in one line.")],
    why: Annotated[str, typer.Option("--why", help="The harm if it is not met.")],
    fix: Annotated[str, typer.Option("--fix", help="The remedy.")],
    on: Annotated[str, typer.Option("--on", metavar="TYPE", help="The resource type: storage:StorageAccount.")],
    property_: Annotated[str, typer.Option("--property", metavar="PATH", help="The property: encryption.keySource.")],
    allowed: Annotated[list[str], typer.Option("--allowed", metavar="VALUE", help="A value that passes. Repeatable.")],
    satre: Annotated[list[str], typer.Option("--satre", metavar="NUMBER", help="A SATRE statement. Repeatable.")],
    severity: Annotated[Severity, typer.Option("--severity", help="The severity of a failure.")] = Severity.HIGH,
) -> None:
    """Write a policy that allows some values of one property, and its test. Both run without further edits.

    Example: sde policy new ST90 --title "Stores keep their class" --why "W" --fix "F" --on storage:StorageAccount
    --property accessTier --allowed Hot --satre 3.1.1.
    """
    draft = Draft(id_, title.strip().rstrip("."), why, fix, on, property_, allowed, severity, satre)
    for file in write(draft, session.settings.root):
        session.output.emit({"event": "written", "what": "policy", "file": str(file)})
        session.output.say(f"wrote {file}")
    session.output.say(f"run it: .venv/bin/python -m pytest tests/policies/test_{id_.lower()}.py", style="dim")
