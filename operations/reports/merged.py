"""Several reports as one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from itertools import chain
from typing import Any

from policies.runner import Report


def merged(reports: Sequence[Report]) -> Report:
    """Return one report with the findings of all. A finding, warning or note that several have is there once."""
    return Report(
        **{f.name: _joined([getattr(report, f.name) for report in reports]) for f in fields(Report) if f.init}
    )


def _joined(values: Sequence[Any]) -> Any:
    """Join the values of one field by their type: collections are united, numbers added, one True is enough."""
    first = values[0]
    if isinstance(first, tuple):
        return tuple(dict.fromkeys(chain.from_iterable(values)))
    if isinstance(first, Mapping):
        return {key: value for mapping in values for key, value in mapping.items()}
    if isinstance(first, bool):
        return any(values)
    return sum(values) if isinstance(first, int) else first
