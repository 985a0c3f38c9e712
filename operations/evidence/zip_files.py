"""Zip files that are the same bytes for the same content: sorted, with one time, and nothing of the machine."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from formats.errors import InputError

MAX_FILES, MAX_BYTES = 20_000, 1 << 29
"""The most that is read of a zip file, which anybody may have made."""
_UNIX, _MODE = 3, 0o100644 << 16
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*){0,4}", re.ASCII)
_HEADERS, _END = 30 + 46, 22
"""The bytes of a file's two headers without its name, and of the end of an archive."""


def zip_of(files: Mapping[str, bytes], made: datetime) -> bytes:
    """Return a zip file with these files, by path."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, made.timetuple()[:6])
            entry.create_system, entry.external_attr, entry.compress_type = _UNIX, _MODE, zipfile.ZIP_DEFLATED
            archive.writestr(entry, files[name])
    return target.getvalue()


def files_of(file: Path) -> Mapping[str, bytes]:
    """Return the files in a zip file, by path. `InputError` for one that `zip_of` cannot have written.

    So a file that verifies is also safe to extract, and has nothing that another reader would find in it.
    """
    try:
        if file.exists() and not file.is_file():
            raise InputError("The pack is no file.", file=str(file), allowed="a zip file that sde evidence wrote")
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
            _refuse_foreign(entries, file)
            return {one.filename: archive.read(one) for one in entries}
    except (OSError, zipfile.BadZipFile, zlib.error, ValueError, NotImplementedError, RuntimeError, EOFError) as error:
        raise InputError("The pack cannot be read.", file=str(file), allowed="a zip file that sde evidence wrote",
                         found=getattr(error, "strerror", None) or type(error).__name__) from None  # fmt: skip


def _refuse_foreign(entries: Sequence[zipfile.ZipInfo], file: Path) -> None:
    """Raise `InputError` for files that are too large, have a name twice, or are not as `zip_of` writes them."""
    if len(entries) > MAX_FILES or sum(one.file_size for one in entries) > MAX_BYTES:
        raise InputError("The pack is too large.", file=str(file),
                         allowed=f"{MAX_FILES:,} files of {MAX_BYTES:,} bytes together")  # fmt: skip
    if len({one.filename.lower() for one in entries}) < len(entries):
        raise InputError("The pack has two files of one name.", file=str(file))
    for one in entries:
        if not _NAME.fullmatch(one.filename):
            raise InputError("A file in the pack has a name that no pack has.", file=str(file),
                             found=one.filename[:200],
                             allowed="a path in the pack: letters, digits, dots, hyphens, underscores")  # fmt: skip
        if (one.create_system, one.external_attr) != (_UNIX, _MODE):
            raise InputError(
                "The pack has a symlink, a folder or a file that is not as sde evidence writes it.",
                file=str(file),
                found=one.filename,
            )
    if sum(_HEADERS + 2 * len(one.filename) + one.compress_size for one in entries) + _END != file.stat().st_size:
        raise InputError("The pack has bytes that are of none of its files.", file=str(file),
                         allowed="a zip file that sde evidence wrote")  # fmt: skip
