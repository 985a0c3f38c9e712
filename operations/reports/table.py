"""Write a report as text: the blocking findings with their fixes, then the exempt ones, then the counts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from rich.text import Text

from operations.reports.open_values import open_values, without_open_values
from policies.model import Finding, Severity, Verdict

if TYPE_CHECKING:
    from policies.catalogue import Catalogue
    from policies.runner import Report

STYLES: Mapping[Severity, str] = {
    Severity.CRITICAL: "bold red",
    Severity.HIGH: "red",
    Severity.MEDIUM: "yellow",
    Severity.LOW: "dim",
}
MAX_LINES = 20
"""The maximum number of findings of one policy that are listed; the others are counted. Other formats have all."""


def table(report: Report) -> Iterator[Text]:
    """Yield the lines of the report."""
    for verdict in (Verdict.FAIL, Verdict.UNKNOWN):
        for policy in report.policies:
            found = [finding for finding in report.of(policy) if finding.verdict is verdict]
            yield from _policy(report, policy, without_open_values(report, found))
    yield from (Text(f"? {line}", "magenta") for line in open_values(report))
    yield from _exempt(report, [f for f in report.findings if f.verdict is Verdict.EXEMPT])
    yield from (Text(f"! {warning}", "yellow") for warning in report.warnings)
    yield from preexisting(report)
    yield from (Text(note, "dim") for note in report.notes)
    yield _summary_line(report)
    yield Text(verdict_line(report.verdict, report.catalogue), "bold red" if report.blocks else "green")


def exemptions_in_use(report: Report) -> Iterator[Text]:
    """Yield each exemption that covers a finding, with its people."""
    for e in report.exemptions:
        people = f"owner {e.owner.name}, approved by {e.approvers}"
        yield Text.assemble(("~ ", "blue"), f"{e.policy} {e.resource}: exempt until {e.expires} ({e.id}), "
                            f"{people}: {e.reason}")  # fmt: skip


def preexisting(report: Report) -> Iterator[Text]:
    """Yield the findings that this change does not cause, with their causes and the runs that recorded them."""
    for old in report.preexisting[:MAX_LINES]:
        finding, causes = old.finding, " and ".join(old.causes)
        where = f" {finding.path}" if finding.path else ""
        yield Text.assemble(
            ("! ", "yellow"), f"{finding.policy} ", *place(finding), (where, "cyan"), f" {finding.message}",
            (f" (caused by {causes}, not by this change; recorded by {old.run}; it does not block)", "dim"),
        )  # fmt: skip
    if len(report.preexisting) > MAX_LINES:
        yield Text(f"! and {len(report.preexisting) - MAX_LINES:,} more: scripts/sde policy check --all", "yellow")


def summary(report: Report) -> str:
    """Return one line: `policies: 312 checks pass, 2 exempt`."""
    words = {Verdict.FAIL: "fail", Verdict.UNKNOWN: "unknown", Verdict.EXEMPT: "exempt"}
    others = [f"{report.counts[v]:,} {word}" for v, word in words.items() if report.counts[v]]
    passed = report.counts[Verdict.PASS]
    return ", ".join([f"policies: {passed:,} {'check passes' if passed == 1 else 'checks pass'}", *others])


def verdict_line(verdict: str, catalogue: Catalogue | None) -> str:
    """Return a verdict with the catalogue that it is from: `verdict: passed; catalogue sha256:…, revision …`."""
    return f"verdict: {verdict}" + (f"; {catalogue}" if catalogue else "")


def _policy(report: Report, id_: str, findings: list[Finding]) -> Iterator[Text]:
    if not findings:
        return
    policy = report.policies[id_]
    yield Text.assemble((f"{id_} ", "bold"), (policy.title, "bold"), (f"  {policy.severity}", STYLES[policy.severity]))
    for finding in findings[:MAX_LINES]:
        yield _line(finding)
    if len(findings) > MAX_LINES:
        yield Text(f"  and {len(findings) - MAX_LINES:,} more", "dim")
    yield Text.assemble(("  fix: ", "green"), policy.fix)
    yield Text("")


def _line(finding: Finding) -> Text:
    sign, style = ("✗", "red") if finding.verdict is Verdict.FAIL else ("?", "magenta")
    where = f" {finding.path}" if finding.path else ""
    return Text.assemble((f"  {sign} ", style), *place(finding), (where, "cyan"), f" {finding.message}")


def place(finding: Finding) -> list[Text | tuple[str, str]]:
    """Return the stack, name and type of a resource, styled."""
    return [(f"{finding.stack} ", "dim"), (finding.name, "bold"), (f" ({finding.type.rpartition(':')[2]})", "dim")]


def _exempt(report: Report, findings: list[Finding]) -> Iterator[Text]:
    by_id = {e.id: e for e in report.exemptions}
    for finding in findings:
        e = by_id[finding.exemption]
        yield Text.assemble(("~ ", "blue"), f"{finding.policy} ", *place(finding), f" {finding.path} {finding.message}")
        until = f"    exempt until {e.expires} ({e.id}; {e.owner.name}, approved by {e.approvers}): "
        yield Text(f"{until}{e.reason} Instead: {e.compensating_control}", "dim")


def _summary_line(report: Report) -> Text:
    stacks = ", ".join(report.stacks) if len(report.stacks) <= 5 else f"{len(report.stacks):,} stacks"
    style = "bold red" if report.blocks else "green"
    return Text.assemble((summary(report), style), (f"  ({report.resources:,} resources of {stacks})", "dim"))
