"""The events of a run, with every secret masked."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from formats.default_providers import is_default_provider
from formats.errors import Failed, Refused, SdeError
from formats.plan import Operation
from formats.urns import label
from operations.engine.embedded.model import Resource
from operations.engine.port import Event, EventKind, OnEvent
from operations.engine.secret_filter import SecretFilter

Severity = Literal["debug", "info", "warning", "error"]


@dataclass
class Step:
    """A step that is executed. A refresh changes `operation` to the operation that it found."""

    operation: Operation | Literal["refresh"]
    changed: tuple[str, ...] = ()


class StepError(Failed):
    """The error of a failed step. It names the resource; `problem` is the message without it, for the step's event."""

    def __init__(self, urn: str, problem: str) -> None:
        self.urn, self.problem = urn, problem
        super().__init__(f"{label(urn)}: {problem}" if urn else problem)


class Reporter:
    """Send the events of one run."""

    def __init__(self, stack: str, on_event: OnEvent | None) -> None:
        self.stack, self.secret_filter = stack, SecretFilter()
        self._on_event = on_event
        self._lock = threading.RLock()
        self._began = time.monotonic()

    @property
    def seconds(self) -> float:
        """The duration of the run so far."""
        return time.monotonic() - self._began

    def say(self, kind: EventKind, **content: Any) -> None:
        """Send one event. Steps of default providers are not reported, as in the Pulumi CLI."""
        if self._on_event is None or (kind.startswith("step-") and is_default_provider(content["urn"])):
            return
        if content.get("message"):
            content["message"] = self.secret_filter.redact(content["message"])
        with self._lock:  # steps and the program's output come from different threads
            self._on_event(Event(kind=kind, stack=self.stack, time=time.time(), **content))

    def message(self, severity: Severity, text: str, urn: str | None = None) -> None:
        """Send a message for the user."""
        self.say("message", severity=severity, message=text, urn=urn or None)

    def warn(self, text: str) -> None:
        """Send a warning about the run."""
        self.message("warning", text)

    @contextlib.contextmanager
    def run(self) -> Iterator[None]:
        """Send the events at the start and the end of a run; mask secrets in its error."""
        self.say("stack-started")
        try:
            yield
        except SdeError as error:
            self.message("error", str(error))
            self.say("stack-done", seconds=self.seconds, severity="error")
            redacted = self.secret_filter.redact(str(error))
            if redacted != str(error):
                raise (Refused if isinstance(error, Refused) else Failed)(redacted) from None
            raise
        self.say("stack-done", seconds=self.seconds)

    @contextlib.contextmanager
    def step(self, resource: Resource, operation: Operation | Literal["refresh"]) -> Iterator[Step]:
        """Report the step around the body: its start, and its end with the result and the duration."""
        step, began = Step(operation), time.monotonic()
        of = {"urn": resource.urn, "type": resource.type}
        self.say("step-started", **of, operation=step.operation)
        try:
            yield step
        except Exception as error:
            seconds = time.monotonic() - began
            message = str(error)
            if isinstance(error, StepError) and error.urn == resource.urn:
                message = error.problem
            self.say("step-failed", **of, operation=step.operation, seconds=seconds, severity="error", message=message)
            raise
        seconds = time.monotonic() - began
        self.say("step-done", **of, operation=step.operation, seconds=seconds, changed=step.changed)

    def immediate_step(self, resource: Resource, operation: Operation, changed: tuple[str, ...] = ()) -> None:
        """Report a step that needs no request to a provider."""
        of: dict[str, Any] = {"urn": resource.urn, "type": resource.type, "operation": operation}
        if operation is not Operation.SAME:
            self.say("step-started", **of)
        self.say("step-done", **of, seconds=0.0, changed=changed)
