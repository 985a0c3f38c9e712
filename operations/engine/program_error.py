"""What a program did wrong: the message and the places in its own files, whichever engine ran it."""

from __future__ import annotations

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


@dataclass(frozen=True)
class ProgramError:
    """An exception of a program, without what lies in libraries, in Python and in the engines."""

    message: str
    places: tuple[str, ...]
    """`file:line in function: source`, the innermost last."""

    def __str__(self) -> str:
        return "\n".join(["The program failed: " + self.message, *(f"  {place}" for place in self.places)])


def described(error: BaseException) -> ProgramError:
    """The message and the places of the first cause of an exception."""
    *_, root = causes(error)
    places = _places(root.__traceback__) or _places(_first_traceback(root))
    return ProgramError("".join(traceback.format_exception_only(root)).strip(), places)


def explained(error: BaseException) -> Exception:
    """The exception that a command ends with: what the program said in words is told as it is."""
    for one in causes(error):
        if isinstance(one, InputError | Failed | Refused):
            return one
        if isinstance(one, pulumi.RunError):
            return Failed(str(one))
    return Failed(str(described(error)))


def causes(error: BaseException) -> Iterator[BaseException]:
    """An exception and its causes, each once: the SDK raises exceptions whose cause is the exception itself."""
    seen: set[int] = set()
    one: BaseException | None = error
    while one is not None and id(one) not in seen:
        seen.add(id(one))
        yield one
        one = one.__cause__


def _first_traceback(error: BaseException) -> TracebackType | None:
    """The traceback that the SDK kept: asyncio drops the exception's own where a second task awaits the same value."""
    manager = _get_rpc_manager()
    return manager.exception_traceback if manager.unhandled_exception is error else None


def _places(trace: TracebackType | None) -> tuple[str, ...]:
    frames = (f for f in traceback.extract_tb(trace) if not _foreign(f.filename))
    return tuple(f"{f.filename}:{f.lineno} in {f.name}: {f.line}" for f in frames)


def _foreign(file: str) -> bool:
    """Whether a frame is of a library, of Python or of an engine rather than of the program."""
    return "site-packages" in file or file.startswith(("<frozen", sys.base_prefix, _ENGINES))
