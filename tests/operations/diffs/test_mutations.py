"""Every weakening that the gate refuses is a weakening in the diff too.

`SDE_MEANINGS` is the number of mutants, or `all` (`scripts/soak`); by default a sample, the same in each run."""

from __future__ import annotations

import os
import random

from operations.diffs.stack_diff import stack_diff
from policies.mutations.generate import mutants
from policies.mutations.model import Mutant
from policies.mutations.mutant_evaluator import MutantEvaluator
from policies.mutations.proof import GateDetector, ready
from policies.plan_evaluation import today
from policies.rules import load
from tests.operations.diffs import edits
from tests.policies import shipped

SAMPLE, SEED = 60, 15


def chosen(every: list[Mutant]) -> list[Mutant]:
    wanted = os.environ.get("SDE_MEANINGS", str(SAMPLE))
    if wanted == "all":
        return every
    one_of_each_kind = list({(m.type, m.label): m for m in every}.values())
    return random.Random(SEED).sample(one_of_each_kind, int(wanted))  # noqa: S311 - a sample, no secret


def test_every_mutant_is_a_weakening() -> None:
    plans = ready([shipped.after(stack) for stack in shipped.STACKS])
    gate = GateDetector(plans, load(), today=today(), is_complete=True, configs=shipped.configs())
    evaluator = MutantEvaluator(gate.estate, load(), today())
    harmless: list[str] = []
    for mutant in chosen(list(mutants(gate.estate))):
        finding = evaluator.finding(mutant)
        assert finding, mutant.id
        diff = stack_diff(edits.plan_of(mutant), [finding], policies=load())
        if not any(change.meaning.weakens and finding.policy in change.rules for change in diff.changes):
            harmless.append(f"{mutant.id}: {[(c.meaning, c.sentence) for c in diff.changes]}")
    assert harmless == []
