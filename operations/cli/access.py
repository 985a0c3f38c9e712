"""`sde access`: who has which right on what, through which network way, since when and by which change."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated

import typer

from formats.errors import InputError
from operations.cli.options import command
from operations.cli.session import Session
from operations.cli.targets import STDOUT, refuse_unwritable


class Form(StrEnum):
    """The forms of the access view."""

    TABLE = "table"
    MARKDOWN = "markdown"
    CSV = "csv"


AsOf = Annotated[
    str | None,
    typer.Option("--as-of", metavar="DAY", help="As it was at the end of that day (UTC).", show_default=False),
]
Person = Annotated[
    str | None,
    typer.Option("--person", metavar="GROUP", help="Only this group: a part of its name, or its object id.",
                 show_default=False),
]  # fmt: skip
OnStacks = Annotated[
    list[str] | None,
    typer.Option("--stack", metavar="STACK", help="Only on this stack. Repeatable.", show_default=False),
]
FormOption = Annotated[Form, typer.Option("--format", "-f", help="The form of the view.")]
Target = Annotated[
    str | None,
    typer.Option("--output", "-o", metavar="FILE", help="The file to write; - is stdout.", show_default="-"),
]


@command(accepts_orphaned=True)
def access(
    session: Session,
    *,
    as_of: AsOf = None,
    person: Person = None,
    stack: OnStacks = None,
    form: FormOption = Form.TABLE,
    target: Target = None,
) -> None:
    """Show who may do what to which data, through which network way, since when and by which change.

    Reads the deployed stacks, orphaned ones too. Exits 3 if a revocation failed: its right is still in force.

    Example: sde access --stack tre-hcm-progression, or sde access --as-of 2026-10-31 --format csv -o access.csv.
    """
    from operations.cli.access_report import Wanted, show  # noqa: PLC0415 - imports the policies

    refuse_unwritable(target)
    if form is Form.TABLE and target not in (None, STDOUT):
        raise InputError("A table is for a terminal.", key="--output", found=target,
                         fix="add --format markdown or --format csv")  # fmt: skip
    show(session, Wanted(_day(as_of), person, tuple(stack or ())), form.value, None if target == STDOUT else target)


def _day(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InputError("This is not a day.", key="--as-of", found=text, allowed="a date such as 2026-11-30") from None
