"""`sde preview`, `up`, `refresh` and `destroy`."""

from __future__ import annotations

from typing import Annotated

import typer

from operations.cli.expiry import changeable, warn_of_expiry
from operations.cli.options import All, Stacks, Target, Yes, command
from operations.cli.orphaned import refuse_orphaned, warn_of_orphaned
from operations.cli.session import Session

FoldedSummary = Annotated[
    bool, typer.Option("--summary", help="One page for all stacks: equal changes once, with their resources.")
]
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
    summary: FoldedSummary = False,
) -> None:
    """Show the changes that up would make, by property. Changes nothing. Exits 2 if a required stack is not up."""
    from operations.cli.deploy import Deployment  # noqa: PLC0415 - imports much that --help does not need

    chosen = session.selected(stacks, everything)
    warn_of_expiry(session.output, chosen)
    orphaned = warn_of_orphaned(session, everything)
    Deployment(session, chosen, target or (), summarised=summary).preview()
    refuse_orphaned(orphaned)


@command()
def up(
    session: Session,
    *,
    stacks: Stacks = None,
    everything: All = False,
    yes: Yes = False,
    target: Target = None,
) -> None:
    """Deploy stacks: show the plan, ask for confirmation, apply it. Never deletes protected resources.

    An expired stack is not changed: exit 3, with --all after the other stacks.
    """
    from operations.cli.deploy import Deployment  # noqa: PLC0415

    chosen = session.chosen(stacks, everything)
    found = changeable(session, chosen, everything=everything)
    session.bring_up_to_date()
    warn_of_expiry(session.output, chosen)
    orphaned = warn_of_orphaned(session, everything)
    Deployment(session, found.stacks, target or (), yes).up()
    found.refuse_others()
    refuse_orphaned(orphaned)


@command(accepts_orphaned=True)
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


@command(accepts_orphaned=True)
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
