"""What the verification of a ledger found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from formats.signed_notes import Checkpoint
from operations.ledger.entry import Entry


@dataclass(frozen=True)
class Problem:
    """One reason why a ledger does not verify."""

    text: str
    entry: int | None = None
    """The number of the first entry that it concerns."""
    file: str | None = None
    stack: str | None = None
    """The stack whose state, now or before this entry, does not follow from the entries: only it is in doubt."""

    def __str__(self) -> str:
        entry = f"entry {self.entry}: " if self.entry is not None else ""
        return entry + self.text + (f" ({self.file})" if self.file else "")


@dataclass(frozen=True)
class Cosigned:
    """A checkpoint that a witness has signed. `time`: seconds since the epoch."""

    witness: str
    size: int
    time: int


@dataclass
class Verification:
    """The result of a verification: it holds if there are no problems."""

    checkpoint: Checkpoint
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """What is not wrong, and a reader should know."""
    entries: list[Entry] = field(default_factory=list)
    cosigned: list[Cosigned] = field(default_factory=list)

    def first(self) -> Problem | None:
        """Return the problem of the first entry, before those that concern no entry."""
        return min(self.problems, key=lambda one: float("inf") if one.entry is None else one.entry, default=None)

    def add(self, text: str, *, entry: int | None = None, file: str | None = None, stack: str | None = None) -> None:
        """Add a problem."""
        self.problems.append(Problem(text, entry, file, stack))


def what_happened(number: int, found: Sequence[bytes], expected: Sequence[bytes]) -> str:
    """Say what happened to an entry of which the signed tree has another hash.

    `found`: the hashes of the entries as they are, `expected`: those of the signed tree.
    """
    one = found[number]
    if number + 1 < len(expected) and one == expected[number + 1]:
        return "is missing: the next entry is in its place"
    if one in expected:
        return f"was reordered: entry {expected.index(one)} is in its place"
    if number + 1 < len(found) and found[number + 1] == expected[number]:
        return "was inserted: it is not in the signed tree"
    return "was changed: its hash is not that of the signed tree"
