"""The error for unusable input: one message with the place, the value found, what is allowed and the fix."""

from __future__ import annotations


class BadInput(Exception):  # noqa: N818 - the name is used as a word in messages and documents
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


def _shown(value: object) -> str | None:
    """Return the value as one short printable line: hostile input may be megabytes long."""
    if value is None:
        return None
    text = (value if isinstance(value, str) else repr(value))[:200]
    text = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    return text if len(text) <= 120 else text[:117] + "..."
