"""Kill an engine with all its child processes during a request to the cloud."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from operations.engine.embedded.backend import Backend
from operations.settings import ROOT
from tests.parity.small import Pair, World

PAUSED = """
    import time
    from pathlib import Path

    def paused(values):
        folder = Path(__file__).parent
        if not pulumi.runtime.is_dry_run() and (folder / "pause").exists():
            (folder / "reached").touch()
            while not (folder / "go").exists():
                time.sleep(0.01)
        return values[0]

    home = group()
    first = identity("first", home)
    second = identity("second", Output.all(home.name, first.id).apply(paused))
    identity("third", home, Options(depends_on=[second]))
"""
"""A program that can be made to wait before its second identity."""


def kill_in_the_middle(pair: Pair) -> None:
    """Run `PAUSED` with each engine, and kill it while the cloud creates the second identity."""
    pair.program(PAUSED)
    pair.stack()
    for name, world in pair.worlds.items():
        _kill(pair.root, name, world)


def _kill(root: Path, name: str, world: World) -> None:
    files = [root / file for file in ("pause", "reached", "go")]
    pause, reached, go = files
    pause.touch()
    command = [sys.executable, "-m", "tests.parity.killing", name, str(root), str(world.home)]
    process = subprocess.Popen(command, cwd=ROOT)
    try:
        _until(reached.exists, process)
        cloud = sqlite3.connect(world.database, isolation_level=None)
        cloud.execute("BEGIN IMMEDIATE")  # the cloud answers no other request until this ends
        go.touch()
        _until(lambda: _begun(world), process)
    finally:
        _kill_all(process.pid)
        process.wait()
    cloud.close()
    for file in files:
        file.unlink()


def _begun(world: World) -> bool:
    found = Backend(world.home / "state", "sde", lambda: "").load_encrypted("small")
    return found is not None and any(operation.type == "creating" for operation in found.pending)


def _until(reached: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 60
    while not reached():
        assert process.poll() is None and time.monotonic() < end, "the run did not come to the step"
        time.sleep(0.02)


def _kill_all(pid: int) -> None:
    """Kill a process and its descendants, like a loss of power."""
    family, found = [pid], [pid]
    while found:
        found = [child for parent in found for child in _children(parent)]
        family += found
    for one in family:
        os.kill(one, signal.SIGKILL)


def _children(pid: int) -> list[int]:
    return [
        int(child) for task in Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text().split()
    ]


if __name__ == "__main__":
    from tests.parity.conftest import world_of

    _, engine, root, home = sys.argv
    world = world_of(engine, Path(root), Path(home))
    world.engine.up(Pair(Path(root), world, world).stack())
