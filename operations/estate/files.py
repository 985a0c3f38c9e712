"""Write the stacks' configuration files, atomically and only if they differ. Keys that the engines add are kept."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from formats.errors import InputError
from formats.stack_config import ENGINE_KEYS
from formats.yaml_reader import parse_mapping, read_mapping
from operations.estate.allocations import FILE_NAME, Allocations
from operations.estate.loading import Estate
from operations.estate.rendering import HEADER_PREFIX, Rendered
from operations.settings import Settings, make_folder, write_whole

_ENGINE_LINES = re.compile(rf"(({'|'.join(ENGINE_KEYS)}): [^\n]*\n)+")


def config_folder(folder: Path, settings: Settings) -> Path:
    """Return the folder of an estate's configuration files: the root for the project's own, else a separate one."""
    folder = folder.resolve()
    if folder == (settings.root / "estate").resolve():
        return settings.root
    return settings.home / "config" / hashlib.sha256(str(folder).encode()).hexdigest()[:16]


def config_file(target: Path, stack: str) -> Path:
    """Return the path of a stack's configuration file."""
    return target / f"Pulumi.{stack}.yaml"


def changed_files(estate: Estate, stacks: Sequence[Rendered], target: Path) -> dict[Path, str]:
    """Return the files whose text differs from the estate, with their new text, the allocations first."""
    file, text = estate.folder / FILE_NAME, estate.allocations.text()
    allocations = {file: text} if _text(file) != text else {}
    return allocations | {config_file(target, name): text for name, text in _changed_configs(stacks, target).items()}


def write(estate: Estate, stacks: Sequence[Rendered], target: Path) -> list[Path]:
    """Write the changed files, and return them. The allocations come first, so that no slot is allocated twice."""
    changes = changed_files(estate, stacks, target)
    if not changes:
        return []
    with _locked(estate.folder):
        found, ours = Allocations.load(estate.folder), estate.allocations
        if found.stacks.items() - ours.stacks.items() or found.inboxes.items() - ours.inboxes.items():
            raise InputError(
                "Another run changed the allocations in the meantime.",
                file=str(estate.folder / FILE_NAME),
                fix="Run again.",
            )
        make_folder(target)
        for file, text in changes.items():
            _write(file, text)
    return list(changes)


def stage(stacks: Sequence[Rendered], target: Path, folder: Path) -> dict[str, Path]:
    """Write the configuration files that differ from the estate into another folder. Return them by stack."""
    own = _folder_of_copies(target, folder)
    found: dict[str, Path] = {}
    for name, text in _changed_configs(stacks, target).items():
        make_folder(own)
        found[name] = config_file(own, name)
        _write(found[name], text)
    return found


def write_variant(file: Path, settings: Mapping[str, Any], folder: Path) -> Path:
    """Write a stack's configuration file with other settings into another folder, and return its path.

    The keys that the engines added to `file` are kept: both are files of one stack.
    """
    target = _folder_of_copies(file.parent, folder) / file.name
    found = read_mapping(file) if file.exists() else {}
    whole = {"config": settings, **{key: found[key] for key in ENGINE_KEYS if key in found}}
    make_folder(target.parent)
    _write(target, json.dumps(whole, indent=2) + "\n")  # JSON is YAML too
    return target


def bump_generation(folder: Path, stack: str) -> None:
    """Increment a destroyed stack's generation: new deployments need new names, because Azure reserves the old ones."""
    with _locked(folder):
        _write(folder / FILE_NAME, Allocations.load(folder).with_next_generation(stack).text())


def orphans(stacks: Sequence[Rendered], target: Path) -> list[Path]:
    """Return the rendered configuration files of stacks that the estate no longer has."""
    known = {config_file(target, stack.name) for stack in stacks}
    found = sorted(target.glob("Pulumi.*.yaml"))
    return [f for f in found if f not in known and (_text(f) or "").startswith(HEADER_PREFIX)]


def _changed_configs(stacks: Sequence[Rendered], target: Path) -> dict[str, str]:
    """Return the new text of each configuration file that differs from the estate, by stack."""
    found: dict[str, str] = {}
    for stack in stacks:
        file = config_file(target, stack.name)
        text = stack.text + _engine_lines(file, stack.text)
        if _text(file) != text:
            found[stack.name] = text
    return found


def _folder_of_copies(target: Path, folder: Path) -> Path:
    """Return the place inside a folder for other versions of the files of `target`."""
    return folder / hashlib.sha256(str(target.resolve()).encode()).hexdigest()[:16]


def _engine_lines(file: Path, rendered: str) -> str:
    """Return the lines that the engines added to a file. The file is parsed only if its other lines have changed."""
    current = _text(file) or ""
    if current == rendered or not file.exists():
        return ""
    if current.startswith(rendered) and _ENGINE_LINES.fullmatch(current, len(rendered)):
        found = parse_mapping(current.removeprefix(rendered), str(file))
    else:
        found = read_mapping(file)
    return "".join(f"{key}: {json.dumps(found[key])}\n" for key in ENGINE_KEYS if key in found)


def _text(file: Path) -> str | None:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None


def _write(file: Path, text: str) -> None:
    try:
        write_whole(file, text)
    except OSError as error:
        raise InputError(
            "The file cannot be written, and was not changed.", file=str(file), found=error.strerror
        ) from None


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Lock the estate's folder, so that one process at a time changes the allocations."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
