"""The control matrix: for each control of each standard, the policies that are evidence for it, with their results."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from operations.reports.matrix import OUTCOMES, Chapter, Control, Evidence, Matrix
from operations.site.badge import Badge, Tone
from operations.site.facts import SiteFacts
from operations.site.pages import Page, Target
from policies.controls import standards
from policies.model import Verdict
from policies.runner import Report

_TONES: dict[Verdict, Tone] = {
    Verdict.FAIL: "bad",
    Verdict.UNKNOWN: "bad",
    Verdict.EXEMPT: "warn",
    Verdict.PASS: "good",
    Verdict.NOT_APPLICABLE: "quiet",
}


@dataclass(frozen=True)
class Counts:
    """Numbers of resources by verdict."""

    passed: int
    failed: int
    unknown: int
    exempt: int

    @property
    def total(self) -> int:
        """All of them."""
        return self.passed + self.failed + self.unknown + self.exempt


@dataclass(frozen=True)
class ControlRow:
    """A control and its evidence."""

    number: str
    title: str
    outcome: Badge
    counts: Counts
    """The checks: a resource counts once for each policy."""
    policies: tuple[str, ...]
    """The policies that judged something."""
    idle: tuple[str, ...]
    """The policies that judged nothing, as nothing that they concern is deployed."""


@dataclass(frozen=True)
class StandardView:
    """One standard."""

    anchor: str
    title: str
    note: str
    rows: Sequence[ControlRow]
    without_policy: Sequence[tuple[str, str]]
    """The controls that no policy is evidence for: number and title."""

    @property
    def judged(self) -> int:
        """The number of controls for which something was judged."""
        return sum(bool(row.policies) for row in self.rows)


@dataclass(frozen=True)
class PolicyRow:
    """A policy with its results."""

    id: str
    title: str
    why: str
    severity: str
    outcome: Badge
    counts: Counts


def pages(facts: SiteFacts) -> Iterator[Page]:
    """Yield the page of the matrix."""
    report = facts.policies
    matrix = Matrix(report) if report else None
    policies = [policy_row(one) for one in matrix.evidence.values()] if matrix else ()
    chapters = [standard_view(f"s{index}", one) for index, one in enumerate(matrix.chapters)] if matrix else ()
    values = {"report": report, "standards": chapters, "policies": policies, "notes": _notes(report) if report else ()}
    targets = [Target(f"{one.id}: {one.title}", one.id) for one in policies]
    targets += [Target(f"{one.title}", one.anchor) for one in chapters]
    yield Page("controls.html", "controls.html.j2", "Control matrix", "controls", values, targets)


def _notes(report: Report) -> Sequence[str]:
    return [*report.notes, *report.warnings]


def standard_view(anchor: str, chapter: Chapter) -> StandardView:
    """Return a standard with the controls that policies are evidence for."""
    rows = [control_row(one) for one in chapter.controls]
    known = next((one.controls for one in standards().values() if one.title == chapter.title), {})
    covered = {row.number for row in rows}
    without = [(number, title) for number, title in known.items() if number not in covered]
    return StandardView(anchor, chapter.title, chapter.note, rows, without)


def control_row(control: Control) -> ControlRow:
    """Return a control. What nothing was judged for never holds."""
    judged = [one for one in control.evidence if one.resources]
    words = OUTCOMES[control.outcome] if judged else "nothing was judged"
    sums = [counts_of(one) for one in judged]
    return ControlRow(
        control.number,
        control.title,
        Badge(_TONES[control.outcome] if judged else "quiet", words),
        Counts(*(sum(getattr(one, name) for one in sums) for name in ("passed", "failed", "unknown", "exempt"))),
        tuple(one.policy.id for one in judged),
        tuple(one.policy.id for one in control.evidence if not one.resources),
    )


def policy_row(evidence: Evidence) -> PolicyRow:
    """Return a policy with its results."""
    policy = evidence.policy
    words = OUTCOMES[evidence.outcome] if evidence.resources else "nothing was judged"
    outcome = Badge(_TONES[evidence.outcome] if evidence.resources else "quiet", words)
    return PolicyRow(policy.id, policy.title, policy.why, str(policy.severity), outcome, counts_of(evidence))


def counts_of(evidence: Evidence) -> Counts:
    """Return the numbers of resources by verdict."""
    found = evidence.counts
    verdicts = (Verdict.PASS, Verdict.FAIL, Verdict.UNKNOWN, Verdict.EXEMPT)
    return Counts(*(found.get(verdict, 0) for verdict in verdicts))
