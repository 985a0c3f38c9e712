"""Run a Pulumi program in this process, with the same setup as Pulumi's language host."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import logging
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from pulumi.runtime import config as sdk_config
from pulumi.runtime import settings as sdk
from pulumi.runtime.stack import run_in_stack

from formats import plan, property_values
from infra import sdk_patches
from operations.engine.embedded.deployment import Deployment
from operations.engine.embedded.monitor import EngineService, Monitor
from operations.engine.embedded.report import Reporter
from operations.engine.program_error import reported_error
from operations.engine.project import Program

_ROUNDS = 20
_PATIENCE = 1.0
"""Seconds that the cancelled tasks of a failed program have to end, in each of the rounds."""


def run(deployment: Deployment, program: Program, root: Path) -> None:
    """Run the program against a deployment. Raises `InputError`, `Failed` or `Refused` with a short message."""
    contextvars.copy_context().run(_run, deployment, program, root)
    if deployment.error is not None:
        raise deployment.error


def _run(deployment: Deployment, program: Program, root: Path) -> None:
    sdk.reset_options(organization="organization")
    sdk.configure(
        sdk.Settings(
            project=deployment.project,
            stack=deployment.stack,
            monitor=Monitor(deployment),
            engine=EngineService(deployment),
            dry_run=deployment.dry_run,
            organization="organization",
            root_directory=str(root),
            parallel=1,
        )
    )
    hidden = [k for k, v in deployment.config.items() if property_values.contains_secret(v)]
    sdk_config.set_all_config({k: _text(v) for k, v in deployment.config.items()}, hidden)
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)  # the tasks of a failed run end unread
    loop = asyncio.new_event_loop()
    # One worker: registrations are processed in the program's order, which is the same in every run.
    loop.set_default_executor(ThreadPoolExecutor(max_workers=1, thread_name_prefix="engine"))
    try:
        with sdk_patches.applied(), _output_as_messages(deployment):
            asyncio.set_event_loop(loop)
            loop.run_until_complete(run_in_stack(program))
    except (Exception, SystemExit) as error:
        deployment.error = deployment.error or reported_error(error)
    finally:
        _close(loop)


def _close(loop: asyncio.AbstractEventLoop) -> None:
    """End what a failed program left: its tasks, the loop and the settings of the SDK."""
    try:
        for _ in range(_ROUNDS):  # a cancelled task may start others, and an interrupted one may never end
            pending = asyncio.all_tasks(loop)
            if not pending:
                break
            for task in pending:
                task.cancel()
            with contextlib.suppress(SystemExit):  # asyncio raises that of a task here; the run has its error already
                loop.run_until_complete(asyncio.wait(pending, timeout=_PATIENCE))
        loop.run_until_complete(loop.shutdown_default_executor())
    finally:
        loop.close()
        asyncio.set_event_loop(None)
        sdk.reset_options()
        sdk.reset_options()  # twice: the SDK sets the default of other contexts only where the value is None already


class _Output:
    """Standard output while a program runs: the program's output becomes messages, all other output passes through.

    The program's output is that of the thread which created this object, except while it sends an event.
    """

    def __init__(self, reporter: Reporter, real: Any) -> None:
        self._reporter, self._real, self._rest = reporter, real, ""
        self._thread = threading.get_ident()

    def write(self, text: str) -> int:
        if threading.get_ident() != self._thread or self._reporter.sending_event:
            return int(self._real.write(text))
        *lines, self._rest = (self._rest + text).split("\n")
        for line in filter(str.strip, lines):
            self._reporter.message("info", line)
        return len(text)

    def finish(self) -> None:
        if self._rest.strip():
            self._reporter.message("info", self._rest)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


@contextlib.contextmanager
def _output_as_messages(deployment: Deployment) -> Iterator[None]:
    """Send the program's output as messages of the run, to keep standard output free of it."""
    output = _Output(deployment.reporter, sys.stdout)
    with contextlib.redirect_stdout(output):
        yield
    output.finish()


def _text(value: Any) -> str:
    """Return a configuration value as the SDK expects it: text, structures as JSON."""
    plain = property_values.unwrap(value)
    return plain if isinstance(plain, str) else plan.canonical(plain)
