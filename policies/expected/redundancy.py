"""The redundancy of each store, as the estate's files state it. Copies in more data centres of the region may be added.

Source: learn.microsoft.com, "Azure Storage redundancy".
"""

from __future__ import annotations

from formats.addresses import ZoneName
from formats.stack_config import JunctionZoneConfig, Redundancy, SafeHavenConfig, StackConfig, TenancyConfig

SKUS = {
    Redundancy.LOCAL: ("Standard_LRS", "Standard_ZRS"),
    Redundancy.GEO: ("Standard_GRS", "Standard_GZRS"),
}
"""The permitted SKUs: the stated one, and the one with copies in several zones of the region too."""


def skus(config: StackConfig, store: str) -> tuple[str, ...]:
    """Return the permitted SKUs of a store by its logical name."""
    return SKUS[_redundancy(config, store)]


def _redundancy(config: StackConfig, store: str) -> Redundancy:
    """Return the stated redundancy. Stores that the estate's files do not name have that of one region."""
    if isinstance(config, TenancyConfig):
        return config.redundancy
    if isinstance(config, JunctionZoneConfig) and store in (
        ZoneName.JUNCTION,
        *(one.inbox_name for one in config.providers if one.inbox),
    ):
        return config.zone.redundancy
    if isinstance(config, SafeHavenConfig) and store in (*ZoneName,) and store != ZoneName.JUNCTION:
        return Redundancy(getattr(config, store).redundancy)
    return Redundancy.LOCAL
