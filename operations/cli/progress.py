"""Progress of a deployment: a line for each finished step, and below them the running steps."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field

from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text

from formats.plan import NO_CHANGE, Operation
from formats.urns import is_urn, name_of, type_of
from operations.cli.output import Output, printable, printable_lines
from operations.cli.text import DONE, SYMBOLS, kind_of, span
from operations.engine.port import GONE, Event


@dataclass
class Reporter:
    """Shows the events of one stack. Never raises, so that output does not affect the deployment."""

    output: Output
    live: Progress | None = None
    stack: str = ""
    """The stack's name where several run side by side: then only warnings and failures are shown, with this name."""
    shown_before: bool = False
    """True if the command has shown the steps before: then only warnings and failures are shown."""
    running: dict[str, TaskID] = field(default_factory=dict)
    failures: set[str] = field(default_factory=set)
    """The messages of failed steps, to leave out repetitions: an engine may send the same text as a message."""

    def __call__(self, event: Event) -> None:
        self.output.emit(_record(event))
        if event.kind in ("step-done", "step-failed"):
            self._remove_running(event)
        if is_hidden(event):
            return
        if event.kind == "step-started":
            self._add_running(event)
        elif event.kind in ("step-done", "step-failed"):
            self._show_end(event)
        elif _is_shown_message(event) and event.severity and event.message and not self._is_known(event.message):
            self._warn(event.severity, _subject(event) + event.message)

    def _warn(self, severity: str, message: str) -> None:
        if not any(failure in message for failure in self.failures):
            style = "red" if severity == "error" else "yellow"
            self.output.say(f"  {self._prefix}{severity}: {printable_lines(message)}", style=style)

    @property
    def _prefix(self) -> str:
        return f"{printable(self.stack)}: " if self.stack else ""

    def _is_known(self, message: str) -> bool:
        return self.shown_before and message == GONE

    def _add_running(self, event: Event) -> None:
        if self.live and event.urn:
            self.running[event.urn] = self.live.add_task(printable(_label(event)), total=None)

    def _remove_running(self, event: Event) -> None:
        task = self.running.pop(event.urn or "", None)
        if self.live and task is not None:
            self.live.remove_task(task)

    def _show_end(self, event: Event) -> None:
        if event.kind == "step-failed" and event.message:
            self.failures.add(event.message)
        hidden = self.stack or self.shown_before or self.output.quiet
        if event.kind == "step-failed" or not hidden:
            self.output.say(Text(self._prefix) + _end_line(event))


@contextmanager
def watching(output: Output, *, shown_before: bool = False) -> Iterator[Reporter]:
    """Yield a reporter for one run, animated only on a terminal."""
    if output.json or not output.text_console.is_terminal:
        yield Reporter(output, shown_before=shown_before)
        return
    columns = (TextColumn(" "), SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=output.text_console, transient=True) as live:
        yield Reporter(output, live, shown_before=shown_before)


def is_hidden(event: Event) -> bool:
    """Return True for unchanged and read resources, and for the engine's own."""
    return event.operation in NO_CHANGE or (event.type or "").startswith("pulumi:")


def _is_shown_message(event: Event) -> bool:
    """Return True for warnings and for errors of a resource. The command itself ends with an error of the stack."""
    return event.kind == "message" and (event.severity == "warning" or (event.severity == "error" and bool(event.urn)))


def _subject(event: Event) -> str:
    """Return the resource of a message as a prefix, if the message does not name it."""
    urn = event.urn or ""
    if not is_urn(urn) or name_of(urn) in (event.message or ""):
        return ""
    return f"{name_of(urn)} ({kind_of(type_of(urn))}): "


def _label(event: Event) -> str:
    name = name_of(event.urn or "")
    return f"{name}  {kind_of(event.type or '')}"


def _end_line(event: Event) -> Text:
    operation = event.operation if isinstance(event.operation, Operation) else Operation.UPDATE
    symbol, style = ("✗", "bold red") if event.kind == "step-failed" else SYMBOLS[operation]
    word = "failed" if event.kind == "step-failed" else DONE[operation]
    name, kind = printable(name_of(event.urn or "")), kind_of(event.type or "")
    took = f"  {span(event.seconds)}" if event.seconds is not None else ""
    line = Text.assemble((f"  {symbol} ", style), name, (f"  {kind}", "dim"), f" {word}", (took, "dim"))
    if not _has_failure_message(event):
        return line
    return Text.assemble(line, (f"\n      {printable_lines(event.message)}", "red"))


def _has_failure_message(event: Event) -> bool:
    return event.kind == "step-failed" and bool(event.message)


def _record(event: Event) -> dict[str, object]:
    """Return an event as JSON, without absent fields. The time is in seconds since the epoch."""
    fields = {k: v for k, v in asdict(event).items() if v not in (None, ())}
    kind = fields.pop("kind")
    return {"event": kind, **fields, "time": event.time or time.time()}
