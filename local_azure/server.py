"""Serve one provider over gRPC as a Pulumi plugin, which prints its port on the first line of stdout."""

from __future__ import annotations

import importlib.util
import os
import signal
import stat
import sys
import threading
from concurrent import futures
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import grpc  # type: ignore[import-untyped]

VARIABLE = "SDE_LOCAL_AZURE"
"""The environment variable with the database's path. Without a default, so that it never replaces Azure by accident."""

_MESSAGE_LIMIT = 400 * 1024 * 1024  # as Pulumi's own plugins


def start(package: str, database: Path) -> tuple[grpc.Server, int]:
    """Serve a package's provider on a free port of 127.0.0.1."""
    import grpc  # noqa: PLC0415 - after the environment was checked
    from pulumi.runtime.proto import provider_pb2_grpc  # noqa: PLC0415

    from local_azure.factory import create_provider  # noqa: PLC0415

    options = [("grpc.max_receive_message_length", _MESSAGE_LIMIT), ("grpc.max_send_message_length", _MESSAGE_LIMIT)]
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=16), options=options)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(create_provider(package, database), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    return server, port


def main(package: str) -> int:
    """Serve until the engine ends the process or exits. Return 2 if the environment names no usable database."""
    path = os.environ.get(VARIABLE)
    if not path:
        return _fail(
            f'{VARIABLE} is not set: this is a provider of the local Azure. Run: eval "$(scripts/sde local env)"'
        )
    _stub_sdk_packages()
    from formats.errors import InputError  # noqa: PLC0415
    from local_azure.schema import SchemaError  # noqa: PLC0415
    from local_azure.store import StoreError  # noqa: PLC0415

    try:
        server, port = start(package, Path(path).expanduser())
    except (InputError, StoreError, SchemaError) as error:
        return _fail(str(error))
    print(port, flush=True)
    done = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: done.set())
    if sys.stdin and stat.S_ISFIFO(os.fstat(sys.stdin.fileno()).st_mode):
        threading.Thread(target=_wait_for_end_of_input, args=[done], daemon=True).start()
    done.wait()
    server.stop(grace=1).wait()
    return 0


def _wait_for_end_of_input(done: threading.Event) -> None:
    """Set `done` when stdin closes: the engine holds the other end of this pipe until it exits, also when killed."""
    while os.read(sys.stdin.fileno(), 1024):
        pass
    done.set()


def _stub_sdk_packages() -> None:
    """Register empty packages, so that the SDK's protobuf modules load without the SDK, which is slow to import."""
    found = importlib.util.find_spec("pulumi")
    folders = list(found.submodule_search_locations or []) if found else []
    for name in ("pulumi", "pulumi.runtime", "pulumi.runtime.proto"):
        package = ModuleType(name)
        package.__path__ = [str(Path(folder, *name.split(".")[1:])) for folder in folders]
        sys.modules[name] = package


def _fail(message: str) -> int:
    print(f"pulumi-resource: {message}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
