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

    Listed are requests with a permit, and every project whose tenancy was ever deployed, as the ledger has it, which is
    verified first. Example:
    sde register -o projects.html.
    """
    from operations import estate  # noqa: PLC0415 - imports templates, which --help does not need
    from operations.cli.ledger import refuse_damaged  # noqa: PLC0415 - imports cryptography
    from operations.ledger.verification import verify  # noqa: PLC0415
    from operations.reports import public_register  # noqa: PLC0415

    today, organisation = datetime.now(UTC).date(), estate.load(session.estate_folder).file.organisation
    stacks = {one.name.removeprefix(TENANCY): one for one in session.catalog.stacks if one.public_facts}
    requests = {project: stack.public_facts for project, stack in stacks.items() if stack.public_facts}
    permitted = [project for project, stack in stacks.items() if session.permits.allows(stack)]
    ledger = session.ledger(session.ledger_cloud)
    refuse_damaged(ledger.log, verify(ledger.log.storage, ledger.log.key), "register")
    projects = public_register.register_of(requests, permitted, ledger, today)
    write = public_register.as_html if format_ is RegisterFormat.HTML else public_register.as_json
    text = write(organisation, today, projects)
    if output == STDOUT:
        session.output.line(text.rstrip("\n"))
    else:
        write_text(session, output, "register", text)
        session.output.say(f"wrote {output}")
