"""The configuration files on disk: written whole, only where they differ, keeping what the engine keeps in them."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from formats.errors import InputError
from formats.yaml_reader import read_mapping
from operations.estate.ledger import NAME, Ledger
from operations.estate.loading import Estate
from operations.estate.rendering import Rendered
from operations.settings import Settings, make_folder, write_whole

KEPT = ("secretsprovider", "encryptedkey", "encryptionsalt")
"""What either engine writes beside `config`: without it the stack's secrets are lost."""
MARK = "# Made by tre_templates/"


def config_folder(folder: Path, settings: Settings) -> Path:
    """Where an estate's configuration files go: the project's root for its own, a folder of their own for any other."""
    folder = folder.resolve()
    if folder == (settings.root / "estate").resolve():
        return settings.root
    return settings.home / "config" / hashlib.sha256(str(folder).encode()).hexdigest()[:16]


def config_file(target: Path, stack: str) -> Path:
    """A stack's configuration file."""
    return target / f"Pulumi.{stack}.yaml"


def stale(estate: Estate, stacks: Sequence[Rendered], target: Path) -> dict[Path, str]:
    """The files that differ from the estate, with the text that they should have; the ledger first."""
    wanted = {estate.folder / NAME: estate.ledger.text()}
    wanted |= {config_file(target, stack.name): stack.text + _kept(config_file(target, stack.name)) for stack in stacks}
    return {file: text for file, text in wanted.items() if _present(file) != text}


def write(estate: Estate, stacks: Sequence[Rendered], target: Path) -> list[Path]:
    """Bring the files up to date; those that were written. The ledger goes first, so that no place is given twice."""
    changes = stale(estate, stacks, target)
    if not changes:
        return []
    with _alone(estate.folder):
        if Ledger.load(estate.folder).places.items() - estate.ledger.places.items():
            raise InputError(
                "Another run changed the ledger meanwhile.", file=str(estate.folder / NAME), fix="Run again."
            )
        make_folder(target)
        for file, text in changes.items():
            _write(file, text)
    return list(changes)


def bump_generation(folder: Path, stack: str) -> None:
    """A stack was destroyed whole: its next life has names of its own, for Azure still holds the old ones."""
    with _alone(folder):
        _write(folder / NAME, Ledger.load(folder).bumped(stack).text())


def orphans(stacks: Sequence[Rendered], target: Path) -> list[Path]:
    """Our configuration files of stacks that the estate no longer has."""
    known = {config_file(target, stack.name) for stack in stacks}
    found = sorted(target.glob("Pulumi.*.yaml"))
    return [f for f in found if f not in known and (_present(f) or "").startswith(MARK)]


def clear_orphans(stacks: Sequence[Rendered], target: Path, standing: Callable[[str], bool]) -> list[Path]:
    """Remove the orphans whose stack has nothing left; those that stay, because theirs still stands."""
    kept = []
    for file in orphans(stacks, target):
        if standing(file.name.removeprefix("Pulumi.").removesuffix(".yaml")):
            kept.append(file)
        else:
            file.unlink()
    return kept


def _kept(file: Path) -> str:
    if not file.exists():
        return ""
    found = read_mapping(file)
    return "".join(f"{key}: {json.dumps(found[key])}\n" for key in KEPT if key in found)


def _present(file: Path) -> str | None:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None


def _write(file: Path, text: str) -> None:
    try:
        write_whole(file, text)
    except OSError as error:
        raise InputError("The file cannot be written; it is as it was.", file=str(file), found=error.strerror) from None


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One process at a time gives out places."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
