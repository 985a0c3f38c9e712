"""Worker processes that plan and deploy stacks side by side, one stack at a time each.

A worker waits with its plan for the answer of the command's own process, which evaluates the policies: stacks that are
planned at the same time must be evaluated with each other. It ends with the command's process.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Literal

from formats.errors import Exit, Refused, SdeError, error_type
from formats.plan import Plan
from operations.cli.failures import classified
from operations.cli.planview import protected
from operations.engine.choose import choose
from operations.engine.port import Engine, Event, Outcome, StackSettings
from operations.engine.process_end import end_of_process
from operations.settings import Settings

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess

    from operations.cli.stack_catalog import Stack


@dataclass(frozen=True)
class Failure:
    """The error of a worker, as it can be sent between processes."""

    code: int
    message: str

    @classmethod
    def of(cls, error: BaseException, settings: Settings) -> Failure:
        """Return an error in the form that can be sent."""
        code, _, message = classified(error, settings)
        return cls(code, message)

    def error(self) -> SdeError:
        """Return the error to raise in the command's own process."""
        return error_type(self.code)(self.message)


_INTERRUPTIONS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
Message = Plan | Event | Outcome | Failure
Answer = Literal["apply", "leave"]


class Work(StrEnum):
    """The Plan that a worker makes of a stack: that of an `up`, that of one after a refresh, or the drift."""

    PLAN = "plan"
    PLAN_AFTER_REFRESH = "plan after a refresh"
    DRIFT = "drift"

    def plan(self, engine: Engine, stack: StackSettings, *, targets: Sequence[str] = ()) -> Plan:
        """Make it."""
        if self is Work.DRIFT:
            return engine.preview_refresh(stack)
        try:
            return engine.preview(stack, targets=targets, refresh=self is Work.PLAN_AFTER_REFRESH)
        except Refused as refusal:  # an engine may check for protected resources itself
            raise protected(stack.name, str(refusal)) from None


@dataclass(frozen=True)
class Task:
    """One stack to plan, and perhaps to deploy."""

    settings: StackSettings
    cloud: str
    work: Work


@dataclass
class Worker:
    """One worker process, and the stack that it works on."""

    process: BaseProcess
    connection: Connection
    stack: Stack | None = field(default=None, init=False)
    work: Work = field(default=Work.PLAN, init=False)

    @classmethod
    def start(cls, engine_choice: str, settings: Settings) -> Worker:
        """Start a process. It begins with nothing of this process but the arguments.

        It is a daemon: if an interruption comes before the worker is known, this process ends it at its own end. Until
        it can handle an interruption, it has the signals blocked.
        """
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=_serve, args=(theirs, engine_choice, settings), daemon=True)
        before = signal.pthread_sigmask(signal.SIG_BLOCK, _INTERRUPTIONS)
        try:
            process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        theirs.close()
        return cls(process, ours)

    def begin(self, stack: Stack, work: Work = Work.PLAN) -> None:
        """Have a Plan of a stack made. It is the first message of the connection, unless that fails."""
        self.stack, self.work = stack, work
        self.connection.send(Task(stack.settings, stack.cloud, work))

    def answer(self, answer: Answer) -> None:
        """Have the plan applied, or leave the stack as it is."""
        self.connection.send(answer)

    def receive(self) -> Message:
        """Return the next message. A worker that died is a failure of its stack."""
        try:
            message: Message = self.connection.recv()
        except (EOFError, OSError):
            self.process.join()
            how = end_of_process(self.process.exitcode or 0)
            return Failure(Exit.FAILED, f"its process {how}; run the command again")
        return message

    def interrupt(self) -> None:
        """Interrupt the worker's run: it ends its present step and saves the state."""
        if self.process.pid and self.process.is_alive():
            os.kill(self.process.pid, signal.SIGINT)

    def end(self) -> None:
        """Wait for the worker's run, then end the process."""
        with suppress(OSError):
            self.connection.send(None)
        while self.process.is_alive():
            with suppress(EOFError, OSError):
                while self.connection.poll(0.05):
                    self.connection.recv_bytes()  # not `recv`: an interruption may have cut a message
            self.process.join(0.05)
        self.connection.close()


def _serve(connection: Connection, engine_choice: str, settings: Settings) -> None:
    """Work on the tasks of a connection until it closes. A terminal's Ctrl-C comes from the command's process, once."""
    os.setsid()
    for number in _INTERRUPTIONS:
        signal.signal(number, signal.default_int_handler)
    engines: dict[str, Engine] = {}
    with suppress(EOFError, KeyboardInterrupt, BrokenPipeError):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _INTERRUPTIONS)
        while (task := connection.recv()) is not None:
            try:
                _work(task, engines, engine_choice, settings, connection)
            except Exception as error:
                connection.send(Failure.of(error, settings))
            except KeyboardInterrupt as interrupt:
                connection.send(Failure.of(interrupt, settings))
                return


def _work(
    task: Task, engines: dict[str, Engine], engine_choice: str, settings: Settings, connection: Connection
) -> None:
    """Send the plan of a task and, if the answer is to apply it, its events and the outcome."""
    if task.cloud not in engines:
        engines[task.cloud] = choose(engine_choice, task.cloud, settings)
        engines[task.cloud].prepare()
    engine = engines[task.cloud]
    plan = task.work.plan(engine, task.settings)
    connection.send(plan)
    if connection.recv() == "apply":
        connection.send(engine.up(task.settings, plan=plan, on_event=connection.send))
