"""The random provider."""

from __future__ import annotations

import base64
import string
import uuid
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pulumi.runtime.proto import provider_pb2

from formats.property_values import SECRET_SIGNATURE, SIGNATURE, UNKNOWN, to_struct
from local_azure.random_provider import RANDOM_TYPES, SPECIAL, RandomProvider
from local_azure.schema import Schemas
from local_azure.wire import from_struct, unwrap
from tests.local_azure.support import Aborted, Context, urn

PROVIDER = RandomProvider(Schemas("pulumi_random"))


def token(name: str) -> str:
    return f"random:index/random{name}:Random{name}"


def check(name: str, inputs: Mapping[str, Any]) -> list[tuple[str, str]]:
    request = provider_pb2.CheckRequest(urn=urn(token(name)), news=to_struct(inputs))
    return [(failure.property, failure.reason) for failure in PROVIDER.Check(request, Context()).failures]


def create(name: str, inputs: Mapping[str, Any], *, preview: bool = False) -> tuple[str, dict[str, Any]]:
    assert check(name, inputs) == []
    request = provider_pb2.CreateRequest(urn=urn(token(name)), properties=to_struct(inputs), preview=preview)
    response = PROVIDER.Create(request, Context())
    return response.id, from_struct(response.properties)


def read(name: str, id_: str) -> Any:
    return PROVIDER.Read(provider_pb2.ReadRequest(urn=urn(token(name)), id=id_), Context())


def plain(values: Mapping[str, Any]) -> dict[str, Any]:
    return unwrap(values).values


@settings(max_examples=40)
@given(st.integers(8, 40), st.integers(0, 2), st.integers(0, 2), st.integers(0, 2), st.integers(0, 2))
def test_password_has_the_requested_length_and_classes(
    length: int, lower: int, upper: int, numeric: int, special: int
) -> None:
    least = {"minLower": lower, "minUpper": upper, "minNumeric": numeric, "minSpecial": special}
    id_, found = create("Password", {"length": length, **least})
    text = plain(found)["result"]
    assert id_ == "none"
    assert len(text) == length
    classes = (
        (string.ascii_lowercase, lower),
        (string.ascii_uppercase, upper),
        (string.digits, numeric),
        (SPECIAL, special),
    )
    for letters, number in classes:
        assert sum(c in letters for c in text) >= number


def test_password_is_secret() -> None:
    _, found = create("Password", {"length": 20})
    assert found["result"][SIGNATURE] == SECRET_SIGNATURE
    assert "bcryptHash" not in found
    assert found["special"] is True


def test_disabled_classes_do_not_occur() -> None:
    _, found = create("String", {"length": 60, "special": False, "upper": False})
    assert set(found["result"]) <= set(string.ascii_lowercase + string.digits)
    _, own = create("String", {"length": 30, "lower": False, "upper": False, "numeric": False, "overrideSpecial": "!?"})
    assert set(own["result"]) <= set("!?")


def test_bytes_are_equal_in_both_encodings_and_secret() -> None:
    _, found = create("Bytes", {"length": 32})
    assert found["base64"][SIGNATURE] == found["hex"][SIGNATURE] == SECRET_SIGNATURE
    assert base64.b64decode(plain(found)["base64"]).hex() == plain(found)["hex"]
    assert len(plain(found)["hex"]) == 64


def test_ids_integers_and_uuids_have_consistent_outputs() -> None:
    id_, found = create("Id", {"byteLength": 8, "prefix": "p-"})
    assert found["b64Url"] == f"p-{id_}"
    assert int(found["dec"].removeprefix("p-")) == int(found["hex"].removeprefix("p-"), 16)
    _, number = create("Integer", {"min": 3, "max": 4})
    assert number["result"] in {3, 4}
    id_, found = create("Uuid", {})
    assert str(uuid.UUID(found["result"])) == id_


@pytest.mark.parametrize("name", ["Password", "String", "Bytes"])
def test_two_creates_have_different_values(name: str) -> None:
    assert plain(create(name, {"length": 24})[1]) != plain(create(name, {"length": 24})[1])


def test_preview_generates_nothing() -> None:
    id_, found = create("Password", {"length": 20}, preview=True)
    assert id_ == ""
    assert found["result"] == {SIGNATURE: SECRET_SIGNATURE, "value": UNKNOWN}
    assert "bcryptHash" not in found


@pytest.mark.parametrize(
    ("name", "inputs", "path"),
    [
        ("Password", {"length": 3, "minLower": 4}, "length"),
        ("Password", {}, "length"),
        ("Password", {"length": "ten"}, "length"),
        ("Password", {"length": 9, "size": 1}, "size"),
        ("String", {"length": 9, "lower": False, "upper": False, "numeric": False, "special": False}, "special"),
        ("Bytes", {"length": 0}, "length"),
        ("Id", {"byteLength": 0}, "byteLength"),
        ("Integer", {"min": 5, "max": 4}, "min"),
        ("Integer", {"min": 1, "max": 4, "seed": "x"}, "seed"),
    ],
)
def test_invalid_inputs_are_reported_by_path(name: str, inputs: dict[str, Any], path: str) -> None:
    assert [found for found, _ in check(name, inputs)] == [path]


@pytest.mark.parametrize("name", ["Pet", "Shuffle"])
def test_unsupported_types_are_refused_by_name(name: str) -> None:
    assert f"Random{name}" in check(name, {})[0][1]
    with pytest.raises(Aborted, match=f"Random{name}"):
        PROVIDER.Create(provider_pb2.CreateRequest(urn=urn(token(name))), Context())


def test_any_change_forces_replacement() -> None:
    request = provider_pb2.DiffRequest(
        urn=urn(token("Password")),
        old_inputs=to_struct({"length": 20, "keepers": {"a": "1"}}),
        news=to_struct({"length": 20, "keepers": {"a": "2"}}),
    )
    response = PROVIDER.Diff(request, Context())
    assert list(response.replaces) == ["keepers"]
    assert response.detailedDiff["keepers.a"].kind == provider_pb2.PropertyDiff.UPDATE_REPLACE
    assert not response.deleteBeforeReplace
    request.news.CopyFrom(request.old_inputs)
    assert not PROVIDER.Diff(request, Context()).replaces


def test_refresh_changes_nothing() -> None:
    id_, found = create("Password", {"length": 20})
    request = provider_pb2.ReadRequest(
        urn=urn(token("Password")), id=id_, properties=to_struct(found), inputs=to_struct({"length": 20})
    )
    response = PROVIDER.Read(request, Context())
    assert from_struct(response.properties) == found
    assert from_struct(response.inputs) == {"length": 20}


def test_import_parses_the_id() -> None:
    password = read("Password", "secret-value")
    assert password.id == "none"
    assert from_struct(password.properties)["result"] == {SIGNATURE: SECRET_SIGNATURE, "value": "secret-value"}
    assert from_struct(password.inputs) == {"length": len("secret-value")}
    assert from_struct(read("Integer", "4,1,9").properties) == {"result": 4, "min": 1, "max": 9}
    generated, found = create("Id", {"byteLength": 5})
    assert from_struct(read("Id", generated).properties) == found


def test_import_error_shows_no_secret() -> None:
    with pytest.raises(Aborted, match="InvalidImportId") as found:
        read("Bytes", "not base 64!")
    assert "not base" not in found.value.details


def test_every_supported_type_is_in_the_sdk() -> None:
    for known in RANDOM_TYPES:
        assert PROVIDER._schemas.resource(known).outputs
