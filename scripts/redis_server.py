"""A Redis server of this machine for a measurement or a test, on a port of its own, with a password."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PASSWORD = "pa55word-of-the-test"  # noqa: S105 - a server of this machine, for minutes


@contextmanager
def redis_server(folder: Path, *lines: str) -> Iterator[int]:
    """Run a server, with further lines of its configuration, and yield its port."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = int(taken.getsockname()[1])
    folder.mkdir(exist_ok=True)
    own = (f"port {port}", "bind 127.0.0.1", f"requirepass {PASSWORD}", 'save ""', f"dir {folder}")
    own += tuple(line.format(port=port) for line in lines)
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(["redis-server", "-"], stdin=subprocess.PIPE, stdout=log, stderr=log)  # noqa: S607
    try:
        assert process.stdin  # noqa: S101 - asked for above
        process.stdin.write("\n".join(own).encode())
        process.stdin.close()
        _await(port, process)
        yield port
    finally:
        process.terminate()
        process.wait(10)


def url(port: int) -> str:
    """Return the URL of a server."""
    return f"redis://:{PASSWORD}@127.0.0.1:{port}/0"


def _await(port: int, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 20
    while time.monotonic() < end and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise AssertionError("the Redis server did not start")
