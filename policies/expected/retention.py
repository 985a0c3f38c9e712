"""How long the blobs of each store are kept: the estate's own schedule, and the least that it may say.

Records of patients: at least eight years, as the NHS Records Management Code of Practice asks of adult health records.
The stores between two stages keep copies until the next stage has fetched them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from formats.addresses import ZoneName
from formats.stack_config import (
    DataClass,
    JunctionZoneConfig,
    PlatformConfig,
    SafeHavenConfig,
    StackConfig,
    TenancyConfig,
    ZoneConfig,
)

SYNTHETIC, DE_IDENTIFIED, IDENTIFIABLE = DataClass
RECORD_DAYS: Mapping[DataClass, int] = {SYNTHETIC: 0, DE_IDENTIFIED: 365, IDENTIFIABLE: 2920}
"""The least days for which the warehouse and the archive keep blobs, and for which the archive's are immutable."""
TRANSIENT_DAYS: Mapping[DataClass, int] = {SYNTHETIC: 0, DE_IDENTIFIED: 7, IDENTIFIABLE: 7}
"""The least days for which the junction, landing and staging zones keep blobs."""
AIRLOCK_DAYS = 90
"""The days after which an airlock deletes."""
FLOW_LOG_DAYS = 365
"""The days after which records of network flows are deleted."""
AIRLOCKS = ("import-asked", "import-released", "export-asked", "export-released")


@dataclass(frozen=True)
class Schedule:
    """How long one store keeps its blobs."""

    delete_after_days: int | None
    """The days after which its lifecycle rules delete; None: never."""
    immutable_days: int | None = None
    """The days for which its blobs are immutable; None: not at all."""
    least_days: int = 0
    """The least value of the first, and of the second in a store that must be immutable."""
    must_be_immutable: bool = False


def schedules(config: StackConfig) -> Mapping[str, Schedule]:
    """Return the schedule of each store of a stack that deletes or is immutable, by the store's logical name."""
    return dict(_schedules(config))


def _schedules(config: StackConfig) -> Iterator[tuple[str, Schedule]]:
    if isinstance(config, PlatformConfig):
        yield "flows", Schedule(FLOW_LOG_DAYS, least_days=FLOW_LOG_DAYS)
    elif isinstance(config, JunctionZoneConfig):
        yield _transient(ZoneName.JUNCTION, config.zone, config)
        schedule = _transient(ZoneName.JUNCTION, config.zone, config)[1]
        yield from ((one.inbox_name, schedule) for one in config.providers if one.inbox)
    elif isinstance(config, SafeHavenConfig):
        least = RECORD_DAYS[config.data_class]
        yield _transient(ZoneName.LANDING, config.landing, config)
        yield _transient(ZoneName.STAGING, config.staging, config)
        yield ZoneName.WAREHOUSE, _schedule(config.warehouse, least)
        yield ZoneName.ARCHIVE, _schedule(config.archive, least, must_be_immutable=bool(least))
    elif isinstance(config, TenancyConfig):
        yield "data", Schedule(config.tiers.delete_after_days)
        yield from ((name, Schedule(AIRLOCK_DAYS)) for name in AIRLOCKS)


def _transient(zone: ZoneName, zone_config: ZoneConfig, config: StackConfig) -> tuple[str, Schedule]:
    return zone, _schedule(zone_config, TRANSIENT_DAYS[config.data_class])


def _schedule(zone: ZoneConfig, least_days: int, *, must_be_immutable: bool = False) -> Schedule:
    return Schedule(zone.tiers.delete_after_days, zone.immutable_days, least_days, must_be_immutable)
