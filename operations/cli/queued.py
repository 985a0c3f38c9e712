"""`sde provision --queue`: have workers on other machines bring up tenancies, and report the outcomes.

An answer of the queue is no proof. A tenancy is up if the ledger has a change of it which succeeded, with the
configuration of this estate.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import InitVar, dataclass, field
from typing import TYPE_CHECKING

from formats.errors import Exit, Failed, SdeError, error_type
from formats.plan import NO_CHANGE, Operation, digest_of, has_changes
from operations.cli.expiry import changeable, warn_of_expiry
from operations.cli.queue import queue_of
from operations.cli.run_progress import RunProgress, shared_tenancies
from operations.cli.session import Session
from operations.cli.stack_catalog import Stack
from operations.cli.text import DONE, plural, span
from operations.ledger.entry import Entry, Kind, Result
from operations.task_queue.message import Answer, ProvisionTask, estate_digest

if TYPE_CHECKING:
    from operations.task_queue.app import TaskQueue

LOOK = 1.0
"""Seconds between two looks at the answers."""
NO_WORKER = 60
"""Seconds without any worker after which the command gives up."""


def provision_by_queue(session: Session, permitted: Sequence[Stack]) -> None:
    """Have workers bring up tenancies with a permit. Raises the error of those that did not come up."""
    queue = queue_of(session)
    found = changeable(session, permitted, everything=True)
    session.bring_up_to_date()
    warn_of_expiry(session.output, permitted)
    QueuedRun(session, queue, found.stacks).run()
    found.refuse_others()


@dataclass
class QueuedRun:
    """One run over the queue."""

    session: Session
    queue: TaskQueue
    stacks: Sequence[Stack]
    changes: LedgerChanges = field(init=False)

    def run(self) -> None:
        """Put the tasks, wait for the answers, and print the outcome of each stack."""
        started = time.monotonic()
        self.changes = LedgerChanges(self.session, {stack.cloud for stack in self.stacks})
        progress, counts = RunProgress(self.stacks), dict[str, Mapping[str, int]]()
        tasks = self._put()
        self.session.output.say(f"{plural(len(tasks), 'task')} in the queue at {self.queue.place.where}")
        for stack, answer in self._answers(tasks):
            try:
                counts[stack.name] = self._confirmed(stack, answer)
            except SdeError as error:
                progress.fail(stack, error)
                self.session.output.error(f"{stack.name}: {error}", stack=stack.name, code=int(error.exit_code))
            else:
                progress.finish(stack)
                self.session.output.say(f"{stack.name}: {_words(counts[stack.name])}")
        self._summarise(counts, len(progress.failed), time.monotonic() - started)
        progress.raise_failures()

    def _put(self) -> dict[str, tuple[Stack, ProvisionTask]]:
        """Put a task for each stack, and return them by the ids of the tasks."""
        estate = estate_digest(self.session.estate_folder)
        with self.queue.place.errors():
            self.queue.records.forget([stack.name for stack in self.stacks])
        made = [(stack, _task(stack, estate)) for stack in self.stacks]
        return {self.queue.put(task): (stack, task) for stack, task in made}

    def _answers(self, tasks: Mapping[str, tuple[Stack, ProvisionTask]]) -> Iterator[tuple[Stack, Answer]]:
        """Yield the answer to each task. `Failed` if nothing more can come."""
        left, last_sign = dict(tasks), time.monotonic()
        while left:
            for id_, (stack, task) in list(left.items()):
                if answer := self.queue.answer(id_):
                    del left[id_]
                    last_sign = time.monotonic()
                    yield stack, answer
                else:
                    self.queue.put_again_if_lost(id_, task)
            if left:
                last_sign = self._sign(last_sign, len(left))
                time.sleep(LOOK)

    def _sign(self, last: float, left: int) -> float:
        """Return when workers were last at work. `Failed` if that was too long ago."""
        records, now = self.queue.records, time.monotonic()
        with self.queue.place.errors():
            workers, is_idle = records.workers(), records.is_idle
        if workers and not is_idle:
            return now
        if now - last > (self.queue.place.seconds if workers else 0) + NO_WORKER:
            why = "no task is answered any more" if workers else "no worker runs"
            raise Failed(f"{why}, and {plural(left, 'stack')} did not come up.\n"
                         "  fix:     scripts/sde queue work, on one machine or several; run this again")  # fmt: skip
        return last

    def _confirmed(self, stack: Stack, answer: Answer) -> Mapping[str, int]:
        """Return what the ledger says was changed. Raises the error of a stack that did not come up."""
        if answer.code != Exit.DONE:
            raise error_type(answer.code)(answer.reason)
        intent, result = self.changes.last(stack)
        if not (intent and result and result.result is Result.SUCCEEDED
                and intent.digests.configuration == digest_of(dict(stack.settings.config))):  # fmt: skip
            raise Failed("the queue says that it came up, and the ledger does not.\n"
                         "  fix:     see that the workers record in the ledger of this estate; then who else can "
                         "write to the queue")  # fmt: skip
        return result.counts

    def _summarise(self, counts: Mapping[str, Mapping[str, int]], failed: int, seconds: float) -> None:
        changed = [name for name, found in counts.items() if has_changes(found)]
        stacks = [{"stack": name, "counts": dict(found)} for name, found in counts.items()]
        self.session.output.emit({"event": "summary", "changed": bool(changed), "seconds": round(seconds, 3),
                                  "stacks": stacks})  # fmt: skip
        parts = [f"{len(changed)} brought up", f"{len(counts) - len(changed)} with nothing to change",
                 *([f"{failed} failed"] if failed else [])]  # fmt: skip
        self.session.output.say(f"{', '.join(parts)} ({span(seconds)})", style="bold")


@dataclass
class LedgerChanges:
    """The changes that the ledgers have since this was made."""

    session: Session
    clouds: InitVar[Collection[str]]
    _read_to: dict[str, int] = field(default_factory=dict)
    _intents: dict[int, Entry] = field(default_factory=dict)
    _last: dict[str, tuple[Entry | None, Entry]] = field(default_factory=dict)
    """The last intent of each stack that has a result, and this."""

    def __post_init__(self, clouds: Collection[str]) -> None:
        self._read_to = {cloud: self.session.ledger(cloud).size for cloud in clouds}

    def last(self, stack: Stack) -> tuple[Entry | None, Entry | None]:
        """Return the last intent of a stack that has a result, and this."""
        for number, entry in self.session.ledger(stack.cloud).changes(self._read_to[stack.cloud]):
            self._read_to[stack.cloud] = number + 1
            if entry.kind is Kind.INTENT:
                self._intents[number] = entry
            elif entry.of is not None:
                intent = self._intents.pop(entry.of, None)
                self._last |= dict.fromkeys(entry.stacks, (intent, entry))
        return self._last.get(stack.name, (None, None))


def _task(stack: Stack, estate: str) -> ProvisionTask:
    shared = next(iter(shared_tenancies(stack)), None)
    return ProvisionTask(stack=stack.name, shared=shared, estate=estate)


def _words(counts: Mapping[str, int]) -> str:
    """Return what was changed in a line."""
    if not has_changes(counts):
        return "nothing to change"
    return ", ".join(f"{count:,} {DONE[Operation(name)]}" for name, count in counts.items() if name not in NO_CHANGE)
