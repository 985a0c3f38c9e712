"""The program's runs, each in a process of its own: start the host of `program_host.py` and follow a run in it."""

from __future__ import annotations

import atexit
import json
import os
import select
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from formats.errors import Failed
from operations.engine.interrupts import deferred_interrupts
from operations.engine.process_end import end_of_process
from operations.engine.program_error import parse_error
from operations.engine.program_run import ProgramRun
from operations.engine.program_services import RunServices, Services, served
from operations.engine.project import program_of

INHERITED_VARIABLES = ("LANG", "LC_ALL", "LC_CTYPE", "TZ")
"""The environment variables that the program's process inherits. None of them contains credentials or paths."""
COMMAND: Sequence[str] = (sys.executable, "-P", "-m", "operations.engine.program_host")
DEFAULT_SECONDS = 600.0
_PROJECT_ROOT = Path(__file__).resolve().parents[2]
_SET_VARIABLES = {"PYTHONPATH": str(_PROJECT_ROOT), "GRPC_VERBOSITY": "ERROR"}
_POLL_SECONDS = 1.0
_END_SECONDS = 10.0
"""Seconds that a host has to end by itself."""


class ProgramProcess:
    """The host of one project's program. It serves one run after another, each in a child that it forks."""

    command = COMMAND
    """What starts the host."""

    def __init__(self, project_root: Path, seconds: float = DEFAULT_SECONDS) -> None:
        """`seconds` limits the duration of the program in a preview, and its time without a request in a run."""
        self._root, self._seconds = project_root, seconds
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._received = b""

    def start(self) -> None:
        """Start the host, if none runs, without waiting for it."""
        if self._process is not None and self._process.poll() is None:
            return
        self.close()
        environment = {name: os.environ[name] for name in INHERITED_VARIABLES if name in os.environ}
        self._control, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - our own module
                self.command,
                cwd=self._root,
                env={**environment, **_SET_VARIABLES},
                stdin=theirs.fileno(),  # the host ends when it closes, also if this process is killed
                stdout=subprocess.DEVNULL,
                start_new_session=True,  # a terminal's Ctrl-C is for this process, which then ends the run
            )
        atexit.register(self.close)

    def run(self, run: ProgramRun, services: Services) -> None:
        """Run the program. Raises its error; `Failed` if it does not end with the stack's outputs and exit code 0."""
        program_of(self._root)  # reports an error in Pulumi.yaml
        self.start()
        with deferred_interrupts() as interrupts, served(services, run.parallel) as serving:
            self._send({"run": asdict(run), "address": asdict(serving.address)})
            try:
                with interrupts.permitted():
                    ended = self._follow(run, services, serving)
            except BaseException:
                self.stop()
                self._follow_to_the_end()
                raise
        if ended is None:
            raise Failed(_incomplete(f"was stopped: its host {self._end_of_host()}"))
        _raise_error(ended)
        if not serving.has_outputs:
            raise Failed(_incomplete("ended without the stack's outputs"))

    def stop(self) -> None:
        """End the present run, if there is one, and its processes. Can be called in any thread."""
        self._send({"stop": True})

    def close(self) -> None:
        """End the host, if there is one. Can be called in any thread, also in two at once."""
        control, process = self._control, self._process
        self._control, self._process, self._received = None, None, b""
        atexit.unregister(self.close)
        if control is not None:
            control.close()
        if process is not None:
            with suppress(subprocess.TimeoutExpired):
                process.wait(_END_SECONDS)
            process.kill()
            process.wait()

    def _send(self, message: Mapping[str, Any]) -> None:
        with suppress(OSError):  # the host has died, which `_follow` finds
            if self._control is not None:
                self._control.sendall(json.dumps(message).encode() + b"\n")

    def _follow(self, run: ProgramRun, services: Services, serving: RunServices) -> Mapping[str, Any] | None:
        """Report what the program prints until it has ended. Return its end; None if the host has died."""
        began = time.monotonic()
        while (message := self._receive(_POLL_SECONDS)) is not None:
            if "code" in message:
                return message
            if "output" in message:
                services.message(message["output"])
            if run.dry_run and time.monotonic() - began > self._seconds:
                raise Failed(_too_long(f"has not ended after {self._seconds:g} seconds"))
            if serving.idle_seconds > self._seconds:
                raise Failed(_too_long(f"has requested nothing for {self._seconds:g} seconds"))
        return None

    def _follow_to_the_end(self) -> None:
        """Wait until a stopped run has ended."""
        while (message := self._receive(_POLL_SECONDS)) is not None and "code" not in message:
            pass

    def _receive(self, seconds: float) -> Mapping[str, Any] | None:
        """Return the host's next message, an empty one if none comes within the time; None if the host has died."""
        assert self._control is not None  # noqa: S101 - `start` has made it
        if b"\n" not in self._received:
            if not select.select([self._control], [], [], seconds)[0]:
                return {}
            try:
                part = self._control.recv(65536)
            except OSError:
                part = b""
            if not part:
                return None
            self._received += part
            if b"\n" not in self._received:
                return {}
        line, _, self._received = self._received.partition(b"\n")
        message: Mapping[str, Any] = json.loads(line)
        return message

    def _end_of_host(self) -> str:
        assert self._process is not None  # noqa: S101 - `start` has made it
        how = end_of_process(self._process.wait())
        self.close()
        return how


def _raise_error(ended: Mapping[str, Any]) -> None:
    """Raise the error of a run that is not complete: only one report, and exit code 0 after it, are success."""
    results, code = ended["results"], ended["code"]
    if len(results) > 1:
        raise Failed(_incomplete("reported more than one end"))
    if not results:
        raise Failed(_incomplete(end_of_process(code)))
    try:
        error = json.loads(results[0])["error"]
    except (ValueError, KeyError, TypeError):
        raise Failed(_incomplete("reported an end that cannot be read")) from None
    if error is not None:
        raise parse_error(str(error))
    if code != 0:
        raise Failed(_incomplete(end_of_process(code)))


def _incomplete(how: str) -> str:
    return f"The process that runs the program {how} before the program had ended."


def _too_long(how: str) -> str:
    return f"The program {how}, and was stopped.\n  fix:     correct the program, or set SDE_PROGRAM_SECONDS"
