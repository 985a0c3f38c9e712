"""`sde diff`: what the changes of a stack mean, for reviewers and auditors."""

from __future__ import annotations

import json
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from formats.plan import Plan
from operations.cli.options import OneStack, command
from operations.cli.orphaned import refuse_orphaned_names
from operations.cli.output import Output, printable
from operations.cli.session import Session
from operations.cli.targets import STDOUT, refuse_unwritable
from operations.settings import write_whole

if TYPE_CHECKING:
    from operations.diffs.model import StackDiff


class DiffFormat(StrEnum):
    """The form of a diff."""

    TEXT = "text"
    MARKDOWN = "markdown"
    JSON = "json"
    HTML = "html"


Format = Annotated[
    DiffFormat, typer.Option("--format", "-f", help="markdown: for a pull request. html: one page without other files.")
]
File = Annotated[
    str, typer.Option("--output", "-o", metavar="FILE", help="The file to write.", show_default="- (stdout)")
]


First = Annotated[
    int | None, typer.Option("--from", metavar="N", min=0, help="After this change of the ledger.", show_default=False)
]
Last = Annotated[
    int | None, typer.Option("--to", metavar="M", min=0, help="Up to this change of the ledger.", show_default=False)
]


@command(accepts_orphaned=True)
def diff(
    session: Session,
    *,
    stack: OneStack,
    first: First = None,
    last: Last = None,
    format_: Format = DiffFormat.TEXT,
    output: File = STDOUT,
) -> None:
    """Show what the changes that up would make mean: for ways in and out, encryption, rights, data, people and cost.

    Like preview, but without a verdict: findings of the policies show as weakenings. With --from or --to: what changes
    in the ledger (see sde history) did to the stack, from the plans that it keeps. Changes nothing.

    Example: sde diff tre-hcm-progression, or sde diff tre-hcm-progression --from 41 for what was done since change 41.
    """
    if first is None and last is None:
        plan, found = _planned(session, stack)
        cloud = "the local Azure" if plan.cloud == "local" else "Azure"
        details: tuple[str, ...] = (f"Planned for {cloud}, against what is deployed.", f"Plan {plan.digest}")
    else:
        from operations.cli.recorded_diff import recorded_diff  # noqa: PLC0415 - imports the policies

        one = session.named(stack)
        recorded = recorded_diff(session.records(one.cloud), one.name, first, last, session.configs([one.name]))
        plan, found, details = recorded.plan, recorded.diff, recorded.details
    if output == STDOUT and format_ is DiffFormat.TEXT:
        _show(session.output, found, plan, details)
        return
    _write(session.output, _document(found, plan, details, format_), output)


def _show(output: Output, found: StackDiff, plan: Plan, details: Sequence[str]) -> None:
    from operations.cli import diffview, planview  # noqa: PLC0415

    planview.heading(plan, output)
    for line in details:
        output.say(f"  {printable(line)}", style="dim")
    diffview.show(found, plan, output)


def _planned(session: Session, name: str) -> tuple[Plan, StackDiff]:
    """Return the plan of a stack, and its diff with the findings of the policies on it."""
    from operations.cli.access_changes import access_changes_of, names_of  # noqa: PLC0415 - imports the policies
    from operations.cli.deploy import Deployment  # noqa: PLC0415 - imports much that --help does not need
    from operations.cli.estate_state import EstateState  # noqa: PLC0415
    from operations.cli.plan_views import way_parts  # noqa: PLC0415
    from operations.diffs.stack_diff import diff_of_report  # noqa: PLC0415
    from operations.prices.book import load  # noqa: PLC0415
    from operations.prices.estimate import price_of  # noqa: PLC0415

    refuse_orphaned_names(session, [name])
    stack = session.selected([name], False)[0]
    gate = session.gate()
    plan = Deployment(session, [stack]).plan(stack)
    neighbours, configs = EstateState(session).of([stack]), session.configs([stack.name])
    report = gate.evaluate([plan], neighbours=neighbours)
    access = access_changes_of(plan, neighbours, configs, gate.stacks, session.records)
    price = price_of(plan, load(), way_parts(stack.ways))
    return plan, diff_of_report(plan, report, price=price, access=access,
                                names=names_of(plan, neighbours, configs, session.records))  # fmt: skip


def _document(found: StackDiff, plan: Plan, details: tuple[str, ...], format_: DiffFormat) -> str:
    if format_ is DiffFormat.JSON:
        return (
            json.dumps({"plan": plan.digest, "about": details, **found.to_json()}, ensure_ascii=False, indent=2) + "\n"
        )
    if format_ is DiffFormat.TEXT:
        from operations.diffs.terminal import lines  # noqa: PLC0415

        return "".join(f"{line.plain}\n" for line in lines(found, 120))
    from operations.diffs.pages import Title, html, markdown  # noqa: PLC0415 - imports Jinja2

    title = Title(f"Changes of {plan.stack}", details)
    return html(found, title) if format_ is DiffFormat.HTML else markdown(found, title)


def _write(output: Output, text: str, target: str) -> None:
    if target == STDOUT:
        output.line(text.rstrip("\n"))
        return
    refuse_unwritable(target)
    write_whole(Path(target), text)
    output.emit({"event": "exported", "what": "diff", "file": target})
