"""Locks on stacks, as Pulumi's file backend keeps them: the official command line honours ours, and we honour its."""

from __future__ import annotations

import contextlib
import getpass
import json
import os
import socket
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from infra.errors import BadInput
from operations.engine.embedded import files, state


@contextlib.contextmanager
def held(folder: Path, stack: str) -> Iterator[None]:
    """Holds the stack's lock, a file of our own in `folder`. Raises BadInput, naming the holder, where it is taken."""
    own = folder / f"{uuid.uuid4()}.json"
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


def cancel(folder: Path) -> int:
    """Removes every lock in the folder; how many there were."""
    present = _others(folder, None)
    for path in present:
        files.remove(path)
    return len(present)


def _refuse_others(folder: Path, own: Path, stack: str) -> None:
    others = _others(folder, own)
    if others:
        raise BadInput(
            f"Stack {stack} is locked by " + ", and by ".join(map(_who, others)),
            file=str(others[0]),
            fix=f"wait for that run to end; if it is dead, `sde cancel {stack}`",
        )


def _others(folder: Path, own: Path | None) -> list[Path]:
    with files.honest_about(folder):
        return sorted(p for p in folder.glob("*.json") if p != own and not p.name.startswith("."))


def _ourselves() -> dict[str, Any]:
    return {"pid": os.getpid(), "username": _user(), "hostname": socket.gethostname(), "timestamp": state.now()}


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
    return f"{who}, a process that is no longer running" if host == socket.gethostname() and _dead(pid) else who


def _dead(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return True
    except PermissionError:
        return False
    return False
