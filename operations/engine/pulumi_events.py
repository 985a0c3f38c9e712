"""Translate the Pulumi CLI's event stream into the port's events, and count the operations."""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from formats.errors import SdeError
from formats.plan import Operation
from formats.pulumi_preview import OPERATIONS
from operations.engine.port import GONE, Event, OnEvent

_COLOUR_CODES = re.compile(r"<\{%[^%]*%\}>|\x1b\[[0-9;]*m")
_PREFIX = re.compile(r"(?:error|warning|info|debug): ")
_SEVERITIES = {"info": "info", "info#err": "info", "warning": "warning", "error": "error"}
"""The severities that are reported, by the CLI's names. Debug messages are not: there are several for each resource."""
_LATER_STEPS_OF_REPLACEMENT = ("replace", "delete-replaced")
"""A replacement is reported once, with the step that creates the new resource, and not with these steps."""


def without_colours(text: str) -> str:
    """Return a message without the CLI's colour codes."""
    return _COLOUR_CODES.sub("", text).strip()


def message_text(text: str) -> str:
    """Return a message without colour codes and its severity prefix, which the event has as a field."""
    return _PREFIX.sub("", without_colours(text), count=1)


@contextmanager
def run_events(stack: str, on_event: OnEvent | None) -> Iterator[None]:
    """Send the first and the last event of a run."""
    start = time.monotonic()

    def send(kind: Any, **content: Any) -> None:
        if on_event:
            on_event(Event(kind, stack, time.time(), **content))

    send("stack-started")
    try:
        yield
    except SdeError as error:
        send("message", severity="error", message=str(error))
        send("stack-done", seconds=time.monotonic() - start, severity="error")
        raise
    send("stack-done", seconds=time.monotonic() - start)


@dataclass
class Listener:
    """Forward the CLI's events of one run, and record errors and the operation on each resource.

    Each error is reported once: with the failed step, or by the exception that ends the run.
    """

    stack: str
    on_event: OnEvent | None = None
    errors: list[tuple[str, str]] = field(default_factory=list)
    """The errors, each with the URN of its resource, or ""."""
    _done: dict[tuple[str, bool], Operation] = field(default_factory=dict)
    """The operations by URN, and True for the old resource of a replacement."""
    _start_times: dict[str, float] = field(default_factory=dict)
    _refreshed: set[str] = field(default_factory=set)
    """The URNs of resources whose refresh has started."""

    @property
    def counts(self) -> dict[str, int]:
        """The number of resources by the name of the operation."""
        return dict(Counter(o.value for o in self._done.values()))

    def receive(self, line: str) -> None:
        """Process one line of the CLI's standard output: an event as JSON."""
        if not line.startswith("{"):
            return
        event = json.loads(line)
        if step := event.get("resourcePreEvent"):
            self._started(step["metadata"])
        elif step := event.get("resOutputsEvent"):
            self._ended(step["metadata"])
        elif step := event.get("resOpFailedEvent"):
            self._failed(step["metadata"])
        elif diagnostic := event.get("diagnosticEvent"):
            self.message(diagnostic)

    def _started(self, step: Mapping[str, Any]) -> None:
        self._start_times.setdefault(step["urn"], time.time())
        if step["op"] == "refresh":
            self._refreshed.add(step["urn"])
            if not step["type"].startswith("pulumi:"):
                self._send("step-started", urn=step["urn"], type=step["type"], operation="refresh")
            return
        operation = self._operation(step)
        if operation not in (None, Operation.SAME):
            self._send("step-started", urn=step["urn"], type=step["type"], operation=operation)

    def _ended(self, step: Mapping[str, Any]) -> None:
        operation = self._operation(step)
        if operation is None:
            return
        if not step["type"].startswith("pulumi:"):
            self._done[step["urn"], step["op"] in _LATER_STEPS_OF_REPLACEMENT] = operation
        if step["urn"] in self._refreshed and operation is Operation.DELETE:
            self._send("message", urn=step["urn"], severity="warning", message=GONE)
        self._send("step-done", **self._step_facts(step), operation=operation)

    def _operation(self, step: Mapping[str, Any]) -> Operation | None:
        """Return the operation to report; None for internal steps and the later ones of a replacement."""
        if step["op"] not in _LATER_STEPS_OF_REPLACEMENT:
            return OPERATIONS.get(step["op"])
        is_pending_delete = step["op"] == "delete-replaced" and (step.get("old") or {}).get("delete")
        if is_pending_delete and self._done.get((step["urn"], False)) is not Operation.REPLACE:
            return (
                Operation.DELETE
            )  # an earlier run created the replacement, and ended before it deleted the old resource
        return None

    def _failed(self, step: Mapping[str, Any]) -> None:
        """Report a failed step with its error message, which the CLI sent before."""
        operation: Any = "refresh" if step["op"] == "refresh" else OPERATIONS.get(step["op"])
        message = next((text for urn, text in reversed(self.errors) if urn == step["urn"]), None)
        self._send("step-failed", **self._step_facts(step), operation=operation, severity="error", message=message)

    def _step_facts(self, step: Mapping[str, Any]) -> dict[str, Any]:
        """Return the resource of a step, its duration and the changed properties."""
        now = time.time()
        changed = tuple(sorted(step.get("detailedDiff") or step.get("diffs") or ()))
        seconds = now - self._start_times.pop(step["urn"], now)
        return {"urn": step["urn"], "type": step["type"], "seconds": seconds, "changed": changed}

    def message(self, diagnostic: Mapping[str, Any]) -> None:
        """Forward a message, but hold an error until its step or the run ends."""
        severity: Any = _SEVERITIES.get(diagnostic.get("severity", ""))
        text = message_text(diagnostic.get("prefix", "") + diagnostic.get("message", ""))
        urn = diagnostic.get("urn", "")
        if diagnostic.get("ephemeral") or severity is None or not text:
            return
        if severity == "error":
            self.errors.append((urn, text))
        else:
            self._send("message", urn=urn or None, severity=severity, message=text)

    def send_errors(self) -> None:
        """Send the errors of a run that did not fail: a program may log errors."""
        for urn, text in self.errors:
            self._send("message", urn=urn or None, severity="error", message=text)

    def _send(self, kind: Any, **content: Any) -> None:
        if self.on_event:
            self.on_event(Event(kind, self.stack, time.time(), **content))
