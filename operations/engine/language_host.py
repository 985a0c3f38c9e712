"""Serve a project's program to the Pulumi CLI: the language runtime that `pulumi … --client=ADDRESS` connects to.

Run as `python -m operations.engine.language_host PROJECT_FOLDER`: a separate process, which prints its port on the
first line of standard output and ends when its standard input closes, also if the process that started it is killed.
With it `sde` needs no `pulumi-language-python`, which only an official installation has.
"""

from __future__ import annotations

import asyncio
import contextvars
import io
import logging
import os
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from pathlib import Path
from typing import Any

import grpc  # type: ignore[import-untyped]
import pulumi
from google.protobuf import empty_pb2  # type: ignore[import-untyped]
from pulumi.runtime import reset_options, run_in_stack, set_all_config
from pulumi.runtime.proto import language_pb2, language_pb2_grpc, plugin_pb2

from operations.engine.program_error import reported_error
from operations.engine.program_secrets import mask_secrets
from operations.engine.project import Program, preload, program_of

MAX_MESSAGE_BYTES = 400 * 1024 * 1024
"""Maximum bytes in one message, as in Pulumi's own language hosts."""


class LanguageHost(language_pb2_grpc.LanguageRuntimeServicer):
    """The `pulumirpc.LanguageRuntime` service, for one program."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self.ready = threading.Event()
        """Set when the program's imports are loaded: the SDK's lazy modules must not load in two threads at once."""

    def Handshake(self, _request: Any, _context: Any) -> Any:  # noqa: N802 - the protocol's names
        """Accept the engine."""
        return language_pb2.LanguageHandshakeResponse()

    def GetPluginInfo(self, _request: Any, _context: Any) -> Any:  # noqa: N802
        """Return no version: this host is part of the project."""
        return plugin_pb2.PluginInfo()

    def GetRequiredPackages(self, _request: Any, _context: Any) -> Any:  # noqa: N802
        """Return none: a provider is resolved when a resource needs it, in the version that its SDK names."""
        return language_pb2.GetRequiredPackagesResponse()

    def GetRequiredPlugins(self, _request: Any, _context: Any) -> Any:  # noqa: N802
        """Return none, as `GetRequiredPackages`."""
        return language_pb2.GetRequiredPluginsResponse()

    def About(self, _request: Any, _context: Any) -> Any:  # noqa: N802
        """Return the interpreter and its version."""
        return language_pb2.AboutResponse(executable=sys.executable, version=sys.version.split()[0])

    def InstallDependencies(self, _request: Any, _context: Any) -> Any:  # noqa: N802
        """Do nothing: `scripts/sde` has installed them."""
        return iter(())

    def Cancel(self, _request: Any, _context: Any) -> Any:  # noqa: N802
        """Do nothing: the program ends with the resource monitor."""
        return empty_pb2.Empty()

    def Run(self, request: Any, _context: Any) -> Any:  # noqa: N802
        """Run the program once. Log a failure, with its kind, to the engine, which masks secrets."""
        self.ready.wait()
        return language_pb2.RunResponse(bail=not contextvars.copy_context().run(run_program, self._program, request))


def run_program(program: Program, request: Any) -> bool:
    """Run the program against the engine that requested it. Return True if it ended without an error."""
    reset_options(
        project=request.project,
        stack=request.stack,
        organization=request.organization or "organization",
        monitor_address=request.monitor_address,
        engine_address=request.args[0] if request.args else "",
        parallel=request.parallel,
        preview=request.dryRun,
        root_directory=request.info.root_directory or None,
    )
    set_all_config(dict(request.config), list(request.configSecretKeys))
    mask_secrets(request.config, request.configSecretKeys)
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)  # the tasks of a failed run end unread
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    loop.set_default_executor(ThreadPoolExecutor(max_workers=max(request.parallel, 1) * 4))
    try:
        with _output_as_messages():
            loop.run_until_complete(run_in_stack(program))
    except BaseException as error:  # also KeyboardInterrupt: without a response the engine would wait for ever
        failure = reported_error(error)
        pulumi.log.error(f"{type(failure).__name__}: {failure}")
        return False
    finally:
        _end_tasks(loop)
        loop.close()
    return True


def _end_tasks(loop: asyncio.AbstractEventLoop) -> None:
    """Cancel the tasks that a failed program left."""
    pending = asyncio.all_tasks(loop)
    for task in pending:
        task.cancel()
    if pending:
        loop.run_until_complete(asyncio.gather(*pending, return_exceptions=True))


class _Messages(io.TextIOBase):
    """A standard stream while the program runs: each line becomes a message of the engine."""

    def __init__(self) -> None:
        self._rest = ""

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            if line.strip():
                pulumi.log.info(line)
        return len(text)

    def finish(self) -> None:
        """Send a last line that has no line break."""
        self.write("\n")


@contextmanager
def _output_as_messages() -> Iterator[None]:
    """Send the output of the standard streams as messages."""
    out, err = _Messages(), _Messages()
    try:
        with redirect_stdout(out), redirect_stderr(err):
            yield
    finally:
        out.finish()
        err.finish()


def serve(root: Path) -> None:
    """Serve the program of a project folder on a free port of 127.0.0.1 until standard input ends."""
    starter = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # the pipe carries the port only, not the output of libraries
    limits = [(f"grpc.max_{direction}_message_length", MAX_MESSAGE_BYTES) for direction in ("receive", "send")]
    server = grpc.server(ThreadPoolExecutor(max_workers=4), options=limits)
    host = LanguageHost(program_of(root))
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(host, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, file=starter, flush=True)
    with suppress(Exception):  # the run itself reports the program's error
        preload(root)
    host.ready.set()
    sys.stdin.read()
    os._exit(0)  # nothing to save, and a program that still runs must not keep the process


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
