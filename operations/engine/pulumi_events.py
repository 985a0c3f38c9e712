"""The Pulumi CLI's event stream as the port's events, and what they add up to."""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Literal

from pulumi.automation.events import EngineEvent

from operations.engine.port import Event, EventKind, OnEvent
from operations.plan import Operation
from operations.pulumi_preview import OPERATIONS

_COLOURS = re.compile(r"<\{%[^%]*%\}>|\x1b\[[0-9;]*m")
_BROKEN_PLAN = re.compile(r"(violates plan): .*", re.DOTALL)
"""What follows holds the values that differ, and one of them may be secret."""
ENDINGS = ("update failed", "preview failed")
"""What the CLI says at the end of every run that failed: its errors have told why."""
_SEVERITIES = {"debug": "debug", "info": "info", "info#err": "info", "warning": "warning", "error": "error"}


def plain(text: str) -> str:
    """A message without the CLI's colour marks."""
    return _COLOURS.sub("", text).strip()


def message_of(text: str) -> str:
    """A message without the CLI's colour marks and its word for the severity, which every message has beside it."""
    return plain(text).removeprefix("error: ").removeprefix("warning: ")


@dataclass
class Listener:
    """Hears the CLI's events of one run: passes them on, and remembers errors and what was done to each resource."""

    stack: str
    on_event: OnEvent | None = None
    done: dict[str, Operation] = field(default_factory=dict)
    blamed: list[tuple[str, str]] = field(default_factory=list)
    """The errors, each with the URN that it is about, or none."""
    _begun: dict[str, float] = field(default_factory=dict)

    @property
    def errors(self) -> list[str]:
        """What went wrong, in the order in which it was told."""
        return [text for _, text in self.blamed]

    @property
    def counts(self) -> dict[str, int]:
        """How many resources each operation concerned, by its name."""
        return dict(Counter(o.value for o in self.done.values()))

    def hear(self, line: str) -> None:
        """Take one line of the CLI's standard output: an event as JSON."""
        if line.startswith("{"):
            self._take(EngineEvent.from_json(json.loads(line)))

    def _take(self, event: EngineEvent) -> None:
        if event.resource_pre_event:
            self._step("step-started", event.resource_pre_event.metadata)
        elif event.res_outputs_event:
            self._step("step-done", event.res_outputs_event.metadata)
        elif event.res_op_failed_event:
            self._step("step-failed", event.res_op_failed_event.metadata)
        elif event.diagnostic_event:
            self._message(event.diagnostic_event)

    def _step(self, kind: EventKind, metadata: Any) -> None:
        op = self._operation(kind, metadata.op.value)
        if op is None:
            return
        key, now = metadata.urn, time.time()
        seconds = None
        if kind == "step-started":
            self._begun[key] = now
            if op is Operation.SAME:  # nothing is done that could take time
                return
        else:
            seconds = now - self._begun.pop(key, now)
        if kind == "step-done" and not metadata.type.startswith("pulumi:"):
            self._remember(metadata.urn, op)
        changed = tuple(sorted(metadata.detailed_diff or metadata.diffs or ()))
        self._send(Event(kind, self.stack, now, metadata.urn, metadata.type, op, seconds, changed=changed))

    def _operation(self, kind: EventKind, step: str) -> Operation | Literal["refresh"] | None:
        """What a step is told as; None for the engine's own tidying. A replacement's three steps are told as one."""
        if step == "refresh":
            return "refresh"
        if step in ("replace", "delete-replaced") and kind != "step-failed":
            return None
        return OPERATIONS.get(step)

    def _remember(self, urn: str, op: Operation) -> None:
        """A replacement is several steps; the others of them must not hide it."""
        if self.done.get(urn) is not Operation.REPLACE:
            self.done[urn] = op

    def _message(self, diagnostic: Any) -> None:
        text = message_of(diagnostic.message)
        if diagnostic.ephemeral or not text or text in ENDINGS:
            return
        if diagnostic.severity == "error":
            self.blamed.append((diagnostic.urn or "", text))
        text = _BROKEN_PLAN.sub(r"\1", text)
        severity: Any = _SEVERITIES.get(diagnostic.severity, "info")
        self._send(Event("message", self.stack, time.time(), diagnostic.urn or None, severity=severity, message=text))

    def _send(self, event: Event) -> None:
        if self.on_event:
            self.on_event(event)
