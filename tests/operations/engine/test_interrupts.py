"""Interruptions wait for the end of a piece of work."""

from __future__ import annotations

import signal
from concurrent.futures import ThreadPoolExecutor

import pytest

from operations.engine.interrupts import deferred_interrupts


def test_an_interruption_is_raised_after_the_body() -> None:
    done = []
    with pytest.raises(KeyboardInterrupt), deferred_interrupts():
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        done.append("body")
    assert done == ["body"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_an_interruption_replaces_the_error_of_the_body() -> None:
    with pytest.raises(KeyboardInterrupt), deferred_interrupts():
        signal.raise_signal(signal.SIGINT)
        raise ValueError


@pytest.mark.parametrize("before", [True, False])
def test_a_permitted_part_ends_at_once(before: bool) -> None:
    done = []
    with pytest.raises(KeyboardInterrupt), deferred_interrupts() as interrupts:
        if before:
            signal.raise_signal(signal.SIGINT)
        try:
            with interrupts.permitted():
                signal.raise_signal(signal.SIGINT)
                done.append("not reached")
        finally:
            signal.raise_signal(signal.SIGINT)  # another one does not end the cleanup
            done.append("cleanup")
    assert done == ["cleanup"]


def test_an_ignored_signal_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with deferred_interrupts():
            signal.raise_signal(signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)


def test_other_threads_defer_nothing() -> None:
    def work() -> str:
        with deferred_interrupts():
            return "done"

    with ThreadPoolExecutor(1) as threads:
        assert threads.submit(work).result() == "done"
