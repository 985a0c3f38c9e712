"""The mutation run: every mutant before every door, and what each let through."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Protocol

from operations.plan import Plan
from operations.resolve import resolved, resources_of
from policies.exemptions import NONE, Exemptions
from policies.model import Estate, Finding, Policy
from policies.mutations.gate import Gate
from policies.mutations.generate import mutants
from policies.mutations.model import Mutant, Outcome, Refusal, Refusals

GATE, PACK = "gate", "pack"
Progress = Callable[[str, int], None]
"""Told the door, and how many mutants it is shown."""


class Checker(Protocol):
    """Something that a deployment must pass."""

    @property
    def name(self) -> str:
        """What it is called in the report."""
        ...

    def check_all(self, mutants: Sequence[Mutant]) -> Mapping[str, Refusals]:
        """Return the refusals of the mutants, by the name of the checker that they count for."""
        ...


@dataclass(frozen=True)
class Proof:
    """What became of every mutant."""

    outcomes: tuple[Outcome, ...]
    checkers: tuple[str, ...]
    stacks: tuple[str, ...]
    before: tuple[Finding, ...]
    """What refuses the plans as they are: then a refused mutant proves nothing."""
    today: date
    plans: Mapping[str, str] = field(default_factory=dict)
    """The digest of each stack's plan."""

    def missed(self, checker: str) -> tuple[Mutant, ...]:
        """What a door let through of what it was shown."""
        return tuple(o.mutant for o in self.outcomes if checker in o.refusals and not o.caught(checker))

    @cached_property
    def counts(self) -> Mapping[str, tuple[int, int]]:
        """For each door: how many mutants it refused, of how many."""
        shown = Counter(checker for o in self.outcomes for checker in o.refusals)
        caught = Counter(checker for o in self.outcomes for checker in o.refusals if o.caught(checker))
        return {checker: (caught[checker], shown[checker]) for checker in self.checkers}

    @cached_property
    def disagreements(self) -> tuple[Mutant, ...]:
        """The mutants that one of gate and pack refuses and the other lets through."""
        both = [o for o in self.outcomes if {GATE, PACK} <= o.refusals.keys()]
        return tuple(o.mutant for o in both if o.caught(GATE) is not o.caught(PACK))

    @property
    def holds(self) -> bool:
        """Whether the plans pass, the gate refuses every mutant, and the pack agrees with it."""
        return not (self.before or self.missed(GATE) or self.disagreements) and bool(self.outcomes)


class GateChecker:
    """The gate before each stack beside the others, as it stands in `sde up`."""

    name = GATE

    def __init__(
        self, plans: Sequence[Plan], policies: Mapping[str, Policy], *, today: date, whole: bool,
        exemptions: Exemptions = NONE,
    ) -> None:  # fmt: skip
        self.estate = Estate((r for plan in plans for r in resources_of(plan)), whole=whole, today=today)
        self.exemptions = exemptions
        self._gate = Gate(self.estate, policies, today, exemptions)
        self.related = self._gate.related

    @property
    def before(self) -> tuple[Finding, ...]:
        """What refuses the plans as they are."""
        return self._gate.before.blocking

    def refuses(self, mutant: Mutant) -> Refusal | None:
        """Why the gate refuses it."""
        return self._gate.refuses(mutant)

    def check_all(self, mutants: Sequence[Mutant]) -> Mapping[str, Refusals]:
        """Return the refusals of the gate."""
        return {self.name: {m.id: self.refuses(m) for m in mutants}}


def prove(gate: GateChecker, others: Sequence[Checker], plans: Sequence[Plan], *, stacks: Sequence[str] | None = None,
          ask_gate: bool = True, progress: Progress = lambda _checker, _count: None) -> Proof:  # fmt: skip
    """Weakens everything that the tables know of in some stacks (None: all of the plans'), for each door."""
    chosen = tuple(plan.stack for plan in plans if stacks is None or plan.stack in stacks)
    made = list(mutants(gate.estate, chosen))
    refusals: dict[str, Refusals] = {}
    for checker in [*([gate] if ask_gate else []), *others]:
        progress(checker.name, len(made))
        refusals |= checker.check_all(made)
    outcomes = tuple(Outcome(m, {checker: found[m.id] for checker, found in refusals.items() if m.id in found}) for m in made)
    digests = {plan.stack: plan.digest for plan in plans}
    return Proof(outcomes, tuple(refusals), chosen, gate.before, gate.estate.today, digests)


def ready(plans: Sequence[Plan]) -> list[Plan]:
    """The plans with every id in them that can be told: what is weakened then is weakened in what the doors look at."""
    return [resolved(plan) for plan in plans]
