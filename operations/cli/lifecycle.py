"""`sde preview`, `up`, `refresh` and `destroy`."""

from __future__ import annotations

from typing import Annotated

import typer

from operations.cli.options import All, Cloud, Engine, Estate, Json, Stacks, Target, Yes, session_of

ReleaseData = Annotated[
    list[str] | None,
    typer.Option(
        "--release-data",
        metavar="STACK",
        help="Give up what this stack of Azure holds, protected or not. Repeat for more.",
        show_default=False,
    ),
]


def preview(
    context: typer.Context,
    *,
    stacks: Stacks = None,
    everything: All = False,
    target: Target = None,
    json_: Json = False,
    engine: Engine = None,
    cloud: Cloud = None,
    estate: Estate = None,
) -> None:
    """Show what up would change, property by property; changes nothing. Exits 2 where a stack waits for another."""
    from operations.cli.deploy import Deployment  # noqa: PLC0415 - `sde --help` need not wait for it

    session = session_of(context, engine=engine, cloud=cloud, estate=estate, json_=json_)
    Deployment(session, session.selected(stacks, everything), target or ()).preview()


def up(
    context: typer.Context,
    *,
    stacks: Stacks = None,
    everything: All = False,
    yes: Yes = False,
    target: Target = None,
    json_: Json = False,
    engine: Engine = None,
    cloud: Cloud = None,
    estate: Estate = None,
) -> None:
    """Make the cloud as the estate says: show the plan, ask, do it. Never deletes what is protected."""
    from operations.cli.deploy import Deployment  # noqa: PLC0415

    session = session_of(context, engine=engine, cloud=cloud, estate=estate, json_=json_)
    Deployment(session, session.selected(stacks, everything), target or (), yes).up()


def refresh(
    context: typer.Context,
    *,
    stacks: Stacks = None,
    everything: All = False,
    yes: Yes = False,
    json_: Json = False,
    engine: Engine = None,
    cloud: Cloud = None,
    estate: Estate = None,
) -> None:
    """Take the cloud's present properties into the state, so that the next preview shows what drifted."""
    from operations.cli.deploy import Deployment  # noqa: PLC0415

    session = session_of(context, engine=engine, cloud=cloud, estate=estate, json_=json_, allow_expired=True)
    Deployment(session, session.selected(stacks, everything), yes=yes).refresh()


def destroy(
    context: typer.Context,
    *,
    stacks: Stacks = None,
    everything: All = False,
    yes: Yes = False,
    target: Target = None,
    release_data: ReleaseData = None,
    json_: Json = False,
    engine: Engine = None,
    cloud: Cloud = None,
    estate: Estate = None,
) -> None:
    """Delete what stacks have, those that stand on others first. In Azure, protected data needs --release-data."""
    from operations.cli.destroy import Destruction  # noqa: PLC0415

    session = session_of(context, engine=engine, cloud=cloud, estate=estate, json_=json_, allow_expired=True)
    chosen = session.selected(stacks, everything)
    Destruction(session, chosen, target or (), yes, release_data or ()).run()
