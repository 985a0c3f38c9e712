"""`sde preview`, `up`, `refresh` and `destroy`."""

from __future__ import annotations

from typing import Annotated

import typer

from operations.cli.options import All, Stacks, Target, Yes, command
from operations.cli.session import Session

ReleaseData = Annotated[
    list[str] | None,
    typer.Option(
        "--release-data",
        metavar="STACK",
        help="Delete the protected resources of this stack in Azure too. Repeatable.",
        show_default=False,
    ),
]


@command()
def preview(
    session: Session,
    *,
    stacks: Stacks = None,
    everything: All = False,
    target: Target = None,
) -> None:
    """Show the changes that up would make, by property. Changes nothing. Exits 2 if a required stack is not up."""
    from operations.cli.deploy import Deployment  # noqa: PLC0415 - imports much that --help does not need

    Deployment(session, session.selected(stacks, everything), target or ()).preview()


@command()
def up(
    session: Session,
    *,
    stacks: Stacks = None,
    everything: All = False,
    yes: Yes = False,
    target: Target = None,
) -> None:
    """Deploy stacks: show the plan, ask for confirmation, apply it. Never deletes protected resources."""
    from operations.cli.deploy import Deployment  # noqa: PLC0415

    Deployment(session, session.selected(stacks, everything), target or (), yes).up()


@command(allow_expired=True)
def refresh(
    session: Session,
    *,
    stacks: Stacks = None,
    everything: All = False,
    yes: Yes = False,
) -> None:
    """Update the state from the cloud. The next preview shows the drift."""
    from operations.cli.deploy import Deployment  # noqa: PLC0415

    Deployment(session, session.selected(stacks, everything), yes=yes).refresh()


@command(allow_expired=True)
def destroy(
    session: Session,
    *,
    stacks: Stacks = None,
    everything: All = False,
    yes: Yes = False,
    target: Target = None,
    release_data: ReleaseData = None,
) -> None:
    """Delete stacks, dependents first. In Azure, stacks with protected data need --release-data."""
    from operations.cli.destroy import Destruction  # noqa: PLC0415

    chosen = session.selected(stacks, everything)
    Destruction(session, chosen, target or (), yes, release_data or ()).run()
