"""Estates to test with: copies of a whole and valid one, with one thing changed."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from operations.settings import ROOT

TODAY = date(2026, 11, 22)


def sample(folder: Path) -> Path:
    """The shipped estate's data, without its ledger."""
    estate = folder / "estate"
    shutil.copytree(ROOT / "estate", estate)
    (estate / "allocations.yaml").unlink()
    return estate


def change(file: Path, edit: Callable[[Any], object]) -> None:
    """Edit a file's data in place."""
    data = yaml.safe_load(file.read_text())
    edit(data)
    file.write_text(yaml.safe_dump(data))


def add_request(estate: Path, project: str, **other: Any) -> Path:
    """One project more, alike but for its name, its number and what is given."""
    data: dict[str, Any] = yaml.safe_load((ROOT / "estate/requests/hcm-progression.yaml").read_text())
    data |= {"project": project, "request": f"DAR-{project}", **other}
    file = estate / "requests" / f"{project}.yaml"
    file.write_text(yaml.safe_dump(data))
    return file


def snapshot(folder: Path) -> Mapping[Path, bytes]:
    """Every file below a folder."""
    return {file: file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}
