"""The gate: a stack is deployed only if its plan passes the policies."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rich.text import Text

from formats.errors import Refused
from formats.plan import Plan
from formats.stack_config import StackConfig
from operations.cli.git import catalogue_revision
from operations.cli.output import Output, printable
from operations.reports.report_formats import as_json
from operations.reports.table import exemptions_in_use, preexisting, summary, table
from operations.result_cache import FileCache
from operations.settings import Settings
from policies.catalogue import JUDGE, ROOT, Catalogue, load_catalogue, require_pinned
from policies.exemptions import Exemptions
from policies.model import NO_CONFIGS, Verdict
from policies.plan_evaluation import NO_FILES, SCOPES, Neighbours, Scope, evaluate_plans, exemptions_of
from policies.runner import Report
from policies.stack_cache import StackCache


@dataclass
class Gate:
    """Evaluates all policies on plans, with the estate's exemptions."""

    exemptions: Exemptions
    stacks: StackCache
    """What is computed of stacks, kept by the digests of their states."""
    configs: Callable[[Collection[str]], Mapping[str, StackConfig]] = lambda _: NO_CONFIGS
    """Return the configurations of the estate that the evaluated stacks, by name, are compared with."""

    catalogue: Catalogue | None = None

    def evaluate(
        self,
        plans: Sequence[Plan],
        *,
        is_complete: bool = False,
        templates: Collection[str] = (),
        neighbours: Neighbours | None = None,
        files: Mapping[str, str] = NO_FILES,
        scopes: Collection[Scope] = SCOPES,
    ) -> Report:
        """Return the report on these plans together; for the arguments see `evaluate_plans`."""
        report = evaluate_plans(
            plans,
            exemptions=self.exemptions,
            is_complete=is_complete,
            templates=templates,
            neighbours=neighbours,
            files=files,
            scopes=scopes,
            cache=self.stacks,
            configs=self.configs([plan.stack for plan in plans if plan.stack not in templates]),
        )
        return replace(report, catalogue=self.catalogue)


def open_gate(exemptions: Path | None, estate: Path, settings: Settings) -> Gate:
    """Return the gate of an estate's folder. `InputError` where the exemptions or the catalogue cannot be read."""
    catalogue = open_catalogue(estate)
    return Gate(exemptions_of(exemptions, estate), StackCache(FileCache(settings.cache_folder)), catalogue=catalogue)


def open_catalogue(estate: Path) -> Catalogue:
    """Load the catalogue before a program runs. `Refused` if an estate's folder pins another one."""
    digest = load_catalogue()
    require_pinned(digest, estate)
    return Catalogue(digest, *catalogue_revision(ROOT, JUDGE))


def refuse(reports: Sequence[Report]) -> None:
    """Raise `Refused`, with the stacks and counts, if a report has blocking findings."""
    blocking = [finding for report in reports for finding in report.blocking]
    if not blocking:
        return
    stacks = ", ".join(dict.fromkeys(name for report in reports for name in _refused(report)))
    failures = [finding for finding in blocking if finding.verdict is Verdict.FAIL]
    failed, unknown = len(failures), len(blocking) - len(failures)
    counts = [f"{count:,} {name}" for count, name in ((failed, "fail"), (unknown, "unknown")) if count]
    raise Refused(
        f"The policies refuse {stacks}: {', '.join(counts)}.\n"
        f"  fix:     see above, or scripts/sde policy explain {[*failures, *blocking][0].policy}"
    )


def _refused(report: Report) -> Sequence[str]:
    """Return the stack that is refused: the changed one, also where the finding is on another; of several evaluated
    stacks, those with findings."""
    with_findings = list(dict.fromkeys(printable(f.stack) for f in report.blocking))
    return report.stacks if with_findings and len(report.stacks) == 1 else with_findings


def show(report: Report, output: Output) -> None:
    """Print the blocking findings, or one line where there are none."""
    if output.json:
        content = {key: value for key, value in as_json(report).items() if key != "policies"}
        blocking = [finding for finding in content["findings"] if Verdict(finding["verdict"]).blocks]
        output.emit({"event": "verdict", **content, "findings": blocking})
    if report.blocks:
        for line in table(report):
            output.say(line)
        return
    output.say("  " + summary(report), style="green")
    for line in exemptions_in_use(report):
        output.say(Text("  ") + line)
    for warning in report.warnings:
        output.say(f"  ! {warning}", style="yellow")
    for line in preexisting(report):
        output.say(Text("  ") + line)
    for note in report.notes:
        output.say(f"  {note}", style="dim")
