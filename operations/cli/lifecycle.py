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
        help="Give up what this stack of Azure holds, protected or not. Repeat for more.",
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
    """Show what up would change, property by property; changes nothing. Exits 2 where a stack waits for another."""
    from operations.cli.deploy import Deployment  # noqa: PLC0415 - `sde --help` need not wait for it

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
    """Make the cloud as the estate says: show the plan, ask, do it. Never deletes what is protected."""
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
    """Take the cloud's present properties into the state, so that the next preview shows what drifted."""
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
    """Delete what stacks have, those that stand on others first. In Azure, protected data needs --release-data."""
    from operations.cli.destroy import Destruction  # noqa: PLC0415

    chosen = session.selected(stacks, everything)
    Destruction(session, chosen, target or (), yes, release_data or ()).run()
