"""The events of a run, with every secret masked."""

from __future__ import annotations

import threading
import time
from typing import Any, Literal

from formats.default_providers import is_default_provider
from formats.plan import Operation
from operations.engine.port import Event, EventKind, OnEvent
from operations.engine.secret_filter import SecretFilter

Severity = Literal["debug", "info", "warning", "error"]


class Reporter:
    """Send the events of one run."""

    def __init__(self, stack: str, on_event: OnEvent | None) -> None:
        self.stack, self.secret_filter = stack, SecretFilter()
        self._on_event = on_event
        self._sending = threading.local()
        self.began = time.monotonic()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.began

    @property
    def sending_event(self) -> bool:
        """True while this thread sends an event."""
        return getattr(self._sending, "now", False)

    def say(self, kind: EventKind, **content: Any) -> None:
        """Send one event. Steps of default providers are not reported, as in the Pulumi CLI."""
        if self._on_event is None or (kind.startswith("step-") and is_default_provider(content["urn"])):
            return
        if content.get("message"):
            content["message"] = self.secret_filter.redact(content["message"])
        self._sending.now = True
        try:
            self._on_event(Event(kind=kind, stack=self.stack, time=time.time(), **content))
        finally:
            self._sending.now = False

    def message(self, severity: Severity, text: str, urn: str | None = None) -> None:
        self.say("message", severity=severity, message=text, urn=urn or None)

    def step(self, urn: str, type_: str, operation: Operation | Literal["refresh"]) -> Step:
        """Return a context manager that reports the step around its body."""
        return Step(self, urn, type_, operation)


class Step:
    """Report one step of a run: its start, and its end with the result and the duration."""

    def __init__(self, reporter: Reporter, urn: str, type_: str, operation: Operation | Literal["refresh"]) -> None:
        self.reporter, self.urn, self.type = reporter, urn, type_
        self.operation = operation
        """A refresh changes it to the operation that it found."""
        self.changed: tuple[str, ...] = ()

    def __enter__(self) -> Step:
        self._began = time.monotonic()
        self.reporter.say("step-started", **self._subject())
        return self

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        seconds = time.monotonic() - self._began
        if error is None:
            self.reporter.say("step-done", **self._subject(), seconds=seconds, changed=self.changed)
        elif isinstance(error, Exception):
            self.reporter.say("step-failed", **self._subject(), seconds=seconds, severity="error", message=str(error))

    def _subject(self) -> dict[str, Any]:
        return {"urn": self.urn, "type": self.type, "operation": self.operation}
