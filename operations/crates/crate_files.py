"""Read the metadata of an untrusted crate: a folder or a ZIP file, with or without a BagIt bag.

Nothing is unpacked, no link is followed out of the crate, and no address in it is opened.
"""

from __future__ import annotations

import hashlib
import os
import stat
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from formats.errors import InputError
from formats.yaml_reader import within

METADATA, PAYLOAD = "ro-crate-metadata.json", "data/"
BAG, MANIFEST = "bagit.txt", "manifest-sha512.txt"
TAG_FILES = frozenset({BAG, "bag-info.txt", MANIFEST, "tagmanifest-sha512.txt"})
MAX_ZIP_BYTES, MAX_BYTES = 8 << 20, 1 << 20
"""The longest ZIP file, and the longest file of a crate that is read."""
MAX_FILES = 1000
_COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 0x1
_FIX = "ask for the crate again, or look at it in a place where nothing can be lost"


@dataclass(frozen=True)
class CrateFile:
    """The metadata file of a crate."""

    metadata: bytes
    path: str
    """For messages."""
    others: tuple[str, ...]
    """The other files of the crate, which are not read."""


def read_crate(crate: Path) -> CrateFile:
    """Return the metadata of a crate. `InputError` for what is none, is too large, or has unsafe names of files."""
    if crate.is_dir():
        return _found(crate, _names_in(crate), lambda name: _bytes_of(crate, name))
    size = _size_of(crate)
    if size > MAX_ZIP_BYTES:
        raise InputError("The crate is too long.", file=str(crate), found=f"{size:,} bytes",
                         allowed=f"at most {MAX_ZIP_BYTES:,} bytes")  # fmt: skip
    try:
        with zipfile.ZipFile(crate) as archive:
            entries = _entries_of(archive, crate)
            return _found(crate, list(entries), lambda name: _unpacked(archive, entries[name], crate))
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, RuntimeError, ValueError, OSError) as error:
        raise InputError("The ZIP file cannot be read.", file=str(crate), found=str(error)[:200], fix=_FIX) from None


def _size_of(crate: Path) -> int:
    try:
        status = crate.stat()
    except OSError as error:
        raise InputError("The crate cannot be read.", file=str(crate), found=error.strerror) from None
    if not stat.S_ISREG(status.st_mode):
        raise InputError("This is not a crate.", file=str(crate), allowed="a folder or a ZIP file")
    return status.st_size


def _found(crate: Path, names: list[str], read: Callable[[str], bytes]) -> CrateFile:
    """Return the only metadata file among the files of a crate. Around a bag in a ZIP file there is one folder."""
    candidates = [name for name in names if _is_metadata(name)]
    if len(candidates) != 1:
        raise InputError("This is not one RO-Crate.", file=str(crate), found=", ".join(candidates[:3]) or "no metadata",
                         allowed=f"one {METADATA}, at the top, or in the folder data of a BagIt bag")  # fmt: skip
    name = candidates[0]
    content, top = read(name), name.removesuffix(METADATA)
    bag = top.removesuffix(PAYLOAD)
    tags = {bag + tag for tag in TAG_FILES} if bag + BAG in names else set()
    if tags:
        manifest = read(bag + MANIFEST) if bag + MANIFEST in names else b""
        _check_manifest(content, name.removeprefix(bag), manifest, f"{crate}/{bag}{MANIFEST}")
    others = tuple(sorted(set(names) - {name} - tags))
    return CrateFile(content, f"{crate}/{name}", others)


def _is_metadata(name: str) -> bool:
    path = PurePosixPath(name)
    return path.name == METADATA and len(path.parts) <= 3 and (len(path.parts) < 3 or path.parts[1] == "data")


def _check_manifest(content: bytes, name: str, manifest: bytes, file: str) -> None:
    """Raise `InputError` unless a bag's manifest has the checksum of the metadata file."""
    lines = [line.split(maxsplit=1) for line in manifest.decode("utf-8", "replace").splitlines()]
    found = [line[0].lower() for line in lines if len(line) == 2 and line[1].strip().removeprefix("*") == name]
    wanted = hashlib.sha512(content).hexdigest()
    if found != [wanted]:
        raise InputError("The bag's manifest has another checksum.", file=file, key=name,
                         found=", ".join(each[:16] for each in found) or "nothing", allowed=wanted[:16],
                         fix=_FIX)  # fmt: skip


def _names_in(folder: Path) -> list[str]:
    """Return the files of a folder. Folders that are links are not entered."""
    found: list[str] = []
    for root, folders, files in os.walk(folder):
        found += [(Path(root) / name).relative_to(folder).as_posix() for name in files]
        if len(found) + len(folders) > MAX_FILES:
            raise _too_many(folder)
    return found


def _bytes_of(crate: Path, name: str) -> bytes:
    file = crate / name
    try:
        status = within(crate, file, str(file)).stat()
        if not stat.S_ISREG(status.st_mode):
            raise InputError("This is not a file.", file=str(file))
        with file.open("rb") as stream:
            return _limited(stream.read(MAX_BYTES + 1), str(file))
    except OSError as error:
        raise InputError("The file cannot be read.", file=str(file), found=error.strerror) from None


def _entries_of(archive: zipfile.ZipFile, crate: Path) -> dict[str, zipfile.ZipInfo]:
    """Return the files of a ZIP file by name. `InputError` for names that would leave a folder, links and twins."""
    found: dict[str, zipfile.ZipInfo] = {}
    if len(archive.infolist()) > MAX_FILES:
        raise _too_many(crate)
    for entry in archive.infolist():
        name, mode = entry.orig_filename, entry.external_attr >> 16
        parts = name.removesuffix("/").split("/")
        is_plain = stat.S_IFMT(mode) in (0, stat.S_IFREG, stat.S_IFDIR)
        is_unsafe = any(part in ("", ".", "..") for part in parts) or any(c in name for c in "\\:\0")
        for is_wrong, problem in (
            (is_unsafe, "The ZIP file has a name that leaves its folder."),
            (not is_plain, "The ZIP file has a link."),
            (name in found, "The ZIP file has two files of one name."),
            (entry.flag_bits & _ENCRYPTED, "The ZIP file has an encrypted file."),
            (entry.compress_type not in _COMPRESSIONS, "The ZIP file is compressed in an unusual way."),
        ):
            if is_wrong:
                raise InputError(problem, file=str(crate), found=name[:200], fix=_FIX)
        found[name] = entry
    return {name: entry for name, entry in found.items() if not entry.is_dir()}


def _unpacked(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, crate: Path) -> bytes:
    """Return the content of an entry, of which no more is unpacked than is allowed, whatever the entry says."""
    with archive.open(entry) as stream:
        return _limited(stream.read(MAX_BYTES + 1), f"{crate}/{entry.filename}")


def _limited(content: bytes, file: str) -> bytes:
    if len(content) > MAX_BYTES:
        raise InputError("The file is too long.", file=file, found=f"more than {MAX_BYTES:,} bytes",
                         allowed=f"at most {MAX_BYTES:,} bytes")  # fmt: skip
    return content


def _too_many(crate: Path) -> InputError:
    return InputError("The crate has too many files.", file=str(crate), allowed=f"at most {MAX_FILES:,}")
