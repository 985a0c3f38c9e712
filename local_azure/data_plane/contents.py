"""The contents of blobs: files beside the database, each named by its SHA-256."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from pathlib import Path

from local_azure.store import StoreError

FOLDER = "blobs"


def folder_beside(database: Path) -> Path:
    """Return the folder of the contents."""
    return database.with_name(FOLDER)


def write(database: Path, content: bytes) -> str:
    """Store a content and return its SHA-256. The file appears whole, or not at all."""
    digest = hashlib.sha256(content).hexdigest()
    folder = folder_beside(database)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not (folder / digest).exists():
        handle, name = tempfile.mkstemp(dir=folder)  # readable by its owner alone
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(name).replace(folder / digest)
    return digest


def read(database: Path, digest: str) -> bytes:
    """Return the content with a SHA-256. `StoreError` if it is lost or was changed."""
    path = folder_beside(database) / digest
    try:
        content = path.read_bytes()
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror}") from error
    if hashlib.sha256(content).hexdigest() != digest:
        raise StoreError(f"{path}: the content does not have this SHA-256")
    return content


def clear(database: Path) -> None:
    """Delete all contents."""
    shutil.rmtree(folder_beside(database), ignore_errors=True)
