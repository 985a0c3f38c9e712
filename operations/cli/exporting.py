"""`sde export plan`, `arm` and `state`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import typer

from formats.plan import Plan
from operations.cli.options import Cloud, Engine, Estate, Json, OneStack, OutputFile, session_of
from operations.cli.session import Session
from operations.cli.targets import refuse_unwritable
from operations.settings import write_whole


def plan(
    context: typer.Context,
    *,
    stack: OneStack,
    output: OutputFile,
    json_: Json = False,
    engine: Engine = None,
    cloud: Cloud = None,
    estate: Estate = None,
) -> None:
    """What up would do to every resource, as JSON: inputs, changed paths, dependencies, a digest. Secrets masked."""
    session = session_of(context, engine=engine, cloud=cloud, estate=estate, json_=json_)
    _write(session, stack, "plan", output, _previewed(session, stack).to_json())


def arm(
    context: typer.Context,
    *,
    stack: OneStack,
    output: OutputFile,
    json_: Json = False,
    engine: Engine = None,
    cloud: Cloud = None,
    estate: Estate = None,
) -> None:
    """The stack as a standard ARM template, for tools that read those. What is not known yet has a placeholder."""
    from operations.export.arm import template  # noqa: PLC0415 - reads the models of many services
    from operations.reports.suppressions import suppressions, with_skips  # noqa: PLC0415

    session = session_of(context, engine=engine, cloud=cloud, estate=estate, json_=json_)
    plan = _previewed(session, stack)
    _write(session, stack, "arm", output, with_skips(template(plan), plan, suppressions()))


def state(
    context: typer.Context,
    *,
    stack: OneStack,
    output: OutputFile,
    json_: Json = False,
    engine: Engine = None,
    cloud: Cloud = None,
    estate: Estate = None,
) -> None:
    """The stack's state in Pulumi's export form, its secrets encrypted."""
    session = session_of(context, engine=engine, cloud=cloud, estate=estate, json_=json_, allow_expired=True)
    one = session.named(stack)
    _write(session, stack, "state", output, session.engine(one).export_state(one.name))


def _previewed(session: Session, stack: str) -> Plan:
    from operations.cli.deploy import Deployment  # noqa: PLC0415

    one = session.selected([stack], False)[0]
    return Deployment(session, [one]).plan(one)


def _write(session: Session, stack: str, what: str, target: str, content: dict[str, Any]) -> None:
    """To a file whole or not at all; `-` is stdout."""
    output = session.output
    if target == "-":
        output.line(json.dumps(content, ensure_ascii=False, indent=None if output.json else 2))
        return
    refuse_unwritable(target)
    file = Path(target)
    write_whole(file, json.dumps(content, ensure_ascii=False, indent=2) + "\n")
    output.emit({"event": "exported", "what": what, "stack": stack, "file": str(file)})
    output.say(f"wrote {file}")
