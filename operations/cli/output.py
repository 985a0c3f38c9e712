"""Where words go: tables and plans to stdout; with `--json`, one JSON object a line there and the words to stderr."""

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
    """A console that a reader may walk away from: `sde up | head` must not stop a deployment half way."""

    def on_broken_pipe(self) -> None:
        """Say no more, and carry on."""
        self.quiet = True
        silence(self.file)


def silence(stream: IO[str]) -> None:
    """Point a stream that nobody reads any more at nothing, so that the interpreter's last flush is quiet too."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nothing, stream.fileno())
    except (OSError, ValueError):  # a stream without a descriptor has no pipe to break
        return
    finally:
        os.close(nothing)


def open_closed_streams() -> None:
    """A caller may have closed a stream (`>&-`): its words then go nowhere, and never into a file opened since."""
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "r" if name == "stdin" else "w", encoding="utf-8"))  # noqa: SIM115 - for the process's life


def _console(stream: IO[str]) -> SafeConsole:
    """Lines are cut to a terminal's width only where there is a terminal."""
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
        """Where people read."""
        return self.err if self.json else self.out

    def say(self, *parts: object, style: str | None = None) -> None:
        """A line for people."""
        self.words.print(*parts, style=style, soft_wrap=not self.words.is_terminal)

    def say_whole(self, text: str) -> None:
        """A line that no break of ours cuts, so that what it says can be copied from a narrow terminal."""
        self.words.print(text, soft_wrap=True)

    def emit(self, record: Mapping[str, Any]) -> None:
        """One JSON object on a line of stdout, whole, whichever thread it comes from; nothing without `--json`."""
        if self.json:
            self.line(json.dumps(record, ensure_ascii=False, default=str))

    def line(self, text: str) -> None:
        """A line of stdout exactly as it is."""
        with self._lock:
            try:
                self.out.file.write(text + "\n")
                self.out.file.flush()
            except BrokenPipeError:
                self.out.on_broken_pipe()


def printable(value: object) -> str:
    """Text that cannot steer a terminal: names and messages come from files and clouds."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in str(value))


def paragraph(value: object) -> str:
    """Printable text that keeps its line breaks."""
    return "\n".join(printable(line) for line in str(value).splitlines())
