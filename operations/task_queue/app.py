"""Celery on Redis: one task, `sde.provision`, and workers that make one attempt at a time.

Late acknowledgement: a task whose worker is killed is delivered again after the time of an attempt, in which that has
certainly ended. JSON alone. Nothing else that Celery offers is on: no remote control, no events, no tasks of its own.
"""

from __future__ import annotations

import logging
import signal
import sys
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import celery
from celery.exceptions import Reject
from celery.signals import worker_ready
from celery.worker import state as worker_state

from formats.errors import Exit, InputError
from operations.task_queue.message import Answer, ProvisionTask, read_answer, read_task
from operations.task_queue.place import NETWORK_SECONDS, QueuePlace
from operations.task_queue.records import QueueRecords

TASK = "sde.provision"
MAX_ATTEMPTS = 3
"""Attempts at a task that fail, or whose worker is lost, before it is a dead letter."""
PAUSE = 10
"""Seconds before the second attempt. The next pauses are twice and four times as long."""
_BUSY = 5
"""Seconds before a task whose stack another worker has is looked at again."""
_AGAIN = 1
"""Seconds before a worker that an error ended starts again."""
_EXPIRES = 86_400
"""Seconds after which a task that no worker took is dropped, and an answer."""


@dataclass
class TaskQueue:
    """The queue of one estate."""

    place: QueuePlace
    name: str
    records: QueueRecords = field(init=False)
    _app: Any = field(init=False)

    def __post_init__(self) -> None:
        self.records = QueueRecords(self.place, self.name)
        self._app = celery_app(self.place, self.name)

    def put(self, task: ProvisionTask) -> str:
        """Put a task into the queue, and return its id."""
        id_ = str(uuid.uuid4())
        self._send(id_, task)
        return id_

    def put_again_if_lost(self, id_: str, task: ProvisionTask) -> None:
        """Put a task into the queue again if its worker was killed: Redis itself waits for the time of an attempt."""
        with self.place.errors():
            is_lost = self.records.is_lost(id_, task.stack)
            if is_lost:
                self.records.end(id_)
        if is_lost:
            self._send(id_, task)

    def _send(self, id_: str, task: ProvisionTask) -> None:
        with self.place.errors():
            self._app.send_task(TASK, kwargs=task.model_dump(), task_id=id_, expires=_EXPIRES, ignore_result=False)

    def answer(self, id_: str) -> Answer | None:
        """Return the answer to a task; None if there is none yet. What is not an answer is a failure."""
        with self.place.errors():
            meta = self._app.backend.get_task_meta(id_)
        if meta["status"] not in ("SUCCESS", "FAILURE", "REVOKED"):
            return None
        try:
            return read_answer(meta["result"])
        except InputError:
            return Answer(code=Exit.FAILED, reason=f"the queue has no answer to it ({meta['status']})")

    def work(self, attempt: Callable[[str], Answer], estate: Callable[[], str]) -> None:
        """Work on tasks until the process is asked to end. `attempt` brings up a stack, `estate` returns a digest."""
        register(self._app, self, attempt, estate)
        worker_ready.connect(_end_on_signals)
        handler = logging.StreamHandler(sys.stderr)
        self.place.keep_out_of_logs(handler)
        logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
        with self.records.alive(str(uuid.uuid4())):
            while self._worked() and worker_state.should_stop is None:
                time.sleep(_AGAIN)

    def _worked(self) -> bool:
        """Run a worker to its end. Return True if an error ended it, such as a message that no library can read."""
        worker = self._app.Worker(
            hostname=f"sde@{uuid.uuid4()}", pool="solo", concurrency=1, quiet=True, loglevel=logging.WARNING,
            without_gossip=True, without_mingle=True, without_heartbeat=True,
        )  # fmt: skip
        worker.start()
        return bool(worker.exitcode)


_INTERRUPTED = threading.Event()


def stopping() -> bool:
    """Return True if the worker of this process was interrupted, so that its attempt ends after the present step."""
    return _INTERRUPTED.is_set()


def _end_on_signals(**_: Any) -> None:
    """End the worker at a signal, when it has installed handlers of its own: some of them only end its attempts."""

    def end(number: int, _: Any) -> None:
        worker_state.should_stop = 0
        if number == signal.SIGINT:
            _INTERRUPTED.set()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, end)


def celery_app(place: QueuePlace, name: str) -> Any:
    """Return Celery for a queue, without a task."""
    network = {"socket_timeout": NETWORK_SECONDS, "socket_connect_timeout": NETWORK_SECONDS, "socket_keepalive": True}
    app = celery.Celery(name, set_as_current=False, fixups=())
    app.conf.update(
        broker_url=place.url,
        result_backend=place.url,
        broker_use_ssl=place.tls,
        redis_backend_use_ssl=place.tls,
        broker_transport_options={
            "global_keyprefix": f"{name}:",
            "visibility_timeout": place.seconds,
            "unacked_restore_interval": min(10, place.seconds // 3),
            "unacked_restore_throttle": 1,
            **network,
        },
        result_backend_transport_options={"global_keyprefix": f"{name}:"},
        redis_socket_timeout=NETWORK_SECONDS,
        redis_socket_connect_timeout=NETWORK_SECONDS,
        task_default_queue=name,
        task_serializer="json",
        result_serializer="json",
        accept_content=["json"],
        result_accept_content=["json"],
        task_acks_late=True,
        worker_prefetch_multiplier=1,
        result_expires=_EXPIRES,
        worker_enable_remote_control=False,
        worker_send_task_events=False,
        task_send_sent_event=False,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        broker_connection_retry_on_startup=False,
        broker_connection_max_retries=30,
        task_publish_retry_policy={"max_retries": 3, "interval_start": 0.2, "interval_step": 0.5, "interval_max": 2},
        enable_utc=True,
        timezone="UTC",
    )
    return app


def register(app: Any, queue: TaskQueue, attempt: Callable[[str], Answer], estate: Callable[[], str]) -> None:
    """Have a worker know the task, and no other: not those that Celery brings, by which a task can start others."""

    def provision(self: Any, *positional: Any, **named: Any) -> dict[str, Any]:
        return Delivery(self, queue, attempt, estate).answer(positional, named).model_dump()

    app.task(name=TASK, bind=True, max_retries=None)(provision)
    app.finalize()
    for name in [name for name in app.tasks if name != TASK]:
        app.tasks.unregister(name)


@dataclass
class Delivery:
    """One delivery of a task."""

    task: Any
    queue: TaskQueue
    attempt: Callable[[str], Answer]
    estate: Callable[[], str]

    def answer(self, positional: tuple[Any, ...], named: Mapping[str, Any]) -> Answer:
        """Return the answer to the task, or have it delivered again."""
        try:
            wanted = read_task(positional, named)
        except InputError as error:
            return Answer(code=Exit.WRONG_USE, reason=str(error).splitlines()[0])
        records = self.queue.records
        with records.locked(wanted) as is_free:
            if not is_free:
                raise self.task.retry(countdown=_BUSY)
            if earlier := self.queue.answer(self.task.request.id):
                return earlier  # it is delivered again, and was done
            number = records.begin(self.task.request.id)
            answer = self._attempt(wanted, number)
            records.end(self.task.request.id)
            if stopping():
                records.take_back(self.task.request.id)
                raise Reject("the worker ends", requeue=True)
            if answer.code == Exit.DONE:
                records.forget([wanted.stack])
            if answer.is_final:
                return answer
            if number >= MAX_ATTEMPTS:
                records.give_up(wanted, MAX_ATTEMPTS, answer.reason)
                return answer
        # Shorter than the time after which it would be delivered a second time.
        raise self.task.retry(countdown=min(PAUSE * 2 ** (number - 1), self.queue.place.seconds // 3))

    def _attempt(self, wanted: ProvisionTask, number: int) -> Answer:
        if number > MAX_ATTEMPTS:
            return Answer(code=Exit.FAILED, reason=f"no worker came to the end of {MAX_ATTEMPTS} attempts")
        if self.estate() != wanted.estate:
            return Answer(
                code=Exit.FAILED,
                reason="a worker has other files of the estate than the task was made with: bring both to one commit",
            )
        return self.attempt(wanted.stack)
