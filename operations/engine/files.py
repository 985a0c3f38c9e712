"""Atomic file writes: write a temporary file in the same folder, sync it, then rename it into place."""

from __future__ import annotations

import contextlib
import errno
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from formats.errors import InputError

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


@contextlib.contextmanager
def honest_about(path: Path) -> Iterator[None]:
    """Turn an `OSError` into an `InputError` that names the path and a fix."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            problem, fix = "The disk is full: the state could not be saved", "free space on that disk, then run again"
        else:
            problem = f"The state could not be read or written: {error.strerror or type(error).__name__}"
            fix = "check the folder's owner, rights and mount, then run again"
        raise InputError(f"{problem}; what was saved before is whole", file=str(path), fix=fix) from error


def write(path: Path, content: bytes, *, keep: Path | None = None, mode: int = 0o600) -> None:
    """Write `content` to `path` atomically; keep the previous file as `keep`, if given.

    State may hold secrets, so the mode is 0600. `InputError` if the disk fails.
    """
    with honest_about(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = _beside(path, content, mode)
        try:
            if keep is not None:
                _keep(path, keep)
            beside.replace(path)
        except BaseException:
            beside.unlink(missing_ok=True)
            raise
        sync_folder(path.parent)


def read(path: Path) -> bytes | None:
    """Return the file's content, or None if it does not exist. `InputError` if it cannot be read."""
    with honest_about(path):
        try:
            return path.read_bytes()
        except FileNotFoundError:
            return None


def remove(path: Path) -> None:
    """Remove the file, if it exists."""
    with honest_about(path):
        path.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Sync the folder, if the system can, so that a rename in it survives a loss of power."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _beside(path: Path, content: bytes, mode: int) -> Path:
    """Write a synced temporary file in the same folder, so that the rename cannot cross disks."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    beside = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.chmod(mode)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    return beside


def _keep(path: Path, keep: Path) -> None:
    """Keep the present file as `keep`: by a hard link, because a rename over `path` does not change its content."""
    if not path.exists():
        return
    second = keep.with_name(f".{keep.name}.{os.getpid()}.tmp")
    second.unlink(missing_ok=True)
    try:
        os.link(path, second)
    except OSError:  # a file system without links
        second = _beside(keep, path.read_bytes(), path.stat().st_mode & 0o777)
    second.replace(keep)
