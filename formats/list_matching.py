"""Match the entries of two versions of a list: by name, priority or id, otherwise by value, then by position."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from formats.plan import SECRET, UNKNOWN, Value, canonical

KEYS = ("name", "priority", "id")
"""The properties that identify an entry, the first that all entries of both lists have."""
Pairs = tuple[tuple[int, int], ...]
"""Old and new indexes of matched entries, in the new order."""


@dataclass(frozen=True)
class Matching:
    """The matched entries of two lists, and those without a match."""

    key: str | None
    """The property that identifies the entries; None if they are matched by value."""
    identified: Pairs
    """The entries with the same key, or with the same value."""
    positional: Pairs
    """Entries without an equal in the other list, at the same index. None with a key."""
    removed: tuple[int, ...]
    added: tuple[int, ...]

    @property
    def reordered(self) -> bool:
        """True if identified entries are in another order."""
        return any(one > other for (one, _), (other, _) in pairwise(self.identified))


def match(old: Sequence[Value], new: Sequence[Value]) -> Matching:
    """Return which entries of two lists are the same."""
    for key in KEYS:
        before, after = _by_key(old, key), _by_key(new, key)
        if before is not None and after is not None:
            return _matching(key, tuple((before[k], j) for k, j in after.items() if k in before), old, new)
    return _matching(None, _by_value(old, new), old, new)


def is_masked(value: Value) -> bool:
    """Return True if a value of a Plan is or contains a secret or unknown value."""
    if isinstance(value, Mapping):
        return any(map(is_masked, value.values()))
    if isinstance(value, list | tuple):
        return any(map(is_masked, value))
    return value in (SECRET, UNKNOWN)


def _by_key(entries: Sequence[Value], key: str) -> dict[str | int, int] | None:
    """Return the index of each entry by its key; None if the key does not identify every entry."""
    indexes: dict[str | int, int] = {}
    for index, entry in enumerate(entries):
        found = entry.get(key) if isinstance(entry, Mapping) else None
        if isinstance(found, bool) or not isinstance(found, str | int) or is_masked(found) or found in indexes:
            return None
        indexes[found] = index
    return indexes


def _by_value(old: Sequence[Value], new: Sequence[Value]) -> Pairs:
    """Pair equal entries, each at most once. A masked entry is equal to none."""
    free: dict[str, list[int]] = defaultdict(list)
    for index in reversed(range(len(old))):
        if not is_masked(old[index]):
            free[canonical(old[index])].append(index)
    wanted = ((j, canonical(entry)) for j, entry in enumerate(new))
    return tuple((free[value].pop(), j) for j, value in wanted if free.get(value))


def _matching(key: str | None, identified: Pairs, old: Sequence[Value], new: Sequence[Value]) -> Matching:
    removed = set(range(len(old))) - {i for i, _ in identified}
    added = set(range(len(new))) - {j for _, j in identified}
    same = removed & added if key is None else set()
    positional = tuple((i, i) for i in sorted(same))
    return Matching(key, identified, positional, tuple(sorted(removed - same)), tuple(sorted(added - same)))
