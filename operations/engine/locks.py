"""Locks on stacks, as Pulumi's file backend keeps them: the official command line honours ours, and we honour its."""

from __future__ import annotations

import contextlib
import getpass
import json
import os
import socket
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from formats.errors import InputError
from operations.engine import files
from operations.engine.clock import now

_ENDED = ("Z", "X")
"""States of a process that has ended and that its parent has not waited for (proc_pid_stat(5))."""
_GONE = ", a process that is no longer running"


@contextlib.contextmanager
def held(folder: Path, stack: str, *, warn: Callable[[str], None] = lambda _: None) -> Iterator[None]:
    """Holds the stack's lock, a file of our own in `folder`. Raises InputError, naming the holder, where it is taken.

    A lock that a killed run of ours left on this very machine holds nothing back: it is taken away, and `warn` told.
    """
    own = folder / f"{uuid.uuid4()}.json"
    for path in _others(folder, None):
        if _left_behind(path):
            warn(f"stack {stack}: the lock of {_who(path)} was taken away")
            files.remove(path)
    _refuse_others(folder, own, stack)
    files.write(own, json.dumps(_ourselves()).encode())
    try:
        # Looked at again after ours is there: of two that start at once, at least one sees the other.
        _refuse_others(folder, own, stack)
        yield
    finally:
        files.remove(own)


def holders(folder: Path) -> list[str]:
    """Who holds the lock, one phrase each: `ann@build-1 (pid 4711) since 2026-01-01T09:00:00Z`."""
    return [_who(path) for path in _others(folder, None)]


def living(folder: Path) -> list[str]:
    """Who holds the lock, without runs of ours that were killed on this very machine: these change nothing any more."""
    return [_who(path) for path in _others(folder, None) if not _left_behind(path)]


def cancel(folder: Path) -> int:
    """Removes every lock in the folder; how many there were."""
    present = _others(folder, None)
    for path in present:
        files.remove(path)
    return len(present)


def refusal(folder: Path, stack: str, *, own: Path | None = None) -> InputError | None:
    """What is said where others hold the stack's lock; None where nobody does."""
    others = _others(folder, own)
    if not others:
        return None
    who = list(map(_who, others))
    dead = all(phrase.endswith(_GONE) for phrase in who)
    cancel = f"scripts/sde cancel {stack}"
    return InputError(
        f"Stack {stack} is locked by " + ", and by ".join(who),
        file=str(others[0]),
        fix=f"{cancel}, then run this again" if dead else f"wait for that run to end; if it is dead, {cancel}",
    )


def _refuse_others(folder: Path, own: Path, stack: str) -> None:
    if error := refusal(folder, stack, own=own):
        raise error


def _others(folder: Path, own: Path | None) -> list[Path]:
    with files.honest_about(folder):
        return sorted(p for p in folder.glob("*.json") if p != own and not p.name.startswith("."))


def _ourselves() -> dict[str, Any]:
    ourselves = {"pid": os.getpid(), "username": _user(), "hostname": socket.gethostname(), "timestamp": now()}
    process = _process(os.getpid())
    return ourselves | ({"process": process} if process else {})


def _process(pid: int) -> str | None:
    """What tells a process from every other that ever has its number: this boot, this pid namespace, when it began.

    None for one that is not there, and on systems without /proc, where a dead run's lock is a person's to cancel.
    """
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        namespace = str(Path("/proc/self/ns/pid").readlink())
        # proc_pid_stat(5): the 22nd field, and the 2nd may hold spaces and brackets.
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        ended, began = fields[0] in _ENDED, fields[19]
    except (OSError, ValueError, IndexError):
        return None
    return None if ended else f"{boot} {namespace} {began}"


def _left_behind(path: Path) -> bool:
    """Whether a lock was ours, made in this boot and pid namespace, by a process that certainly is no more."""
    try:
        lock = json.loads(files.read(path) or b"")
        pid, process = int(lock["pid"]), str(lock["process"])
    except (ValueError, KeyError, TypeError):
        return False
    here = _process(os.getpid())
    same_world = here is not None and process.split(" ")[:2] == here.split(" ")[:2]
    return same_world and _process(pid) != process


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container's user may have no name
        return str(os.getuid())


def _who(path: Path) -> str:
    content = files.read(path)
    try:
        lock = json.loads(content or b"")
        pid, host = int(lock["pid"]), str(lock["hostname"])
        who = f"{lock['username']}@{host} (pid {pid}) since {lock['timestamp']}"
    except (ValueError, KeyError, TypeError):
        return f"a lock file that cannot be read ({path.name})"
    return who + _GONE if host == socket.gethostname() and _dead(pid) else who


def _dead(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return True
    except PermissionError:
        pass
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] in _ENDED
    except (OSError, IndexError):
        return False
