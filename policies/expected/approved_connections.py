"""The private endpoints outside the estate that the estate's files approve, each at exactly one store."""

from __future__ import annotations

from collections.abc import Mapping

from formats.stack_config import JunctionZoneConfig, StackConfig
from formats.ways_in import ApprovedConnection


def approved_connections(config: StackConfig) -> Mapping[str, ApprovedConnection]:
    """Return the approved connection of each store with one, by the store's logical name."""
    providers = config.providers if isinstance(config, JunctionZoneConfig) else ()
    return {
        provider.inbox_name: provider.way_in.private_endpoint
        for provider in providers
        if provider.way_in and provider.way_in.private_endpoint
    }
