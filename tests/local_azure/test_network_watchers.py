"""The network watchers that Azure makes by itself."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from local_azure.model import StoredResource
from local_azure.network_watchers import NETWORK, exists_automatically

MINE = "10ca1000-0000-4000-8000-000000000001"
GROUP = f"/subscriptions/{MINE}/resourceGroups/NetworkWatcherRG"
WATCHER = f"{GROUP}/providers/Microsoft.Network/networkWatchers/NetworkWatcher_uksouth"


class Networks:
    """A cloud with one network."""

    def of_type(self, token: str, subscription: str | None = None) -> Iterable[StoredResource]:
        assert token == NETWORK
        there = StoredResource("/vnet", token, "vnet", {"location": "UK South"})
        return [there] if subscription == MINE else []


@pytest.mark.parametrize("id_", [GROUP, WATCHER, WATCHER.upper().replace(MINE.upper(), MINE)])
def test_stands_where_a_network_does(id_: str) -> None:
    assert exists_automatically(Networks(), id_)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "id_",
    [
        WATCHER.replace("uksouth", "ukwest"),
        WATCHER.replace(MINE, "10ca1000-0000-4000-8000-000000000002"),
        GROUP.replace("NetworkWatcherRG", "rg-other"),
        WATCHER.replace("NetworkWatcher_uksouth", "mine"),
    ],
)
def test_stands_nowhere_else(id_: str) -> None:
    assert not exists_automatically(Networks(), id_)  # type: ignore[arg-type]
