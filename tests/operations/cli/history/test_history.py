"""A history of an estate: each change is in the ledger once, with its meaning and what it does to access."""

from __future__ import annotations

from pathlib import Path

from tests.operations.cli.history.made import history
from tests.operations.cli.history.steps import STEPS


def test_the_history_has_forty_changes() -> None:
    assert len({step.name for step in STEPS}) == len(STEPS) >= 40


def test_each_change_is_recorded_once_with_its_meaning(tmp_path: Path) -> None:
    made = history()
    assert not made.wrong, "\n".join(made.wrong)
    estate = made.copy(tmp_path / "estate")
    listed = [(line["change"], line["result"]) for line in estate.lines("history")][-len(made.steps) :]
    assert listed == [(one.number, one.became) for one in made.steps]
    code, said = estate.sde("ledger verify")
    assert (code, "The ledger verifies." in said) == (0, True), said
