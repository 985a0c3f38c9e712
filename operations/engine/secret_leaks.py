"""Find secrets in properties that are not secret: as they are, encoded, and in parts.

The secrets of a run are known to the engine alone. They are compared in its process and written nowhere.
"""

from __future__ import annotations

import base64
import binascii
import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from formats.errors import Refused
from formats.property_paths import child
from formats.property_values import ARCHIVE_SIGNATURE, ASSET_SIGNATURE, SIGNATURE, is_secret

MIN_LENGTH = 8
"""Shorter secrets match parts of ordinary words."""
PART = 12
"""The length of the parts of a random secret that are searched. Every part of one and a half of it is found."""
_RANDOM = re.compile(r"[A-Za-z0-9+/=_-]{24,}")
_SEPARATORS = re.compile(r"[^A-Za-z0-9+/=]+")
_MIN_LETTERS = 10
"""The least number of different letters of a random secret."""


def needles_of(secret: str) -> frozenset[str]:
    """Return the texts by which a secret is found. Parts are searched only for one that looks random."""
    if len(secret) < MIN_LENGTH:
        return frozenset()
    forms = {form for raw in (secret.encode(), *_decoded(secret)) for form in _encoded(raw) if len(form) >= MIN_LENGTH}
    forms |= {secret, quote(secret, safe=""), secret[::-1]}
    if _RANDOM.fullmatch(secret) and len(set(secret)) >= _MIN_LETTERS and not secret.startswith("/"):
        forms |= {form[i : i + PART] for form in set(forms) for i in range(0, len(form) - PART + 1, PART // 2)}
    return frozenset(forms)


def leak_in(properties: Mapping[str, Any], needles: frozenset[str]) -> str | None:
    """Return the path of the first property that holds a known secret without being secret itself.

    Separators do not count, nor does the end of a text: a secret may be in the form of a GUID, or in short parts.
    """
    found = list(_texts(properties, "")) if needles else []
    texts = [(path, text) for path, text, _ in found]
    keys, values = (
        [(path, _SEPARATORS.sub("", text)) for path, text, is_key in found if is_key is wanted]
        for wanted in (True, False)
    )
    for between, joined in (("\0", texts), ("", keys), ("", values)):
        whole = between.join(text for _, text in joined)
        place = min((at for needle in needles if (at := whole.find(needle)) >= 0), default=None)
        if place is not None:
            return _path_at(joined, place, len(between))
    return None


def _path_at(texts: Sequence[tuple[str, str]], place: int, between: int) -> str:
    """Return the path of the text in which a place of the joined texts is."""
    ends = itertools.accumulate(len(text) + between for _, text in texts)
    return next(path for (path, _), end in zip(texts, ends, strict=True) if place < end)


def refusal(label: str, path: str) -> Refused:
    """Return the refusal of a property that holds a secret. It names the property, and never the value."""
    return Refused(
        f"{label}: {path} holds a secret, or a part of one, and is not secret itself.\n"
        "  fix:     leave the value a secret (no Output.unsecret), or do not use it there"
    )


def _decoded(secret: str) -> Iterator[bytes]:
    """Yield the bytes that a secret may be the base64 or hexadecimal form of."""
    if len(secret) >= 2 * MIN_LENGTH:
        for decode in (lambda text: base64.b64decode(text, validate=True), bytes.fromhex):
            try:
                yield decode(secret)
            except (binascii.Error, ValueError):
                continue


def _encoded(raw: bytes) -> Iterator[str]:
    """Yield the hexadecimal and base64 forms of bytes, alone and in the middle of other bytes."""
    yield from (raw.hex(), raw.hex().upper())
    for shift, start in ((0, 0), (1, 2), (2, 3)):
        text = base64.b64encode(b"\0" * shift + raw).decode()
        known = text[start:] if not (len(raw) + shift) % 3 else text[start:].rstrip("=")[:-1]
        yield from (known, known.replace("+", "-").replace("/", "_"))


def _texts(value: Any, path: str) -> Iterator[tuple[str, str, bool]]:
    """Yield the keys and texts outside secrets, each with its path, and True for a key."""
    if isinstance(value, Mapping):
        if is_secret(value):
            return
        signed = value.get(SIGNATURE) in (ASSET_SIGNATURE, ARCHIVE_SIGNATURE)
        for key, inner in value.items():
            if key != SIGNATURE and not (signed and key == "hash"):
                yield path or key, key, True
                yield from _texts(inner, child(path, key))
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            yield from _texts(inner, child(path, index))
    elif isinstance(value, str):
        yield path, value, False
