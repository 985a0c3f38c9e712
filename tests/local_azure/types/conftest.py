"""A fresh local Azure for each test."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from local_azure.store import SETTINGS
from tests.local_azure.types.support import SUBSCRIPTION, World

WorldWith = Callable[..., World]


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.fixture
def world_with(tmp_path: Path) -> WorldWith:
    """Return a function that makes a local Azure whose subscription has these settings."""

    def made(**settings: Any) -> World:
        content = json.dumps({"subscriptions": {SUBSCRIPTION: settings}})  # JSON is YAML
        (tmp_path / SETTINGS).write_text(content, encoding="utf-8")
        return World(tmp_path)

    return made
