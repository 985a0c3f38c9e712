"""Atomic file writes: write a temporary file in the same folder, sync it, then rename it into place."""

from __future__ import annotations

import contextlib
import errno
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from formats.errors import InputError

_DISK_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


@contextlib.contextmanager
def translate_os_errors(path: Path) -> Iterator[None]:
    """Translate an `OSError` into an `InputError` with the path and a fix."""
    try:
        yield
    except OSError as error:
        if error.errno in _DISK_FULL:
            problem, fix = "The disk is full: the state could not be saved", "free space on that disk, then run again"
        else:
            problem = f"The state could not be read or written: {error.strerror or type(error).__name__}"
            fix = "check the folder's owner, rights and mount, then run again"
        raise InputError(f"{problem}; the previously saved state is intact", file=str(path), fix=fix) from error


def write(path: Path, content: bytes, *, keep: Path | None = None, mode: int = 0o600) -> None:
    """Write `content` to `path` atomically, and keep the previous file as `keep`, if given.

    State may contain secrets, so the mode is 0600. Raises `InputError` if the disk fails.
    """
    with translate_os_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = _write_temporary(path, content, mode)
        try:
            if keep is not None:
                _keep_previous(path, keep)
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        sync_folder(path.parent)


def read(path: Path) -> bytes | None:
    """Return the file's content, or None if it does not exist. Raises `InputError` if it cannot be read."""
    with translate_os_errors(path):
        try:
            return path.read_bytes()
        except FileNotFoundError:
            return None


def remove(path: Path) -> None:
    """Remove the file, if it exists."""
    with translate_os_errors(path):
        path.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Sync the folder, if the system supports that, so that a rename in it survives a power failure."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _write_temporary(path: Path, content: bytes, mode: int) -> Path:
    """Write and sync a temporary file in the same folder, so that the rename stays on one file system."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(mode)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return temporary


def _keep_previous(path: Path, keep: Path) -> None:
    """Keep the current file as `keep`, with a hard link: a rename over `path` does not change the linked content."""
    if not path.exists():
        return
    link = keep.with_name(f".{keep.name}.{os.getpid()}.tmp")
    link.unlink(missing_ok=True)
    try:
        os.link(path, link)
    except OSError:  # a file system without links
        link = _write_temporary(keep, path.read_bytes(), path.stat().st_mode & 0o777)
    link.replace(keep)
