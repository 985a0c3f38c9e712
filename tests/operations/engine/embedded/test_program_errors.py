"""Errors of a program are reported within seconds, with their location, however the SDK passes them on."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pulumi
import pytest
from pulumi.runtime.settings import get_monitor

from formats.errors import Failed, InputError
from operations.engine.project import program_of
from tests.infra.local_stacks import ROOT, LocalStacks
from tests.operations.engine.embedded.fake_cloud import Lab, Thing

LIMIT = 15
"""Seconds: far more than a run takes."""


class TooLong(BaseException):
    """The run did not end."""


@contextmanager
def limited() -> Iterator[None]:
    def stop(*_: Any) -> None:
        raise TooLong

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(LIMIT)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def gone(_: object) -> object:
    return dict[str, str]()["gone"]


def refusing(_: object) -> object:
    raise InputError("This value cannot be used", key="x")


@pytest.mark.parametrize(
    ("function", "type_", "told"),
    [(gone, Failed, r"KeyError: 'gone'\n.*test_program_errors.py:\d+ in gone"), (refusing, InputError, "key: +x")],
    ids=["a fault", "a refusal"],
)
def test_an_error_in_an_output_of_a_shipped_stack(
    tmp_path: Path, function: Callable[[object], object], type_: type[Exception], told: str
) -> None:
    site = LocalStacks(tmp_path)

    def with_it() -> None:
        program_of(ROOT)()
        pulumi.export("x", pulumi.Output.from_input("here").apply(function))

    engine = site.engine
    engine.program = with_it
    with limited(), pytest.raises(type_, match=told):
        engine.preview(site.stack("platform"))


def exported() -> None:
    pulumi.export("x", Thing("t", name="t").name.apply(gone))


def unread() -> None:
    Thing("t", name="t").name.apply(gone)


def a_property() -> None:
    Thing("user", link=Thing("t", name="t").name.apply(gone))


def awaited() -> None:
    async def later(_: object) -> object:
        return gone(_)

    pulumi.export("x", Thing("t", name="t").name.apply(later))


def coroutine() -> None:
    async def later() -> object:
        await asyncio.sleep(0)
        return gone(None)

    Thing("user", link=later())


def exiting() -> None:
    async def endless() -> None:
        try:
            await asyncio.sleep(3600)
        finally:
            sys.exit(3)

    pulumi.Output.from_input(endless())
    unread()


@pytest.mark.parametrize("failing", [unread, coroutine, exiting])
def test_a_failed_program_leaves_nothing_to_the_next_run(lab: Lab, failing: Callable[[], None]) -> None:
    loops = []

    def program() -> None:
        loops.append(asyncio.get_event_loop())
        failing()

    def good() -> None:
        pulumi.export("name", Thing("good", name="good").name)

    with limited(), pytest.raises(Failed, match="KeyError: 'gone'"):
        lab.up(program)
    assert loops[0].is_closed() and not asyncio.all_tasks(loops[0])
    with pytest.raises(RuntimeError, match="no current event loop"):
        asyncio.get_event_loop()
    with ThreadPoolExecutor() as threads:
        assert threads.submit(get_monitor).result() is None
    assert lab.up(good).outputs == {"name": "good"}


@pytest.mark.parametrize("failing", [exported, unread, a_property, awaited])
@pytest.mark.parametrize("run", ["preview", "up"])
def test_an_error_in_an_apply_names_its_place(lab: Lab, failing: Callable[[], None], run: str) -> None:
    with limited(), pytest.raises(Failed, match=r"KeyError: 'gone'\n(.*\n)*.*test_program_errors.py:\d+ in gone"):
        getattr(lab, run)(failing)
