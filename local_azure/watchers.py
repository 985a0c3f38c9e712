"""Network watchers that Azure makes by itself, in every region where a subscription has a virtual network.

Source: learn.microsoft.com, "Enable or disable Azure Network Watcher". They are not kept anywhere: they stand while a
network does, so that a destroyed estate leaves nothing.
"""

from __future__ import annotations

import re

from local_azure.declare import Cloud

NETWORK = "azure-native:network:VirtualNetwork"
OWN = re.compile(
    r"/subscriptions/(?P<subscription>[^/]+)/resourceGroups/NetworkWatcherRG"
    r"(/providers/Microsoft\.Network/networkWatchers/NetworkWatcher_(?P<region>[a-z0-9]+))?",
    re.IGNORECASE,
)


def stands_by_itself(cloud: Cloud, id_: str) -> bool:
    """Whether the id is such a watcher, or the group of them all."""
    found = OWN.fullmatch(id_.rstrip("/"))
    if found is None:
        return False
    networks = cloud.of_type(NETWORK, found["subscription"].lower())
    regions = {str(network.location).replace(" ", "").lower() for network in networks}
    return bool(regions) if found["region"] is None else found["region"].lower() in regions
