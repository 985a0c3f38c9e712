"""Write the control matrix: for each control, the policies that are evidence for it, with their results.

It covers only the parts of a control that infrastructure code implements, not organisational procedures.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from operations.reports.open_values import open_values, without_open_values
from operations.text_templates import templates_in
from policies.controls import standards
from policies.exemptions import Exemption
from policies.model import Finding, Policy, Verdict
from policies.runner import Report

OUTCOMES: Mapping[Verdict, str] = {
    Verdict.FAIL: "does not hold",
    Verdict.UNKNOWN: "unknown",
    Verdict.EXEMPT: "holds, with exemptions",
    Verdict.PASS: "holds",
    Verdict.NOT_APPLICABLE: "nothing was judged",
}
"""The text for a control with this worst verdict, from worst to best."""


@dataclass(frozen=True)
class Evidence:
    """The results of one policy. Each resource counts once, with its worst verdict."""

    policy: Policy
    counts: Mapping[Verdict, int]

    @property
    def resources(self) -> int:
        """The number of resources that it was evaluated on."""
        return sum(count for verdict, count in self.counts.items() if verdict is not Verdict.NOT_APPLICABLE)

    @property
    def outcome(self) -> Verdict:
        """The worst verdict."""
        return next((v for v in OUTCOMES if self.counts.get(v)), Verdict.NOT_APPLICABLE)


@dataclass(frozen=True)
class Control:
    """One control of a standard, and its evidence."""

    number: str
    title: str
    evidence: Sequence[Evidence]

    @property
    def outcome(self) -> Verdict:
        """The worst verdict of its policies."""
        found = {e.outcome for e in self.evidence}
        return next(v for v in OUTCOMES if v in found)

    @property
    def remark(self) -> str:
        """The number of its policies that judged nothing, where others did; empty where all or none did."""
        silent = sum(not e.resources for e in self.evidence)
        if silent in (0, len(self.evidence)):
            return ""
        return f"{silent} of {len(self.evidence)} policies judged nothing"


@dataclass(frozen=True)
class Chapter:
    """One standard."""

    title: str
    note: str
    controls: Sequence[Control]


@dataclass(frozen=True)
class Matrix:
    """The data of the templates."""

    report: Report

    @cached_property
    def evidence(self) -> Mapping[str, Evidence]:
        """The evidence of each policy, by its id."""
        return evidence_of(self.report)

    @property
    def chapters(self) -> Iterator[Chapter]:
        """Yield the standards, each with the controls for which a policy is evidence."""
        for key, standard in standards().items():
            by_number: dict[str, list[Evidence]] = {}
            for evidence in self.evidence.values():
                for number in getattr(evidence.policy.controls, key):
                    by_number.setdefault(number, []).append(evidence)
            controls = [
                Control(number, standard.controls.get(number, ""), by_number[number])
                for number in sorted(by_number, key=sort_key)
            ]
            yield Chapter(standard.title, standard.note, controls)

    @property
    def blocking(self) -> Sequence[Finding]:
        """The blocking findings to list, failures first."""
        found = without_open_values(self.report, self.report.blocking)
        return sorted(found, key=lambda finding: finding.verdict is not Verdict.FAIL)

    @property
    def open_values(self) -> Sequence[str]:
        """The blocking findings that depend on values which templates leave open, a line for each template."""
        return list(open_values(self.report))

    @property
    def exempt(self) -> Iterator[tuple[Exemption, Sequence[Finding]]]:
        """Yield the used exemptions with their findings."""
        for exemption in self.report.exemptions:
            yield exemption, [f for f in self.report.findings if f.exemption == exemption.id]


def evidence_of(report: Report) -> Mapping[str, Evidence]:
    """Return the evidence of each policy of a report, by its id."""
    return {id_: Evidence(policy, _counts(report.of(id_))) for id_, policy in report.policies.items()}


def html(report: Report) -> str:
    """Return the matrix as one HTML page without other files."""
    return _render("matrix.html.j2", report, escaped=True)


def markdown(report: Report) -> str:
    """Return the matrix as Markdown."""
    return _render("matrix.md.j2", report, escaped=False)


def _render(template: str, report: Report, *, escaped: bool) -> str:
    environment = templates_in(Path(__file__).parent / "templates", html=escaped)
    environment.filters["md"] = _markdown_text
    names = {verdict.value: text for verdict, text in OUTCOMES.items()}
    return environment.get_template(template).render(matrix=Matrix(report), report=report, Verdict=Verdict, names=names)


def _markdown_text(value: object) -> str:
    """Return a value escaped for Markdown, also for table cells."""
    return re.sub(r"([\\`*_{}\[\]()<>#+!|~&$@])", r"\\\1", str(value)).replace("\n", " ")


def _counts(findings: Sequence[Finding]) -> Mapping[Verdict, int]:
    """Return the number of resources by their worst verdict."""
    order = list(OUTCOMES)
    worst: dict[str, Verdict] = {}
    for finding in findings:
        worst[finding.urn] = min(worst.get(finding.urn, finding.verdict), finding.verdict, key=order.index)
    return Counter(worst.values())


def sort_key(number: str) -> tuple[tuple[int, str], ...]:
    """Return the key that sorts the numbers of controls as their standards do."""
    return tuple((int(part), "") if part.isdigit() else (0, part) for part in number.split("."))
