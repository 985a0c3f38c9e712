"""The records in Redis beside Celery's tasks: locks, attempts, dead letters, and which workers run.

None of them gives a right: a forged one can delay a tenancy, and cannot bring up one without a permit.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import Field, StringConstraints
from redis.exceptions import RedisError

from approvals.canonical import time_text
from formats.errors import InputError
from formats.input_model import Model
from operations.task_queue.message import MAX_REASON, ProvisionTask, one_line
from operations.task_queue.place import QueuePlace

_KEPT = 7 * 86400
"""Seconds for which attempts and dead letters are kept."""


class DeadLetter(Model):
    """A task that was given up."""

    stack: Annotated[str, StringConstraints(max_length=40)]
    attempts: Annotated[int, Field(ge=1, le=1000)]
    time: Annotated[str, StringConstraints(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")]
    reason: Annotated[str, StringConstraints(max_length=MAX_REASON)]


@dataclass
class QueueRecords:
    """The records of one estate's queue."""

    place: QueuePlace
    name: str
    _held: list[Any] = field(default_factory=list)
    """The locks of this process."""

    def __post_init__(self) -> None:
        self._client: Any = self.place.client()

    @property
    def lock_seconds(self) -> int:
        """The time after which a lock of a killed worker is free."""
        return max(5, min(30, self.place.seconds // 8))

    @contextmanager
    def locked(self, task: ProvisionTask) -> Iterator[bool]:
        """Hold the locks that a task needs while the block runs. Yield False if another worker holds one.

        They save work that would be refused: the lock that counts is that of the stack's state.
        """
        with ExitStack() as held:
            for name in filter(None, (task.shared, task.stack)):
                lock = self._client.lock(self._key("lock", name), timeout=self.lock_seconds, thread_local=False)
                if not lock.acquire(blocking=False):
                    yield False
                    return
                self._held.append(lock)
                held.callback(self._release, lock)
            yield True

    def _release(self, lock: Any) -> None:
        self._held.remove(lock)
        with suppress(RedisError):  # it expired
            lock.release()

    @property
    def is_idle(self) -> bool:
        """True if no worker is at work."""
        return not next(iter(self._client.scan_iter(match=f"{self._key('lock', '')}*", count=1000)), None)

    @contextmanager
    def alive(self, worker: str) -> Iterator[None]:
        """Record that a worker runs while the block runs, and renew its locks."""
        ended = threading.Event()
        key = self._key("worker", worker)
        thread = threading.Thread(target=self._stay_alive, args=(key, ended), daemon=True)
        with self.place.errors():
            self._client.set(key, "1", ex=self.lock_seconds)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()
            with suppress(Exception):
                self._client.delete(key)

    def _stay_alive(self, key: str, ended: threading.Event) -> None:
        while not ended.wait(self.lock_seconds / 3):
            with suppress(RedisError):  # the server may come back
                self._client.set(key, "1", ex=self.lock_seconds)
            for lock in list(self._held):
                with suppress(RedisError):
                    lock.reacquire()

    def workers(self) -> int:
        """Return how many workers run."""
        return sum(1 for _ in self._client.scan_iter(match=f"{self._key('worker', '')}*", count=1000))

    def begin(self, id_: str) -> int:
        """Count an attempt at a task that is locked, and return its number: the first is 1."""
        key = self._key("attempts", id_)
        counted = self._client.pipeline().incr(key).expire(key, _KEPT).set(self._key("begun", id_), "1", ex=_KEPT)
        return int(counted.execute()[0])

    def take_back(self, id_: str) -> None:
        """Count one attempt at a task less, because its worker was asked to end."""
        self._client.decr(self._key("attempts", id_))

    def end(self, id_: str) -> None:
        """Record the end of an attempt at a task, before its lock is released."""
        self._client.delete(self._key("begun", id_))

    def is_lost(self, id_: str, stack: str) -> bool:
        """Return True if an attempt at a task has begun and its worker is gone: no worker holds the lock."""
        return bool(self._client.exists(self._key("begun", id_))) and not self._client.exists(self._key("lock", stack))

    def waiting(self) -> int:
        """Return how many tasks no worker has taken."""
        return int(self._client.llen(f"{self.name}:{self.name}"))

    def give_up(self, task: ProvisionTask, attempts: int, reason: str) -> None:
        """Make a task a dead letter."""
        time = time_text(datetime.now(UTC))
        letter = DeadLetter(stack=task.stack, attempts=attempts, time=time, reason=one_line(reason))
        key = self._key("dead", "letters")
        self._client.pipeline().hset(key, task.stack, letter.model_dump_json()).expire(key, _KEPT).execute()

    def dead_letters(self) -> list[DeadLetter]:
        """Return the dead letters, by the names of their stacks. What cannot be read is shown as such."""
        found: Mapping[str, str] = self._client.hgetall(self._key("dead", "letters"))
        return [_letter(name, text) for name, text in sorted(found.items())]

    def forget(self, stacks: Sequence[str]) -> None:
        """Remove the dead letters of stacks, which are tried anew or came up."""
        if stacks:
            self._client.hdel(self._key("dead", "letters"), *stacks)

    def _key(self, kind: str, name: str) -> str:
        return f"{self.name}:{kind}:{name}"


def _letter(name: str, text: str) -> DeadLetter:
    try:
        found = DeadLetter.model_validate(json.loads(text[:10_000]))
    except (ValueError, RecursionError, InputError):
        return DeadLetter(stack=one_line(name)[:40], attempts=1, time="1970-01-01T00:00:00Z", reason="cannot be read")
    return found.model_copy(update={"stack": one_line(found.stack), "reason": one_line(found.reason)})
