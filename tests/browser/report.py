"""The report on the estate of the history, made once for the tests that read it."""

from __future__ import annotations

from pathlib import Path

from tests.made_once import made_once
from tests.operations.cli.history.made import history


def report_of_history() -> Path:
    """Return the folder of the report, which the real command made after the last step."""
    return made_once("report", _make) / "site"


def _make(folder: Path) -> None:
    history(folder / "estate").estate.said(f"report -o {folder / 'site'}")
