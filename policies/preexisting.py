"""Separate the findings that a change causes from those that exist without it.

Only findings of policies on the whole estate can be preexisting. Such a finding does not block a change if it exists
without the change, with the same message; an evaluation of the whole estate recorded it; and the changed stacks are not
its cause. The cause of a finding is the stack without which it would not exist: a tenancy that gives a person access to
a zone, not the zone. The shared stacks are the cause only of findings that exist without any tenancy.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from formats.stack_config import TenancyConfig, is_kind
from policies.judged_runs import JudgedRun, JudgedRuns
from policies.model import Finding, Policy, PolicyContext, Resource

Evaluate = Callable[[Policy, Resource, PolicyContext], Iterator[Finding]]


@dataclass(frozen=True)
class Baseline:
    """The estate without the change, and the findings that earlier runs recorded."""

    context: PolicyContext
    recorded: JudgedRuns


@dataclass(frozen=True)
class PreexistingFinding:
    """A finding that exists without the change and does not block it."""

    finding: Finding
    run: JudgedRun
    """The run that recorded it."""
    causes: tuple[str, ...]
    """The stacks without which it would not exist."""


@dataclass
class PreexistingFindings:
    """Finds the preexisting ones among blocking findings of policies on the whole estate."""

    after: PolicyContext
    baseline: Baseline
    policies: Mapping[str, Policy]
    changed: Collection[str]
    """The evaluated stacks."""
    evaluate: Evaluate

    def __post_init__(self) -> None:
        self._without: dict[frozenset[str], PolicyContext] = {}

    def among(self, found: Sequence[Finding]) -> tuple[list[PreexistingFinding], list[Finding]]:
        """Return the preexisting ones, and those that exist without the change but were never recorded."""
        preexisting: list[PreexistingFinding] = []
        unrecorded: list[Finding] = []
        for finding in found:
            if not self._exists_before(finding):
                continue
            causes = self._causes(finding)
            if not causes:
                continue
            run = self.baseline.recorded.of(finding)
            if run:
                preexisting.append(PreexistingFinding(finding, run, causes))
            else:
                unrecorded.append(finding)
        return preexisting, unrecorded

    def _exists_before(self, finding: Finding) -> bool:
        resource = self._before.get(finding.urn)
        before = self.baseline.context
        return resource is not None and finding in self.evaluate(self.policies[finding.policy], resource, before)

    @cached_property
    def _before(self) -> Mapping[str, Resource]:
        return {resource.urn: resource for resource in self.baseline.context.resources}

    def _causes(self, finding: Finding) -> tuple[str, ...]:
        """Return the other stacks that cause a finding; empty if the evaluated stacks do."""
        others = sorted(self._tenancies.difference(self.changed))
        if self._is_gone(finding, self._tenancies.intersection(self.changed)):
            return ()
        if self._is_gone(finding, others):
            return tuple(self._narrowed(finding, others))
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

    @cached_property
    def _tenancies(self) -> frozenset[str]:
        return frozenset(r.stack for r in self.after.resources if is_kind(r.stack, TenancyConfig))

    def _is_gone(self, finding: Finding, stacks: Collection[str]) -> bool:
        """True if the resource has no blocking finding of that policy without these stacks."""
        if not stacks:
            return False
        context = self._after_without(frozenset(stacks))
        resource = next((r for r in context.resources if r.urn == finding.urn), None)
        return resource is None or not any(
            other.verdict.blocks for other in self.evaluate(self.policies[finding.policy], resource, context)
        )

    def _after_without(self, stacks: frozenset[str]) -> PolicyContext:
        if stacks not in self._without:
            kept = [r for r in self.after.resources if r.stack not in stacks]
            self._without[stacks] = PolicyContext(kept, is_complete=True, today=self.after.today)
        return self._without[stacks]
