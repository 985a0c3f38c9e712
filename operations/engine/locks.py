"""Stack locks in the format of Pulumi's file backend, so that both engines respect each other's locks."""

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
"""States of an ended process that its parent has not waited for (proc_pid_stat(5))."""
_GONE = ", a process that is no longer running"


@contextlib.contextmanager
def hold(folder: Path, stack: str, *, warn: Callable[[str], None] = lambda _: None) -> Iterator[None]:
    """Hold the stack's lock, a file in `folder`. Raises `InputError` with the holder if another run holds it.

    A lock that a killed run of `sde` left on this machine is removed, with a warning.
    """
    own = folder / f"{uuid.uuid4()}.json"
    for path in _others(folder, None):
        if _is_abandoned(path):
            warn(f"stack {stack}: the lock of {_holder(path)} was removed")
            files.remove(path)
    _refuse_others(folder, own, stack)
    files.write(own, json.dumps(_own_content()).encode())
    try:
        # Check again after writing the own lock: if two runs start at once, at least one sees the other's.
        _refuse_others(folder, own, stack)
        yield
    finally:
        files.remove(own)


def holders(folder: Path) -> list[str]:
    """Return the holders of the lock, each as `ann@build-1 (pid 4711) since 2026-01-01T09:00:00Z`."""
    return [_holder(path) for path in _others(folder, None)]


def live_holders(folder: Path) -> list[str]:
    """Return the holders of the lock, without runs of `sde` that were killed on this machine."""
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
    owner = list(map(_holder, others))
    all_ended = all(phrase.endswith(_GONE) for phrase in owner)
    cancel = f"scripts/sde cancel {stack}"
    return InputError(
        f"Stack {stack} is locked by " + ", and by ".join(owner),
        file=str(others[0]),
        fix=f"{cancel}, then run this again" if all_ended else f"wait for that run to end; if it is dead, {cancel}",
    )


def _refuse_others(folder: Path, own: Path, stack: str) -> None:
    if error := refusal(folder, stack, own=own):
        raise error


def _others(folder: Path, own: Path | None) -> list[Path]:
    with files.translate_os_errors(folder):
        return sorted(p for p in folder.glob("*.json") if p != own and not p.name.startswith("."))


def _own_content() -> dict[str, Any]:
    content = {"pid": os.getpid(), "username": _user(), "hostname": socket.gethostname(), "timestamp": now()}
    process = _process_identity(os.getpid())
    return content | ({"process": process} if process else {})


def _process_identity(pid: int) -> str | None:
    """Return a unique identity of a process: boot, pid namespace and start time, because its number may be reused.

    None if it does not run, and on systems without /proc, where the lock of a killed run must be cancelled manually.
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
    """Return True if the lock is of this boot and pid namespace, and its process has certainly ended."""
    try:
        lock = json.loads(files.read(path) or b"")
        pid, process = int(lock["pid"]), str(lock["process"])
    except (ValueError, KeyError, TypeError):
        return False
    own = _process_identity(os.getpid())
    same_system = own is not None and process.split(" ")[:2] == own.split(" ")[:2]
    return same_system and _process_identity(pid) != process


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
        owner = f"{lock['username']}@{host} (pid {pid}) since {lock['timestamp']}"
    except (ValueError, KeyError, TypeError):
        return f"a lock file that cannot be read ({path.name})"
    return owner + _GONE if host == socket.gethostname() and _has_ended(pid) else owner


def _has_ended(pid: int) -> bool:
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
