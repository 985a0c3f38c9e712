"""The options that several commands share. They are accepted before and after the command's name."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from enum import StrEnum
from inspect import Parameter
from pathlib import Path
from typing import Annotated, Any

import typer

from operations.cli.session import Session


class EngineChoice(StrEnum):
    """The engine that runs the stacks."""

    AUTO = "auto"
    PULUMI = "pulumi"
    EMBEDDED = "embedded"


class CloudChoice(StrEnum):
    """The cloud that a command is limited to."""

    LOCAL = "local"
    AZURE = "azure"


_SHARED = "Shared by most commands"
Stacks = Annotated[list[str] | None, typer.Argument(metavar="STACK", help="The stacks, by name.", show_default=False)]
OneStack = Annotated[str, typer.Argument(metavar="STACK", help="The stack, by name.", show_default=False)]
All = Annotated[bool, typer.Option("--all", help="Every stack of the estate.")]
DemoKeys = Annotated[
    bool, typer.Option("--demo-keys", help="A local estate only: sign with throw-away keys of made-up people.")
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")]
Quiet = Annotated[
    bool, typer.Option("--quiet", "-q", help="Print no lines of single resources, names of written files or hints.")
]
Target = Annotated[
    list[str] | None,
    typer.Option("--target", metavar="URN", help="Only this resource. Repeatable.", show_default=False),
]
OutputFile = Annotated[
    str, typer.Option("--output", "-o", metavar="FILE", help="The file to write; - is stdout.", show_default=False)
]
Json = Annotated[
    bool, typer.Option("--json", help="Write only JSON to stdout, one object per line.", rich_help_panel=_SHARED)
]
Engine = Annotated[
    EngineChoice | None,
    typer.Option("--engine", help="auto: the Pulumi CLI if installed.", rich_help_panel=_SHARED, show_default="auto"),
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


_OPTIONS = {"json_": (Json, False), "engine": (Engine, None), "cloud": (Cloud, None), "estate": (Estate, None)}
"""The shared options with their defaults, in the order of the help."""


def command(*options: str, accepts_orphaned: bool = False) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Call the decorated command with its session, and add the named shared options to it, or all of them."""
    added = [
        Parameter(name, Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
        for name, (annotation, default) in _OPTIONS.items()
        if not options or name in options
    ]

    def decorate(run: Callable[..., None]) -> Callable[..., None]:
        signature = inspect.signature(run, eval_str=True)
        context_parameter = Parameter("context", Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context)
        parameters = [context_parameter, *list(signature.parameters.values())[1:], *added]

        @functools.wraps(run)
        def with_session(context: typer.Context, **values: Any) -> None:
            shared = {option.name: values.pop(option.name) for option in added}
            run(session_of(context, **shared, accepts_orphaned=accepts_orphaned), **values)

        with_session.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
        with_session.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        return with_session

    return decorate


def session_of(
    context: typer.Context,
    *,
    engine: EngineChoice | None = None,
    cloud: CloudChoice | None = None,
    estate: Path | None = None,
    json_: bool = False,
    accepts_orphaned: bool = False,
) -> Session:
    """Return the command's session. Options after the command's name override those before it."""
    session: Session = context.find_root().obj
    session.engine_choice = engine.value if engine else session.engine_choice
    session.cloud = cloud.value if cloud else session.cloud
    session.estate = estate or session.estate
    session.output.json = json_ or session.output.json
    session.accepts_orphaned = accepts_orphaned
    return session
