"""Several reports as one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from itertools import chain
from typing import Any

from policies.runner import Report


def merged(reports: Sequence[Report]) -> Report:
    """Return one report with the findings of all. A finding or warning that several have is there once."""
    names = [field.name for field in fields(Report) if field.init]
    joined = Report(**{name: _joined([getattr(report, name) for report in reports]) for name in names})
    return replace(joined, resources=_resources(reports))


def _joined(values: Sequence[Any]) -> Any:
    """Join the values of one field by their type: collections are united, and one True is enough."""
    first = values[0]
    if isinstance(first, tuple):
        return tuple(dict.fromkeys(chain.from_iterable(values)))
    if isinstance(first, Mapping):
        return {key: value for mapping in values for key, value in mapping.items()}
    return any(values) if isinstance(first, bool) else first


def _resources(reports: Sequence[Report]) -> int:
    """Return the number of evaluated resources. A report on stacks of earlier reports evaluates the same again."""
    counted: set[str] = set()
    total = 0
    for report in reports:
        if not counted.issuperset(report.stacks):
            total += report.resources
        counted.update(report.stacks)
    return total
