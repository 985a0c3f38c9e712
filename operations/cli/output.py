"""Output of a command: text to stdout; with `--json`, one JSON object per line to stdout and the text to stderr."""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import IO, Any

from rich.console import Console


class SafeConsole(Console):
    """A console that survives a closed pipe: `sde up | head` must not stop a deployment."""

    def on_broken_pipe(self) -> None:
        """Discard further output."""
        self.quiet = True
        silence(self.file)


def silence(stream: IO[str]) -> None:
    """Redirect a stream whose reader has gone to /dev/null, so that the interpreter's last flush does not fail."""
    null = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(null, stream.fileno())
    except (OSError, ValueError):  # a stream without a descriptor has no pipe to break
        return
    finally:
        os.close(null)


def open_closed_streams() -> None:
    """Open streams that the caller closed (`>&-`) on /dev/null, so that output never goes to a file opened later."""
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "r" if name == "stdin" else "w", encoding="utf-8"))  # noqa: SIM115 - open until the process ends


def _console(stream: IO[str]) -> SafeConsole:
    """Return a console that wraps at the width of the terminal, if there is one."""
    width = None if stream.isatty() or os.environ.get("COLUMNS") else 300
    return SafeConsole(file=stream, highlight=False, markup=False, emoji=False, width=width)


@dataclass
class Output:
    """The two streams of one command."""

    json: bool = False
    out: SafeConsole = field(default_factory=lambda: _console(sys.stdout))
    err: SafeConsole = field(default_factory=lambda: _console(sys.stderr))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def words(self) -> SafeConsole:
        """The stream for text."""
        return self.err if self.json else self.out

    def say(self, *parts: object, style: str | None = None) -> None:
        """Print a line of text."""
        self.words.print(*parts, style=style, soft_wrap=not self.words.is_terminal)

    def say_whole(self, text: str) -> None:
        """Print a line without wrapping it, so that it can be copied from a narrow terminal."""
        self.words.print(text, soft_wrap=True)

    def emit(self, record: Mapping[str, Any]) -> None:
        """Write a JSON object as one line of stdout, atomically between threads. Does nothing without `--json`."""
        if self.json:
            self.line(json.dumps(record, ensure_ascii=False, default=str))

    def line(self, text: str) -> None:
        """Write a line to stdout unchanged."""
        with self._lock:
            try:
                self.out.file.write(text + "\n")
                self.out.file.flush()
            except BrokenPipeError:
                self.out.on_broken_pipe()


def printable(value: object) -> str:
    """Replace control characters: names and messages come from files and clouds, and must not control the terminal."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in str(value))


def paragraph(value: object) -> str:
    """Replace control characters except line breaks."""
    return "\n".join(printable(line) for line in str(value).splitlines())
