"""A ledger in a folder. Its layout can be served as it is by any web server (c2sp.org/tlog-tiles)."""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
import tempfile
from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from formats.errors import InputError
from formats.merkle_trees import WIDTH, Tile
from operations.ledger.storage import CHECKPOINT, PENDING, checkpoint_name
from operations.settings import make_folder

MAX_OBJECT = 64 << 20
"""Bytes of the longest object that is read."""
_LOCK = ".lock"


@dataclass(frozen=True)
class FileStorage:
    """The folder of a ledger. Files whose names begin with a dot are no part of it."""

    folder: Path

    @property
    def where(self) -> str:
        """The folder."""
        return str(self.folder)

    def read(self, name: str) -> bytes | None:
        """Return a file; None if there is none, or one without content, as a power failure may leave it."""
        file = self.folder / name
        with _errors(file):
            try:
                if not stat.S_ISREG(file.stat().st_mode):  # a pipe would never end
                    raise InputError("This is not a file.", file=str(file))
                with file.open("rb") as stream:
                    content = stream.read(MAX_OBJECT + 1)
            except FileNotFoundError:
                return None
        if len(content) > MAX_OBJECT:
            raise InputError("A file of the ledger is too long.", file=str(file), allowed=f"{MAX_OBJECT:,} bytes")
        return content or None

    def create(self, objects: Mapping[str, bytes]) -> set[str]:
        """Write files, and sync them side by side. Return the names of those that are there already."""
        taken = set()
        with _errors(self.folder), contextlib.ExitStack() as opened:
            handles = []
            for name, content in objects.items():
                file = self.folder / name
                if self._has(file):
                    taken.add(name)
                    continue
                handle, temporary = opened.enter_context(_written(file, content))
                try:
                    os.link(temporary, file)  # unlike a rename, it never replaces a file
                except FileExistsError:
                    taken.add(name)
                handles.append(handle)
            _sync(handles, {(self.folder / name).parent for name in objects.keys() - taken})
        return taken

    def _has(self, file: Path) -> bool:
        """Return True for a file with content. A power failure may leave one without, which is removed."""
        try:
            if file.stat().st_size:
                return True
        except FileNotFoundError:
            return False
        file.unlink()
        return False

    def names(self) -> Iterator[str]:
        """Yield the names of all files, in the order of names."""
        for folder, folders, files in os.walk(self.folder):
            folders[:] = sorted(one for one in folders if not one.startswith("."))
            for name in sorted(files):
                if not name.startswith("."):
                    yield (Path(folder) / name).relative_to(self.folder).as_posix()

    def newest(self) -> bytes | None:
        """Return the checkpoint."""
        return self.read(CHECKPOINT)

    def publish(self, size: int, checkpoint: bytes) -> None:
        """Write the checkpoint, then remove what is not needed any more.

        That is the parts of tiles that are full, as the specification permits, and pending appends but the last: until
        the next append, a power failure may undo the rename.
        """
        self.create({checkpoint_name(size): checkpoint})
        file = self.folder / CHECKPOINT
        with _errors(file):
            with _written(file, checkpoint) as (handle, temporary):
                os.fsync(handle)
                temporary.replace(file)
            for pending in sorted((self.folder / PENDING).glob("*"))[:-1]:
                pending.unlink(missing_ok=True)
            self._remove_parts(size)

    def _remove_parts(self, size: int) -> None:
        level, count = 0, size // WIDTH
        while count:
            for kind in (level, None) if level == 0 else (level,):
                parts = self.folder / f"{Tile(kind, count - 1, WIDTH).name}.p"
                for part in parts.glob("*"):
                    part.unlink(missing_ok=True)
                if parts.exists():
                    parts.rmdir()
            level, count = level + 1, count // WIDTH

    @contextlib.contextmanager
    def exclusive(self) -> Iterator[None]:
        """Hold the ledger's lock file, which the system releases when the process ends."""
        with _errors(self.folder):
            make_folder(self.folder)
            handle = os.open(self.folder / _LOCK, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)


@contextlib.contextmanager
def _written(file: Path, content: bytes) -> Iterator[tuple[int, Path]]:
    """Yield the handle and the path of a temporary file beside `file`, and remove it if it is still there."""
    make_folder(file.parent)
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=".", suffix=".tmp")  # mode 0600
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            yield handle, Path(name)
    finally:
        Path(name).unlink(missing_ok=True)


def _sync(handles: Collection[int], folders: Collection[Path]) -> None:
    """Sync files and folders at the same time: the system then writes its journal once."""
    opened = [os.open(folder, os.O_RDONLY) for folder in folders]
    try:
        with ThreadPoolExecutor(max_workers=max(1, min(16, len(handles) + len(opened)))) as pool:
            list(pool.map(os.fsync, (*handles, *opened)))
    finally:
        for handle in opened:
            os.close(handle)


@contextlib.contextmanager
def _errors(file: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise InputError("The ledger cannot be read or written.", file=str(file), found=error.strerror,
                         fix="check the folder's owner, rights and space, then run again") from error  # fmt: skip
