"""From plans to a report: the one way in for the gate, the command line and every other reader of verdicts."""

from __future__ import annotations

import gc
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

from operations.errors import BadInput
from operations.estate.reader import read_mapping
from operations.plan import Plan
from operations.resolve import resources_of
from policies.catalogue import load
from policies.exemptions import NONE, Exemptions, read
from policies.model import Estate, Policy
from policies.runner import Report, judge

EXEMPTIONS = "exemptions.yaml"


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
) -> Report:
    """What the catalogue says of these plans together; `whole`: they are all that the estate has.

    `templates`: the stacks of which there is but an ARM template, which cannot say what a program would do.
    """
    twice = sorted({p.stack for i, p in enumerate(plans) if p.stack in {q.stack for q in plans[:i]}})
    if twice:
        raise BadInput("Two plans are of one stack.", key="stack", found=", ".join(twice), fix="Leave one of them out.")
    with _uncollected():
        resources = [replace(r, declared=r.stack not in templates) for plan in plans for r in resources_of(plan)]
        return judge(
            Estate(resources, whole=whole, today=day or today()),
            load() if policies is None else policies,
            judged=[plan.stack for plan in plans],
            exemptions=exemptions,
            plans={plan.stack: plan.digest for plan in plans},
        )


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
    chosen = file or own
    return read(read_mapping(chosen), load(), file=str(chosen), today=day or today())
