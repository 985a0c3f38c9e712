"""Let a piece of work end before an interruption, so that no step is cut in half."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""The signals that interrupt a command (`operations/__main__.py`)."""


@dataclass
class Interrupts:
    """The interruptions during a body. Signals reach the main thread only: in others nothing is deferred."""

    came: bool = False
    _permitted: bool = field(default=False, init=False)

    def receive(self, *_: Any) -> None:
        """Handle a signal."""
        self.came = True
        if self._permitted:
            raise KeyboardInterrupt

    @contextmanager
    def permitted(self) -> Iterator[None]:
        """Let an interruption, also an earlier one, end the body at once."""
        self._permitted = True
        try:
            if self.came:
                raise KeyboardInterrupt
            yield
        finally:
            self._permitted = False


@contextmanager
def deferred_interrupts() -> Iterator[Interrupts]:
    """Raise an interruption of the body at its end, also in place of its error."""
    interrupts = Interrupts()
    before = {}
    if threading.current_thread() is threading.main_thread():
        for number in _SIGNALS:
            if signal.getsignal(number) is signal.default_int_handler:
                before[number] = signal.signal(number, interrupts.receive)
    try:
        yield interrupts
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if interrupts.came:
            raise KeyboardInterrupt
