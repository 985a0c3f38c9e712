"""Evaluate the policies on plans, with the rest of the estate as neighbours: for the gate, the pack and all reports."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

from formats.errors import InputError
from formats.plan import Plan
from formats.yaml_reader import read_mapping, within
from policies.exemptions import NONE, Exemptions, read
from policies.model import Policy, PolicyContext
from policies.plan_resources import resources_of
from policies.rules import load
from policies.runner import Report, evaluate

EXEMPTIONS = "exemptions.yaml"
NO_FILES: Mapping[str, str] = {}


@dataclass(frozen=True)
class Neighbours:
    """The rest of the estate: the other stacks, and the evaluated stacks without the change."""

    deployed: tuple[Plan, ...] = ()
    """The other stacks, as deployed or as planned."""
    before: tuple[Plan, ...] = ()
    """The evaluated stacks, as deployed."""
    absent: tuple[str, ...] = ()
    """The other stacks that are not deployed. Without them, policies on the whole estate cannot be evaluated."""


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
) -> Report:
    """Return the report of the catalogue on these plans together.

    `is_complete`: the plans are all stacks of the estate. `templates`: the stacks that are ARM templates, without a
    program. `neighbours`: the rest of the estate; new findings on it count too. `files`: the file of each stack that
    was read from one.
    """
    others = neighbours or Neighbours()
    _refuse_duplicate_stacks([*plans, *others.deployed])
    day, chosen = day or today(), load() if policies is None else policies
    with _without_garbage_collection():
        context = [r for plan in others.deployed for r in resources_of(plan)]
        own = [replace(r, from_program=r.stack not in templates) for plan in plans for r in resources_of(plan)]

        def before() -> PolicyContext:
            deployed = [r for plan in others.before for r in resources_of(plan)]
            return PolicyContext([*deployed, *context], is_complete=True, today=day)

        complete = is_complete or (neighbours is not None and not neighbours.absent)
        report = evaluate(
            PolicyContext([*own, *context], is_complete=complete, today=day),
            chosen,
            stacks=[plan.stack for plan in plans],
            exemptions=exemptions,
            plans={plan.stack: plan.digest for plan in plans},
            before=before if neighbours else None,
        )
    notes = _not_evaluated(others, chosen) if others.absent else ()
    return replace(report, notes=notes, files=files)


def _refuse_duplicate_stacks(plans: Sequence[Plan]) -> None:
    duplicates = sorted(stack for stack, count in Counter(plan.stack for plan in plans).items() if count > 1)
    if duplicates:
        raise InputError(
            "Two plans are of one stack.", key="stack", found=", ".join(duplicates), fix="Leave one of them out."
        )


def _not_evaluated(neighbours: Neighbours, policies: Mapping[str, Policy]) -> tuple[str, ...]:
    waiting = [policy.id for policy in policies.values() if policy.scope == "estate"]
    absent = ", ".join(neighbours.absent)
    if not waiting:
        return ()
    return (f"not evaluated until the whole estate is deployed: {', '.join(waiting)} (missing: {absent})",)


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
