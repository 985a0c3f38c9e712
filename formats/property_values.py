"""Property values in Pulumi's wire form: JSON values, with dicts that have a signature for other kinds of value.

A secret is `{SIGNATURE: SECRET_SIGNATURE, "value": …}`. Assets, archives and resource references are dicts with their
own signatures. An unknown value is the string `UNKNOWN`. The signatures are those of Pulumi's protocol (`rpc.py` of its
SDK). Output values, another form of secret and unknown values in the protocol, are converted when they are read.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from google.protobuf import struct_pb2  # type: ignore[import-untyped]

from formats import plan
from formats.errors import InputError

SIGNATURE = "4dabf18193072939515e22adb298388d"
"""The key of the signature in a dict."""
SECRET_SIGNATURE = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - a signature of the protocol, not a password
ASSET_SIGNATURE = "c44067f5952c0a294b673a41bacd8c17"
ARCHIVE_SIGNATURE = "0def7320c3a5731c473e5ecbe6d01bc7"
RESOURCE_SIGNATURE = "5cf8f73096256a8f31e491e813e4eb8e"
OUTPUT_SIGNATURE = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""The sentinel of a value that is unknown before the deployment."""

_TYPED_UNKNOWNS = frozenset(
    {
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",  # a boolean
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",  # a number
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",  # an array
        "030794c1-ac77-496b-92df-f27374a8bd58",  # an asset
        "e48ece36-62e2-4504-bad9-02848725956a",  # an archive
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",  # an object
    }
)
UNKNOWNS = _TYPED_UNKNOWNS | {UNKNOWN}
"""All sentinels of unknown values."""
_KEPT_SIGNATURES = frozenset({ASSET_SIGNATURE, ARCHIVE_SIGNATURE, RESOURCE_SIGNATURE})
_FIRST_INEXACT_INTEGER = 2**53
"""The first whole number that a double cannot distinguish from the next."""

Value = Any
"""A JSON value in wire form."""


def secret(value: Value) -> Value:
    """Return the value marked as secret. A secret is returned unchanged."""
    return value if is_secret(value) else {SIGNATURE: SECRET_SIGNATURE, "value": value}


def is_secret(value: Value) -> bool:
    """Return True if the value itself is secret. See `contains_secret` for nested ones."""
    return isinstance(value, Mapping) and value.get(SIGNATURE) == SECRET_SIGNATURE


def is_unknown(value: Value) -> bool:
    """Return True if the value itself is unknown."""
    return isinstance(value, str) and value == UNKNOWN


def unwrap(value: Value) -> Value:
    """Replace secrets at any depth by their values, for providers that do not accept secrets."""
    if isinstance(value, Mapping):
        if value.get(SIGNATURE) == SECRET_SIGNATURE:
            return unwrap(value["value"])
        return {k: unwrap(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [unwrap(v) for v in value]
    return value


def contains_secret(value: Value) -> bool:
    """Return True if the value is or contains a secret."""
    return _contains(value, is_secret)


def contains_unknown(value: Value) -> bool:
    """Return True if the value is or contains an unknown value, also inside a secret."""
    return _contains(value, is_unknown)


def mask(value: Value) -> Value:
    """Return the value for Plans, events and output, with secrets and unknown values replaced by sentinels.

    A resource reference becomes its URN, assets become plain dicts, and whole numbers become integers. A dict with an
    unrecognised signature counts as unknown.
    """
    if type(value) is str:  # most values; a test for Mapping takes longer
        return plan.UNKNOWN if value in UNKNOWNS else value
    if isinstance(value, Mapping):
        return _masked_signed(value) if SIGNATURE in value else {k: mask(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [mask(v) for v in value]
    return plan.UNKNOWN if isinstance(value, str) and value in UNKNOWNS else plan.whole_numbers(value)


def _masked_signed(value: Mapping[str, Value]) -> Value:
    signature = value[SIGNATURE]
    if signature == SECRET_SIGNATURE:
        return plan.SECRET
    if signature == RESOURCE_SIGNATURE:
        return value.get("urn", plan.UNKNOWN)
    if signature in (ASSET_SIGNATURE, ARCHIVE_SIGNATURE):
        return {key: mask(inner) for key, inner in value.items() if key != SIGNATURE}
    return plan.UNKNOWN


def secret_as(value: Value, other: Value) -> Value:
    """Mark as secret whatever is secret in another version of the value, such as the one before it.

    A list in which other places are secret, or that may have been reordered, is marked as a whole, as Pulumi does
    (`annotateSecrets` of its engine). Nothing loses its mark.
    """
    return _hidden_as(value, other, is_secret, secret)


def masked_as(value: Value, other: Value) -> Value:
    """Mask in a masked value whatever is masked in another version of it; `secret_as` for values of Plans."""
    return _hidden_as(value, other, lambda one: isinstance(one, str) and one == plan.SECRET, lambda _: plan.SECRET)


def normalised(value: Value) -> Value:
    """Return the value in the normal form of this module.

    Output values are converted, there is one sentinel of unknown values, whole numbers are integers, and a secret
    contains no secret. Raises `InputError` for an unrecognised signature, and for numbers that JSON lacks.
    """
    if isinstance(value, Mapping):
        return _normalised_signed(value) if SIGNATURE in value else {k: normalised(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [normalised(v) for v in value]
    if isinstance(value, str):
        return UNKNOWN if value in _TYPED_UNKNOWNS else value
    return _integer_if_whole(value)


def equal(one: Value, other: Value) -> bool:
    """Return True if two values are equal: `1` equals `1.0` but not `True`, and a secret equals only a secret."""
    if isinstance(one, Mapping):
        return (
            isinstance(other, Mapping)
            and one.keys() == other.keys()
            and all(equal(v, other[k]) for k, v in one.items())
        )
    if isinstance(one, list | tuple):
        return (
            isinstance(other, list | tuple)
            and len(one) == len(other)
            and all(equal(a, b) for a, b in zip(one, other, strict=True))
        )
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


def mark_secret(properties: Mapping[str, Value], keys: Iterable[str]) -> dict[str, Value]:
    """Make the named properties secret. Missing names are ignored."""
    chosen = set(keys)
    return {k: secret(v) if k in chosen else v for k, v in properties.items()}


def from_struct(struct: struct_pb2.Struct | None) -> dict[str, Value]:
    """Convert a protocol Struct to a dict in normal form (`normalised`). None gives an empty one."""
    return {k: _from_value(v) for k, v in struct.fields.items()} if struct is not None else {}


def to_struct(properties: Mapping[str, Value]) -> struct_pb2.Struct:
    """Convert a dict to a protocol Struct. Numbers become doubles."""
    struct = struct_pb2.Struct()
    struct.update(properties)
    return struct


def _contains(value: Value, wanted: Callable[[Value], bool]) -> bool:
    if wanted(value):
        return True
    if isinstance(value, Mapping):
        return any(_contains(v, wanted) for v in value.values())
    return isinstance(value, list | tuple) and any(_contains(v, wanted) for v in value)


def _hidden_as(value: Value, other: Value, is_hidden: Callable[[Value], bool], hide: Callable[[Value], Value]) -> Value:
    if is_hidden(value):
        return value
    if is_hidden(other):
        return hide(value)
    if isinstance(value, Mapping) and isinstance(other, Mapping):
        return {k: _hidden_as(v, other[k], is_hidden, hide) if k in other else v for k, v in value.items()}
    if not _contains(other, is_hidden):
        return value
    if isinstance(value, list | tuple) and isinstance(other, list | tuple) and len(value) == len(other):
        by_position = [_hidden_as(one, two, is_hidden, hide) for one, two in zip(value, other, strict=True)]
        if equal(by_position, value):
            return value
    return hide(value)


def _integer_if_whole(value: Value) -> Value:
    if not isinstance(value, float):
        return value
    if not math.isfinite(value):
        raise InputError("A property is not a finite number", found=value, allowed="numbers that JSON can hold")
    return int(value) if value.is_integer() and abs(value) < _FIRST_INEXACT_INTEGER else value


def _normalised_signed(value: Mapping[str, Value]) -> Value:
    """Return a dict with a signature in normal form."""
    signature = value[SIGNATURE]
    if signature == SECRET_SIGNATURE and "value" in value:
        return secret(_secret_content(normalised(value["value"])))
    if signature == OUTPUT_SIGNATURE:
        inner = normalised(value["value"]) if "value" in value else UNKNOWN
        return secret(_secret_content(inner)) if value.get("secret") else inner
    if isinstance(signature, str) and signature in _KEPT_SIGNATURES:
        return {k: normalised(v) for k, v in value.items()}
    raise InputError("A property has an unknown signature", found=signature, key=SIGNATURE)


def _secret_content(value: Value) -> Value:
    """Return the content of a secret, or another value unchanged, so that a secret is not wrapped twice."""
    return value["value"] if is_secret(value) else value


def _from_value(value: struct_pb2.Value) -> Value:
    # Not `json_format`, which takes three times as long for a stack of 5,000 resources.
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        text = value.string_value
        return UNKNOWN if text in _TYPED_UNKNOWNS else text
    if kind == "struct_value":
        fields = value.struct_value.fields
        content = {k: _from_value(v) for k, v in fields.items()}
        return _normalised_signed(content) if SIGNATURE in content else content
    if kind == "list_value":
        return [_from_value(v) for v in value.list_value.values]
    if kind == "number_value":
        return _integer_if_whole(value.number_value)
    return value.bool_value if kind == "bool_value" else None
