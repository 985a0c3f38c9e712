"""Serves one provider over gRPC as a Pulumi plugin: the port stands on the first line of stdout."""

from __future__ import annotations

import os
import signal
import sys
import threading
from concurrent import futures
from pathlib import Path

import grpc  # type: ignore[import-untyped]
from pulumi.runtime.proto import provider_pb2_grpc

from local_azure.schema_reader import SchemaError
from local_azure.store import StoreError

VARIABLE = "SDE_LOCAL_AZURE"
"""Names the database. There is no default: a provider that nobody asked for must not answer for Azure."""

_MEGABYTES = 400 * 1024 * 1024  # what Pulumi's own plugins allow in one message


def start(package: str, database: Path) -> tuple[grpc.Server, int]:
    """Serve a package's provider on a free port of 127.0.0.1."""
    from local_azure import servicers  # noqa: PLC0415 - after the environment was judged

    options = [("grpc.max_receive_message_length", _MEGABYTES), ("grpc.max_send_message_length", _MEGABYTES)]
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=16), options=options)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(servicers(database)[package], server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    return server, port


def main(package: str) -> int:
    """Run until the engine ends the process. 2 where the environment does not name a usable database."""
    path = os.environ.get(VARIABLE)
    if not path:
        return _refuse(
            f'{VARIABLE} is not set: this is the local Azure\'s provider. Run: eval "$(scripts/sde local env)"'
        )
    try:
        server, port = start(package, Path(path).expanduser())
    except (StoreError, SchemaError) as error:
        return _refuse(str(error))
    print(port, flush=True)
    done = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: done.set())
    done.wait()
    server.stop(grace=1).wait()
    return 0


def _refuse(message: str) -> int:
    print(f"pulumi-resource: {message}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
