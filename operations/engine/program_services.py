"""The gRPC services of one run: the only connection between a program and the engine.

They listen on a socket in a folder that only its owner can enter, and answer requests with the run's token only, so
that the program of another run cannot use them.
"""

from __future__ import annotations

import os
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from typing import Any, Protocol

import grpc  # type: ignore[import-untyped]
from google.protobuf import message_factory  # type: ignore[import-untyped]
from pulumi.runtime.proto import engine_pb2, resource_pb2

from formats.urns import ROOT_TYPE, is_urn, type_of
from operations.engine.program_run import TOKEN_KEY, Address, ProgramRun

MAX_MESSAGE_BYTES = 400 * 1024 * 1024
"""Maximum bytes in one message, as in Pulumi's own language hosts."""
CHANNEL_OPTIONS = [(f"grpc.max_{direction}_message_length", MAX_MESSAGE_BYTES) for direction in ("receive", "send")]
os.environ.setdefault("GRPC_VERBOSITY", "ERROR")  # gRPC reads it with its first server: the end of a run is no news
_METHODS = {
    f"/{service.full_name}/{method.name}": method
    for service in (
        resource_pb2.DESCRIPTOR.services_by_name["ResourceMonitor"],
        engine_pb2.DESCRIPTOR.services_by_name["Engine"],
    )
    for method in service.methods
}


class CallError(Exception):
    """The status with which a request is refused."""

    def __init__(self, details: str, status: grpc.StatusCode = grpc.StatusCode.UNIMPLEMENTED) -> None:
        super().__init__(details)
        self.details, self.status = details, status


class Services(Protocol):
    """The services of an engine for a running program."""

    def call(self, path: str, method: Any, request: bytes) -> bytes:
        """Answer a request of `pulumirpc.ResourceMonitor` or `pulumirpc.Engine`. Raise `CallError` to refuse it.

        `path`: `/SERVICE/METHOD`. `method`: its descriptor.
        """
        ...

    def message(self, text: str) -> None:
        """Report a line that the program printed."""
        ...


class ProgramRunner(Protocol):
    """Runs one project's program."""

    def start(self) -> None:
        """Start what a run needs, in the background."""
        ...

    def close(self) -> None:
        """End what was started."""
        ...

    def run(self, run: ProgramRun, services: Services) -> None:
        """Run the program against services. Raises `InputError`, `Failed` or `Refused`."""
        ...


class RunServices(grpc.GenericRpcHandler):  # type: ignore[misc]
    """The services of one run, with the facts about its requests that decide if it is alive and complete."""

    def __init__(self, services: Services, folder: Path) -> None:
        self._services = services
        self.address = Address(f"unix:{folder}/engine", secrets.token_hex(32))
        self._lock = threading.Lock()
        self._active = 0
        self._last = time.monotonic()
        self.has_outputs = False
        """True once the stack's outputs are registered, with which every complete program ends."""

    @property
    def idle_seconds(self) -> float:
        """Seconds without a request."""
        with self._lock:
            return 0.0 if self._active else time.monotonic() - self._last

    def service(self, details: Any) -> Any:
        """Return the handler of a request; None for one without the token or of an unknown method."""
        method = _METHODS.get(details.method)
        token = dict(details.invocation_metadata).get(TOKEN_KEY, "")
        if method is None or not secrets.compare_digest(token, self.address.token):
            return None
        return grpc.unary_unary_rpc_method_handler(partial(self._answer, details.method, method))

    def _answer(self, path: str, method: Any, request: bytes, context: Any) -> bytes:
        with self._counted():
            try:
                response = self._services.call(path, method, request)
            except CallError as error:
                context.abort(error.status, error.details)
                raise AssertionError from error  # never reached: `abort` raises
            if method.name == "RegisterResourceOutputs":
                urn = resource_pb2.RegisterResourceOutputsRequest.FromString(request).urn
                self.has_outputs |= is_urn(urn) and type_of(urn) == ROOT_TYPE
            return response

    @contextmanager
    def _counted(self) -> Iterator[None]:
        with self._lock:
            self._active += 1
        try:
            yield
        finally:
            with self._lock:
                self._active -= 1
                self._last = time.monotonic()


def _short_folder() -> str | None:
    """Return a folder for sockets, whose paths have at most 107 bytes; None for the usual one."""
    return None if len(gettempdir()) < 60 else "/tmp"  # noqa: S108 - `TemporaryDirectory` makes a private folder in it


@contextmanager
def served(services: Services, parallel: int) -> Iterator[RunServices]:
    """Serve a run. At the end no more requests are accepted, and those that are being executed end."""
    with TemporaryDirectory(prefix="sde-", dir=_short_folder()) as folder, ThreadPoolExecutor(parallel) as threads:
        run = RunServices(services, Path(folder))
        server = grpc.server(threads, handlers=[run], options=CHANNEL_OPTIONS)
        server.add_insecure_port(run.address.target)
        server.start()
        try:
            yield run
        finally:
            server.stop(None)


def typed(method: Any, handler: Callable[[Any], Any], request: bytes) -> bytes:
    """Call a handler of messages with the bytes of a request."""
    message = message_factory.GetMessageClass(method.input_type).FromString(request)
    return bytes(handler(message).SerializeToString())
