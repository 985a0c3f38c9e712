"""The gate: nothing is applied that the policies have not passed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from rich.text import Text

from formats.errors import Refused
from formats.plan import Plan
from operations.cli.output import Output, printable
from operations.reports.evaluate import Neighbours, exemptions_of, judged
from operations.reports.report_formats import as_json
from operations.reports.table import inherited, summary, table
from policies.exemptions import Exemptions
from policies.model import Verdict
from policies.runner import Report


class Gate(Protocol):
    """Says what the policies say."""

    def judge(
        self,
        plans: Sequence[Plan],
        *,
        whole: bool = False,
        templates: Collection[str] = (),
        neighbours: Neighbours | None = None,
    ) -> Report:
        """The report on these plans together; `whole`: they are all that the estate has; the others as in judging."""
        ...


@dataclass
class CatalogueGate:
    """The gate of the house: the whole catalogue, and the estate's exemptions."""

    exemptions: Exemptions

    def judge(
        self,
        plans: Sequence[Plan],
        *,
        whole: bool = False,
        templates: Collection[str] = (),
        neighbours: Neighbours | None = None,
    ) -> Report:
        """The report on these plans together."""
        return judged(plans, exemptions=self.exemptions, whole=whole, templates=templates, neighbours=neighbours)


def open_gate(exemptions: Path | None, estate: Path) -> Gate:
    """The gate of an estate's folder. `InputError` where the exemptions or the catalogue cannot be read."""
    return CatalogueGate(exemptions_of(exemptions, estate))


def refuse(reports: Sequence[Report]) -> None:
    """`Refused` where something stands in the way; says which stacks, and how much there is."""
    blocking = [finding for report in reports for finding in report.blocking]
    if not blocking:
        return
    stacks = ", ".join(dict.fromkeys(printable(f.stack) for f in blocking))
    failed = sum(f.verdict is Verdict.FAIL for f in blocking)
    counts = [f"{failed:,} fail"] * bool(failed) + [f"{len(blocking) - failed:,} cannot be told"] * (
        failed < len(blocking)
    )
    raise Refused(
        f"The policies refuse {stacks}: {', '.join(counts)}.\n"
        f"  fix:     see above; scripts/sde policy explain {blocking[0].policy} says more"
    )


def show(report: Report, output: Output) -> None:
    """What stands in the way, or one line where nothing does."""
    whole = as_json(report)
    short = {key: value for key, value in whole.items() if key != "policies"}
    output.emit(
        {"event": "verdict", **short, "findings": [f for f in whole["findings"] if Verdict(f["verdict"]).blocks]}
    )
    if report.blocks:
        for line in table(report):
            output.say(line)
        return
    output.say("  " + summary(report), style="green")
    for warning in report.warnings:
        output.say(f"  ! {warning}", style="yellow")
    for line in inherited(report):
        output.say(Text("  ") + line)
    for remark in report.remarks:
        output.say(f"  {remark}", style="dim")
