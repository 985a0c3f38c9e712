"""`sde policy checkov`."""

from __future__ import annotations

from collections import Counter

from rich.table import Table

from formats.errors import Refused
from operations.cli.deploy import Deployment
from operations.cli.options import All, Stacks, command
from operations.cli.output import printable
from operations.cli.session import Session
from operations.reports.checkov import CheckovReport, scan


@command()
def checkov(
    session: Session,
    *,
    stack: Stacks = None,
    everything: All = False,
) -> None:
    """Run Checkov on the stacks as ARM templates, with its own checks and ours. Exits 3 if one fails.

    Example: sde policy checkov safe-haven.
    """
    stacks = session.selected(stack, everything)
    deployment = Deployment(session, stacks)
    plans = [deployment.plan(one) for one in stacks]
    with session.output.err.status("Running Checkov"):
        report = scan(plans)
    session.output.emit({"event": "checkov", **report.to_json()})
    if not session.output.json:
        session.output.say(_table(report))
        session.output.say(_summary(report))
    if report.failed:
        raise Refused(
            f"Checkov has {len(report.failed):,} failed checks.\n"
            "  fix:     see above; suppress a wrong result in policies/checkov/suppressions.yaml, with a reason"
        )


def _table(report: CheckovReport) -> Table:
    """Return the failed checks and the suppressed ones, with counts and reasons."""
    rows = Table(box=None, pad_edge=False)
    for heading in ("check", "result", "on", "rule, or reason for the suppression"):
        rows.add_column(heading, overflow="fold")
    for one in report.failed:
        rows.add_row(one.check, "failed", printable(f"{one.stack}: {one.resource}"), printable(one.name), style="red")
    skipped = [one for one in report.results if one.result == "skipped"]
    for (check, reason), count in sorted(Counter((one.check, one.reason) for one in skipped).items()):
        rows.add_row(check, "skipped", f"{count:,} resources", printable(reason))
    return rows


def _summary(report: CheckovReport) -> str:
    counts = report.counts
    suppressions = report.unused_suppressions
    unused = f"\n  ! unused suppressions: {', '.join(suppressions)}" if suppressions else ""
    results = ", ".join(f"{counts[result]:,} {result}" for result in ("passed", "skipped", "failed"))
    return f"Checkov {report.version}: {len(report.stacks)} stacks, {report.resources:,} resources, {results}{unused}"
