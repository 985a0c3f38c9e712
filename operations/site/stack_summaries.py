"""Each stack in brief: whether it is deployed, what the policies found, its price and its ends."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from operations.access.view import Row
from operations.site.badge import Badge
from operations.site.ends_page import EndRow, ends_of
from operations.site.facts import ChangeFacts, SiteFacts, StackFacts
from operations.site.resources import deployed
from policies.model import Finding, Verdict


@dataclass(frozen=True)
class StackSummary:
    """A stack in brief."""

    stack: StackFacts
    state: Badge
    verdict: Badge
    data_class: str
    resources: int
    monthly: str
    """The idle price a month; empty for one that is not deployed."""
    next_end: date | None
    end: Badge | None
    """How near its next end is."""


class Summaries:
    """What the facts have of each stack, sorted once."""

    def __init__(self, facts: SiteFacts) -> None:
        self._facts = facts

    @cached_property
    def all(self) -> Sequence[StackSummary]:
        """The stacks in the order of the facts."""
        return [self._of(stack) for stack in self._facts.stacks]

    @cached_property
    def ends(self) -> Mapping[str, Sequence[EndRow]]:
        """What each stack needs that ends, the first to end first."""
        found: dict[str, list[EndRow]] = {}
        for end in ends_of(self._facts):
            for name in end.stacks:
                found.setdefault(name, []).append(end)
        return found

    @cached_property
    def _counts(self) -> Mapping[tuple[str, Verdict], int]:
        """The number of findings by stack and verdict."""
        return Counter(
            (one.stack, one.verdict) for one in (self._facts.policies.findings if self._facts.policies else ())
        )

    @cached_property
    def _noted(self) -> Mapping[str, Sequence[Finding]]:
        """The findings that do not pass, by stack."""
        found: dict[str, list[Finding]] = {}
        for one in self._facts.policies.findings if self._facts.policies else ():
            if one.verdict not in (Verdict.PASS, Verdict.NOT_APPLICABLE):
                found.setdefault(one.stack, []).append(one)
        return found

    @cached_property
    def _rows(self) -> Mapping[str, Sequence[Row]]:
        found: dict[str, list[Row]] = {}
        for row in self._facts.access.rows:
            found.setdefault(row.thing.stack, []).append(row)
        return found

    @cached_property
    def _changes(self) -> Mapping[str, Sequence[ChangeFacts]]:
        found: dict[str, list[ChangeFacts]] = {}
        for change in self._facts.changes:
            for stack in change.record.entry.stacks:
                found.setdefault(stack, []).append(change)
        return found

    def counts(self, stack: str) -> Mapping[Verdict, int]:
        """Return the number of findings of each verdict on a stack."""
        return {verdict: self._counts.get((stack, verdict), 0) for verdict in Verdict}

    def noted(self, stack: str) -> Sequence[Finding]:
        """Return the findings on a stack that fail, are unknown or are exempt."""
        return self._noted.get(stack, ())

    def rows(self, stack: str) -> Sequence[Row]:
        """Return the access rows on the things of a stack."""
        return self._rows.get(stack, ())

    def changes(self, stack: str) -> Sequence[ChangeFacts]:
        """Return the changes of a stack, the latest first."""
        return self._changes.get(stack, ())

    def _of(self, stack: StackFacts) -> StackSummary:
        first = next(iter(self.ends.get(stack.name, ())), None)
        return StackSummary(
            stack,
            state_of(stack),
            self.verdict_of(stack),
            str(stack.config.data_class) if stack.config else "",
            len(deployed(stack.plan)) if stack.plan else 0,
            f"{stack.price.currency} {stack.price.total.after:,.2f}" if stack.price else "",
            first.day if first else None,
            first.when if first else None,
        )

    def verdict_of(self, stack: StackFacts) -> Badge:
        """Return what the policies found on a stack."""
        counts = self.counts(stack.name)
        if not stack.plan or not sum(counts.values()):
            return Badge("quiet", "not evaluated")
        if counts[Verdict.FAIL] or counts[Verdict.UNKNOWN]:
            parts = [f"{counts[Verdict.FAIL]:,} fail"] if counts[Verdict.FAIL] else []
            parts += [f"{counts[Verdict.UNKNOWN]:,} unknown"] if counts[Verdict.UNKNOWN] else []
            return Badge("bad", ", ".join(parts))
        if counts[Verdict.EXEMPT]:
            return Badge("warn", f"passes, {counts[Verdict.EXEMPT]:,} exempt")
        return Badge("good", "passes")


def state_of(stack: StackFacts) -> Badge:
    """Return whether a stack is deployed."""
    if stack.is_orphaned:
        return Badge("bad", "orphaned")
    return Badge("good", "deployed") if stack.plan else Badge("quiet", "not deployed")
