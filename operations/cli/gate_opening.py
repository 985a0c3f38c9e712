"""The gate, opened in a thread while the engines start."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class GateOpening:
    """Opens a gate ahead of its use. `open_gate` returns the same gate, or raises the same error, each time."""

    open_gate: Callable[[], object]
    _has_ended: threading.Event = field(default_factory=threading.Event)

    def begin(self) -> None:
        """Open the gate in a thread. `wait` reports an error."""
        threading.Thread(target=self._open, daemon=True).start()

    def wait(self) -> None:
        """Return when the gate is open: a program could rewrite the policies' files. Raise the error of opening it."""
        self._has_ended.wait()
        self.open_gate()

    def _open(self) -> None:
        try:
            with contextlib.suppress(Exception):
                self.open_gate()
        finally:
            self._has_ended.set()
