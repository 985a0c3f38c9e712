"""Changed properties for readers: an entry of a list is named by its key or value instead of its position.

A Plan names changed paths by position, as the engines do, so an entry that is inserted into a list changes every later
path. These functions compare the same lists entry by entry. The paths of the Plan do not change.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from formats.errors import InputError
from formats.list_matching import Matching, is_masked, match
from formats.plan import SECRET, Operation, PlannedResource, Value
from formats.property_paths import PropertyPath, Step, child, get, parse
from formats.property_values import equal

_PLAIN = re.compile(r'(?!\d+$)[^\[\]"]+')


class _Absent:
    """The class of `ABSENT`."""

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT: Any = _Absent()
"""The value at a path that does not exist."""


class ChangeKind(StrEnum):
    """The kind of change at a path."""

    SET = "set"
    """The value at the path changes, appears or disappears."""
    ADDED = "added"
    """The list gets an entry."""
    REMOVED = "removed"
    """The list loses an entry."""
    REORDERED = "reordered"
    """The same entries are in another order; the values are their keys, or the entries if they have none."""


@dataclass(frozen=True)
class Entry:
    """A step to the entry of a list in which `key` has this value."""

    key: str
    value: str | int

    def __str__(self) -> str:
        plain = isinstance(self.value, str) and _PLAIN.fullmatch(self.value)
        return f"[{self.key}={self.value if plain else json.dumps(self.value, ensure_ascii=False)}]"


EntryPath = tuple[Step | Entry, ...]
"""A property path that names entries of lists by their keys."""


@dataclass(frozen=True)
class PropertyChange:
    """One change. For a list without keys, an added or removed entry has the path of its list."""

    path: EntryPath
    kind: ChangeKind
    before: Value
    after: Value
    replaces: bool = False
    """True if the change forces a replacement. In a list, all changes do if one of the Plan's paths there does."""

    @property
    def text(self) -> str:
        """The path as text: `securityRules[name=dns].priority`."""
        text = ""
        for step in self.path:
            text = text + str(step) if isinstance(step, Entry) else child(text, step)
        return text

    def to_json(self) -> dict[str, Value]:
        """Return the change as JSON. An absent value has no key."""
        values = {"before": self.before, "after": self.after}
        return {
            "path": self.text,
            "change": self.kind.value,
            **{name: value for name, value in values.items() if value is not ABSENT},
            "replaces": self.replaces,
        }


_Paths = Mapping[PropertyPath, bool]
"""Changed paths below a value, each with True if it forces a replacement. The empty path is the whole value."""


def property_changes(
    old: Mapping[str, Value] | None, new: Mapping[str, Value], changed: Sequence[str], replaces: Sequence[str] = ()
) -> tuple[PropertyChange, ...]:
    """Return the changes at the changed paths of a Plan, at least one for each path or the list that it is in.

    What is secret on one side is masked on the other too.
    """
    return tuple(map(_masked, _changes((), old or {}, new, {_steps(path): path in replaces for path in changed})))


def _masked(change: PropertyChange) -> PropertyChange:
    before, after = masked_alike(change.before, change.after)
    return replace(change, before=before, after=after)


def masked_alike(before: Value, after: Value) -> tuple[Value, Value]:
    """Return two values of a property, with what is secret in either of them masked in both.

    Lists with a secret are masked whole, unless they are equal: an entry may have another position in the other list.
    """
    if before is ABSENT or after is ABSENT or not (_has_secret(before) or _has_secret(after)):
        return before, after
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        pairs = {key: masked_alike(before.get(key, ABSENT), after.get(key, ABSENT)) for key in (*before, *after)}
        return {key: pairs[key][0] for key in before}, {key: pairs[key][1] for key in after}
    return (before, after) if equal(before, after) else (SECRET, SECRET)


def _secret_places(value: Value) -> Iterator[tuple[str, ...]]:
    """Yield the keys that lead to each secret in a value; inside a list, those of the list."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from ((key, *place) for place in _secret_places(inner))
    elif _has_secret(value):
        yield ()


def _without(value: Value, places: Collection[tuple[str, ...]]) -> Value:
    """Return a value with what is at these places masked."""
    if () in places:
        return SECRET
    if not places or not isinstance(value, Mapping):
        return value
    below = {key: {place[1:] for place in places if place[0] == key} for key in value}
    return {key: _without(inner, below[key]) for key, inner in value.items()}


def _has_secret(value: Value) -> bool:
    if isinstance(value, Mapping):
        return any(map(_has_secret, value.values()))
    if isinstance(value, list | tuple):
        return any(map(_has_secret, value))
    return isinstance(value, str) and value == SECRET


def changes_of(resource: PlannedResource) -> tuple[PropertyChange, ...]:
    """Return the changed properties of a resource. A new resource has none."""
    if resource.operation is Operation.CREATE:
        return ()
    return property_changes(resource.old_inputs, resource.inputs, resource.changed, resource.replaces)


def _steps(path: str) -> PropertyPath:
    try:
        return parse(path)
    except InputError:
        return (path,)


def _changes(where: EntryPath, old: Value, new: Value, paths: _Paths) -> list[PropertyChange]:
    found: list[PropertyChange] = []
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        found = [*_of_maps(where, old, new, paths)]
    elif isinstance(old, list | tuple) and isinstance(new, list | tuple):
        found = [*_of_lists(where, old, new, paths)]
    return found or [_set(where, old, new, path, forces) for path, forces in paths.items()]


def _set(where: EntryPath, old: Value, new: Value, path: PropertyPath, forces: bool) -> PropertyChange:
    return PropertyChange((*where, *path), ChangeKind.SET, get(old, path, ABSENT), get(new, path, ABSENT), forces)


def _of_maps(
    where: EntryPath, old: Mapping[str, Value], new: Mapping[str, Value], paths: _Paths
) -> Iterator[PropertyChange]:
    for key in sorted({*old, *new, *(path[0] for path in paths if path)}, key=str):
        before, after = get(old, (key,), ABSENT), get(new, (key,), ABSENT)
        below = _below(paths, key, before, after)
        if below:
            yield from _changes((*where, key), before, after, below)


def _of_lists(where: EntryPath, old: Sequence[Value], new: Sequence[Value], paths: _Paths) -> Iterator[PropertyChange]:
    matching, forces = match(old, new), any(paths.values())
    for path, forced in paths.items():
        if path and not _exists(path[0], old, new):
            yield _set(where, old, new, path, forced)
    for i, j in sorted({*matching.identified, *matching.positional}, key=lambda pair: pair[1]):
        step = _entry(matching, new[j]) or j
        below = _below(paths if i == j else {(): forces}, j, old[i], new[j])  # a path by position is of another entry
        if below:
            yield from _changes((*where, step), old[i], new[j], below)
    secret = {place for entry in (*old, *new) for place in _secret_places(entry)}
    for i in matching.removed:
        removed = _without(old[i], secret)  # it may be, under another key, what the new list has as a secret
        yield PropertyChange(_path_of(where, matching, old[i]), ChangeKind.REMOVED, removed, ABSENT, forces)
    for j in matching.added:
        added = _without(new[j], secret)
        yield PropertyChange(_path_of(where, matching, new[j]), ChangeKind.ADDED, ABSENT, added, forces)
    if matching.reordered:
        before = [_identity(matching, old[i]) for i, _ in sorted(matching.identified)]
        after = [_identity(matching, new[j]) for _, j in matching.identified]
        yield PropertyChange(where, ChangeKind.REORDERED, before, after, forces)


def _below(paths: _Paths, step: Step, before: Value, after: Value) -> _Paths:
    """Return the paths below one step. If the whole value changed, that includes each value in it that differs."""
    below = {path[1:]: forces for path, forces in paths.items() if path and path[0] == step}
    if () in paths and _differ(before, after):
        below.setdefault((), paths[()])
    return below


def _differ(before: Value, after: Value) -> bool:
    """Return True if two values differ, or may differ because they are masked."""
    return not equal(before, after) or is_masked(before)


def _exists(step: Step, old: Sequence[Value], new: Sequence[Value]) -> bool:
    return isinstance(step, int) and step < max(len(old), len(new))


def _entry(matching: Matching, entry: Value) -> Entry | None:
    return Entry(matching.key, entry[matching.key]) if matching.key else None


def _path_of(where: EntryPath, matching: Matching, entry: Value) -> EntryPath:
    step = _entry(matching, entry)
    return (*where, step) if step else where


def _identity(matching: Matching, entry: Value) -> Value:
    return entry[matching.key] if matching.key else entry
