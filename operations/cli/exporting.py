"""`sde export plan`, `arm` and `state`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from formats.plan import Plan
from operations.cli.options import OneStack, OutputFile, command
from operations.cli.session import Session
from operations.cli.targets import refuse_unwritable
from operations.settings import write_whole


@command()
def plan(
    session: Session,
    *,
    stack: OneStack,
    output: OutputFile,
) -> None:
    """Export the plan as JSON: every resource with inputs, changed paths, dependencies, and a digest. Masks secrets.

    Example: sde export plan tre-hcm-progression -o plan.json.
    """
    _write(session, stack, "plan", output, _previewed(session, stack).to_json())


@command()
def arm(
    session: Session,
    *,
    stack: OneStack,
    output: OutputFile,
) -> None:
    """Export the stack as an ARM template. Values not known before deployment are placeholders.

    Example: sde export arm tre-hcm-progression -o template.json.
    """
    from operations.export.arm import template  # noqa: PLC0415 - imports the models of many services
    from operations.reports.suppressions import suppressions, with_skips  # noqa: PLC0415

    plan = _previewed(session, stack)
    _write(session, stack, "arm", output, with_skips(template(plan), plan, suppressions()))


@command(accepts_orphaned=True)
def state(
    session: Session,
    *,
    stack: OneStack,
    output: OutputFile,
) -> None:
    """Export the stack's state in Pulumi's format, with its secrets encrypted.

    Example: sde export state tre-hcm-progression -o state.json.
    """
    one = session.named(stack)
    _write(session, stack, "state", output, session.engine(one).export_state(one.name))


def _previewed(session: Session, stack: str) -> Plan:
    from operations.cli.deploy import Deployment  # noqa: PLC0415

    one = session.selected([stack], False)[0]
    return Deployment(session, [one]).plan(one)


def _write(session: Session, stack: str, what: str, target: str, content: dict[str, Any]) -> None:
    """Write JSON to a file atomically, or to stdout for `-`."""
    output = session.output
    if target == "-":
        output.line(json.dumps(content, ensure_ascii=False, indent=None if output.json else 2))
        return
    refuse_unwritable(target)
    file = Path(target)
    write_whole(file, json.dumps(content, ensure_ascii=False, indent=2) + "\n")
    output.emit({"event": "exported", "what": what, "stack": stack, "file": str(file)})
    output.say(f"wrote {file}")
