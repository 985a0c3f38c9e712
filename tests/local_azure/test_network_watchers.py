"""The network watchers that Azure creates automatically."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from local_azure.model import StoredResource
from local_azure.network_watchers import NETWORK, exists_automatically

SUBSCRIPTION = "10ca1000-0000-4000-8000-000000000001"
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/NetworkWatcherRG"
WATCHER = f"{GROUP}/providers/Microsoft.Network/networkWatchers/NetworkWatcher_uksouth"


class Networks:
    """A cloud with one virtual network."""

    def settings(self, _: str) -> None:
        return None

    def of_type(self, token: str, subscription: str | None = None) -> Iterable[StoredResource]:
        assert token == NETWORK
        network = StoredResource("/vnet", token, "vnet", {"location": "UK South"})
        return [network] if subscription == SUBSCRIPTION else []


@pytest.mark.parametrize("id_", [GROUP, WATCHER, WATCHER.upper().replace(SUBSCRIPTION.upper(), SUBSCRIPTION)])
def test_watcher_exists_in_the_region_of_a_network(id_: str) -> None:
    assert exists_automatically(Networks(), id_)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "id_",
    [
        WATCHER.replace("uksouth", "ukwest"),
        WATCHER.replace(SUBSCRIPTION, "10ca1000-0000-4000-8000-000000000002"),
        GROUP.replace("NetworkWatcherRG", "rg-other"),
        WATCHER.replace("NetworkWatcher_uksouth", "mine"),
    ],
)
def test_no_other_watcher_exists(id_: str) -> None:
    assert not exists_automatically(Networks(), id_)  # type: ignore[arg-type]
