from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.local_azure.data_plane.world import World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A small Azure in which an owner of the data reaches the store from the desks."""
    found = World(tmp_path)
    yield found
    found.store.close()
