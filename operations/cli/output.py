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
from rich.text import Text

from operations.diffs.text import printable

__all__ = ["Output", "SafeConsole", "printable", "printable_lines", "replace_closed_streams", "silence"]


class SafeConsole(Console):
    """A console that survives a closed pipe: `sde up | head` must not stop a deployment."""

    def on_broken_pipe(self) -> None:
        """Discard further output."""
        self.quiet = True
        silence(self.file)


def silence(stream: IO[str]) -> None:
    """Redirect to /dev/null a stream whose reader has exited, so that the interpreter's flush at exit does not fail."""
    null = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(null, stream.fileno())
    except (OSError, ValueError):  # a stream without a descriptor has no pipe to break
        return
    finally:
        os.close(null)


def replace_closed_streams() -> None:
    """Open /dev/null in place of each standard stream that the caller closed (`>&-`).

    Otherwise a file that is opened later could get that descriptor and receive the output.
    """
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "r" if name == "stdin" else "w", encoding="utf-8"))  # noqa: SIM115 - open until the process ends


def _console(stream: IO[str]) -> SafeConsole:
    """Return a console as wide as the terminal or COLUMNS; 300 columns if neither is known."""
    width = None if stream.isatty() or os.environ.get("COLUMNS") else 300
    return SafeConsole(file=stream, highlight=False, markup=False, emoji=False, width=width)


@dataclass
class Output:
    """The two streams of one command."""

    json: bool = False
    quiet: bool = False
    """True to leave out the lines of single resources, and hints."""
    out: SafeConsole = field(default_factory=lambda: _console(sys.stdout))
    err: SafeConsole = field(default_factory=lambda: _console(sys.stderr))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def text_console(self) -> SafeConsole:
        """The console for text: stderr with `--json`, otherwise stdout."""
        return self.err if self.json else self.out

    def say(self, *parts: object, style: str | None = None) -> None:
        """Print text, wrapped at the width of a terminal."""
        self.text_console.print(*parts, style=style, soft_wrap=not self.text_console.is_terminal)

    def say_whole(self, text: str) -> None:
        """Print a line without wrapping it, so that it can be copied from a narrow terminal."""
        self.text_console.print(text, soft_wrap=True)

    def warn(self, message: str, *, style: str = "bold red", **facts: Any) -> None:
        """Print a warning to stderr, and as an object with `--json`."""
        self.emit({"event": "warning", "message": message, **facts})
        text = Text.assemble(("warning: ", style), printable_lines(message))
        self.err.print(text, soft_wrap=not self.err.is_terminal)

    def error(self, message: str, **facts: Any) -> None:
        """Print an error that does not end the command to stderr, and as an object with `--json`."""
        self.emit({"event": "stack-failed", "message": message, **facts})
        text = Text.assemble(("error: ", "bold red"), printable_lines(message))
        self.err.print(text, soft_wrap=not self.err.is_terminal)

    def emit(self, record: Mapping[str, Any]) -> None:
        """Write a JSON object as one line of stdout, unmixed between threads. Does nothing without `--json`."""
        if self.json:
            self.line(json.dumps(record, ensure_ascii=False, default=str))

    def line(self, text: str) -> None:
        """Write a line to stdout unchanged, also with `--json`."""
        with self._lock:
            try:
                self.out.file.write(text + "\n")
                self.out.file.flush()
            except BrokenPipeError:
                self.out.on_broken_pipe()


def printable_lines(value: object) -> str:
    """Replace control characters, but keep line breaks."""
    return "\n".join(printable(line) for line in str(value).splitlines())
