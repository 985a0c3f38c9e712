"""Separate the findings that a change causes from those that exist without it.

Only findings of policies on the whole estate can be preexisting. Such a finding does not block a change if it exists
without the change, with the same message; an evaluation of the whole estate recorded it; and the changed stacks are not
its cause. The cause of a finding is the stack without which it would not exist: a tenancy that gives a person access to
a zone, not the zone. The shared stacks are the cause only of findings that exist without any tenancy.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from formats.stack_config import TenancyConfig, is_kind
from policies.judged_runs import JudgedRun, JudgedRuns
from policies.model import Finding

Pair = tuple[str, str]
"""A policy and the URN of a resource."""


@dataclass(frozen=True)
class PreexistingFinding:
    """A finding that exists without the change and does not block it."""

    finding: Finding
    run: JudgedRun
    """The run that recorded it."""
    causes: tuple[str, ...]
    """The stacks without which it would not exist."""


@dataclass
class Comparison:
    """The blocking findings of policies on the whole estate, without the change and without some of its stacks."""

    changed: frozenset[str]
    """The evaluated stacks."""
    others: frozenset[str]
    """The other stacks."""
    before: Callable[[], Collection[Finding]]
    """Returns the blocking findings without the change."""
    after_without: Callable[[frozenset[str]], Collection[Finding]]
    """Returns the blocking findings with the change and without some stacks."""
    recorded: JudgedRuns
    _without: dict[frozenset[str], frozenset[Pair]] = field(default_factory=dict)

    def split(self, found: Sequence[Finding]) -> tuple[list[PreexistingFinding], list[Finding]]:
        """Return the preexisting findings, and those that exist without the change but were never recorded."""
        preexisting: list[PreexistingFinding] = []
        unrecorded: list[Finding] = []
        for finding in found:
            causes = self._causes(finding) if finding in self._before else ()
            run = self.recorded.of(finding) if causes else None
            if run:
                preexisting.append(PreexistingFinding(finding, run, causes))
            elif causes:
                unrecorded.append(finding)
        return preexisting, unrecorded

    @cached_property
    def _before(self) -> frozenset[Finding]:
        return frozenset(self.before())

    def _causes(self, finding: Finding) -> tuple[str, ...]:
        """Return the other stacks that cause a finding; empty if the evaluated stacks do."""
        tenancies = frozenset(name for name in self.changed | self.others if is_kind(name, TenancyConfig))
        own, others = tenancies & self.changed, tenancies - self.changed
        if self._is_gone(finding, own):
            return ()
        if self._is_gone(finding, others):
            return tuple(self._narrowed(finding, sorted(others)))
        if own and self._is_gone(finding, tenancies):  # another tenancy causes it too
            return ()
        return () if finding.stack in self.changed else (finding.stack,)

    def _narrowed(self, finding: Finding, stacks: list[str]) -> list[str]:
        """Return as few of the stacks as bisection finds, without which the finding would not exist."""
        while len(stacks) > 1:
            halves = (stacks[: len(stacks) // 2], stacks[len(stacks) // 2 :])
            half = next((half for half in halves if self._is_gone(finding, half)), None)
            if half is None:
                break
            stacks = half
        return stacks

    def _is_gone(self, finding: Finding, stacks: Collection[str]) -> bool:
        """True if the resource has no blocking finding of that policy without these stacks."""
        if not stacks:
            return False
        removed = frozenset(stacks)
        if removed not in self._without:
            self._without[removed] = frozenset((f.policy, f.urn) for f in self.after_without(removed))
        return finding.stack in removed or (finding.policy, finding.urn) not in self._without[removed]
