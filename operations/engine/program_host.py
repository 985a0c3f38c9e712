"""The host process of a command's programs. It forks a child for each run.

Run as `python -m operations.engine.program_host` with a socket as standard input. A request on the socket is a JSON
line: `{"run": …, "address": …}`, or `{"stop": true}` to end the present run. The answers are JSON lines too:
`{"output": TEXT}` for each line that the child prints, and at the end `{"code": …, "results": […]}`.

It has only loaded the SDKs and the project's shared formats, never the program: no run can leave anything to the next
one. It has one thread and no gRPC connection, which makes forking safe. When its socket closes, it ends the run and
every process of it.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import gc
import importlib
import json
import os
import resource
import select
import signal
import socket
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NoReturn

PRELOADED: tuple[str, ...] = (
    "operations.engine.program_run",
    "formats.plan",
    "formats.stack_config",
    "formats.stack_reads",
    "pulumi_random",
    *(f"pulumi_azure_native.{name}" for name in ("authorization", "compute", "containerregistry", "dnsresolver")),
    *(f"pulumi_azure_native.{name}" for name in ("keyvault", "managedidentity", "monitor", "network", "privatedns")),
    *(f"pulumi_azure_native.{name}" for name in ("resources", "security", "storage")),
)
"""The modules that are loaded before the first run: they take half of a program's time."""
_RESULT = 3
"""The descriptor on which a child reports its result."""
_MAX_LINE = 1024 * 1024
"""Characters after which a line is cut: a child must not fill this process."""
_SET_SUBREAPER, _SET_DEATH_SIGNAL, _SET_NO_NEW_PRIVILEGES = 36, 1, 38
"""Operations of Linux's prctl(2)."""


class Host:
    """The runs of one command, one after the other."""

    def __init__(self, control: socket.socket) -> None:
        self._control, self._requests = control, _Lines(control.fileno(), most=sys.maxsize)
        self._pending: list[str] = []
        """The requests that have arrived."""
        self._wake, wake_writer = os.pipe()
        for end in (self._wake, wake_writer):
            os.set_blocking(end, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)  # else Python does not write to the pipe
        signal.set_wakeup_fd(wake_writer, warn_on_full_buffer=False)

    def serve(self) -> None:
        """Execute requests until the socket closes."""
        while self._requests.open:
            self._wait()
            self._pending += self._requests.read()
            while self._pending:
                request = json.loads(self._pending.pop(0))
                if "run" in request:  # a stop without a run came too late: that run has ended by itself
                    self._send(self._run(request))

    def _send(self, message: Mapping[str, Any]) -> None:
        with contextlib.suppress(OSError):
            self._control.sendall(json.dumps(message).encode() + b"\n")

    def _run(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        """Fork a child for one run. Return its exit code and what it reported, once all its processes have ended."""
        (result, result_writer), (output, output_writer) = os.pipe(), os.pipe()
        child = os.fork()
        if child == 0:
            _become_child(request, result_writer, output_writer)
        os.close(result_writer)
        os.close(output_writer)
        results, printed = _Lines(result), _Lines(output)
        reported: list[str] = []
        code = None
        while code is None:
            if self._is_stopped():
                os.kill(child, signal.SIGKILL)
            self._wait(results, printed)
            self._forward(printed.read())
            reported += results.read()
            ended, status = os.waitpid(child, os.WNOHANG)
            code = os.waitstatus_to_exitcode(status) if ended else None
        _end_descendants(child)
        self._forward(printed.rest())
        reported += results.rest()
        os.close(result)
        os.close(output)
        return {"code": code, "results": reported}

    def _is_stopped(self) -> bool:
        self._pending += self._requests.read()
        stopped = any("stop" in json.loads(line) for line in self._pending) or not self._requests.open
        self._pending.clear()  # another run comes after the end of this one
        return stopped

    def _forward(self, printed: Iterable[str]) -> None:
        for line in filter(str.strip, printed):
            self._send({"output": line})

    def _wait(self, *lines: _Lines) -> None:
        """Wait for something to read, or the end of a child."""
        descriptors = [one.descriptor for one in (*lines, self._requests) if one.open]
        select.select([*descriptors, self._wake], [], [])
        with contextlib.suppress(BlockingIOError):
            os.read(self._wake, 4096)


class _Lines:
    """The lines that can be read from a descriptor without waiting."""

    def __init__(self, descriptor: int, most: int = _MAX_LINE) -> None:
        self.descriptor, self.open, self._most = descriptor, True, most
        self._buffer = b""

    def read(self) -> list[str]:
        """Return the whole lines that have arrived."""
        if not (self.open and select.select([self.descriptor], [], [], 0)[0]):
            return []
        try:
            part = os.read(self.descriptor, 65536)
        except OSError:
            part = b""
        self.open = bool(part)
        *lines, self._buffer = (self._buffer + part).split(b"\n")
        if len(self._buffer) > self._most:
            lines, self._buffer = [*lines, self._buffer], b""
        return [line.decode(errors="replace") for line in lines]

    def rest(self) -> list[str]:
        """Return everything that is left, with a last line that has no line break."""
        lines = []
        while self.open:
            before = self._buffer
            lines += (part := self.read())
            if not part and self._buffer == before:  # a process that this one cannot end still has the other end
                break
        last, self._buffer = self._buffer.decode(errors="replace"), b""
        return [*lines, last] if last else lines


def _become_child(request: Mapping[str, Any], result: int, output: int) -> NoReturn:
    """Run the program of a request in this process, which has just been forked, and end the process."""
    code = 1
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setsid()
        _prctl(_SET_DEATH_SIGNAL, signal.SIGKILL)
        _keep_descriptors(result, output)
        atexit._clear()
        sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
        error = _run(request)
        sys.stdout.flush()
        sys.stderr.flush()
        os.write(_RESULT, json.dumps({"error": error}).encode() + b"\n")
        code = 0
    finally:
        os._exit(code)  # threads of the program end here


def _run(request: Mapping[str, Any]) -> str | None:
    from operations.engine import program_run  # noqa: PLC0415 - this module is the first of its process
    from operations.engine.project import program_of  # noqa: PLC0415

    run = program_run.ProgramRun(**request["run"])
    program = program_of(Path(run.root))
    error = program_run.run_program(program, run, program_run.Address(**request["address"]))
    return error or program_run.run_exit_handlers()


def _keep_descriptors(result: int, output: int) -> None:
    """Keep the pipes of a child as its output and its result, and close every other descriptor."""
    high = max(result, output, _RESULT) + 1
    os.dup2(result, high)  # out of the way of the numbers below
    for number in (1, 2):
        os.dup2(output, number)
    os.dup2(high, _RESULT, inheritable=False)
    os.closerange(_RESULT + 1, os.sysconf("SC_OPEN_MAX"))


def _end_descendants(child: int) -> None:
    """End the processes that a child has left. Those that left its session are children of this process now."""
    with contextlib.suppress(OSError):
        os.killpg(child, signal.SIGKILL)
    with contextlib.suppress(ChildProcessError):
        while True:
            left = _children()
            for process in left:
                os.kill(process, signal.SIGKILL)
            os.waitpid(-1, 0 if left else os.WNOHANG)
            if not left:
                return


def _children() -> list[int]:
    """Return the child processes of this process, which has one thread."""
    try:
        return [int(child) for child in Path("/proc/thread-self/children").read_text().split()]
    except OSError:
        return []


def _prctl(operation: int, value: int) -> None:
    """Call Linux's prctl(2). Other systems have no equivalent, and only end the processes of a child's session."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(operation, value, 0, 0, 0)


def main() -> None:
    """Serve the socket that is standard input."""
    control = socket.socket(fileno=os.dup(0))
    null = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1):
        os.dup2(null, number)
    os.close(null)
    _prctl(_SET_SUBREAPER, 1)
    _prctl(_SET_NO_NEW_PRIVILEGES, 1)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core file would contain the secrets of the configuration
    gc.disable()  # modules stay: collections between them find nothing, and take a fifth of the time
    with contextlib.suppress(ImportError):  # the run itself reports a missing module
        for name in PRELOADED:
            getattr(importlib.import_module(name), "__all__", None)  # any attribute loads a lazy module
    gc.freeze()  # a collection in a child would copy the pages of everything that is loaded
    gc.enable()
    Host(control).serve()
    os._exit(0)  # at once: there is nothing to save


if __name__ == "__main__":
    main()
