"""The errors that end a command, and its exit codes."""

from __future__ import annotations

from enum import IntEnum


class InputError(Exception):
    """A file, key or argument that cannot be used. Nothing was changed. The command line exits with 2."""

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
        self.found, self.allowed, self.fix = found, allowed, fix
        super().__init__(str(self))

    def __str__(self) -> str:
        lines = [self.problem]
        for label, value in (("file", self.file), ("key", self.key), ("found", _shown(self.found)),
                             ("allowed", self.allowed), ("fix", self.fix)):  # fmt: skip
            if value:
                lines.append(f"  {label + ':':<9}{value}")
        return "\n".join(lines)


class Exit(IntEnum):
    """The exit codes of every `sde` command."""

    DONE = 0
    FAILED = 1
    WRONG_USE = 2
    REFUSED = 3


class Failed(Exception):  # noqa: N818
    """The work was begun and did not succeed: the cloud or the engine said no. The message is the whole story."""


class Refused(Exception):  # noqa: N818
    """The work is possible but not permitted: it would delete or replace what holds data, or a person said no."""


def _shown(value: object) -> str | None:
    """Return the value as one short printable line: hostile input may be megabytes long."""
    if value is None:
        return None
    text = (value if isinstance(value, str) else repr(value))[:200]
    text = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    return text if len(text) <= 120 else text[:117] + "..."
