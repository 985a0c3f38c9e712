"""A delivery of a task: what it may say, the locks, the attempts and the dead letters, with a real Redis server."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from celery.exceptions import Reject, Retry

from operations.settings import Settings
from operations.task_queue import app
from operations.task_queue.app import MAX_ATTEMPTS, Delivery, TaskQueue
from operations.task_queue.message import Answer, ProvisionTask, estate_digest, queue_name
from operations.task_queue.place import QueuePlace
from scripts.redis_server import redis_server, url
from tests.redis_server import needs_redis

pytestmark = needs_redis
ESTATE, OTHER = f"sha256:{'0' * 64}", f"sha256:{'1' * 64}"
TASK = {"format": 1, "stack": "tre-heart", "shared": None, "estate": ESTATE}
DONE, FAILED, REFUSED = Answer(code=0), Answer(code=1, reason="Azure said no"), Answer(code=3, reason="no permit")


@dataclass
class Worker:
    """A worker without its process: deliveries are given to it by hand."""

    queue: TaskQueue
    answers: list[Answer] = field(default_factory=list)
    """Those of the next attempts."""
    attempted: list[str] = field(default_factory=list)

    def __call__(self, id_: str = "one", *positional: Any, **named: Any) -> Answer | None:
        """Return the answer to a delivery; None if it is delivered again."""
        task = SimpleNamespace(request=SimpleNamespace(id=id_), retry=lambda countdown: Retry(when=countdown))
        try:
            return Delivery(task, self.queue, self._attempt, lambda: ESTATE).answer(positional, named or TASK)
        except Retry:
            return None

    def _attempt(self, stack: str) -> Answer:
        self.attempted.append(stack)
        return self.answers.pop(0)

    @property
    def dead(self) -> list[tuple[str, int, str]]:
        return [(one.stack, one.attempts, one.reason) for one in self.queue.records.dead_letters()]


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with redis_server(tmp_path_factory.mktemp("redis")) as found:
        yield found


@pytest.fixture
def worker(port: int) -> Iterator[Worker]:
    queue = TaskQueue(QueuePlace.of(Settings.load({"SDE_QUEUE_URL": url(port)})), "sde-test")
    yield Worker(queue)
    queue.place.client().flushall()


@pytest.mark.parametrize(
    "said",
    [
        {"stack": "platform"},
        {"stack": "tre-heart --engine"},
        {"stack": "tre-../../etc"},
        {"stack": "tre-heart\n"},
        {"stack": "tre-h\u0435art"},
        {"stack": ["tre-heart"]},
        {"stack": "tre-" + "a" * 99},
        {"shared": "platform"},
        {"estate": "sha256:0"},
        {"format": 2},
        {"command": "destroy"},
        {"permit": "yes"},
    ],
)
def test_a_task_that_says_anything_else_is_refused(worker: Worker, said: dict[str, Any]) -> None:
    answer = worker("one", **{**TASK, **said})
    assert answer and answer.code == 2
    assert worker.attempted == []


def test_a_task_with_positional_values_is_refused(worker: Worker) -> None:
    answer = worker("one", "tre-heart")
    assert answer and answer.code == 2


def test_an_answer_that_another_attempt_would_repeat_is_final(worker: Worker) -> None:
    worker.answers = [DONE, REFUSED]
    assert (worker("one"), worker("two")) == (DONE, REFUSED)
    assert worker.dead == []


def test_a_task_that_fails_each_time_is_a_dead_letter_until_its_stack_comes_up(worker: Worker) -> None:
    worker.answers = [FAILED] * MAX_ATTEMPTS
    assert [worker() for _ in range(MAX_ATTEMPTS)] == [None] * (MAX_ATTEMPTS - 1) + [FAILED]
    assert worker.dead == [("tre-heart", MAX_ATTEMPTS, "Azure said no")]
    worker.answers = [DONE]
    assert worker("a later run's") == DONE
    assert worker.dead == []


def test_a_task_whose_workers_are_lost_is_a_dead_letter_without_a_further_attempt(worker: Worker) -> None:
    for _ in range(MAX_ATTEMPTS):
        worker.queue.records.begin("one")
    answer = worker("one")
    assert answer and answer.code == 1
    assert worker.attempted == []
    assert worker.dead == [("tre-heart", MAX_ATTEMPTS, answer.reason)]


def test_a_task_of_other_files_is_not_attempted(worker: Worker) -> None:
    given = [worker("one", **{**TASK, "estate": OTHER}) for _ in range(MAX_ATTEMPTS)]
    assert given[:-1] == [None] * (MAX_ATTEMPTS - 1)
    assert given[-1] and "other files of the estate" in given[-1].reason
    assert worker.attempted == []


def test_a_stack_and_a_shared_tenancy_are_worked_on_by_one_worker_at_a_time(worker: Worker) -> None:
    records = worker.queue.records
    mine = ProvisionTask(stack="tre-heart", shared="shared-cardiology", estate=ESTATE)
    sibling = {**TASK, "stack": "tre-lung", "shared": "shared-cardiology"}
    worker.answers = [DONE, DONE]
    with records.locked(mine) as held:
        assert held
        assert not records.is_idle
        assert worker("two") is None
        assert worker("three", **sibling) is None
        assert worker.attempted == []
        assert worker("four", **{**TASK, "stack": "tre-liver"}) == DONE
    assert records.is_idle
    assert worker("three", **sibling) == DONE
    assert records.begin("two") == 1  # a delivery that found the lock held is no attempt


def test_a_task_that_was_answered_does_nothing_when_it_is_delivered_again(worker: Worker) -> None:
    worker.queue._app.backend.store_result("one", REFUSED.model_dump(), "SUCCESS")
    assert worker("one") == REFUSED
    assert worker.attempted == []
    assert worker.queue.records.begin("one") == 1


def test_an_attempt_whose_worker_was_asked_to_end_does_not_count(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker.answers = [FAILED]
    monkeypatch.setattr(app, "stopping", lambda: True)
    with pytest.raises(Reject) as given_back:
        worker("one")
    assert given_back.value.requeue
    assert worker.queue.records.begin("one") == 1


def test_a_task_is_put_again_once_its_worker_is_gone(worker: Worker) -> None:
    queue, task = worker.queue, ProvisionTask(**TASK)  # type: ignore[arg-type]
    id_ = queue.put(task)
    assert queue.records.waiting() == 1
    with queue.records.locked(task):
        queue.records.begin(id_)
        queue.put_again_if_lost(id_, task)
        assert queue.records.waiting() == 1
    for _ in range(2):  # the lock is gone: once
        queue.put_again_if_lost(id_, task)
        assert queue.records.waiting() == 2
    worker.answers = [FAILED]
    assert worker("of another") is None
    assert not queue.records.is_lost("of another", "tre-heart")


def test_a_lock_of_a_killed_worker_becomes_free(worker: Worker) -> None:
    with worker.queue.records.locked(ProvisionTask(**TASK)):  # type: ignore[arg-type]
        left = worker.queue.place.client().pttl("sde-test:lock:tre-heart")
        assert 0 < left <= 1000 * worker.queue.records.lock_seconds  # type: ignore[operator]
        assert worker.queue.records.lock_seconds < worker.queue.place.seconds


def test_what_anybody_wrote_into_the_records_is_shown_as_text(worker: Worker) -> None:
    client = worker.queue.place.client()
    client.hset("sde-test:dead:letters", mapping={"tre-a\x1b[2J": "[" * 20_000, "tre-b": '{"stack": 1}'})
    assert [reason for _, _, reason in worker.dead] == ["cannot be read"] * 2
    assert all(stack.isprintable() for stack, _, _ in worker.dead)
    meta = worker.queue._app.backend.get_key_for_task("forged").decode()
    for forged in ('{"status": "SUCCESS", "result": "up"}', '{"status": "SUCCESS", "result": {"code": 0, "x": 1}}'):
        client.set(meta, forged)
        answer = worker.queue.answer("forged")
        assert answer and answer.code == 1


def test_the_digest_of_an_estate_is_of_all_its_files(tmp_path: Path) -> None:
    (tmp_path / "requests").mkdir()
    (tmp_path / "estate.yaml").write_text("code: wmsde\ncloud: local\n")
    seen = {estate_digest(tmp_path)}
    (tmp_path / "requests/heart.yaml").write_text("one")
    seen.add(estate_digest(tmp_path))
    (tmp_path / "requests/heart.yaml").rename(tmp_path / "requests/lung.yaml")
    seen.add(estate_digest(tmp_path))
    (tmp_path / "requests/lung.yaml").write_text("two")
    seen.add(estate_digest(tmp_path))
    assert len(seen) == 4
    name = queue_name(tmp_path)
    (tmp_path / "estate.yaml").write_text("code: wmsde\ncloud: azure\n")
    assert queue_name(tmp_path) != name
