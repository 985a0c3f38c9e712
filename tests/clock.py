"""Another time than the present, in which commands of this process judge and record, and another user who runs them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, tzinfo
from importlib import import_module

import pytest

READS_TIME = (
    "operations.cli.estate_requests",
    "operations.cli.other_runs",
    "operations.cli.public_register",
    "operations.cli.recorded",
    "operations.cli.recorded_decisions",
    "operations.cli.report_facts",
    "operations.cli.requests",
    "operations.engine.clock",
    "operations.estate.loading",
    "policies.model",
    "policies.plan_evaluation",
)
"""The modules in which commands ask for the time."""


@contextmanager
def at(moment: datetime, *, user: str) -> Iterator[None]:
    """Have the commands inside run at a time (UTC), from which the clock goes on, and by a user."""
    since = moment - datetime.now(moment.tzinfo)

    class Then(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return datetime.now(tz) + since

    with pytest.MonkeyPatch.context() as patch:
        for name in READS_TIME:
            patch.setattr(import_module(name), "datetime", Then)
        patch.setenv("LOGNAME", user)  # which Python reads first
        yield
