"""Canonical JSON (RFC 8785), its digests, and models that are read from canonical bytes alone."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

import rfc8785
from pydantic import BaseModel, BeforeValidator, PlainSerializer, StringConstraints

from formats.errors import InputError
from formats.json_reader import parse_json
from formats.validation import InvalidValue, validated

MAX_BYTES = 256 << 10
"""Bytes of the longest signed document."""
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
_FORM = "%Y-%m-%dT%H:%M:%SZ"
M = TypeVar("M", bound=BaseModel)

Digest = Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")]
Hex = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Ascii = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,63}$")]
"""An identifier that looks like no other: the number of a request."""


def _time(value: object) -> datetime:
    """Read a time in whole seconds of UTC, in one form only."""
    found = value
    try:
        if isinstance(value, str) and _TIME.fullmatch(value):
            found = datetime.strptime(value, _FORM).replace(tzinfo=UTC)
    except ValueError:  # such as the 30th of February
        found = None
    if isinstance(found, datetime) and found.tzinfo is UTC and not found.microsecond:
        return found
    raise InvalidValue("a time in UTC and whole seconds, such as 2026-11-30T09:00:00Z")


def time_text(time: datetime) -> str:
    """Return a time in the form of signed documents and of the ledger."""
    return time.strftime(_FORM)


UtcTime = Annotated[datetime, BeforeValidator(_time), PlainSerializer(time_text, return_type=str)]


def canonical(value: Any) -> bytes:
    """Return the canonical JSON of a value. `ValueError` if JSON cannot express it without loss."""
    return rfc8785.dumps(value)


def digest_of_bytes(content: bytes) -> str:
    """Return `sha256:` and the hash."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def digest_of(value: Any) -> str:
    """Return `sha256:` and the hash of the canonical JSON of a value."""
    return digest_of_bytes(canonical(value))


def content_of(model: BaseModel) -> dict[str, Any]:
    """Return a model as JSON, without the keys that have no value."""
    return model.model_dump(mode="json", by_alias=True, exclude_none=True)


def read_canonical(model: type[M], text: bytes, *, file: str) -> M:
    """Return the model in canonical JSON. `InputError` for any other bytes, also of the same content.

    So one content has one text and one digest: no spaces, no other order, escapes, form of a number, case of a GUID or
    explicit null can make a second one.
    """
    found = validated(model, parse_json(text, file, max_bytes=MAX_BYTES), file=file)
    if canonical(content_of(found)) != text:
        raise InputError("The file is not canonical JSON.", file=file, allowed="the bytes of RFC 8785",
                         fix="restore it; only sde request writes these files")  # fmt: skip
    return found
