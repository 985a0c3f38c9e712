"""`sde policy check`, `list` and `explain`."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from formats.errors import InputError
from operations.cli.options import All, Cloud, Engine, Estate, Json, session_of
from operations.cli.session import Session
from operations.cli.targets import refuse_unwritable, write_text
from policies.model import Policy

if TYPE_CHECKING:
    from operations.cli.gate import Gate
    from operations.cli.stack_catalog import Stack
    from policies.runner import Report


class Format(StrEnum):
    """The forms of a report."""

    TABLE = "table"
    JSON = "json"
    JUNIT = "junit"
    SARIF = "sarif"
    HTML = "html"
    MARKDOWN = "markdown"


What = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="STACK|FILE.json",
        help="Stacks by name, or files: plans, Pulumi's previews and states, ARM templates.",
        show_default=False,
    ),
]
Form = Annotated[Format, typer.Option("--format", "-f", help="html and markdown: the control matrix.")]
Exempting = Annotated[
    Path | None,
    typer.Option("--exemptions", metavar="FILE", help="Instead of the estate's exemptions.yaml.", show_default=False),
]
Target = Annotated[
    str | None,
    typer.Option("--output", "-o", metavar="FILE", help="Where to write; - is stdout.", show_default="-"),
]
Whole = Annotated[
    bool, typer.Option("--whole", help="The files are all that the estate has: judge between stacks too.")
]
PolicyId = Annotated[str, typer.Argument(metavar="ID", help="The policy, such as ST1.", show_default=False)]


def check(
    context: typer.Context,
    *,
    what: What = None,
    everything: All = False,
    whole: Whole = False,
    form: Form = Format.TABLE,
    target: Target = None,
    exemptions: Exempting = None,
    json_: Json = False,
    engine: Engine = None,
    cloud: Cloud = None,
    estate: Estate = None,
) -> None:
    """Judge what stacks would be, or a file that anybody made. Exits 3 where something is refused."""
    from operations.cli.gate import refuse  # noqa: PLC0415 - `sde --help` need not wait for the catalogue

    session = session_of(context, engine=engine, cloud=cloud, estate=estate, json_=json_)
    files = _files(what or (), everything)
    refuse_unwritable(target)
    if whole and not files:
        raise InputError("--whole is said of files; of stacks say --all.", found="--whole")
    gate = session.gate(exemptions)
    if files:
        report = _judge_files(session, gate, files, whole)
    else:
        report = _judge_stacks(session, gate, session.selected(what, everything))
    _write(session, report, form, target)
    refuse([report])


def _files(what: Sequence[str], everything: bool) -> list[Path]:
    """The files among what was named. Stacks beside them would be judged by another measure."""
    files = [name for name in what if name.lower().endswith(".json") or "/" in name]
    if files and (everything or len(files) != len(what)):
        raise InputError("Name stacks or files, not both.", found=" ".join(what), fix="judge them one after the other")
    return [Path(name) for name in files]


def _judge_files(session: Session, gate: Gate, files: Sequence[Path], whole: bool) -> Report:
    from operations.reports.file_input import read_plan, stacks_of  # noqa: PLC0415

    with session.output.err.status("Reading"):
        found = [read_plan(file, called) for file, called in zip(files, stacks_of(files), strict=True)]
        templates = [plan.stack for plan, is_template in found if is_template]
        return gate.judge([plan for plan, _ in found], whole=whole, templates=templates)


def _judge_stacks(session: Session, gate: Gate, stacks: Sequence[Stack]) -> Report:
    """Their plans together, beside what stands of the rest of the estate."""
    from operations.cli.deploy import Deployment  # noqa: PLC0415
    from operations.cli.neighbours import Surroundings  # noqa: PLC0415

    deployment = Deployment(session, stacks)
    plans = [deployment.plan(stack) for stack in stacks]
    return gate.judge(plans, whole=len(plans) == len(session.house.stacks), neighbours=Surroundings(session).of(stacks))


def _write(session: Session, report: Report, form: Format, target: str | None) -> None:
    """To a file whole or not at all; the table and `-` to stdout."""
    from operations.reports import report_formats  # noqa: PLC0415
    from operations.reports.table import summary, table  # noqa: PLC0415

    output = session.output
    to_file = target not in (None, "-")
    if not to_file and form is Format.TABLE:
        output.emit({"event": "verdict", **report_formats.as_json(report)})
        if not output.json:
            for line in table(report):
                output.say(line)
        return
    text = _plain(report) if form is Format.TABLE else report_formats.written(report, form.value)
    if not to_file:
        output.line(text.rstrip("\n"))
        return
    write_text(session, str(target), form.value, text)
    output.say(summary(report))
    output.say(f"wrote {target}")


def _plain(report: Report) -> str:
    """The table without colours."""
    from operations.reports.table import table  # noqa: PLC0415

    return "".join(f"{line.plain}\n" for line in table(report))


def list_(context: typer.Context, *, json_: Json = False) -> None:
    """Every policy of the catalogue."""
    from policies.rules import load  # noqa: PLC0415

    output = session_of(context, json_=json_).output
    policies = load().values()
    for policy in policies:
        output.emit({"event": "policy", **_facts(policy)})
    rows = Table(box=None, pad_edge=False)
    for heading in ("id", "severity", "scope", "what must hold"):
        rows.add_column(heading)
    for policy in policies:
        rows.add_row(policy.id, policy.severity, policy.scope, policy.title)
    if not output.json:
        output.say(rows)


def explain(context: typer.Context, *, id_: PolicyId, json_: Json = False) -> None:
    """One policy: what must hold, why, what it looks at, what it is evidence for, and how to put it right."""
    from policies.rules import load  # noqa: PLC0415

    output = session_of(context, json_=json_).output
    policy = load().get(id_.upper())
    if policy is None:
        raise InputError("There is no such policy.", found=id_, allowed=", ".join(load()))
    output.emit({"event": "policy", **_facts(policy)})
    if output.json:
        return
    output.say(Text.assemble((f"{policy.id}  {policy.title}", "bold"), f"  {policy.severity}"))
    for heading, text in _explained(policy):
        output.say(Text.assemble((f"{heading:<12}", "dim"), text))


def _explained(policy: Policy) -> list[tuple[str, str]]:
    from operations.reports.sarif import STANDARDS  # noqa: PLC0415

    facts = _facts(policy)
    controls = [f"{STANDARDS[key]} {', '.join(found)}" for key, found in facts["controls"].items() if found]
    lines = [
        ("why", policy.why),
        ("said of", ", ".join(policy.on)),
        ("looks at", ", ".join(policy.paths)),
        ("judged", {"resource": "resource by resource", "stack": "with its companions in the stack",
                    "estate": "with every stack of the estate beside it"}[policy.scope]),
        ("evidence", "; ".join(controls)),
        ("Checkov", ", ".join(policy.checkov)),
        ("fix", policy.fix),
    ]  # fmt: skip
    return [(heading, text) for heading, text in lines if text]


def _facts(policy: Policy) -> dict[str, Any]:
    from operations.reports.report_formats import policy_facts  # noqa: PLC0415

    return policy_facts(policy)
