"""The wire form of property values: marks, masks, equality, and the way to and from the protocol's structs."""

from __future__ import annotations

import math
from typing import Any

import pytest
from google.protobuf import struct_pb2
from hypothesis import given, settings
from hypothesis import strategies as st
from pulumi.runtime import rpc

from formats import plan
from formats import property_values as v
from formats.errors import InputError

keys = st.text(min_size=1, max_size=8).filter(lambda k: k != v.SIGNATURE)
scalars = st.none() | st.booleans() | st.integers(-(2**52), 2**52) | st.floats(allow_nan=False, allow_infinity=False)
plain = st.recursive(
    scalars | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=12,
)
wire = st.recursive(
    scalars | st.text(max_size=12) | st.just(v.UNKNOWN),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3) | inner.map(v.secret),
    max_leaves=12,
)


def output(**content: Any) -> dict[str, Any]:
    return {v.SIGNATURE: v.OUTPUT_SIGNATURE, **content}


def test_the_signatures_equal_the_installed_sdks() -> None:
    ours = (v.SIGNATURE, v.SECRET_SIGNATURE, v.ASSET_SIGNATURE, v.ARCHIVE_SIGNATURE, v.RESOURCE_SIGNATURE)
    assert ours == (
        rpc._special_sig_key,
        rpc._special_secret_sig,
        rpc._special_asset_sig,
        rpc._special_archive_sig,
        rpc._special_resource_sig,
    )
    assert (rpc._special_output_value_sig, rpc.UNKNOWN) == (v.OUTPUT_SIGNATURE, v.UNKNOWN)


@settings(max_examples=60)
@given(st.dictionaries(keys, wire, max_size=5))
def test_a_value_survives_conversion_to_a_struct(properties: dict[str, Any]) -> None:
    assert v.equal(v.from_struct(v.to_struct(properties)), v.normalised(properties))


@settings(max_examples=60)
@given(wire)
def test_normalising_is_idempotent(value: Any) -> None:
    once = v.normalised(value)
    assert v.equal(v.normalised(once), once)


@settings(max_examples=60)
@given(wire)
def test_unwrapping_removes_secrets_and_masking_signatures(value: Any) -> None:
    assert not v.contains_secret(v.unwrap(value))
    assert v.SIGNATURE not in repr(v.mask(value))
    assert v.UNKNOWN not in repr(v.mask(value))


@settings(max_examples=60)
@given(plain)
def test_a_plain_value_is_unchanged_and_not_secret(value: Any) -> None:
    assert not v.contains_secret(value)
    assert v.unwrap(value) == value
    assert v.equal(value, value)
    assert not v.equal(v.secret(value), value)


def test_a_secret_is_wrapped_once() -> None:
    once = v.secret("x")
    assert v.secret(once) == once == {v.SIGNATURE: v.SECRET_SIGNATURE, "value": "x"}
    assert v.normalised({v.SIGNATURE: v.SECRET_SIGNATURE, "value": once}) == once


def test_secrets_and_unknowns_are_masked_at_any_depth() -> None:
    value = {"a": [v.secret({"p": "hunter2"}), v.UNKNOWN, 3.0], "b": {"c": v.secret(v.UNKNOWN)}}
    assert v.mask(value) == {"a": [plan.SECRET, plan.UNKNOWN, 3], "b": {"c": plan.SECRET}}


def test_references_and_assets_are_masked_as_plain_values() -> None:
    reference = {v.SIGNATURE: v.RESOURCE_SIGNATURE, "urn": "urn:pulumi:s::p::t::n", "id": "i"}
    asset = {v.SIGNATURE: v.ASSET_SIGNATURE, "text": "hello"}
    assert v.mask([reference, asset]) == ["urn:pulumi:s::p::t::n", {"text": "hello"}]


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        (output(value="x"), "x"),
        (output(value="x", secret=False, dependencies=["urn"]), "x"),
        (output(value="x", secret=True), v.secret("x")),
        (output(), v.UNKNOWN),
        (output(secret=True), v.secret(v.UNKNOWN)),
        (output(value=output(value=v.secret("x")), secret=True), v.secret("x")),
        ([output(value={"k": output()})], [{"k": v.UNKNOWN}]),
    ],
)
def test_output_values_become_plain_secret_or_unknown(given_: Any, expected: Any) -> None:
    assert v.normalised(given_) == expected
    assert v.from_struct(v.to_struct({"k": given_})) == {"k": expected}


def test_typed_unknowns_become_one_sentinel() -> None:
    assert v.normalised("1c4a061d-8072-4f0a-a4cb-0ff528b18fe7") == v.UNKNOWN


def test_unknown_inside_a_secret_is_found() -> None:
    assert v.contains_unknown({"a": [v.secret({"b": v.UNKNOWN})]})
    assert not v.is_unknown(v.secret(v.UNKNOWN))


def test_one_equals_one_point_zero_but_not_true() -> None:
    assert v.equal({"n": [1]}, {"n": [1.0]})
    assert not v.equal(1, True)
    assert not v.equal(0, False)
    assert not v.equal([1], [1, 2])
    assert not v.equal({"a": None}, {})


def test_whole_doubles_become_integers() -> None:
    (number,) = v.from_struct(v.to_struct({"n": 443})).values()
    assert (number, type(number)) == (443, int)


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_numbers_outside_json_are_refused(number: float) -> None:
    struct = struct_pb2.Struct()
    struct.fields["n"].number_value = number
    with pytest.raises(InputError, match="finite"):
        v.from_struct(struct)


@pytest.mark.parametrize("mark", ["not-a-signature", None, 5, {"a": 1}])
def test_an_unknown_signature_is_refused(mark: Any) -> None:
    with pytest.raises(InputError, match="signature"):
        v.normalised({"a": {v.SIGNATURE: mark}})


def test_a_missing_secret_output_is_ignored() -> None:
    assert v.mark_secret({"a": 1, "b": 2}, ["b", "c"]) == {"a": 1, "b": v.secret(2)}


SECRET_TEXT = "hunter2-hunter2"


def test_what_was_secret_stays_secret_where_it_comes_back_without_a_mark() -> None:
    before = {"key": v.secret(SECRET_TEXT), "tags": {"a": "b"}, "rules": [{"name": "x", "psk": v.secret(SECRET_TEXT)}]}
    plain = v.unwrap(before)
    assert v.secret_as(plain, before)["key"] == v.secret(SECRET_TEXT)
    assert v.secret_as(plain, before)["tags"] == {"a": "b"}
    assert v.is_secret(v.secret_as(plain, before)["rules"])
    assert v.secret_as(before, before) == before


@settings(max_examples=80)
@given(wire)
def test_a_value_without_its_marks_gets_them_from_the_version_with_them(value: Any) -> None:
    kept = v.secret_as(v.unwrap(value), value)
    assert v.equal(v.unwrap(kept), v.unwrap(value))
    assert v.contains_secret(kept) == v.contains_secret(value)
    assert v.equal(v.secret_as(kept, value), kept)
    masked = v.masked_as(v.mask(v.unwrap(value)), v.mask(value))
    assert (plan.SECRET in plan.canonical(masked)) == (plan.SECRET in plan.canonical(v.mask(value)))


@settings(max_examples=80)
@given(wire, st.randoms())
def test_a_secret_is_not_shown_by_an_unmarked_version_of_it(value: Any, random: Any) -> None:
    """Neither where the marks are lost, nor where entries of a list come back in another order."""
    secret_value = {"at": [{"name": "a", "value": value}, {"name": "b", "value": v.secret(SECRET_TEXT)}]}
    plain = v.unwrap(secret_value)
    random.shuffle(plain["at"])
    assert SECRET_TEXT not in plan.canonical(v.masked_as(v.mask(plain), v.mask(secret_value)))
