"""The page of one change: what it meant, who asked for it, who allowed it, and what became of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from formats.property_changes import ABSENT
from operations.diffs.meaning import ORDER, Meaning
from operations.diffs.places import where_with_names
from operations.diffs.text import plural, shortened, shown
from operations.history.changes import name_of
from operations.history.kept import KeptChange, KeptFlow
from operations.ledger.entry import Entry, Kind, Result
from operations.site.badge import Badge
from operations.site.change_access import AccessLine, access_lines
from operations.site.change_history import FoundChange, is_drift
from operations.site.change_permits import Allowed, without_permit
from operations.site.change_rows import name_of_change, result_of, who_asked
from operations.site.facts import ChangeFacts, SiteFacts
from operations.site.pages import Page, Target
from policies.reachability.control_sets import MAX_CONTROLS

MOST_CHANGES, MOST_FINDINGS = 200, 100
"""The most changes of one meaning, and findings, that a page shows. The ledger keeps all."""
_MAX_VALUE, _MAX_SENTENCE, _MAX_PATH = 600, 1000, 200
_WAYS = (Meaning.OPENS_WAY, Meaning.CLOSES_WAY)
_TITLES = {
    Kind.REFUSAL: "Refused change",
    Kind.FAILED: "Change that could not begin",
    Kind.BREAK_GLASS: "Use of break-glass",
    Kind.DRIFT: "Drift",
    Kind.OPEN_FINDING: "Open finding",
}


@dataclass(frozen=True)
class DiffRow:
    """One change of a diff, on the resources that it is equal on."""

    sentence: str
    where: str
    path: str
    before: str | None
    after: str | None
    replaces: bool
    rules: tuple[str, ...]
    undoes: ChangeFacts | None = None
    """The refresh that found the change from outside the tool which this undoes."""
    found: FoundChange | None = None
    """For a change from outside the tool: what became of it."""


@dataclass(frozen=True)
class DiffGroup:
    """The changes with one meaning."""

    anchor: str
    meaning: Meaning
    rows: Sequence[DiffRow]
    count: int

    @property
    def more(self) -> int:
        """The number of changes that are not shown."""
        return self.count - len(self.rows)


@dataclass(frozen=True)
class FlowRow:
    """A forbidden flow that another number of controls prevents than before."""

    policy: str
    flow: str
    source: str
    before: str
    after: str
    weakens: bool


@dataclass(frozen=True)
class ChangeView:
    """All that the page of a change shows, beside its facts."""

    title: str
    result: Badge
    is_drift: bool
    """True for a refresh that found that Azure differed from the state."""
    run_by: str
    """What the person who ran the command did."""
    who: str
    who_id: str
    counts: str
    verdict: Badge
    found_by_policies: str
    """The caption of the findings of its policies."""
    heading: str
    """The heading of its diff."""
    why_no_diff: str
    """What is said where it has none."""
    changes_ways: bool
    """True if it opens or closes a way in or out."""
    groups: Sequence[DiffGroup]
    access: Sequence[AccessLine]
    flows: Sequence[FlowRow]
    without_permit: Allowed | None
    """Why it names nobody who allowed it; None if it does."""
    closed_by: ChangeFacts | None
    """The change after which what its run left in Azure was not open any more."""
    deployed_again: ChangeFacts | None
    """The first successful deployment of its stacks after it."""
    digests: Sequence[tuple[str, str]]
    drifts: Sequence[Entry]
    """The entries of the same run about differences between the cloud and the state."""
    findings: Sequence[Entry]
    """The entries of the same run about what it should have deleted and still exists."""


def change_pages(facts: SiteFacts) -> Iterator[Page]:
    """Yield the page of each change, with links to the one before and the one after it."""
    for index, one in enumerate(facts.changes):
        view = change_view(facts, one)
        later = facts.changes[index - 1] if index else None
        earlier = facts.changes[index + 1] if index + 1 < len(facts.changes) else None
        values = {"change": one, "entry": one.record.entry, "result": one.record.result, "view": view,
                  "later": later, "earlier": earlier, "name_of_change": name_of_change}  # fmt: skip
        yield Page(one.path, "change.html.j2", view.title, "changes", values, _targets(view))


def _targets(view: ChangeView) -> Sequence[Target]:
    """Return the changes that weaken something, for the search."""
    weakening = [group for group in view.groups if group.meaning.weakens]
    return [Target(shortened(row.sentence, 160), group.anchor) for group in weakening for row in group.rows[:3]]


def change_view(facts: SiteFacts, one: ChangeFacts) -> ChangeView:
    """Return what the page of a change shows."""
    entry, result = one.record.entry, one.record.result
    what = "Drift found by change" if is_drift(one) else _TITLES.get(entry.kind, "Change")
    return ChangeView(
        title=f"{what} {name_of_change(one)}: {shortened(entry.command, 60)} {_stacks(entry.stacks)}".rstrip(),
        result=result_of(one),
        is_drift=is_drift(one),
        run_by="Found by" if is_drift(one) else "Noted by" if entry.kind is Kind.BREAK_GLASS else "Run by",
        who=who_asked(facts, entry),
        who_id=name_of(entry.who),
        counts=_counts(result or entry),
        verdict=_verdict(one),
        found_by_policies=_found_by_policies(one),
        heading=_heading(one),
        why_no_diff=_why_no_diff(one),
        changes_ways=any(row.meaning in _WAYS for row in (one.diff.changes if one.diff else ())),
        groups=_groups(facts, one),
        access=access_lines(facts, one, brief=False),
        flows=[_flow(flow) for flow in one.access.flows] if one.access else (),
        without_permit=None if one.allowed_by else without_permit(facts, one),
        closed_by=facts.history.closed_by(one),
        deployed_again=facts.history.next_success(one),
        digests=_digests(one),
        drifts=[part for part in one.record.parts if part.kind is Kind.DRIFT],
        findings=[part for part in one.record.parts if part.kind is Kind.OPEN_FINDING],
    )


def _stacks(stacks: Sequence[str]) -> str:
    return " ".join(stacks) if len(stacks) <= 2 else plural(len(stacks), "stack")


def _counts(entry: Entry) -> str:
    """Return the numbers of resources by operation."""
    found = [f"{count:,} {name}" for name, count in sorted(entry.counts.items()) if name != "same" and count]
    same = entry.counts.get("same", 0)
    return ", ".join([*found, *([f"{same:,} unchanged"] if same else [])])


def _verdict(one: ChangeFacts) -> Badge:
    verdict, entry = one.verdict, one.record.entry
    if "verdict" in one.unread:
        return Badge("bad", "cannot be read")
    if verdict is None:
        return Badge("quiet", "not evaluated")
    if not verdict.passed:
        words = "do not hold" if entry.kind is Kind.INTENT else "refused"
        return Badge("bad", f"{words}: {plural(len(verdict.blocking), 'finding')}")
    return Badge("warn", "passed, with exemptions") if verdict.exemptions else Badge("good", "passed")


def _found_by_policies(one: ChangeFacts) -> str:
    if one.record.entry.kind is not Kind.INTENT:
        return "Findings that blocked it"
    return "Findings on what is in Azure. They blocked nothing: a refresh changes the state alone, so that it is true"


def _heading(one: ChangeFacts) -> str:
    entry, result = one.record.entry, one.record.result
    if is_drift(one):
        return "Found: changed outside the tool"
    if entry.kind is Kind.BREAK_GLASS:
        return "What changed"
    if entry.kind is not Kind.INTENT or (result and result.result is Result.FAILED):
        return "What would have changed"
    return "What changed" if result and result.result is Result.SUCCEEDED else "What was to change"


def _why_no_diff(one: ChangeFacts) -> str:
    if one.diff:
        return "Nothing changes: the plan has no change of a resource."
    if "diff" in one.unread:
        return "The diff that the ledger keeps of it cannot be read."
    if one.record.entry.kind is Kind.BREAK_GLASS:
        return "A note changes nothing. What was done by hand is drift: scripts/sde drift and refresh find it."
    if one.record.entry.command == "refresh":
        return "Nothing differed: Azure was as the state had it."
    return "The ledger keeps no diff of it: nothing was planned, or the run ended before."


def _groups(facts: SiteFacts, one: ChangeFacts) -> Sequence[DiffGroup]:
    """Return the changes by meaning, those that undo something first in each."""
    undoes = facts.history.undoes(one)
    outside = {id(row.change): row for row in facts.history.found_outside(one)}
    changes = one.diff.changes if one.diff else ()
    ordered = sorted(changes, key=lambda row: (ORDER[row.meaning], id(row) not in undoes))
    groups = [(meaning, list(rows)) for meaning, rows in groupby(ordered, lambda row: row.meaning)]
    return [
        DiffGroup(f"m{ORDER[meaning]}", meaning,
                  [_row(row, undoes.get(id(row)), outside.get(id(row))) for row in rows[:MOST_CHANGES]], len(rows))
        for meaning, rows in groups
    ]  # fmt: skip


def _row(change: KeptChange, undoes: ChangeFacts | None, found: FoundChange | None) -> DiffRow:
    return DiffRow(
        sentence=shortened(change.sentence, _MAX_SENTENCE),
        where=where_with_names(change.resources) if change.resources else "",
        path=shortened(change.path, _MAX_PATH),
        before=_value(change.before),
        after=_value(change.after),
        replaces=change.replaces,
        rules=change.rules,
        undoes=undoes,
        found=found,
    )


def _value(value: Any) -> str | None:
    return None if value is ABSENT else shown(value, _MAX_VALUE)


def _flow(flow: KeptFlow) -> FlowRow:
    return FlowRow(flow.policy, flow.flow, flow.source, _depth(flow.before), _depth(flow.after), flow.weakens)


def _depth(depth: int | None) -> str:
    if depth is None:
        return "no such flow"
    return f"more than {MAX_CONTROLS} controls" if depth > MAX_CONTROLS else plural(depth, "control")


def _digests(one: ChangeFacts) -> Sequence[tuple[str, str]]:
    """Return the digests that the entry and its result have, each with its name."""
    entry, result, permit = one.record.entry, one.record.result, one.permit
    found = [
        ("Plan", entry.digests.plan),
        ("Configuration", entry.digests.configuration),
        ("Catalogue of policies", entry.digests.catalogue),
        ("Verdict", entry.digests.verdict),
        ("Service template", entry.digests.template),
        ("State before", entry.state_before),
        ("State after", result.state if result else None),
        ("Permit of the tenancy", permit.permit if permit else None),
        *(("Permit of an action", digest) for digest in (permit.actions if permit else ())),
    ]
    return [(name, digest) for name, digest in found if digest]
