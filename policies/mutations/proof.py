"""The mutation run: every detector on every mutant, and the mutants that were not refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Protocol

from formats.arm.resolve import resolved
from formats.plan import Plan
from formats.stack_config import StackConfig
from policies.exemptions import NONE, Exemptions
from policies.model import NO_CONFIGS, Finding, Policy, PolicyContext
from policies.mutations.generate import mutants
from policies.mutations.model import Mutant, Outcome, Refusal, Refusals
from policies.mutations.mutant_evaluator import MutantEvaluator
from policies.mutations.sdk_mutants import SdkMutants
from policies.plan_resources import resources_of

GATE, PACK = "gate", "pack"
Progress = Callable[[str, int], None]
"""Receives the name of the detector, and the number of mutants."""


class Detector(Protocol):
    """A check of plans or templates that should refuse mutants."""

    @property
    def name(self) -> str:
        """Its name in the report."""
        ...

    def check_all(self, mutants: Sequence[Mutant]) -> Mapping[str, Refusals]:
        """Return the refusals of the mutants, by detector: one run of Checkov counts for two."""
        ...


@dataclass(frozen=True)
class Proof:
    """The result of a mutation run."""

    outcomes: tuple[Outcome, ...]
    detectors: tuple[str, ...]
    stacks: tuple[str, ...]
    before: tuple[Finding, ...]
    """The findings that block the plans without mutants. If there are any, a refused mutant proves nothing."""
    today: date
    plans: Mapping[str, str] = field(default_factory=dict)
    """The digest of each stack's plan."""
    added: tuple[Outcome, ...] = ()
    """The outcomes of the additions that the SDK offers, for the gate and the pack. Harmless ones have no refusals."""

    def missed(self, detector: str) -> tuple[Mutant, ...]:
        """Return the mutants that a detector did not refuse."""
        return _missed(self.outcomes, detector)

    @cached_property
    def missed_additions(self) -> tuple[Mutant, ...]:
        """The additions that the gate did not refuse and that are not listed as harmless."""
        return _missed(self.added, GATE)

    @cached_property
    def counts(self) -> Mapping[str, tuple[int, int]]:
        """For each detector: the number of mutants that it refused, and that it checked."""
        checked = Counter(detector for o in self.outcomes for detector in o.refusals)
        refused = Counter(detector for o in self.outcomes for detector in o.refusals if o.refused_by(detector))
        return {detector: (refused[detector], checked[detector]) for detector in self.detectors}

    @cached_property
    def disagreements(self) -> tuple[Mutant, ...]:
        """The mutants that the gate refuses and the pack does not, or the reverse."""
        both = [o for o in (*self.outcomes, *self.added) if {GATE, PACK} <= o.refusals.keys()]
        return tuple(o.mutant for o in both if o.refused_by(GATE) is not o.refused_by(PACK))

    @property
    def holds(self) -> bool:
        """True if the plans pass, the gate refuses every mutant, and the pack agrees with it."""
        failed = self.before or self.missed(GATE) or self.missed_additions or self.disagreements
        return bool(self.outcomes) and not failed


class GateDetector:
    """Runs the gate on each mutant's stack together with the other stacks, as in `sde up`."""

    name = GATE

    def __init__(
        self, plans: Sequence[Plan], policies: Mapping[str, Policy], *, today: date, is_complete: bool,
        exemptions: Exemptions = NONE, configs: Mapping[str, StackConfig] = NO_CONFIGS,
    ) -> None:  # fmt: skip
        self.estate = PolicyContext(
            (r for plan in plans for r in resources_of(plan)), is_complete=is_complete, today=today, configs=configs
        )
        self.policies, self.exemptions = policies, exemptions
        self._evaluator = MutantEvaluator(self.estate, policies, today, exemptions)
        self.related = self._evaluator.related

    @property
    def before(self) -> tuple[Finding, ...]:
        """The findings that refuse the plans without mutants."""
        return self._evaluator.before.blocking

    def refuses(self, mutant: Mutant) -> Refusal | None:
        """Return why the gate refuses a mutant."""
        return self._evaluator.refuses(mutant)

    def check_all(self, mutants: Sequence[Mutant]) -> Mapping[str, Refusals]:
        """Return the refusals of the gate."""
        return {self.name: {m.id: self.refuses(m) for m in mutants}}


def prove(gate: GateDetector, others: Sequence[Detector], plans: Sequence[Plan], *, stacks: Sequence[str] | None = None,
          ask_gate: bool = True, progress: Progress = lambda _detector, _count: None) -> Proof:  # fmt: skip
    """Run every mutant of some stacks (None: all of the plans') through each detector."""
    chosen = tuple(plan.stack for plan in plans if stacks is None or plan.stack in stacks)
    made = list(mutants(gate.estate, chosen))
    added = list(SdkMutants(gate.policies).of(gate.estate, chosen)) if ask_gate else []
    refusals: dict[str, Refusals] = {}
    of_additions: dict[str, Refusals] = {}
    for detector in [*([gate] if ask_gate else []), *others]:
        progress(detector.name, len(made) + len(added))
        refusals |= detector.check_all(made)
        if detector.name in (GATE, PACK):
            of_additions |= detector.check_all([mutant for mutant in added if not mutant.harmless])
    digests = {plan.stack: plan.digest for plan in plans}
    return Proof(_outcomes(made, refusals), tuple(refusals), chosen, gate.before, gate.estate.today, digests,
                 _outcomes(added, of_additions))  # fmt: skip


def _outcomes(made: Sequence[Mutant], refusals: Mapping[str, Refusals]) -> tuple[Outcome, ...]:
    return tuple(
        Outcome(mutant, {name: found[mutant.id] for name, found in refusals.items() if mutant.id in found})
        for mutant in made
    )


def _missed(outcomes: Sequence[Outcome], detector: str) -> tuple[Mutant, ...]:
    return tuple(o.mutant for o in outcomes if detector in o.refusals and not o.refused_by(detector))


def ready(plans: Sequence[Plan]) -> list[Plan]:
    """Return the plans with derivable ids filled in, as the detectors receive them."""
    return [resolved(plan) for plan in plans]
