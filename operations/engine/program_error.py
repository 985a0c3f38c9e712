"""The error of a program: its message, the locations in its files, and its text between processes."""

from __future__ import annotations

import re
import sys
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import pulumi
from pulumi.runtime.settings import _get_rpc_manager

from formats.errors import Failed, InputError, Refused

_ENGINES = str(Path(__file__).resolve().parent)
_TEXT = re.compile(r"(?P<kind>InputError|Refused|Failed): (?P<message>.*)", re.DOTALL)
_PART = re.compile(r"  (file|key|found|allowed|fix): +(.*)")


@dataclass(frozen=True)
class ProgramError:
    """An exception of a program, without the stack frames of libraries, Python and the engines."""

    message: str
    locations: tuple[str, ...]
    """`file:line in function: source`, the innermost last."""

    def __str__(self) -> str:
        return "\n".join(["The program failed: " + self.message, *(f"  {location}" for location in self.locations)])


def program_error_of(error: BaseException) -> ProgramError:
    """Return the message and the locations of the first cause of an exception."""
    *_, root = causes(error)
    locations = _locations(root.__traceback__) or _locations(_first_traceback(root))
    return ProgramError("".join(traceback.format_exception_only(root)).strip(), locations)


def reported_error(error: BaseException) -> Exception:
    """Return the exception that a command ends with: the program's own error unchanged, any other as `Failed`."""
    for cause in causes(error):
        if isinstance(cause, InputError | Failed | Refused):
            return cause
        if isinstance(cause, pulumi.RunError):
            return Failed(str(cause))
    return Failed(str(program_error_of(error)))


def error_text(error: Exception) -> str:
    """Return an error with its kind, in the form that `parse_error` reads."""
    kind = next(kind for kind in (InputError, Refused, Exception) if isinstance(error, kind))
    return f"{'Failed' if kind is Exception else kind.__name__}: {error}"


def is_error_text(text: str) -> bool:
    """Return True if `error_text` has made a text."""
    return _TEXT.fullmatch(text) is not None


def parse_error(text: str) -> Exception:
    """Return the error of a text; `Failed` for a text that `error_text` has not made."""
    found = _TEXT.fullmatch(text)
    if found is None:
        return Failed(text)
    if found["kind"] == "InputError":
        return _parse_input_error(found["message"])
    return (Refused if found["kind"] == "Refused" else Failed)(found["message"])


def _parse_input_error(message: str) -> InputError:
    """Parse the text of an `InputError` into its parts."""
    lines = message.splitlines()
    parts = {found[1]: found[2] for line in lines if (found := _PART.fullmatch(line))}
    problem = "\n".join(line for line in lines if not _PART.fullmatch(line))
    return InputError(problem, **parts)


def causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception and its causes, each once: the SDK raises exceptions that are their own cause."""
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        yield cause
        cause = cause.__cause__


def _first_traceback(error: BaseException) -> TracebackType | None:
    """Return the traceback that the SDK kept: asyncio drops it if a second task awaits the same value."""
    manager = _get_rpc_manager()
    return manager.exception_traceback if manager.unhandled_exception is error else None


def _locations(trace: TracebackType | None) -> tuple[str, ...]:
    frames = (f for f in traceback.extract_tb(trace) if not _is_foreign(f.filename))
    return tuple(f"{f.filename}:{f.lineno} in {f.name}: {f.line}" for f in frames)


def _is_foreign(file: str) -> bool:
    """Return True if a stack frame belongs to a library, Python or an engine."""
    return "site-packages" in file or file.startswith(("<frozen", sys.base_prefix, _ENGINES))
