"""A cache of computed results in the files of a private folder. The folder can be deleted at any time.

It saves time and never decides: an entry that is damaged, or that another user may have written, is ignored, and so are
all errors of the file system. A key names all that its result depends on, so an entry is never out of date.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import stat
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from operations.settings import ROOT, make_folder

MAX_BYTES = 500 << 20
"""The size of all entries. The least recently used ones beyond it are deleted."""
MAX_ENTRY_BYTES = 20 << 20
_KEPT_SHARE = 0.8
"""The share of the size that is kept when entries are deleted, so that this is rarely needed."""


class FileCache:
    """A store for `policies.stack_cache` and `operations.estate.kept_rendering` in a folder."""

    def __init__(self, folder: Path, *, max_bytes: int = MAX_BYTES) -> None:
        self._folder, self._max_bytes = folder, max_bytes
        self._written: int | None = None
        """The size of all entries, once this process has written one."""

    def get(self, key: str) -> Any:
        """Return the JSON value of an entry; None if it is missing, damaged or not private."""
        file = self._file(key)
        try:
            content = _read_private(file)
        except OSError:
            return None
        checksum, _, text = content.partition(b"\n")
        if checksum != _checksum(key, text):
            return None
        with contextlib.suppress(OSError):
            os.utime(file)
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            return None

    def put(self, key: str, value: Any) -> None:
        """Add or replace an entry, atomically."""
        try:
            text = json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()
        except (ValueError, TypeError, RecursionError):  # such as a date, or half of a character that takes two
            return
        if len(text) > MAX_ENTRY_BYTES:
            return
        with contextlib.suppress(OSError):
            make_folder(self._folder)
            if not _is_private(self._folder.lstat()):
                return
            self._make_room(len(text))
            _write(self._file(key), _checksum(key, text) + b"\n" + text)

    def _file(self, key: str) -> Path:
        return self._folder / f"{hashlib.sha256(key.encode()).hexdigest()}.json"

    def _make_room(self, size: int) -> None:
        """Delete the least recently used entries if the new one does not fit."""
        if self._written is None:
            self._written = sum(one.stat().st_size for one in os.scandir(self._folder))
        self._written += size
        if self._written <= self._max_bytes:
            return
        for entry in sorted(os.scandir(self._folder), key=lambda one: one.stat().st_mtime_ns):
            if self._written <= self._max_bytes * _KEPT_SHARE:
                break
            self._written -= entry.stat().st_size
            Path(entry.path).unlink(missing_ok=True)


def digest_of_files(patterns: Iterable[str], others: Iterable[Path] = ()) -> str:
    """Return the digest of files as a part of a key: those of this project that match, and others that exist."""
    found = sorted(file for pattern in patterns for file in ROOT.glob(pattern))
    files = [file for file in (*found, *others) if file.is_file()]
    parts = [(str(file), hashlib.sha256(file.read_bytes()).hexdigest()) for file in files]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _checksum(key: str, text: bytes) -> bytes:
    """Return the hash of an entry with its key: it detects incomplete and misplaced entries."""
    return hashlib.sha256(key.encode() + b"\n" + text).hexdigest().encode()


def _is_private(status: os.stat_result) -> bool:
    return status.st_uid == os.getuid() and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _read_private(file: Path) -> bytes:
    """Return the content of a regular file that only this user can write. `OSError` for any other."""
    handle = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(handle, "rb") as stream:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode) or not _is_private(status) or not _is_private(file.parent.lstat()):
            raise PermissionError
        return stream.read(MAX_ENTRY_BYTES + 1000)


def _write(file: Path, content: bytes) -> None:
    """Write a file atomically. It is not synced: the checksum detects an incomplete one after a loss of power."""
    handle, temporary = tempfile.mkstemp(dir=file.parent, suffix=".tmp")  # mode 0600
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        Path(temporary).replace(file)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
