"""Errors of a program are reported within seconds, with their location, however the SDK passes them on."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pulumi
import pytest

from formats.errors import Failed
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


@pytest.mark.parametrize("failing", [exported, unread, a_property, awaited, coroutine])
@pytest.mark.parametrize("run", ["preview", "up"])
def test_an_error_in_an_apply_names_its_place(lab: Lab, failing: Callable[[], None], run: str) -> None:
    with limited(), pytest.raises(Failed, match=r"KeyError: 'gone'\n(.*\n)*.*test_program_errors.py:\d+ in gone"):
        getattr(lab, run)(failing)
