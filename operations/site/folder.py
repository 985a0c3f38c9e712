"""The folder of a report: what a report may replace in it, and how it is replaced as a whole."""

from __future__ import annotations

import fcntl
import glob
import json
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from formats.errors import InputError

MARKER = "report.json"
"""The file that lists what the report wrote, so that a later report replaces these files and no others."""
FORMAT = "sde-report-1"
PAGE = re.compile(r"([a-z]+/)?[A-Za-z0-9][A-Za-z0-9_.-]*\.html")
"""The paths of pages: in the report's folder or in a folder of it."""
_ASSET = re.compile(r"assets/[a-z]+\.(css|js)")
_SUBFOLDER = re.compile(r"[a-z]+")
_MAX_MARKER = 20_000_000
_MAX_PREFIX = 40
"""The most characters of the folder's name in that of a folder beside it: the name alone may be as long as any."""
_ALLOWED = "a new folder, an empty one, or one with an earlier report"


def refuse_other_files(folder: Path) -> None:
    """Raise `InputError` for a folder that a report cannot replace, and for one with a file that no report wrote."""
    target = _target(folder)
    _refuse_unwritable(folder, target)
    if target.exists():
        _refuse_others(folder, target)


@contextmanager
def replacement(folder: Path) -> Iterator[Path]:
    """Yield a new folder to write the report into, which then replaces an earlier one as a whole.

    If anything fails, the folder is as before. `InputError` as above.
    """
    target = _target(folder)
    target.parent.mkdir(parents=True, exist_ok=True)
    with _locked(target.parent) as is_alone:
        refuse_other_files(folder)
        if is_alone:
            _remove_leftovers(target)
        new = _beside(target, ".tmp")
        try:
            yield new
            if target.exists():
                new.chmod(target.stat().st_mode & 0o777)
            _replace(folder, target, new)
        except OSError as error:
            error.filename = str(folder)  # a full disk has no name, and that of the new folder says nothing
            raise
        finally:
            shutil.rmtree(new, ignore_errors=True)


def _target(folder: Path) -> Path:
    """Return the folder without symlinks."""
    try:
        target, here = folder.resolve(), Path.cwd().resolve()
    except RuntimeError:
        raise InputError("The report's folder is a symlink to itself.", file=str(folder), allowed=_ALLOWED) from None
    if here.is_relative_to(target):  # its files would be gone from a shell that is in it
        raise InputError("The report's folder is the one that the command runs in, or around it.", file=str(folder),
                         allowed=_ALLOWED, fix="Name another folder.")  # fmt: skip
    return target


def _refuse_unwritable(folder: Path, target: Path) -> None:
    if target.exists() and not target.is_dir():
        raise InputError("The report's folder is something else.", file=str(folder), found="no folder",
                         allowed=_ALLOWED)  # fmt: skip
    if os.path.ismount(target):
        raise InputError("The report's folder is a mount point, which nothing can replace.", file=str(folder),
                         allowed=_ALLOWED, fix="Name a folder in it.")  # fmt: skip
    parent = next(one for one in target.parents if one.exists())
    if not (parent.is_dir() and os.access(parent, os.W_OK | os.X_OK)):
        raise InputError("The report's folder cannot be made.", file=str(folder),
                         found=f"{parent}, which {'cannot be written' if parent.is_dir() else 'is no folder'}",
                         allowed="a folder in one that can be written")  # fmt: skip


def _refuse_others(folder: Path, target: Path) -> None:
    found = next(_others(target, _files_of_report(target / MARKER)), None)
    if found is not None:
        raise InputError("The report's folder has files of something else.", file=str(folder), found=found,
                         allowed=_ALLOWED, fix="Name another folder.")  # fmt: skip


def _is_of_report(name: str) -> bool:
    return name == MARKER or any(one.fullmatch(name) for one in (PAGE, _ASSET))


def _others(folder: Path, own: Collection[str]) -> Iterator[str]:
    """Yield what is in a folder beside a report's regular files and their folders. No symlink is followed."""
    for parent, folders, files in os.walk(folder, onerror=_raise):
        for path in (Path(parent, one) for one in sorted([*folders, *files])):
            name, mode = path.relative_to(folder).as_posix(), path.lstat().st_mode
            is_folder = bool(own) and stat.S_ISDIR(mode) and _SUBFOLDER.fullmatch(name)
            if not is_folder and not (stat.S_ISREG(mode) and name in own):
                yield name


def _raise(error: OSError) -> None:
    raise error


def _files_of_report(marker: Path) -> Collection[str]:
    """Return what an earlier report wrote; nothing if the file is not of a report. Anybody may have written it."""
    try:
        found = marker.lstat()
        if not stat.S_ISREG(found.st_mode) or found.st_size > _MAX_MARKER:
            return ()
        content = json.loads(marker.read_bytes())
    except (OSError, ValueError, RecursionError):
        return ()
    if not isinstance(content, Mapping) or content.get("format") != FORMAT:
        return ()
    files = content.get("files")
    return {one for one in files if isinstance(one, str) and _is_of_report(one)} if isinstance(files, list) else ()


@contextmanager
def _locked(parent: Path) -> Iterator[bool]:
    """Lock the folder around the report's, so that one report at a time is written there; False if it has no locks."""
    handle = os.open(parent, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
        except OSError:
            yield False
        else:
            yield True
    finally:
        os.close(handle)


def _beside(target: Path, suffix: str) -> Path:
    """Return a new folder beside the report's, with access for its owner only."""
    return Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name[:_MAX_PREFIX]}.", suffix=suffix))


def _remove_leftovers(target: Path) -> None:
    """Remove the folders that killed runs left beside the report's."""
    name = glob.escape(target.name[:_MAX_PREFIX])
    for found in [one for suffix in ("tmp", "old") for one in target.parent.glob(f".{name}.????????.{suffix}")]:
        if not found.is_symlink() and found.is_dir():
            files = {path.relative_to(found).as_posix() for path in found.rglob("*")}
            if not any(_others(found, {one for one in files if _is_of_report(one)})):
                shutil.rmtree(found)


def _replace(folder: Path, target: Path, new: Path) -> None:
    """Put a new folder in the place of another, which is put back if that fails."""
    if not target.exists():
        new.rename(target)
        return
    old = _beside(target, ".old")
    os.rename(target, old)  # which replaces the empty folder
    try:
        _refuse_others(folder, old)  # a file that came since the first look
        new.rename(target)
    except BaseException:
        old.rename(target)
        raise
    shutil.rmtree(old)
