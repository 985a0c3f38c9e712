"""Run a function of a test as the program, in this process, with the services and the setup of a real run.

Forking the process of the tests, which has threads, would not be safe; tests of the process itself use a real one.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable
from contextlib import redirect_stdout
from io import StringIO
from typing import Any

from pulumi.runtime import reset_options

from operations.engine.program_error import parse_error
from operations.engine.program_run import Address, ProgramRun, run_program
from operations.engine.program_services import Services, served


class InProcess:
    """`operations.engine.program_services.ProgramRunner` for a function."""

    def __init__(self, program: Callable[[], Any]) -> None:
        self._program = program

    def start(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""

    def run(self, run: ProgramRun, services: Services) -> None:
        """Run the function."""
        with served(services, run.parallel) as serving, redirect_stdout(StringIO()) as printed:
            error = contextvars.copy_context().run(self._run, run, serving.address)
            for line in printed.getvalue().splitlines():
                services.message(line)
        if error is not None:
            raise parse_error(error)

    def _run(self, run: ProgramRun, address: Address) -> str | None:
        try:
            return run_program(self._program, run, address)
        finally:
            _leave_nothing()


def _leave_nothing() -> None:
    loop = asyncio.get_event_loop()
    for task in (pending := asyncio.all_tasks(loop)):
        task.cancel()
    loop.run_until_complete(asyncio.gather(*pending, return_exceptions=True))
    loop.run_until_complete(loop.shutdown_default_executor())
    loop.close()
    asyncio.set_event_loop(None)
    reset_options()
    reset_options()  # twice: the SDK sets the default of other contexts only where the value is None already
