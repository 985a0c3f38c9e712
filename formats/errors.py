"""The errors that end a command, and its exit codes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from difflib import get_close_matches
from enum import IntEnum
from typing import Any, TypeVar

T = TypeVar("T")
MAX_ERRORS = 50
"""The most errors of one command that are listed."""
PRIVATE_KEY = re.compile(r"(BEGIN|END) [A-Z0-9 ]*PRIVATE KEY|b3BlbnNzaC1rZXktdj|PuTTY-User-Key-File")
"""The marks of a private key: of PEM, of OpenSSH's form without its first line, and of PuTTY."""
NOT_SHOWN = "text that is not shown: it may be a private key"


class Exit(IntEnum):
    """The exit codes of every `sde` command."""

    DONE = 0
    FAILED = 1
    WRONG_USE = 2
    REFUSED = 3


class SdeError(Exception):
    """An expected error. It ends a command with its message and exit code, without a traceback."""

    exit_code: Exit
    kind: str
    """The kind of error in `--json` output."""


class InputError(SdeError):
    """A file, key or argument that cannot be used. Nothing was changed. The command line exits with 2."""

    exit_code, kind = Exit.WRONG_USE, "bad-input"

    def __init__(
        self,
        problem: str,
        *,
        file: str | None = None,
        key: str | None = None,
        found: object = None,
        allowed: str | None = None,
        fix: str | None = None,
    ) -> None:
        self.problem, self.file, self.key = problem, file, key
        self.found, self.allowed, self.fix = without_private_key(found), allowed, fix
        super().__init__(str(self))

    @property
    def each(self) -> Sequence[InputError]:
        """The single errors that this one has: itself alone."""
        return (self,)

    @property
    def parts(self) -> dict[str, Any]:
        """The arguments with which the error was made."""
        return {name: getattr(self, name) for name in ("problem", "file", "key", "found", "allowed", "fix")}

    def with_parts(self, **changed: str | None) -> InputError:
        """Return the error with some parts changed."""
        return InputError(**{**self.parts, **changed})

    def __str__(self) -> str:
        lines = [self.problem]
        for label, value in (("file", self.file), ("key", self.key), ("found", short_text(self.found)),
                             ("allowed", self.allowed), ("fix", self.fix)):  # fmt: skip
            if value:
                lines.append(f"  {label + ':':<9}{value}")
        return "\n".join(lines)


class CombinedInputError(InputError):
    """Several errors of input, each of which is reported. Its own parts are those of the first."""

    def __init__(self, errors: Sequence[InputError]) -> None:
        self._each = tuple(errors)
        first, others = errors[0], len(errors) - 1
        problem = f"{first.problem} ({others} more error{'s' if others > 1 else ''}.)"
        super().__init__(**{**first.parts, "problem": problem})

    @property
    def each(self) -> Sequence[InputError]:
        """The single errors."""
        return self._each

    def __str__(self) -> str:
        listed = [str(error) for error in self._each[:MAX_ERRORS]]
        more = len(self._each) - len(listed)
        return "\n".join([*listed, *([f"and {more} more errors"] if more else [])])


def joined(errors: Sequence[InputError]) -> InputError:
    """Return one or more errors as one. Two with the same message are one."""
    each = list({str(one): one for error in errors for one in error.each}.values())
    return each[0] if len(each) == 1 else CombinedInputError(each)


def moved(error: InputError, copy: str, original: str) -> InputError:
    """Return the error of a copy's files as the error of the original ones."""
    return joined([one.with_parts(file=one.file and one.file.replace(copy, original)) for one in error.each])


@dataclass
class ErrorCollector:
    """The errors of input that independent checks raise, to be raised as one."""

    errors: list[InputError] = field(default_factory=list)

    @contextmanager
    def collecting(self) -> Iterator[None]:
        """Collect the error of a block."""
        try:
            yield
        except InputError as error:
            self.errors.append(error)

    @property
    def each(self) -> Iterator[InputError]:
        """The single errors collected so far."""
        return (one for error in self.errors for one in error.each)

    def add(self, error: InputError) -> None:
        """Collect an error."""
        self.errors.append(error)

    def result(self, of: Callable[[], T]) -> T | None:
        """Return the result of a function; None if it raises an error, which is collected."""
        with self.collecting():
            return of()
        return None

    def raise_any(self) -> None:
        """Raise the errors collected so far, if there are any."""
        if self.errors:
            raise joined(self.errors)


class Failed(SdeError):  # noqa: N818 - the name is used as a word in messages and documents
    """The operation began and failed, in the cloud or the engine. The message is complete."""

    exit_code, kind = Exit.FAILED, "failed"


class Refused(SdeError):  # noqa: N818
    """The operation is possible but not permitted, such as the deletion of protected data. Nothing was changed."""

    exit_code, kind = Exit.REFUSED, "refused"


def error_type(code: int) -> type[SdeError]:
    """Return the type of error that ends a command with an exit code; `Failed` for an unexpected one."""
    return {Exit.WRONG_USE.value: InputError, Exit.REFUSED.value: Refused}.get(code, Failed)


def without_private_key(value: object) -> object:
    """Return a value that was found, or `NOT_SHOWN` in place of one that has a private key."""
    return NOT_SHOWN if value is not None and PRIVATE_KEY.search(str(value)) else value


def nearest(found: object, names: Iterable[str]) -> str | None:
    """Return the name that is most like a text; None if no name is."""
    by_lower = {name.lower(): name for name in names}
    near = get_close_matches(str(found).lower(), by_lower, n=1, cutoff=0.7)
    return by_lower[near[0]] if near else None


def did_you_mean(found: object, names: Iterable[str]) -> str | None:
    """Return a question with the name that is most like a text; None if no name is."""
    near = nearest(found, names)
    return f"did you mean {near}?" if near else None


def short_text(value: object) -> str | None:
    """Return a value as one short printable line, because hostile input may be megabytes long."""
    if value is None:
        return None
    text = (str(value) if isinstance(value, str | date) else repr(value))[:200]
    text = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    return text if len(text) <= 120 else text[:117] + "..."
