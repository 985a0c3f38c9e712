"""A lab for each test: an empty cloud, an empty state; and keys that cost next to nothing."""

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
    """A million rounds are for real passphrases; the one test of the format itself asks for them (`real_rounds`)."""
    secrets._key.cache_clear()
    if "real_rounds" not in request.fixturenames:
        monkeypatch.setattr(secrets, "ROUNDS", 10)


@pytest.fixture
def real_rounds() -> None:
    """Asked for by a test that needs keys as Pulumi derives them."""


@pytest.fixture
def backend(tmp_path: Path) -> Backend:
    return Backend(tmp_path, "sde", lambda: PHRASE)
