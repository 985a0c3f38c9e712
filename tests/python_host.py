"""A `pulumi-language-python` for tests, where no official installation brings one: it runs programs and policy packs.

The Pulumi CLI starts it as a plugin. `make` writes the executable; the service is the project's own language host, and
what starts a policy pack as the official one does, with `python -m pulumi.policy`, in the environment of the tests.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]


def make(folder: Path) -> Path:
    """Write the executable into a folder, which then goes on PATH. Return the folder."""
    script = folder / "pulumi-language-python"
    script.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -P -m tests.python_host "$@"\n')
    script.chmod(0o755)
    return folder


def serve() -> None:
    """Serve on a free port, which goes to standard output, until the engine ends the process."""
    import grpc
    from pulumi.runtime.proto import language_pb2, language_pb2_grpc

    from operations.engine.language_host import LanguageHost
    from operations.engine.program_process import ProgramProcess

    class Host(LanguageHost):
        """The language host, of whatever program the engine names."""

        def Run(self, request: Any, context: Any) -> Any:  # noqa: N802
            self._program = ProgramProcess(Path(request.info.root_directory))
            request.args[:] = sys.argv[-1:]  # a plugin gets the engine's address when it is started
            return super().Run(request, context)

        def RunPlugin(self, request: Any, _context: Any) -> Iterator[Any]:  # noqa: N802
            command = [sys.executable, "-u", "-m", "pulumi.policy", *request.args, request.info.program_directory]
            environment = {**os.environ, **dict(part.split("=", 1) for part in request.env)}
            with subprocess.Popen(
                command, cwd=request.pwd, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
            ) as process:
                assert process.stdout and process.stderr
                for line in process.stdout:
                    yield language_pb2.RunPluginResponse(stdout=line)
                yield language_pb2.RunPluginResponse(stderr=process.stderr.read())
            yield language_pb2.RunPluginResponse(exitcode=process.returncode)

    server = grpc.server(ThreadPoolExecutor(max_workers=8))
    host = Host(ProgramProcess(ROOT))
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(host, server)
    print(server.add_insecure_port("127.0.0.1:0"), flush=True)
    server.start()
    with suppress(KeyboardInterrupt):  # how the engine ends its plugins
        threading.Event().wait()


if __name__ == "__main__":
    serve()
