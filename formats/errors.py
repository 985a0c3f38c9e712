"""The errors that end a command, and its exit codes."""

from __future__ import annotations

from enum import IntEnum


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
        self.found, self.allowed, self.fix = found, allowed, fix
        super().__init__(str(self))

    def __str__(self) -> str:
        lines = [self.problem]
        for label, value in (("file", self.file), ("key", self.key), ("found", short_text(self.found)),
                             ("allowed", self.allowed), ("fix", self.fix)):  # fmt: skip
            if value:
                lines.append(f"  {label + ':':<9}{value}")
        return "\n".join(lines)


class Failed(SdeError):  # noqa: N818 - the name is used as a word in messages and documents
    """The operation began and failed, in the cloud or the engine. The message is complete."""

    exit_code, kind = Exit.FAILED, "failed"


class Refused(SdeError):  # noqa: N818
    """The operation is possible but not permitted, such as the deletion of protected data. Nothing was changed."""

    exit_code, kind = Exit.REFUSED, "refused"


def error_type(code: int) -> type[SdeError]:
    """Return the type of error that ends a command with an exit code; `Failed` for an unexpected one."""
    return {Exit.WRONG_USE.value: InputError, Exit.REFUSED.value: Refused}.get(code, Failed)


def short_text(value: object) -> str | None:
    """Return a value as one short printable line, because hostile input may be megabytes long."""
    if value is None:
        return None
    text = (value if isinstance(value, str) else repr(value))[:200]
    text = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    return text if len(text) <= 120 else text[:117] + "..."
