"""Zip files that are the same bytes for the same content: sorted, with one time, and nothing of the machine."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from formats.errors import InputError

MAX_FILES, MAX_BYTES = 20_000, 1 << 30
"""The most that is read of a zip file, which anybody may have made."""
_UNIX, _MODE = 3, 0o100644 << 16


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
    """Return the files in a zip file, by path. `InputError` if it cannot be read, is too large, or has a name twice."""
    try:
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
            if len(entries) > MAX_FILES or sum(one.file_size for one in entries) > MAX_BYTES:
                raise InputError("The pack is too large.", file=str(file),
                                 allowed=f"{MAX_FILES:,} files of {MAX_BYTES:,} bytes together")  # fmt: skip
            names = [one.filename for one in entries]
            if len(set(names)) < len(names):
                raise InputError("The pack has two files of one name.", file=str(file))
            return {one.filename: archive.read(one) for one in entries}
    except (OSError, zipfile.BadZipFile, zlib.error, ValueError, NotImplementedError, RuntimeError, EOFError) as error:
        raise InputError("The pack cannot be read.", file=str(file), allowed="a zip file that sde evidence wrote",
                         found=getattr(error, "strerror", None) or type(error).__name__) from None  # fmt: skip
