"""A worker that is killed at any point leaves its stack to another one or to the next run. Nothing is created twice."""

from __future__ import annotations

import os
import random
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from operations.settings import Settings
from operations.task_queue.app import TASK, celery_app
from operations.task_queue.message import queue_name
from operations.task_queue.place import QueuePlace
from scripts.redis_server import PASSWORD, redis_server, url
from tests.provisioning import STACKS, Site, events, family, kill_all
from tests.redis_server import needs_redis
from tests.soak import IS_SOAK, in_soak_alone

Process = subprocess.Popen[str]
POINTS = random.Random(17).sample(range(1, 230), 20) if IS_SOAK else [60]  # noqa: S311 - variety, not secrecy
"""How many resources the local Azure has created when the run is killed: the two stacks have more than 230."""
SECONDS = 120
"""The time after which Redis delivers the task of a killed worker again. The command that waits does it earlier."""


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path / "site")


@pytest.mark.parametrize("point", POINTS)
def test_the_next_run_brings_up_what_a_killed_one_left(site: Site, point: int) -> None:
    run = site.start("provision", "--parallel", "2")
    site.await_creates(point, lambda: run.poll() is None)
    kill_all(family(run.pid))
    run.communicate()
    code, out = site.run("provision")
    assert code == 0, out
    site.assert_created_once()


@needs_redis
@pytest.mark.parametrize("point", POINTS)
def test_another_worker_brings_up_what_a_killed_one_left(site: Site, tmp_path: Path, point: int) -> None:
    with redis_server(tmp_path / "redis") as port:
        site.environ |= {"SDE_QUEUE_URL": url(port), "SDE_QUEUE_SECONDS": str(SECONDS)}
        put_hostile_messages(site, port)
        with workers(site, 2) as (first, second):
            run = site.start("provision", "--queue", "--json")
            killed = _kill_a_worker(site, run, [first, second], point)
            out, _ = run.communicate(timeout=600)
            assert run.returncode == 0, out
            summary = events(out)[-1]
            assert (summary["event"], summary["changed"]) == ("summary", True)
        site.assert_created_once()
        said = [out, killed.communicate()[0], *(one.communicate()[0] for one in (first, second) if one is not killed)]
        assert PASSWORD not in "".join(said)
        assert not (site.folder / "unpickled").exists()
        code, out = site.run("queue", "show", "--json")
        assert (code, events(out)) == (0, [{"event": "queue", "waiting": 0, "workers": 0}])


@in_soak_alone
@needs_redis
@pytest.mark.parametrize("point", POINTS[:5])
def test_redis_delivers_the_task_again_where_nobody_waits_for_it(site: Site, tmp_path: Path, point: int) -> None:
    with redis_server(tmp_path / "redis") as port:
        site.environ |= {"SDE_QUEUE_URL": url(port), "SDE_QUEUE_SECONDS": str(SECONDS)}
        with workers(site, 2) as started:
            run = site.start("provision", "--queue")
            _kill_a_worker(site, run, started, point)
            kill_all(family(run.pid))
            end = time.monotonic() + 900
            while len(site.deployed) < len(STACKS):
                assert time.monotonic() < end
                time.sleep(1)
        site.assert_created_once()


class Unpickled:
    """A value that runs a command when it is unpickled."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.file),)


def put_hostile_messages(site: Site, port: int) -> None:
    """Put messages into the queue that run code, name Celery's own tasks, or are none: each ends without effect."""
    place = QueuePlace.of(Settings.load({"SDE_QUEUE_URL": url(port)}))
    name = queue_name(site.folder / "estate")
    app = celery_app(place, name)
    app.send_task(TASK, args=[Unpickled(site.folder / "unpickled")], serializer="pickle")
    app.send_task("celery.chunks", args=["os.mkdir", [[str(site.folder / "unpickled")]], 1])
    app.send_task(TASK, kwargs={"stack": "platform"})
    place.client().lpush(f"{name}:{name}", "[]", "no message")


def _kill_a_worker(site: Site, run: Process, workers: list[Process], point: int) -> Process:
    """Kill the worker of the first stack, or the other one, when so many resources are there."""
    site.await_creates(point, lambda: run.poll() is None)
    killed = next((one for one in workers if any(_works_on(p, STACKS[0]) for p in family(one.pid))), workers[-1])
    kill_all(family(killed.pid))
    return killed


@contextmanager
def workers(site: Site, count: int) -> Iterator[list[Process]]:
    """Run workers of the queue, each a process of its own."""
    started = [site.start("queue", "work") for _ in range(count)]
    try:
        yield started
    finally:
        for one in started:
            one.terminate()
        end = time.monotonic() + 30
        while any(one.poll() is None for one in started) and time.monotonic() < end:
            time.sleep(0.1)
        for one in started:
            kill_all(family(one.pid) if one.poll() is None else [])


def _works_on(process: int, stack: str) -> bool:
    try:
        return f"provision\0{stack}".encode() in Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return False
