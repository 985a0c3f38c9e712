"""The redundancy of each store, as the estate's files state it."""

from __future__ import annotations

from formats.addresses import ZoneName
from formats.stack_config import JunctionZoneConfig, Redundancy, SafeHavenConfig, StackConfig, TenancyConfig


def redundancy(config: StackConfig, store: str) -> Redundancy:
    """Return the redundancy of a store by its logical name. Stores that the estate's files do not name have one."""
    if isinstance(config, TenancyConfig):
        return config.redundancy
    if isinstance(config, JunctionZoneConfig) and store == ZoneName.JUNCTION:
        return config.zone.redundancy
    if isinstance(config, SafeHavenConfig) and store in (*ZoneName,) and store != ZoneName.JUNCTION:
        return Redundancy(getattr(config, store).redundancy)
    return Redundancy.LOCAL
