"""Times as the Pulumi CLI writes them (Go's RFC3339Nano)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from operations.engine.clock import written


@pytest.mark.parametrize(
    ("microsecond", "text"),
    [(0, "2026-11-30T10:20:30Z"), (248_360, "2026-11-30T10:20:30.24836Z"), (1, "2026-11-30T10:20:30.000001Z")],
)
def test_a_fraction_has_no_zeros_at_its_end(microsecond: int, text: str) -> None:
    assert written(datetime(2026, 11, 30, 10, 20, 30, microsecond, UTC)) == text
