"""One attempt at a task: `sde provision STACK` in a process of its own, which ends with its worker."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from formats.errors import Exit
from operations.settings import ROOT
from operations.task_queue.message import Answer, one_line
from operations.task_queue.place import CERTIFICATES, SECONDS, URL

_PROGRAM = "operations.cli.until_closed"
"""`sde`, interrupted when its standard input closes."""
_LOOK = 0.2
"""Seconds between two looks at the process."""
_ENDING = 0.25
"""The share of the time that is left to a process that was interrupted: it ends its present step."""


@dataclass(frozen=True)
class Attempts:
    """How tenancies are brought up on this machine."""

    options: Sequence[str]
    """The options of `sde` before the command."""
    environ: Mapping[str, str]
    seconds: int
    """The longest time of one. The process has certainly ended then."""
    stop: Callable[[], bool] = lambda: False
    """True when the worker is to end."""

    def run(self, stack: str) -> Answer:
        """Bring up a tenancy, as `sde provision` does, and return the answer."""
        command = [sys.executable, "-m", _PROGRAM, "--json", *self.options, "provision", stack]
        environ = {k: v for k, v in self.environ.items() if k not in (URL, CERTIFICATES, SECONDS)}
        with tempfile.TemporaryFile() as said:
            process = subprocess.Popen(  # noqa: S603 - our own command line, with a stack's name that was checked
                command, cwd=ROOT, env=environ, stdin=subprocess.PIPE, stdout=said, start_new_session=True
            )
            try:
                late = self._wait(process)
            finally:
                self._end(process)
            return _answer(process.returncode, said, late)

    def _wait(self, process: subprocess.Popen[bytes]) -> bool:
        """Wait until the process ends. Return True if it had to be interrupted."""
        limit = time.monotonic() + self.seconds * (1 - _ENDING)
        while process.poll() is None:
            if time.monotonic() > limit or self.stop():
                return True
            time.sleep(_LOOK)
        return False

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        """End the process: after its present step, or at once where that takes too long."""
        assert process.stdin  # noqa: S101 - asked for above
        process.stdin.close()
        try:
            process.wait(self.seconds * _ENDING * 0.8)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _answer(code: int, said: IO[bytes], late: bool) -> Answer:
    if late:
        return Answer(
            code=Exit.FAILED, reason="was interrupted: it took longer than one attempt may, or its worker ended"
        )
    if code < 0:
        return Answer(code=Exit.FAILED, reason=f"its process was killed by signal {-code}")
    return Answer(code=code, reason=_last_error(said) if code else "")


def _last_error(said: IO[bytes]) -> str:
    """Return the first line of the last error of a command's JSON lines."""
    said.seek(0)
    message = "no reason was given"
    for line in said:
        if b'"error"' in line or b'"stack-failed"' in line:
            try:
                found = json.loads(line)
            except ValueError:
                continue
            if isinstance(found, dict) and found.get("event") in ("error", "stack-failed"):
                message = one_line(str(found.get("message")))
    return message


def options_of(estate: Path, engine: str, cloud: str | None) -> list[str]:
    """Return the options of `sde` that name an estate, an engine and a cloud."""
    return ["--estate", str(estate), "--engine", engine, *(["--cloud", cloud] if cloud else [])]
