"""`sde policy check`, `list` and `explain`."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from formats.errors import InputError
from formats.plan import Plan
from operations.cli.deploy import Deployment
from operations.cli.estate_state import EstateState, deployed_states
from operations.cli.expiry import refuse_ended_ways
from operations.cli.failed_revocations import with_failed_revocations
from operations.cli.gate import Gate, refuse
from operations.cli.judged import judge_deployed
from operations.cli.options import All, command
from operations.cli.orphaned import refuse_orphaned, warn_of_orphaned
from operations.cli.other_catalogue import OtherCatalogue, refuse_unusable
from operations.cli.session import Session
from operations.cli.stack_catalog import Stack
from operations.cli.targets import refuse_unwritable, write_text
from operations.cli.waiting_stacks import Waiting, refuse_waiting
from operations.reports import report_formats
from operations.reports.file_input import read_plan, stacks_of
from operations.reports.report_formats import policy_facts
from operations.reports.sarif import STANDARDS
from operations.reports.table import summary, table, verdict_line
from operations.reports.template_findings import with_defaults
from policies.known_properties import count_harmless
from policies.model import Policy
from policies.rules import load
from policies.runner import Report


class Format(StrEnum):
    """The formats of a report."""

    TABLE = "table"
    JSON = "json"
    JUNIT = "junit"
    SARIF = "sarif"
    HTML = "html"
    MARKDOWN = "markdown"


Inputs = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="STACK|FILE.json",
        help="Stacks by name, or files: plans, Pulumi's previews and states, ARM templates.",
        show_default=False,
    ),
]
FormatOption = Annotated[Format, typer.Option("--format", "-f", help="html and markdown: the control matrix.")]
ExemptionsFile = Annotated[
    Path | None,
    typer.Option("--exemptions", metavar="FILE", help="Instead of the estate's exemptions.yaml.", show_default=False),
]
ReportFile = Annotated[
    str | None,
    typer.Option("--output", "-o", metavar="FILE", help="The file to write; - is stdout.", show_default="-"),
]
Whole = Annotated[
    bool, typer.Option("--whole", help="The files are all stacks of the estate: check policies on the estate too.")
]
ParametersFile = Annotated[
    Path | None,
    typer.Option("--parameters", metavar="FILE", help="The parameter file of the ARM template.", show_default=False),
]
CatalogueRevision = Annotated[
    str | None,
    typer.Option(
        "--catalogue",
        metavar="REV",
        help="With the policies of this git revision, such as origin/main.",
        show_default=False,
    ),
]
PolicyId = Annotated[str, typer.Argument(metavar="ID", help="The policy, such as ST1.", show_default=False)]


@command()
def check(
    session: Session,
    *,
    inputs: Inputs = None,
    everything: All = False,
    whole: Whole = False,
    form: FormatOption = Format.TABLE,
    target: ReportFile = None,
    exemptions: ExemptionsFile = None,
    parameters: ParametersFile = None,
    catalogue: CatalogueRevision = None,
) -> None:
    """Check planned stacks, or files from any source. Exits 3 if a policy refuses one.

    Example: sde policy check --all, or sde policy check template.json -f sarif -o findings.sarif for an ARM template.
    """
    files = _files(inputs or (), everything)
    refuse_unwritable(target)
    if whole and not files:
        raise InputError("--whole is an option for files; use --all for stacks.", found="--whole")
    if parameters and len(files) != 1:
        raise InputError("--parameters is an option for one template.", found=f"{len(files)} files",
                         fix="Check each template with its parameter file.")  # fmt: skip
    refuse_unusable(catalogue, target)
    if catalogue is not None:
        named = {"--exemptions": exemptions, "--parameters": parameters}
        given = [part for name, file in named.items() if file for part in (name, str(file.absolute()))]
        options = ["-f", form.value, *given]
        _check_with(OtherCatalogue.at(session, catalogue), inputs, everything, files, [*options, *_flag(whole)])
        return
    gate = session.gate(exemptions)
    orphaned = warn_of_orphaned(session, everything)
    waiting: Sequence[Waiting] = ()
    judged: Sequence[Report] = ()
    if files:
        report = _check_files(session, gate, files, whole, parameters)
    else:
        stacks = session.selected(inputs, everything)
        refuse_ended_ways(stacks)
        state = EstateState(session)
        report, waiting = _check_stacks(session, gate, state, stacks, orphaned)
        if everything:
            judged = judge_deployed(state, gate, stacks, session.settings, "policy check --all")
    _write(session, report, form, target)
    _warn_of_removed(session, judged, report)
    refuse([report])
    refuse_orphaned(orphaned)
    refuse_waiting(waiting)


def _check_with(
    other: OtherCatalogue, inputs: list[str] | None, everything: bool, files: Sequence[Path], options: Sequence[str]
) -> None:
    """Check files, or stacks beside the deployed ones, with another revision's policies. Nothing is recorded."""
    if files:
        other.check_files(files, options)
        return
    session = other.session
    orphaned = warn_of_orphaned(session, everything)
    stacks = session.selected(inputs, everything)
    refuse_ended_ways(stacks)
    planned, waiting = Deployment(session, stacks).plan_ready()
    if not planned:
        refuse_waiting(waiting)
    others = [stack for stack in session.known if stack.name not in {plan.stack for plan in planned}]
    other.check_plans([*planned, *deployed_states(session, others).values()], options)
    refuse_orphaned(orphaned)
    refuse_waiting(waiting)


def _flag(whole: bool) -> list[str]:
    return ["--whole"] if whole else []


def _files(inputs: Sequence[str], everything: bool) -> list[Path]:
    """Return the arguments that are files. `InputError` if stacks are named too: only they have neighbours."""
    files = [name for name in inputs if name.lower().endswith(".json") or "/" in name]
    if files and (everything or len(files) != len(inputs)):
        raise InputError("Name stacks or files, not both.", found=" ".join(inputs), fix="use two commands")
    return [Path(name) for name in files]


def _check_files(
    session: Session, gate: Gate, files: Sequence[Path], is_complete: bool, parameters: Path | None
) -> Report:
    with session.output.err.status("Reading"):
        found = [read_plan(file, called, parameters) for file, called in zip(files, stacks_of(files), strict=True)]
        templates = {plan.stack: template for plan, template in found if template}
        by_stack = {plan.stack: str(file) for (plan, _), file in zip(found, files, strict=True)}

        def evaluate(plans: Sequence[Plan]) -> Report:
            return gate.evaluate(plans, is_complete=is_complete, templates=list(templates), files=by_stack)

        report = evaluate([plan for plan, _ in found])
        if not templates:
            return report
        defaults = [(template and template.with_defaults) or plan for plan, template in found]
        has_defaults = any(template.with_defaults for template in templates.values())
        return with_defaults(report, evaluate(defaults) if has_defaults else None, templates)


def _check_stacks(
    session: Session, gate: Gate, state: EstateState, stacks: Sequence[Stack], orphaned: Sequence[Stack]
) -> tuple[Report, Sequence[Waiting]]:
    """Evaluate the plans of stacks and the states of orphaned ones together, with the other stacks as neighbours.

    Return the report and the stacks that cannot be planned before another is up. `InputError` if none can be planned.
    """
    planned, waiting = Deployment(session, stacks).plan_ready()
    states = with_failed_revocations(session, list(deployed_states(session, orphaned).values()), are_states=True)
    plans = [*with_failed_revocations(session, planned), *states]
    if not plans:
        refuse_waiting(waiting)
    return gate.evaluate(plans, neighbours=state.of([*stacks, *orphaned])), waiting


def _warn_of_removed(session: Session, judged: Sequence[Report], planned: Report) -> None:
    """Print a warning for each blocking finding of the deployed estate that the plans remove."""
    left = {(finding.policy, finding.urn) for finding in planned.blocking}
    for finding in (one for report in judged for one in report.blocking):
        if (finding.policy, finding.urn) not in left:
            found = f"{finding.policy} {finding.stack} {finding.name}: {finding.message}"
            text = f"{found} (deployed; these plans remove it)"
            session.output.warn(text, kind="removed-finding", stack=finding.stack)


def _write(session: Session, report: Report, form: Format, target: str | None) -> None:
    """Write the report to a file, or to stdout for the table and `-`."""
    output = session.output
    to_file = target not in (None, "-")
    if not to_file and form is Format.TABLE:
        if output.json:
            output.emit({"event": "verdict", **report_formats.as_json(report)})
            return
        for line in table(report):
            output.say(line)
        return
    text = _plain(report) if form is Format.TABLE else report_formats.written(report, form.value)
    if not to_file:
        output.line(text.rstrip("\n"))
        return
    write_text(session, str(target), form.value, text)
    output.say(summary(report))
    output.say(verdict_line(report.verdict, report.catalogue))
    output.say(f"wrote {target}")


def _plain(report: Report) -> str:
    """Return the table without colours."""
    return "".join(f"{line.plain}\n" for line in table(report))


@command("json_")
def list_(session: Session) -> None:
    """List every policy of the catalogue.

    Example: sde policy list.
    """
    output = session.output
    policies = load().values()
    for policy in policies:
        output.emit({"event": "policy", **policy_facts(policy)})
    rows = Table(box=None, pad_edge=False)
    for heading in ("id", "severity", "scope", "requirement"):
        rows.add_column(heading)
    for policy in policies:
        rows.add_row(policy.id, policy.severity, policy.evaluation_scope, policy.title)
    if not output.json:
        output.say(rows)
        output.say(f"{count_harmless()} properties need no policy: policies/harmless_properties.yaml")


@command("json_")
def explain(session: Session, *, id_: PolicyId) -> None:
    """Explain one policy: the rule, the reason, the properties that it reads, its controls and the fix.

    Example: sde policy explain ST1.
    """
    output = session.output
    policy = load().get(id_.upper())
    if policy is None:
        raise InputError("There is no such policy.", found=id_, allowed=", ".join(load()))
    output.emit({"event": "policy", **policy_facts(policy)})
    if output.json:
        return
    output.say(Text.assemble((f"{policy.id}  {policy.title}", "bold"), f"  {policy.severity}"))
    for heading, text in _explained(policy):
        output.say(Text.assemble((f"{heading:<12}", "dim"), text))


def _explained(policy: Policy) -> list[tuple[str, str]]:
    facts = policy_facts(policy)
    controls = [f"{STANDARDS[key]} {', '.join(found)}" for key, found in facts["controls"].items() if found]
    lines = [
        ("why", policy.why),
        ("types", ", ".join(policy.resource_types)),
        ("reads", ", ".join(policy.property_paths)),
        ("scope", {"resource": "each resource alone", "stack": "with the other resources of its stack",
                   "estate": "with all stacks of the estate"}[policy.evaluation_scope]),
        ("evidence", "; ".join(controls)),
        ("Checkov", ", ".join(policy.checkov)),
        ("fix", policy.fix),
    ]  # fmt: skip
    return [(heading, text) for heading, text in lines if text]
