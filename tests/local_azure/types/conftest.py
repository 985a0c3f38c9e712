"""A fresh local Azure for each test."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.local_azure.types.support import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)
