"""Network watchers that Azure creates automatically in every region where a subscription has a virtual network.

Source: docs/azure-facts.md#automatic-network-watchers. They are computed, not stored, so that a destroyed estate leaves
nothing behind.
"""

from __future__ import annotations

import re

from local_azure.locations import normal_location
from local_azure.model import Cloud

NETWORK = "azure-native:network:VirtualNetwork"
AUTOMATIC_ID = re.compile(
    r"/subscriptions/(?P<subscription>[^/]+)/resourceGroups/NetworkWatcherRG"
    r"(/providers/Microsoft\.Network/networkWatchers/NetworkWatcher_(?P<region>[a-z0-9]+))?",
    re.IGNORECASE,
)


def exists_automatically(cloud: Cloud, id_: str) -> bool:
    """Return True if the id is such a network watcher, or their resource group, and Azure has created it."""
    found = AUTOMATIC_ID.fullmatch(id_.rstrip("/"))
    if found is None:
        return False
    settings = cloud.settings(found["subscription"])
    if settings and not settings.automatic_network_watchers:
        return False
    networks = cloud.of_type(NETWORK, found["subscription"].lower())
    regions = {normal_location(str(network.location)) for network in networks}
    return bool(regions) if found["region"] is None else found["region"].lower() in regions
