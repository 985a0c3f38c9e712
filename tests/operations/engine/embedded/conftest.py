"""What the tests of state share: cheap keys, and small resources that hold together."""

from __future__ import annotations

from pathlib import Path

import pytest

from operations.engine.embedded import secrets
from operations.engine.embedded.backend import Backend
from operations.engine.embedded.model import Resource

PHRASE = "correct horse"
ROOT = "urn:pulumi:platform::sde::pulumi:pulumi:Stack::sde-platform"


def urn(name: str) -> str:
    return f"urn:pulumi:platform::sde::test:index:Thing::{name}"


def thing(name: str, **fields: object) -> Resource:
    return Resource(**{"urn": urn(name), "type": "test:index:Thing", "custom": True, "id": f"/{name}", **fields})  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def cheap_keys(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """A million rounds are for real passphrases; the one test of the format itself asks for them by its marker name."""
    if "real_rounds" not in request.fixturenames:
        monkeypatch.setattr(secrets, "ROUNDS", 10)
        secrets._key.cache_clear()


@pytest.fixture
def real_rounds() -> None:
    """Asked for by a test that needs keys as Pulumi derives them."""
    secrets._key.cache_clear()


@pytest.fixture
def backend(tmp_path: Path) -> Backend:
    return Backend(tmp_path, "sde", lambda: PHRASE)
