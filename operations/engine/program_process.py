"""The child process that runs the project's program for the Pulumi CLI."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from formats.errors import Failed
from operations.engine.project import program_of

_INHERITED_VARIABLES = ("HOME", "LANG", "LC_ALL", "LC_CTYPE", "PATH", "SYSTEMROOT", "TMPDIR", "TZ")
"""The environment variables that the program's process inherits. None of them contains credentials."""
COMMAND: Sequence[str] = (sys.executable, "-P", "-m", "operations.engine.language_host")
_PROJECT_ROOT = Path(__file__).resolve().parents[2]


class ProgramProcess:
    """A language host for one project, started when its address is first needed. It serves one run after another."""

    def __init__(self, project_root: Path) -> None:
        self._root = project_root
        self._process: subprocess.Popen[bytes] | None = None
        self._address = ""

    @property
    def address(self) -> str:
        """Its address for the CLI, `127.0.0.1:PORT`. Raises `Failed` if it does not start."""
        self.start()
        if not self._address:
            self._address = f"127.0.0.1:{self._port()}"
        return self._address

    def start(self) -> None:
        """Start the process, if none runs, without waiting for it."""
        if self._process is not None and self._process.poll() is None:
            return
        program_of(self._root)  # reports an error in Pulumi.yaml
        self._address = ""
        environment = {name: os.environ[name] for name in _INHERITED_VARIABLES if name in os.environ}
        self._process = subprocess.Popen(  # noqa: S603 - our own module
            [*COMMAND, str(self._root)],
            cwd=self._root,
            env={**environment, "PYTHONPATH": str(_PROJECT_ROOT)},
            stdin=subprocess.PIPE,  # the child ends when this pipe closes, also if this process is killed
            stdout=subprocess.PIPE,
            bufsize=0,
            start_new_session=True,  # Ctrl-C is for the CLI, which then ends the program
        )

    def _port(self) -> str:
        assert self._process is not None and self._process.stdout is not None  # noqa: S101 - it is a pipe
        port = self._process.stdout.readline().decode().strip()
        if not port.isdigit():
            self.close()
            raise Failed("The process that runs the program did not start: see its error above.")
        return port

    def ended(self, within: float = 0.0) -> str | None:
        """Return how the process ended by itself, such as `ended with code 1`; None if it runs or was not started.

        `within`: seconds to wait for a process that is ending.
        """
        if self._process is None:
            return None
        try:
            code = self._process.wait(within)
        except subprocess.TimeoutExpired:
            return None
        return f"ended with code {code}" if code >= 0 else f"was killed by {signal.Signals(-code).name}"

    def close(self) -> None:
        """End the process, if there is one."""
        if self._process is not None:
            assert self._process.stdin is not None  # noqa: S101
            self._process.stdin.close()
            self._process.wait()
            self._process = None
