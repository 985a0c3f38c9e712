"""Stack locks in the format of Pulumi's file backend: the Pulumi CLI respects ours, and we respect its locks."""

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
    """Hold the stack's lock, a file in `folder`. `InputError` with the holder if another run holds it.

    A lock that a killed run of ours left on this machine is removed, with a warning.
    """
    own = folder / f"{uuid.uuid4()}.json"
    for path in _others(folder, None):
        if _is_abandoned(path):
            warn(f"stack {stack}: the lock of {_holder(path)} was removed")
            files.remove(path)
    _refuse_others(folder, own, stack)
    files.write(own, json.dumps(_ourselves()).encode())
    try:
        # Check again with our lock in place: if two runs start at once, at least one sees the other.
        _refuse_others(folder, own, stack)
        yield
    finally:
        files.remove(own)


def holders(folder: Path) -> list[str]:
    """Return the holders of the lock, each as `ann@build-1 (pid 4711) since 2026-01-01T09:00:00Z`."""
    return [_holder(path) for path in _others(folder, None)]


def living(folder: Path) -> list[str]:
    """Return the holders of the lock, without runs of ours that were killed on this machine."""
    return [_holder(path) for path in _others(folder, None) if not _is_abandoned(path)]


def cancel(folder: Path) -> int:
    """Remove every lock in the folder; return their number."""
    present = _others(folder, None)
    for path in present:
        files.remove(path)
    return len(present)


def refusal(folder: Path, stack: str, *, own: Path | None = None) -> InputError | None:
    """Return the error if another run holds the stack's lock, else None."""
    others = _others(folder, own)
    if not others:
        return None
    who = list(map(_holder, others))
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
    """Identify a process beyond its number, which may be reused: by the boot, the pid namespace and its start time.

    None if it does not run, and on systems without /proc, where the lock of a dead run has to be cancelled by hand.
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


def _is_abandoned(path: Path) -> bool:
    """Return True if a lock was made in this boot and pid namespace by a process that has certainly ended."""
    try:
        lock = json.loads(files.read(path) or b"")
        pid, process = int(lock["pid"]), str(lock["process"])
    except (ValueError, KeyError, TypeError):
        return False
    here = _process(os.getpid())
    same_system = here is not None and process.split(" ")[:2] == here.split(" ")[:2]
    return same_system and _process(pid) != process


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container's user may have no name
        return str(os.getuid())


def _holder(path: Path) -> str:
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
