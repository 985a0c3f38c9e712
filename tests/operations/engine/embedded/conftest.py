"""A lab for each test, with an empty cloud, an empty state and cheap key derivation."""

from __future__ import annotations

from pathlib import Path

import pytest

from operations.engine.embedded import secrets
from operations.engine.embedded.backend import Backend
from tests.operations.engine.embedded.fake_cloud import Lab
from tests.operations.engine.embedded.things import PHRASE


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path)


@pytest.fixture(autouse=True)
def cheap_keys(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Derive keys in few rounds, except in the test of the format itself (`real_rounds`)."""
    secrets._key.cache_clear()
    if "real_rounds" not in request.fixturenames:
        monkeypatch.setattr(secrets, "ROUNDS", 10)


@pytest.fixture
def real_rounds() -> None:
    """Derive keys in Pulumi's number of rounds."""


@pytest.fixture
def backend(tmp_path: Path) -> Backend:
    return Backend(tmp_path, "sde", lambda: PHRASE)
