"""What a run tells the outside while it works: events, with every secret masked."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from operations import plan
from operations.engine.embedded import urns, values
from operations.engine.port import Event, EventKind, OnEvent
from operations.plan import Operation

SHORTEST = 4
"""Secrets shorter than this are not looked for in messages: they would hide half of every word."""
Severity = Literal["debug", "info", "warning", "error"]


class Veil:
    """Hides the secrets that a run has met wherever text leaves it."""

    def __init__(self) -> None:
        self._known: set[str] = set()

    def learn(self, value: Any) -> None:
        """Remember every secret string in a value."""
        for text in _secrets(value):
            if len(text) >= SHORTEST:
                self._known.add(text)
                self._known.add(json.dumps(text)[1:-1])

    def over(self, text: str) -> str:
        """The text with every known secret masked; the longest first, for one may contain another."""
        for hidden in sorted((k for k in self._known if k in text), key=len, reverse=True):
            text = text.replace(hidden, plan.SECRET)
        return text


def _secrets(value: Any, *, inside: bool = False) -> Iterator[str]:
    if isinstance(value, Mapping):
        hidden = inside or values.is_secret(value)
        for key, item in value.items():
            if key != values.SIGNATURE:
                yield from _secrets(item, inside=hidden)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _secrets(item, inside=inside)
    elif inside and isinstance(value, str) and value != values.UNKNOWN:
        yield value


class Reporter:
    """Makes the events of one run."""

    def __init__(self, stack: str, on_event: OnEvent | None) -> None:
        self.stack, self.veil = stack, Veil()
        self._on_event = on_event
        self._telling = threading.local()
        self.began = time.monotonic()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.began

    @property
    def telling(self) -> bool:
        """Whether this thread is just telling somebody of an event."""
        return getattr(self._telling, "now", False)

    def say(self, kind: EventKind, **content: Any) -> None:
        """Send one event now; of the steps of default providers nothing is told, as the official command line does."""
        if self._on_event is None or (kind.startswith("step-") and urns.is_default_provider(content["urn"])):
            return
        if content.get("message"):
            content["message"] = self.veil.over(content["message"])
        self._telling.now = True
        try:
            self._on_event(Event(kind=kind, stack=self.stack, time=time.time(), **content))
        finally:
            self._telling.now = False

    def message(self, severity: Severity, text: str, urn: str | None = None) -> None:
        self.say("message", severity=severity, message=text, urn=urn or None)

    def step(self, urn: str, type_: str, operation: Operation | Literal["refresh"]) -> Step:
        """A step that takes time: use as a context manager around the work."""
        return Step(self, urn, type_, operation)


class Step:
    """One step of a run: says when it starts, and how and after how many seconds it ended."""

    def __init__(self, reporter: Reporter, urn: str, type_: str, operation: Operation | Literal["refresh"]) -> None:
        self.reporter, self.urn, self.type = reporter, urn, type_
        self.operation = operation
        """What is being done; a refresh changes it to what came of it."""
        self.changed: tuple[str, ...] = ()

    def __enter__(self) -> Step:
        self._began = time.monotonic()
        self.reporter.say("step-started", **self._what())
        return self

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        seconds = time.monotonic() - self._began
        if error is None:
            self.reporter.say("step-done", **self._what(), seconds=seconds, changed=self.changed)
        elif isinstance(error, Exception):
            self.reporter.say("step-failed", **self._what(), seconds=seconds, severity="error", message=str(error))

    def _what(self) -> dict[str, Any]:
        return {"urn": self.urn, "type": self.type, "operation": self.operation}
