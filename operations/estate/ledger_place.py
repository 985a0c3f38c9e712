"""The place of an estate's ledger, also where the estate cannot be loaded as a whole."""

from __future__ import annotations

from pathlib import Path

from formats.errors import InputError
from formats.stack_config import Cloud
from formats.validation import validated
from formats.yaml_reader import read_mapping, within
from operations.estate.approvals import ESTATE
from operations.estate.schema import LedgerPlace


def ledger_place(folder: Path) -> tuple[Cloud, LedgerPlace | None] | None:
    """Return the cloud of an estate, and where the ledger of runs in Azure is; None if its file does not say it."""
    path = str(folder / ESTATE)
    try:
        content = read_mapping(within(folder, folder / ESTATE, path), path)
        cloud, place = Cloud(str(content.get("cloud"))), content.get("ledger")
        found = validated(LedgerPlace, place, file=path, prefix="ledger") if place is not None else None
    except (InputError, OSError, ValueError):
        return None
    return (cloud, found) if found or cloud is Cloud.LOCAL else None
