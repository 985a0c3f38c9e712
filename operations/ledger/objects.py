"""What is kept beside the entries: plans and diffs as JSON, compressed, by the digest of the stored file."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import zlib
from typing import Any

from formats.errors import InputError
from formats.plan import canonical
from operations.ledger.storage import OBJECTS, Storage

MAX_JSON = 256 << 20
"""Bytes of the longest object when it is not compressed."""


def keep(storage: Storage, value: Any) -> str:
    """Keep a JSON value, unless it is kept already, and return its digest. It must hold no secrets."""
    content = gzip.compress(canonical(value).encode(), compresslevel=6, mtime=0)
    digest = hashlib.sha256(content).hexdigest()
    storage.create({object_name(digest): content})
    return f"sha256:{digest}"


def kept(storage: Storage, digest: str) -> Any:
    """Return the value of a digest. `InputError` if it is missing, or not what was kept."""
    name = object_name(digest.removeprefix("sha256:"))
    content = storage.read(name)
    if content is None or hashlib.sha256(content).hexdigest() != digest.removeprefix("sha256:"):
        raise InputError("The ledger does not have this any more.", file=f"{storage.where}/{name}", found=digest,
                         fix="scripts/sde ledger verify")  # fmt: skip
    try:
        with gzip.open(io.BytesIO(content)) as stream:
            text = stream.read(MAX_JSON + 1)
        if len(text) <= MAX_JSON:
            return json.loads(text)
    except (OSError, EOFError, zlib.error, ValueError, RecursionError):
        pass
    raise InputError("What the ledger keeps cannot be read.", file=f"{storage.where}/{name}",
                     allowed=f"JSON of at most {MAX_JSON:,} bytes, compressed")  # fmt: skip


def object_name(digest: str) -> str:
    """Return the name of an object."""
    return f"{OBJECTS}/{digest}.json.gz"
