"""The unknown findings of templates that depend on values which a template leaves open, in one line for each template.

Most templates take their location and names from parameters, so that these findings hide the others if they are listed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from formats.unknown_values import Cause, CauseKind
from policies.model import Finding
from policies.runner import Report

MAX_NAMES = 12
"""The maximum number of parameters or functions that a line names."""


def without_open_values(report: Report, findings: Iterable[Finding]) -> list[Finding]:
    """Return the findings that are listed one by one."""
    return [finding for finding in findings if finding not in report.causes]


def open_values(report: Report) -> Iterator[str]:
    """Yield a line for each stack with such findings: their number, and the values on which they depend."""
    by_stack: dict[str, list[Finding]] = {}
    for finding in report.blocking:
        if finding in report.causes:
            by_stack.setdefault(finding.stack, []).append(finding)
    for stack, findings in by_stack.items():
        causes = {cause for finding in findings for cause in report.causes[finding]}
        count = f"{len(findings):,} {'check of' if len(findings) == 1 else 'checks of'} {stack}"
        verb = "is" if len(findings) == 1 else "are"
        yield f"{count} {verb} unknown, because the template leaves these values open: {_listed(causes)}"


def _listed(causes: Iterable[Cause]) -> str:
    names = {kind: sorted({cause.name for cause in causes if cause.kind is kind}) for kind in CauseKind}
    parameters = names[CauseKind.PARAMETER]
    parts = [
        f"{len(parameters)} {'parameter' if len(parameters) == 1 else 'parameters'} ({shortened(parameters)}; "
        "give their values with --parameters FILE)"
        if parameters
        else "",
        " and ".join(names[CauseKind.SCOPE]),
        f"results of {shortened(names[CauseKind.FUNCTION])}" if names[CauseKind.FUNCTION] else "",
    ]
    return "; ".join(part for part in parts if part)


def shortened(names: list[str], limit: int = MAX_NAMES) -> str:
    """Return a list of names, of which only the first are named."""
    rest = len(names) - limit
    return ", ".join(names[:limit]) + (f" and {rest:,} more" if rest > 0 else "")
