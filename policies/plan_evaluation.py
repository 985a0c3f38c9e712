"""Evaluate the policies on plans, with the rest of the estate as neighbours: for the gate, the pack and all reports."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Literal

from formats.deployed_stack import DeployedStack
from formats.errors import InputError
from formats.plan import Plan
from formats.yaml_reader import read_mapping, within
from policies.exemptions import NONE, Exemptions, read
from policies.judged_runs import NOTHING_RECORDED, JudgedRuns
from policies.model import Policy, PolicyContext
from policies.plan_resources import resources_of
from policies.preexisting import Baseline
from policies.rules import load
from policies.runner import Report, evaluate

EXEMPTIONS = "exemptions.yaml"
NO_FILES: Mapping[str, str] = {}
Scope = Literal["resource", "stack", "estate"]
SCOPES: tuple[Scope, ...] = ("resource", "stack", "estate")
OF_STACKS: tuple[Scope, ...] = ("resource", "stack")
OF_ESTATE: tuple[Scope, ...] = ("estate",)


@dataclass(frozen=True)
class Neighbours:
    """The rest of the estate: the other stacks, and the evaluated stacks without the change."""

    deployed: tuple[DeployedStack, ...] = ()
    """The other deployed stacks, as deployed or as planned. With the evaluated plans they are the estate as the change
    leaves it: a stack that is not deployed yet is not in the cloud."""
    before: tuple[DeployedStack, ...] = ()
    """The evaluated stacks, as deployed."""
    recorded: JudgedRuns = NOTHING_RECORDED
    """The findings that evaluations of the whole estate recorded."""

    @classmethod
    def of_plans(
        cls, deployed: Iterable[Plan], before: Iterable[Plan] = (), recorded: JudgedRuns = NOTHING_RECORDED
    ) -> Neighbours:
        """Return the neighbours of which the Plans are in memory."""
        return cls(tuple(map(DeployedStack.of, deployed)), tuple(map(DeployedStack.of, before)), recorded)


def today() -> date:
    """Return the day in UTC, on which exemptions and other dates may have expired."""
    return datetime.now(UTC).date()


def evaluate_plans(
    plans: Sequence[Plan],
    *,
    exemptions: Exemptions = NONE,
    day: date | None = None,
    is_complete: bool = False,
    policies: Mapping[str, Policy] | None = None,
    templates: Collection[str] = (),
    neighbours: Neighbours | None = None,
    files: Mapping[str, str] = NO_FILES,
    scopes: Collection[Scope] = SCOPES,
) -> Report:
    """Return the report of the catalogue, or of its policies of some scopes, on these plans together.

    `is_complete`: the plans are all stacks of the estate. `templates`: the stacks that are ARM templates, without a
    program. `neighbours`: the rest of the estate, with which the plans are the whole estate; findings that the plans
    cause on it count too. `files`: the file of each stack that was read from one.
    """
    others = neighbours or Neighbours()
    _refuse_duplicate_stacks([plan.stack for plan in plans] + [stack.name for stack in others.deployed])
    day, chosen = day or today(), load() if policies is None else policies
    chosen = {id_: policy for id_, policy in chosen.items() if policy.evaluation_scope in scopes}
    with _without_garbage_collection():
        context = [r for stack in others.deployed for r in resources_of(stack.load())]
        own = [replace(r, from_program=r.stack not in templates) for plan in plans for r in resources_of(plan)]

        def baseline() -> Baseline:
            deployed = [r for stack in others.before for r in resources_of(stack.load())]
            return Baseline(PolicyContext([*deployed, *context], is_complete=True, today=day), others.recorded)

        complete = is_complete or neighbours is not None
        report = evaluate(
            PolicyContext([*own, *context], is_complete=complete, today=day),
            chosen,
            stacks=[plan.stack for plan in plans],
            exemptions=exemptions,
            plans={plan.stack: plan.digest for plan in plans},
            baseline=baseline if neighbours else None,
        )
    return replace(report, files=files)


def _refuse_duplicate_stacks(names: Sequence[str]) -> None:
    duplicates = sorted(name for name, count in Counter(names).items() if count > 1)
    if duplicates:
        raise InputError(
            "Two plans are of one stack.", key="stack", found=", ".join(duplicates), fix="Leave one of them out."
        )


@contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """Switch off the collector, which would search a million findings for cycles again and again: they have none."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def exemptions_of(file: Path | None, estate: Path, day: date | None = None) -> Exemptions:
    """Return the exemptions of the given file, or else of the estate's own file, which may be absent."""
    own = estate / EXEMPTIONS
    if file is None and not own.exists():
        return NONE
    chosen = file or within(estate, own, str(own))
    return read(read_mapping(chosen), load(), file=str(chosen), today=day or today())
