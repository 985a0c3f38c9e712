"""`sde diff`: what the changes of a stack mean, for reviewers and auditors."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from formats.plan import Plan
from operations.cli.options import OneStack, command
from operations.cli.output import Output
from operations.cli.session import Session
from operations.cli.stack_catalog import Stack
from operations.cli.targets import refuse_unwritable
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


@command()
def diff(session: Session, *, stack: OneStack, format_: Format = DiffFormat.TEXT, output: File = "-") -> None:
    """Show what the changes that up would make mean: for ways in and out, encryption, rights, data, people and cost.

    Like preview, but without a verdict: findings of the policies show as weakenings. Changes nothing.
    """
    one = session.selected([stack], False)[0]
    plan, found = _planned(session, one)
    if output == "-" and format_ is DiffFormat.TEXT:
        from operations.cli import diffview, planview  # noqa: PLC0415

        planview.heading(plan, session.output)
        diffview.show(found, plan, session.output)
        return
    _write(session.output, _document(found, plan, format_), output)


def _planned(session: Session, stack: Stack) -> tuple[Plan, StackDiff]:
    """Return the plan of a stack, and its diff with the findings of the policies on it."""
    from operations.cli.deploy import Deployment  # noqa: PLC0415 - imports much that --help does not need
    from operations.cli.estate_state import EstateState  # noqa: PLC0415
    from operations.cli.plan_views import way_parts  # noqa: PLC0415
    from operations.diffs.stack_diff import diff_of_report  # noqa: PLC0415
    from operations.prices.book import load  # noqa: PLC0415
    from operations.prices.estimate import price_of  # noqa: PLC0415

    gate = session.gate()
    plan = Deployment(session, [stack]).plan(stack)
    report = gate.evaluate([plan], neighbours=EstateState(session).of([stack]))
    return plan, diff_of_report(plan, report, price=price_of(plan, load(), way_parts(stack.ways)))


def _document(found: StackDiff, plan: Plan, format_: DiffFormat) -> str:
    from operations.diffs.pages import Title, html, markdown  # noqa: PLC0415 - imports Jinja2

    cloud = "the local Azure" if plan.cloud == "local" else "Azure"
    title = Title(
        f"Changes of {plan.stack}", (f"Planned for {cloud}, against what is deployed.", f"Plan {plan.digest}")
    )
    if format_ is DiffFormat.JSON:
        return json.dumps({"plan": plan.digest, **found.to_json()}, ensure_ascii=False, indent=2) + "\n"
    if format_ is DiffFormat.TEXT:
        from operations.diffs.terminal import lines  # noqa: PLC0415

        return "".join(f"{line.plain}\n" for line in lines(found, 120))
    return html(found, title) if format_ is DiffFormat.HTML else markdown(found, title)


def _write(output: Output, text: str, target: str) -> None:
    if target == "-":
        output.line(text.rstrip("\n"))
        return
    refuse_unwritable(target)
    write_whole(Path(target), text)
    output.emit({"event": "exported", "what": "diff", "file": target})
