"""Deploy stacks side by side in worker processes, with one live table.

The policies are evaluated in this process, one plan after the other. A plan that is being applied counts as deployed,
so that two stacks which are each permitted alone cannot come up together if they are not permitted together.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import wait
from typing import Protocol

from rich.live import Live
from rich.table import Table

from formats.errors import SdeError
from formats.plan import Plan
from operations.cli.fixed_settings import explained
from operations.cli.output import printable
from operations.cli.progress import Reporter, is_hidden
from operations.cli.run_progress import Postponed, RunProgress
from operations.cli.session import Session
from operations.cli.stack_catalog import Stack
from operations.cli.text import plural, span
from operations.cli.workers import Failure, Work, Worker
from operations.engine.port import Event, Outcome

AHEAD = 4
"""The most plans for each worker that wait for the plan of an earlier stack: a large estate must fit into memory."""
REFRESH = 0.25
"""Seconds between two updates of the table."""
ROWS = 20
"""The most waiting stacks that the table lists."""


class Command(Protocol):
    """The part of a deployment that the command's own process does."""

    def await_gate(self) -> None:
        """Return when the policies are loaded: no program runs before. Raise the error of loading them."""
        ...

    def planned(self, stack: Stack, plan: Plan) -> None:
        """Show and evaluate a plan. Raise `SdeError` if it must not be applied, `Postponed` if it must not yet."""
        ...

    def finished(self, stack: Stack, outcome: Outcome) -> None:
        """Record that a stack was deployed."""
        ...

    def failed(self, stack: Stack, error: SdeError) -> None:
        """Record that a stack failed."""
        ...


@dataclass
class Activity:
    """The work on one stack."""

    reporter: Reporter
    step: str = "planning"
    since: float = field(default_factory=time.monotonic)
    steps: int = 0
    """The changes that are done."""
    total: int = 0


@dataclass
class SideBySide:
    """One run of several stacks in several workers."""

    progress: RunProgress
    session: Session
    most: int
    """The most workers."""
    command: Command
    _workers: list[Worker] = field(default_factory=list)
    _active: dict[str, Activity] = field(default_factory=dict)

    def run(self) -> None:
        """Deploy every stack that can be reached. An interruption lets each worker end its present step."""
        with _ending(self._workers), self._shown() as update:
            self._assign()
            while any(worker.stack for worker in self._workers):
                for worker in _with_messages(self._workers, REFRESH):
                    self._handle(worker)
                self._assign()
                update()

    @contextmanager
    def _shown(self) -> Iterator[Callable[[], None]]:
        """Show the table on a terminal. Yield the function that updates it."""
        console = self.session.output.text_console
        if self.session.output.json or not console.is_terminal:
            yield lambda: None
            return
        shown_at = 0.0
        with Live(console=console, auto_refresh=False, transient=True) as live:

            def update() -> None:
                nonlocal shown_at
                if time.monotonic() - shown_at >= REFRESH:
                    shown_at = time.monotonic()
                    live.update(self._table(), refresh=True)

            yield update

    def _assign(self) -> None:
        """Give each free worker a stack; start workers while there are stacks for them."""
        while True:
            free = next((worker for worker in self._workers if not worker.stack), None)
            if free is None and len(self._workers) >= self.most:
                return
            stack = self.progress.next_ready()
            if stack is None:
                return
            if free is None:
                free = self.session.start_worker()
                self._workers.append(free)
            self.command.await_gate()
            self._active[stack.name] = Activity(Reporter(self.session.output, stack=stack.name))
            free.begin(stack)

    def _handle(self, worker: Worker) -> None:
        stack = worker.stack
        assert stack is not None  # noqa: S101 - only workers with a stack are read
        match worker.receive():
            case Event() as event:
                self._count(stack, event)
            case Plan() as plan:
                self._answer(worker, stack, plan)
            case Outcome() as outcome:
                self.progress.finish(stack)
                self._free(worker, stack)
                self.command.finished(stack, outcome)
            case Failure() as failure:
                self._free(worker, stack)
                if not worker.process.is_alive():
                    self._workers.remove(worker)
                self._fail(stack, explained(failure.error(), stack, self.session.records))

    def _answer(self, worker: Worker, stack: Stack, plan: Plan) -> None:
        activity = self._active[stack.name]
        activity.step, activity.total = "evaluating", len(plan.changes)
        try:
            self.command.planned(stack, plan)
        except SdeError as error:
            worker.answer("leave")
            self._free(worker, stack)
            self._fail(stack, error)
        except Postponed as later:
            worker.answer("leave")
            self._free(worker, stack)
            self.progress.postpone(stack, later.after)
        except BaseException:
            worker.answer("leave")
            raise
        else:
            activity.step = "deploying"
            worker.answer("apply")

    def _free(self, worker: Worker, stack: Stack) -> None:
        worker.stack = None
        self._active.pop(stack.name, None)

    def _fail(self, stack: Stack, error: SdeError) -> None:
        self.progress.fail(stack, error)
        self.command.failed(stack, error)

    def _count(self, stack: Stack, event: Event) -> None:
        activity = self._active[stack.name]
        if event.kind == "step-done" and not is_hidden(event):
            activity.steps += 1
        activity.reporter(event)

    def _table(self) -> Table:
        """Return the stacks at work and those that wait, with what they wait for."""
        progress = self.progress
        title = f"{len(progress.done):,} of {plural(len(progress.stacks), 'stack')} done"
        table = Table(box=None, pad_edge=False, title=title, title_justify="left", header_style="dim")
        for heading in ("stack", "step", "changes", "time", "waiting for"):
            table.add_column(heading, no_wrap=True)
        now = time.monotonic()
        for name, one in self._active.items():
            table.add_row(printable(name), one.step, f"{one.steps:,} of {one.total:,}" if one.total else "",
                          span(now - one.since), "")  # fmt: skip
        waiting = progress.waiting
        for stack in waiting[:ROWS]:
            reason = ", ".join(progress.waiting_for(stack)) or "a free worker"
            table.add_row(printable(stack.name), "waiting", "", "", printable(reason), style="dim")
        if len(waiting) > ROWS:
            table.add_row(f"and {len(waiting) - ROWS:,} more", style="dim")
        for name, error in progress.failed.items():
            table.add_row(printable(name), "failed", "", "", printable(str(error).splitlines()[0]), style="red")
        return table


@contextmanager
def _ending(workers: Sequence[Worker]) -> Iterator[None]:
    """End the workers, after an error or an interruption once each has ended its present step."""
    try:
        yield
    except BaseException:
        for worker in workers:
            worker.interrupt()
        raise
    finally:
        for worker in workers:
            worker.end()


def _with_messages(workers: Sequence[Worker], seconds: float | None = None) -> list[Worker]:
    """Return the workers that have a message, once there is one or the time is over."""
    by_connection = {worker.connection: worker for worker in workers if worker.stack}
    return [by_connection[found] for found in wait(list(by_connection), seconds)]  # type: ignore[index]


def plans_one_by_one(stacks: Sequence[Stack], plan: Callable[[Stack], Plan]) -> Iterator[Plan | SdeError]:
    """Yield the Plan of each stack, or its error."""
    for stack in stacks:
        try:
            yield plan(stack)
        except SdeError as error:
            yield error


Job = tuple[Stack, Work]
"""A Plan to make: its stack, and which one."""


def plans_side_by_side(
    jobs: Sequence[Job], start_worker: Callable[[], Worker], most: int, await_gate: Callable[[], None]
) -> Iterator[Plan | SdeError]:
    """Yield the Plan of each job in the order of the jobs, or its error."""
    made: dict[tuple[str, Work], Plan | SdeError] = {}
    ahead = deque(jobs)
    workers = [start_worker() for _ in range(most)]
    with _ending(workers):
        await_gate()
        for stack, work in jobs:
            while (stack.name, work) not in made:
                for worker in workers:
                    if ahead and not worker.stack and len(made) < AHEAD * most:
                        worker.begin(*ahead.popleft())
                for worker in _with_messages(workers):
                    _take_plan(worker, made)
            yield made.pop((stack.name, work))


def plan_or_raise(found: Plan | SdeError) -> Plan:
    """Return a Plan, or raise the error in its place."""
    if isinstance(found, SdeError):
        raise found
    return found


def _take_plan(worker: Worker, made: dict[tuple[str, Work], Plan | SdeError]) -> None:
    """Take the next message of a worker, and leave its stack as it is."""
    stack = worker.stack
    assert stack is not None  # noqa: S101 - only workers with a stack are read
    match worker.receive():
        case Plan() as plan:
            worker.answer("leave")
            made[stack.name, worker.work] = plan
            worker.stack = None
        case Failure() as failure:
            made[stack.name, worker.work] = failure.error()
            worker.stack = None
        case _:
            pass
