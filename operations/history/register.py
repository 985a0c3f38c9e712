"""The register of changes: a row for each change, refusal and use of break-glass that the ledger has, for auditors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from formats.merkle_trees import GrowingRoot, leaf_hash
from operations.diffs.meaning import ORDER, Meaning
from operations.diffs.text import plural, shortened
from operations.history.changes import ChangeRecord, changes_of, in_a_line, minute, name_of, what_became
from operations.history.kept import Kept, KeptAccess, KeptChange, KeptVerdict
from operations.ledger.entry import Entry, Kind, Result

if TYPE_CHECKING:
    from operations.ledger.ledger import Ledger

_MARKS = {"gained": "+", "lost": "-", "changed": "~"}
_MOST = 4
"""The most meanings, and the most lines of access, of a row. The entry keeps all."""
_LONGEST = 180
"""The most characters of a line in a row."""


@dataclass(frozen=True)
class Row:
    """One change, refusal or use of break-glass."""

    change: int
    time: str
    """UTC, to the minute."""
    stacks: tuple[str, ...]
    command: str
    who: str
    """Who asked for it."""
    means: tuple[str, ...]
    """The gravest meanings, each with its first sentence."""
    access: tuple[str, ...]
    """Who can do what to which data after it that they could not before (+), no longer (-), or in other ways (~)."""
    policies: str
    exemptions: tuple[str, ...]
    result: str
    reason: str
    open_findings: tuple[str, ...]
    """What its run should have deleted, and what still exists."""


@dataclass(frozen=True)
class Register:
    """The rows of a month, or of all, and the trees between which they are."""

    ledger: str
    month: str
    """Empty for all entries."""
    first: Mapping[str, Any]
    """The size and the root of the ledger before the first entry."""
    last: Mapping[str, Any]
    """The size and the root of the ledger after the last entry."""
    rows: tuple[Row, ...]
    open_at_the_end: tuple[str, ...]
    """The findings that no later change of their stack has closed."""

    def to_json(self) -> dict[str, Any]:
        """Return the register as JSON values."""
        return asdict(self)


@dataclass
class _Tree:
    """The trees before the first and after the last entry of a month."""

    month: str
    growing: GrowingRoot = field(default_factory=GrowingRoot)
    first: dict[str, Any] | None = None
    last: dict[str, Any] | None = None

    def add(self, content: bytes, time: str) -> None:
        """Add the next entry."""
        inside = time.startswith(self.month)
        if inside and self.first is None:
            self.first = self._now()
        self.growing.add(leaf_hash(content))
        if inside:
            self.last = self._now()

    def ends(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return both; the whole ledger's if the month has no entry."""
        now = self._now()
        return self.first or now, self.last or now

    def _now(self) -> dict[str, Any]:
        return {"size": self.growing.size, "root": self.growing.root.hex()}


def register_of(ledger: Ledger, stack: str | None = None, month: str = "") -> Register:
    """Return the register of a month, such as `2026-11`, by the time of the entries in UTC; of all if it is empty.

    The result of a change is that which the ledger has today. The ledger is not verified. `InputError` if it does not
    have an object any more, `Failed` if one cannot be read.
    """
    tree, entries = _Tree(month), list[tuple[int, Entry]]()
    for number, content in enumerate(ledger.log.entries()):
        entry = ledger.read(number, content)
        tree.add(content, entry.time)
        if stack in (None, *entry.stacks):
            entries.append((number, entry))
    inside = {number for number, entry in entries if entry.time.startswith(month)}
    kept = Kept(ledger)
    rows = tuple(_row(kept, one) for one in changes_of(entries) if one.number in inside)
    first, last = tree.ends()
    still_open = tuple(_still_open(entries, max(inside, default=-1)))
    return Register(ledger.log.key.name, month, first, last, rows, still_open)


def _still_open(entries: Sequence[tuple[int, Entry]], last: int) -> Iterator[str]:
    """Yield the findings of the last run of each stack, up to an entry."""
    found: dict[tuple[str, ...], str] = {}
    for number, entry in entries:
        if number > last:
            break
        if entry.kind is Kind.RESULT and entry.result is not Result.UNKNOWN:
            found.pop(entry.stacks, None)
        elif entry.kind is Kind.OPEN_FINDING:
            found[entry.stacks] = f"{' '.join(entry.stacks)}, entry {number}: {entry.reason}"
    yield from found.values()


def _row(kept: Kept, one: ChangeRecord) -> Row:
    number, entry, result = one.number, one.entry, one.result
    diff, access, verdict = kept.diff(number, entry), kept.access(number, entry), kept.verdict(number, entry)
    exempt = [f"{found.id} ({found.policy})" for found in verdict.exemptions] if verdict else []
    is_drift = any(part.kind is Kind.DRIFT for part in one.parts)
    return Row(
        number,
        minute(entry),
        entry.stacks,
        entry.command + (": the cloud differed" if is_drift else ""),
        _who(entry),
        tuple(_meanings(diff.changes if diff else [])),
        tuple(_access(access) if access else ()),
        _policies(verdict, is_applied=entry.kind is Kind.INTENT),
        tuple(exempt),
        what_became(entry, result),
        in_a_line((result and result.reason) or entry.reason),
        tuple(_shortened(str(part.reason)) for part in one.parts if part.kind is Kind.OPEN_FINDING),
    )


def _who(entry: Entry) -> str:
    run = entry.pipeline
    return name_of(entry.who) + (f", {run.system} run {run.run}" if run else "")


def _meanings(changes: Sequence[KeptChange]) -> Iterator[str]:
    """Yield the gravest meanings with the first sentence of each, and how many changes more have it."""
    found: dict[Meaning, list[str]] = {}
    for change in sorted(changes, key=lambda one: ORDER[one.meaning]):
        found.setdefault(change.meaning, []).append(change.sentence)
    for meaning, sentences in list(found.items())[:_MOST]:
        more = f" (and {len(sentences) - 1:,} more)" if len(sentences) > 1 else ""
        yield _shortened(f"{meaning.heading}: {sentences[0]}", more)
    if len(found) > _MOST:
        yield f"and {plural(len(found) - _MOST, 'other meaning')}"


def _access(access: KeptAccess) -> Iterator[str]:
    """Yield the changes of access, those to data first."""
    changes = sorted(access.changes, key=lambda one: not any(thing.data_class for thing in one.on))
    lines = [
        f"{_MARKS.get(one.effect, '~')} {one.who.name}: {', '.join(one.may)}: {'; '.join(t.label for t in one.on)}"
        for one in changes
    ] + [f"= {one.before} is now called {one.after}" for one in access.renames]
    yield from map(_shortened, lines[:_MOST])
    if len(lines) > _MOST:
        yield f"and {len(lines) - _MOST:,} more"


def _policies(verdict: KeptVerdict | None, *, is_applied: bool) -> str:
    """Return what the policies found. A refresh is applied whatever they find: it only makes the state true."""
    if verdict is None:
        return "not evaluated"
    if verdict.passed:
        return "passed"
    ids = ", ".join(sorted({one.policy for one in verdict.blocking}))
    return f"{'do not hold:' if is_applied else 'refused by'} {ids}"


def _shortened(text: str, end: str = "") -> str:
    return shortened(text, _LONGEST - len(end)) + end
