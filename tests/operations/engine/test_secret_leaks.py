"""Secrets in the clear are found as they are, encoded, and in parts; ordinary values are not taken for them."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Callable

import pytest

from formats.property_values import secret
from operations.engine.secret_leaks import MIN_LENGTH, leak_in, needles_of

RAW = bytes(range(7, 135, 4))
KEY = base64.b64encode(RAW).decode()


@pytest.mark.parametrize(
    "derived",
    [
        lambda: KEY,
        lambda: f"key={KEY};",
        RAW.hex,
        lambda: RAW.hex().upper(),
        lambda: base64.urlsafe_b64encode(RAW).decode(),
        lambda: base64.b64encode(KEY.encode()).decode(),
        lambda: base64.b64encode(f"#!/bin/sh\nKEY={KEY}\n".encode()).decode(),
        lambda: base64.b64encode(f"x{KEY}".encode()).decode(),
        lambda: KEY[5:25],
        lambda: RAW.hex()[9:30],
        lambda: KEY[::-1],
        lambda: str(uuid.UUID(bytes=RAW[:16])),
        lambda: ":".join(RAW.hex()[i : i + 2] for i in range(0, 32, 2)),
    ],
)
def test_a_derived_value_is_found(derived: Callable[[], str]) -> None:
    properties = {"location": "uksouth", "tags": {"debug": ["plain", derived()]}}
    assert leak_in(properties, needles_of(KEY)) == "tags.debug[1]"


def test_a_key_of_a_map_is_found() -> None:
    assert leak_in({"tags": {KEY: "x"}}, needles_of(KEY)) == "tags"


@pytest.mark.parametrize(
    ("properties", "path"),
    [
        ({"list": [KEY[i : i + 7] for i in range(0, 42, 7)]}, "list[0]"),
        ({"tags": {f"t{i}": KEY[i : i + 9] for i in range(0, 36, 9)}}, "tags.t0"),
        ({"dns": {KEY[i : i + 11]: "id" for i in range(0, 44, 11)}}, "dns"),
    ],
)
def test_a_secret_in_short_parts_is_found(properties: dict[str, object], path: str) -> None:
    assert leak_in({"location": "uksouth", **properties}, needles_of(KEY)) == path


def test_secrets_may_hold_a_secret() -> None:
    assert leak_in({"value": secret(KEY), "more": {"inner": secret({"a": KEY})}}, needles_of(KEY)) is None


def test_other_values_are_not_taken_for_a_secret() -> None:
    id_ = "/subscriptions/10ca1000-0000-4000-8000-000000000001/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/kv"
    other = base64.b64encode(bytes(range(90, 122))).decode()
    assert leak_in({"id": id_, "key": other, "size": 32}, needles_of(KEY)) is None
    assert leak_in({"id": id_}, needles_of(f"{id_}/secrets/s")) is None


def test_a_short_secret_is_not_searched() -> None:
    assert needles_of("a" * (MIN_LENGTH - 1)) == frozenset()
    assert leak_in({"tags": {"note": "the word hunter22 is plain"}}, needles_of("hunter22")) == "tags.note"
