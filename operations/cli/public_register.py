"""`sde register`: the list of approved projects that an SDE publishes."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

import typer

from formats.stack_names import TENANCY
from operations.cli.options import command
from operations.cli.session import Session
from operations.cli.targets import STDOUT, write_text


class RegisterFormat(StrEnum):
    """The form of the register."""

    HTML = "html"
    JSON = "json"


@command("estate", "cloud")
def register(
    session: Session,
    *,
    format_: Annotated[RegisterFormat, typer.Option("--format", "-f", help="The form.")] = RegisterFormat.HTML,
    output: Annotated[
        str, typer.Option("--output", "-o", metavar="FILE", help="The file to write.", show_default="- (stdout)")
    ] = STDOUT,
) -> None:
    """Write the list of approved projects that an SDE publishes: title, lead organisation, purpose, data sets, dates
    and status, and nothing else.

    Listed are requests with a permit, and every project whose tenancy was ever deployed, as the ledger has it. Example:
    sde register -o projects.html.
    """
    from operations import estate  # noqa: PLC0415 - imports templates, which --help does not need
    from operations.estate.public_facts import facts_of  # noqa: PLC0415
    from operations.reports import public_register  # noqa: PLC0415

    loaded, today = estate.load(session.estate_folder), datetime.now(UTC).date()
    requests = {project: facts_of(request) for project, request in loaded.requests.items()}
    stacks = {one.name.removeprefix(TENANCY): one for one in session.catalog.stacks if one.name.startswith(TENANCY)}
    permitted = [project for project in requests if project in stacks and session.permits.allows(stacks[project])]
    ledger = session.ledger(session.ledger_cloud)
    projects = public_register.register_of(requests, permitted, ledger, today)
    write = public_register.as_html if format_ is RegisterFormat.HTML else public_register.as_json
    text = write(loaded.file.organisation, today, projects)
    if output == STDOUT:
        session.output.line(text.rstrip("\n"))
    else:
        write_text(session, output, "register", text)
        session.output.say(f"wrote {output}")
