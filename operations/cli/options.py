"""The options that several commands share; each may stand before the command or after it."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from operations.cli.session import Session


class EngineChoice(StrEnum):
    """Which engine runs the stacks."""

    AUTO = "auto"
    PULUMI = "pulumi"
    EMBEDDED = "embedded"


class CloudChoice(StrEnum):
    """Which cloud a command is narrowed to."""

    LOCAL = "local"
    AZURE = "azure"


_SHARED = "Shared by most commands"
Stacks = Annotated[list[str] | None, typer.Argument(metavar="STACK", help="The stacks, by name.", show_default=False)]
OneStack = Annotated[str, typer.Argument(metavar="STACK", help="The stack, by name.", show_default=False)]
All = Annotated[bool, typer.Option("--all", help="Every stack of the estate.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
Target = Annotated[
    list[str] | None,
    typer.Option("--target", metavar="URN", help="Only this resource. Repeat for more.", show_default=False),
]
OutputFile = Annotated[
    str, typer.Option("--output", "-o", metavar="FILE", help="Where to write; - is stdout.", show_default=False)
]
Json = Annotated[
    bool, typer.Option("--json", help="One JSON object a line on stdout, and nothing else.", rich_help_panel=_SHARED)
]
Engine = Annotated[
    EngineChoice | None,
    typer.Option("--engine", help="auto: the Pulumi CLI if it is there.", rich_help_panel=_SHARED, show_default="auto"),
]
Cloud = Annotated[
    CloudChoice | None,
    typer.Option("--cloud", help="Only this cloud's stacks.", rich_help_panel=_SHARED, show_default=False),
]
Estate = Annotated[
    Path | None,
    typer.Option(
        "--estate", metavar="DIR", help="The estate's folder.", rich_help_panel=_SHARED, show_default="estate"
    ),
]


def session_of(
    context: typer.Context,
    *,
    engine: EngineChoice | None = None,
    cloud: CloudChoice | None = None,
    estate: Path | None = None,
    json_: bool = False,
    allow_expired: bool = False,
) -> Session:
    """The command's session, with the options that stood after the command's name laid over those before it."""
    session: Session = context.find_root().obj
    session.engine_choice = engine.value if engine else session.engine_choice
    session.cloud = cloud.value if cloud else session.cloud
    session.estate = estate or session.estate
    session.output.json = json_ or session.output.json
    session.allow_expired = allow_expired
    return session
