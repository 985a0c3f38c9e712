"""Small consistent resources for the tests of state."""

from __future__ import annotations

from operations.engine.embedded.model import Resource

PHRASE = "correct horse"
ROOT = "urn:pulumi:platform::sde::pulumi:pulumi:Stack::sde-platform"


def urn(name: str) -> str:
    return f"urn:pulumi:platform::sde::test:index:Thing::{name}"


def thing(name: str, **fields: object) -> Resource:
    return Resource(**{"urn": urn(name), "type": "test:index:Thing", "custom": True, "id": f"/{name}", **fields})  # type: ignore[arg-type]
