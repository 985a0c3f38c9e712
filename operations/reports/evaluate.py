"""From plans to a report: the one way in for the gate, the command line and every other reader of verdicts."""

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
from policies.rules import load
from policies.exemptions import NONE, Exemptions, read
from policies.model import Policy, PolicyContext
from policies.plan_resources import resources_of
from policies.runner import Report, judge

EXEMPTIONS = "exemptions.yaml"


@dataclass(frozen=True)
class Neighbours:
    """The rest of the estate, beside which some stacks are judged."""

    standing: tuple[Plan, ...] = ()
    """What stands of the other stacks, or what is planned for them."""
    before: tuple[Plan, ...] = ()
    """The judged stacks themselves, as they stand without the change."""
    absent: tuple[str, ...] = ()
    """Stacks of the estate of which nothing stands: what lies between stacks cannot be judged without them."""


def today() -> date:
    """The day that exemptions and expiries are held against, in UTC."""
    return datetime.now(UTC).date()


def judged(
    plans: Sequence[Plan],
    *,
    exemptions: Exemptions = NONE,
    day: date | None = None,
    whole: bool = False,
    policies: Mapping[str, Policy] | None = None,
    templates: Collection[str] = (),
    neighbours: Neighbours | None = None,
) -> Report:
    """What the catalogue says of these plans together; `whole`: they are all that the estate has.

    `templates`: the stacks of which there is but an ARM template, which cannot say what a program would do.
    `neighbours`: the rest of the estate; then what the plans bring about there counts too.
    """
    beside = neighbours or Neighbours()
    _refuse_two_of_one([*plans, *beside.standing])
    day, chosen = day or today(), load() if policies is None else policies
    with _uncollected():
        others = [r for plan in beside.standing for r in resources_of(plan)]
        resources = [replace(r, declared=r.stack not in templates) for plan in plans for r in resources_of(plan)]

        def before() -> PolicyContext:
            return PolicyContext(
                [*(r for plan in beside.before for r in resources_of(plan)), *others], whole=True, today=day
            )

        report = judge(
            PolicyContext([*resources, *others], whole=whole or bool(neighbours and not beside.absent), today=day),
            chosen,
            judged=[plan.stack for plan in plans],
            exemptions=exemptions,
            plans={plan.stack: plan.digest for plan in plans},
            before=before if neighbours else None,
        )
        return replace(report, remarks=_remarks(beside, chosen)) if beside.absent else report


def _refuse_two_of_one(plans: Sequence[Plan]) -> None:
    twice = sorted(stack for stack, count in Counter(plan.stack for plan in plans).items() if count > 1)
    if twice:
        raise InputError(
            "Two plans are of one stack.", key="stack", found=", ".join(twice), fix="Leave one of them out."
        )


def _remarks(neighbours: Neighbours, policies: Mapping[str, Policy]) -> tuple[str, ...]:
    """What was not judged for want of stacks."""
    waiting = [policy.id for policy in policies.values() if policy.scope == "estate"]
    absent = ", ".join(neighbours.absent)
    return (f"not judged until the whole estate is up: {', '.join(waiting)} (missing: {absent})",) if waiting else ()


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without the collector, which would look through a million findings again and again for cycles: they hold none."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def exemptions_of(file: Path | None, estate: Path, day: date | None = None) -> Exemptions:
    """The exemptions of a file that was named, or of the estate's own, which may be absent."""
    own = estate / EXEMPTIONS
    if file is None and not own.exists():
        return NONE
    chosen = file or within(estate, own, str(own))
    return read(read_mapping(chosen), load(), file=str(chosen), today=day or today())
