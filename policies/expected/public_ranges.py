"""The stores that the estate's files open to public addresses, each with exactly these addresses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from formats.stack_config import JunctionZoneConfig, StackConfig, TenancyConfig
from formats.ways_in import storage_ip_rules

OUTBOX = "export-released"
"""The logical name of the store that recipients outside read."""
UPLOADS = "uploads"
"""The name of the container of a provider's inbox."""


def public_ranges(config: StackConfig) -> Mapping[str, frozenset[str]]:
    """Return the entries of `ipRules` of each store with public network access, by the store's logical name."""
    return dict(_public_ranges(config))


def _public_ranges(config: StackConfig) -> Iterator[tuple[str, frozenset[str]]]:
    if isinstance(config, JunctionZoneConfig):
        for provider in config.providers:
            if provider.way_in and provider.way_in.public_ranges:
                yield provider.inbox_name, frozenset(storage_ip_rules(provider.way_in.public_ranges))
    elif isinstance(config, TenancyConfig) and config.recipients:
        yield OUTBOX, frozenset(storage_ip_rules(config.recipients.ranges))
