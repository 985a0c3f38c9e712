"""One run of a program, in the child process that `program_host.py` forks for it."""

from __future__ import annotations

import asyncio
import atexit
import logging
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from google.protobuf import empty_pb2  # type: ignore[import-untyped]
from pulumi.runtime import reset_options, run_in_stack, set_all_config
from pulumi.runtime.proto import engine_pb2
from pulumi.runtime.settings import SETTINGS

from operations.engine.program_error import error_text, reported_error
from operations.engine.project import Program

TOKEN_KEY = "sde-run"  # noqa: S105 - the name of a header
"""The key of the run's token in the metadata of each request."""


@dataclass(frozen=True)
class ProgramRun:
    """The arguments of a run. They can be sent as JSON."""

    project: str
    stack: str
    root: str
    """The folder of Pulumi.yaml."""
    dry_run: bool
    config: Mapping[str, str]
    secret_keys: Sequence[str] = ()
    """The keys of the configuration whose values are secret."""
    organization: str = "organization"
    parallel: int = 1
    """Number of requests that the program may send at once. With one, they come in the program's order."""


@dataclass(frozen=True)
class Address:
    """The address of a run's services, and the token that its requests must have."""

    target: str
    token: str


def run_program(program: Program, run: ProgramRun, address: Address) -> str | None:
    """Run the program against the services at an address.

    Return None if it ended without an error, otherwise its error as `Failed: …`, `InputError: …` or `Refused: …`.
    """
    _configure(run, address)
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)  # the tasks of a failed run end unread
    loop = asyncio.new_event_loop()
    loop.set_default_executor(ThreadPoolExecutor(max_workers=run.parallel))
    asyncio.set_event_loop(loop)
    try:
        loop.run_until_complete(run_in_stack(program))
    except BaseException as error:  # also SystemExit: only an end without any exception is complete
        return error_text(reported_error(error))
    return None


def _configure(run: ProgramRun, address: Address) -> None:
    """Connect the SDK with the services and set the stack's configuration."""
    reset_options(
        project=run.project,
        stack=run.stack,
        organization=run.organization,
        monitor_address=address.target,
        engine_address=address.target,
        parallel=run.parallel,
        preview=run.dry_run,
        root_directory=run.root,
    )
    SETTINGS.monitor = _WithToken(SETTINGS.monitor, address.token)
    SETTINGS.engine = _WithoutDebug(SETTINGS.engine, address.token)
    set_all_config(dict(run.config), list(run.secret_keys))


class _WithToken:
    """A client of a service that adds the token to each request."""

    def __init__(self, client: Any, token: str) -> None:
        self._client, self._metadata = client, ((TOKEN_KEY, token),)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        call = getattr(self._client, name)
        return lambda request, **options: call(request, metadata=self._metadata, **options)


class _WithoutDebug(_WithToken):
    """A client of the engine that sends no debug messages.

    The SDK sends several for each resource, each a request that it waits for, and neither engine shows them.
    """

    def Log(self, request: Any) -> Any:  # noqa: N802 - the protocol's name
        if request.severity == engine_pb2.DEBUG:
            return empty_pb2.Empty()
        return self._client.Log(request, metadata=self._metadata)


def run_exit_handlers() -> str | None:
    """Run the program's `atexit` functions. Return the first error in the form of `run_program`, or None."""
    errors: list[str] = []

    def record(unraisable: Any) -> None:
        errors.append(error_text(reported_error(unraisable.exc_value)))

    sys.unraisablehook = record
    atexit._run_exitfuncs()
    return errors[0] if errors else None
