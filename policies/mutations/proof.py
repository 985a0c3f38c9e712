"""The mutation run: every checker on every mutant, and the mutants that were not refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Protocol

from formats.arm.resolve import resolved
from formats.plan import Plan
from policies.exemptions import NONE, Exemptions
from policies.model import Finding, Policy, PolicyContext
from policies.mutations.gate import Gate
from policies.mutations.generate import mutants
from policies.mutations.model import Mutant, Outcome, Refusal, Refusals
from policies.plan_resources import resources_of

GATE, PACK = "gate", "pack"
Progress = Callable[[str, int], None]
"""Receives the name of the checker, and the number of mutants."""


class Checker(Protocol):
    """A check that a deployment must pass."""

    @property
    def name(self) -> str:
        """Its name in the report."""
        ...

    def check_all(self, mutants: Sequence[Mutant]) -> Mapping[str, Refusals]:
        """Return the refusals of the mutants, by the name of the checker that they count for."""
        ...


@dataclass(frozen=True)
class Proof:
    """The result of a mutation run."""

    outcomes: tuple[Outcome, ...]
    checkers: tuple[str, ...]
    stacks: tuple[str, ...]
    before: tuple[Finding, ...]
    """The findings that refuse the plans without mutants: a refused mutant is then no evidence."""
    today: date
    plans: Mapping[str, str] = field(default_factory=dict)
    """The digest of each stack's plan."""

    def missed(self, checker: str) -> tuple[Mutant, ...]:
        """Return the mutants that a checker did not refuse."""
        return tuple(o.mutant for o in self.outcomes if checker in o.refusals and not o.caught(checker))

    @cached_property
    def counts(self) -> Mapping[str, tuple[int, int]]:
        """For each checker: the number of mutants that it refused, and that it checked."""
        shown = Counter(checker for o in self.outcomes for checker in o.refusals)
        caught = Counter(checker for o in self.outcomes for checker in o.refusals if o.caught(checker))
        return {checker: (caught[checker], shown[checker]) for checker in self.checkers}

    @cached_property
    def disagreements(self) -> tuple[Mutant, ...]:
        """The mutants that the gate refuses and the pack does not, or the reverse."""
        both = [o for o in self.outcomes if {GATE, PACK} <= o.refusals.keys()]
        return tuple(o.mutant for o in both if o.caught(GATE) is not o.caught(PACK))

    @property
    def holds(self) -> bool:
        """True if the plans pass, the gate refuses every mutant, and the pack agrees with it."""
        return not (self.before or self.missed(GATE) or self.disagreements) and bool(self.outcomes)


class GateChecker:
    """The gate on each stack together with the others, as in `sde up`."""

    name = GATE

    def __init__(
        self, plans: Sequence[Plan], policies: Mapping[str, Policy], *, today: date, is_complete: bool,
        exemptions: Exemptions = NONE,
    ) -> None:  # fmt: skip
        self.estate = PolicyContext(
            (r for plan in plans for r in resources_of(plan)), is_complete=is_complete, today=today
        )
        self.exemptions = exemptions
        self._gate = Gate(self.estate, policies, today, exemptions)
        self.related = self._gate.related

    @property
    def before(self) -> tuple[Finding, ...]:
        """The findings that refuse the plans without mutants."""
        return self._gate.before.blocking

    def refuses(self, mutant: Mutant) -> Refusal | None:
        """Return why the gate refuses a mutant."""
        return self._gate.refuses(mutant)

    def check_all(self, mutants: Sequence[Mutant]) -> Mapping[str, Refusals]:
        """Return the refusals of the gate."""
        return {self.name: {m.id: self.refuses(m) for m in mutants}}


def prove(gate: GateChecker, others: Sequence[Checker], plans: Sequence[Plan], *, stacks: Sequence[str] | None = None,
          ask_gate: bool = True, progress: Progress = lambda _checker, _count: None) -> Proof:  # fmt: skip
    """Run every mutant of some stacks (None: all of the plans') through each checker."""
    chosen = tuple(plan.stack for plan in plans if stacks is None or plan.stack in stacks)
    made = list(mutants(gate.estate, chosen))
    refusals: dict[str, Refusals] = {}
    for checker in [*([gate] if ask_gate else []), *others]:
        progress(checker.name, len(made))
        refusals |= checker.check_all(made)
    outcomes = tuple(
        Outcome(mutant, {name: found[mutant.id] for name, found in refusals.items() if mutant.id in found})
        for mutant in made
    )
    digests = {plan.stack: plan.digest for plan in plans}
    return Proof(outcomes, tuple(refusals), chosen, gate.before, gate.estate.today, digests)


def ready(plans: Sequence[Plan]) -> list[Plan]:
    """Return the plans with derivable ids filled in, as the checkers receive them."""
    return [resolved(plan) for plan in plans]
