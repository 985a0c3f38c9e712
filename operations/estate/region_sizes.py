"""The series of virtual machine sizes that a region lacks, from published lists (docs/azure-facts.md#sizes-by-region).

A size is refused only if a list of its region, which has other series, does not have its series. Series that no entry
names are not refused here: `sde azure check` asks Azure for each size.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from formats.errors import InputError
from formats.stack_config import Region
from formats.vm_size_names import series_of


@dataclass(frozen=True)
class Absence:
    """Series that a list of a region does not have."""

    series: frozenset[str]
    list: str
    date: date
    """The day on which the list was made."""


LACKING: Mapping[Region, tuple[Absence, ...]] = {
    Region.UKWEST: (
        Absence(
            frozenset({"DCads_v5", "DCas_v5", "ECads_v5", "ECas_v5", "ECiads_v5", "ECias_v5"}),
            "Azure's price list",
            date(2023, 12, 18),
        ),
        Absence(
            frozenset({"NCas_T4_v3", "NVads_A10_v5", "NVadms_A10_v5"}),
            "Azure's price list",
            date(2023, 8, 15),
        ),
        Absence(
            frozenset({"NCads_A100_v4", "NCads_H100_v5", "NCadis_H100_v5"}),
            "Azure's list of sizes",
            date(2026, 8, 13),
        ),
    ),
}


def absence_of(size: str, region: str) -> Absence | None:
    """Return the entry that says that the region lacks the size; None if no entry does."""
    series = series_of(size)
    return next((one for one in _lacking(region) if series in one.series), None)


def refuse_missing_size(size: str, region: Region, *, file: str, key: str) -> None:
    """Raise `InputError` for a size that the region lacks."""
    found = absence_of(size, region)
    if found:
        lacking = ", ".join(sorted(series for one in _lacking(region) for series in one.series))
        raise InputError(
            f"{found.list} of {found.date} has no size of this series in {region}.",
            file=file,
            key=key,
            found=size,
            allowed=f"a size that {region} has: not of the series {lacking}",
            fix=f"Choose another size. If Azure has it by now (az vm list-skus --location {region} --size {size}), "
            "remove its series from operations/estate/region_sizes.py.",
        )


def _lacking(region: str) -> tuple[Absence, ...]:
    return next((absences for name, absences in LACKING.items() if name == region), ())
