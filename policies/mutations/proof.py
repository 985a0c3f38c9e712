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
from policies.mutations.model import Mutant, Outcome, Refusal

GATE, PACK = "gate", "pack"
Progress = Callable[[str, int], None]
"""Told the door, and how many mutants it is shown."""
Refusals = Mapping[str, Refusal | None]
"""By the id of a mutant; one that a door has nothing to say of is left out."""


class Door(Protocol):
    """Something that a deployment must pass."""

    @property
    def name(self) -> str:
        """What it is called in the report."""
        ...

    def all_of(self, mutants: Sequence[Mutant]) -> Refusals:
        """What it says of each mutant."""
        ...


@dataclass(frozen=True)
class Proof:
    """What became of every mutant."""

    outcomes: tuple[Outcome, ...]
    doors: tuple[str, ...]
    stacks: tuple[str, ...]
    before: tuple[Finding, ...]
    """What refuses the plans as they are: then a refused mutant proves nothing."""
    today: date
    plans: Mapping[str, str] = field(default_factory=dict)
    """The digest of each stack's plan."""

    def missed(self, door: str) -> tuple[Mutant, ...]:
        """What a door let through of what it was shown."""
        return tuple(o.mutant for o in self.outcomes if door in o.refusals and not o.caught(door))

    @cached_property
    def counts(self) -> Mapping[str, tuple[int, int]]:
        """For each door: how many mutants it refused, of how many."""
        shown = Counter(door for o in self.outcomes for door in o.refusals)
        caught = Counter(door for o in self.outcomes for door in o.refusals if o.caught(door))
        return {door: (caught[door], shown[door]) for door in self.doors}

    @cached_property
    def disagreements(self) -> tuple[Mutant, ...]:
        """The mutants that one of gate and pack refuses and the other lets through."""
        both = [o for o in self.outcomes if {GATE, PACK} <= o.refusals.keys()]
        return tuple(o.mutant for o in both if o.caught(GATE) is not o.caught(PACK))

    @property
    def holds(self) -> bool:
        """Whether the plans pass, the gate refuses every mutant, and the pack agrees with it."""
        return not (self.before or self.missed(GATE) or self.disagreements) and bool(self.outcomes)


class GateDoor:
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

    def all_of(self, mutants: Sequence[Mutant]) -> Refusals:
        """Its word on each."""
        return {m.id: self.refuses(m) for m in mutants}


def prove(gate: GateDoor, others: Sequence[Door], plans: Sequence[Plan], *, stacks: Sequence[str] | None = None,
          ask_gate: bool = True, progress: Progress = lambda _door, _count: None) -> Proof:  # fmt: skip
    """Weakens everything that the tables know of in some stacks (None: all of the plans'), for each door."""
    chosen = tuple(plan.stack for plan in plans if stacks is None or plan.stack in stacks)
    made = list(mutants(gate.estate, chosen))
    said: dict[str, Refusals] = {}
    for door in [*([gate] if ask_gate else []), *others]:
        progress(door.name, len(made))
        said |= door.said(made) if isinstance(door, Several) else {door.name: door.all_of(made)}
    outcomes = tuple(Outcome(m, {door: found[m.id] for door, found in said.items() if m.id in found}) for m in made)
    digests = {plan.stack: plan.digest for plan in plans}
    return Proof(outcomes, tuple(said), chosen, gate.before, gate.estate.today, digests)


class Several:
    """A door that is more than one: Checkov with our checks, and Checkov without."""

    name = ""

    def said(self, mutants: Sequence[Mutant]) -> dict[str, Refusals]:
        """What each of them says, by its name."""
        raise NotImplementedError

    def all_of(self, mutants: Sequence[Mutant]) -> Refusals:
        """What the first of them says."""
        return next(iter(self.said(mutants).values()), {})


def ready(plans: Sequence[Plan]) -> list[Plan]:
    """The plans with every id in them that can be told: what is weakened then is weakened in what the doors look at."""
    return [resolved(plan) for plan in plans]
