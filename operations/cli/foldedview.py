"""Folded changes as one page: destroyed resources, then operations, then changed properties."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from rich.console import Console
from rich.text import Text

from formats.plan import Operation, Value, canonical
from formats.property_changes import ABSENT, ChangeKind, Entry
from operations.cli.output import Output, printable
from operations.cli.planview import NOTHING, WAITS, counted, difference
from operations.cli.text import SYMBOLS, kind_of, plural, shown
from operations.diffs.folded_changes import OUTPUTS, Destroyed, FoldedChange, FoldedChanges, FoldedOperation, Resources
from operations.diffs.model import StackDiff
from operations.diffs.places import is_of_stacks, where
from operations.diffs.terminal import QUIET
from operations.diffs.text import shortened

_WIDTH = 100
_MARK = Text("  ~ ", SYMBOLS[Operation.UPDATE][1])
_INDENT = Text("      ")
_CONSOLE = Console(width=_WIDTH)
_LONGEST = 500
"""The most characters of a change that are shown."""
_LISTED = 3
"""The number of different changes of one property, values, or stacks that are listed. The rest are counted."""


def show(folded: FoldedChanges, output: Output, diff: StackDiff) -> None:
    """Print the folded changes, after what they mean."""
    width = output.text_console.width if output.text_console.is_terminal else _WIDTH
    output.say()
    if not folded.changed_stacks:
        output.say(f"{NOTHING.removesuffix('.')} in {plural(len(folded.stacks), 'stack')}.", style="green")
        return
    changed = f"{len(folded.changed_stacks):,} of {plural(len(folded.stacks), 'stack')} change: "
    output.say(Text(changed, "bold") + counted(folded.counts))
    sections = {
        "Meaning": _meanings(diff, width),
        "Deleted and replaced resources": map(_destroyed, folded.destroyed),
        "Created and imported resources": [*_operations(folded.operations, width), *_new_outputs(folded, width)],
        "Changed properties": _properties([one for one in folded.properties if not _is_new_output(one)], width),
    }
    for title, lines in sections.items():
        for index, line in enumerate(lines):
            if not index:
                output.say(Text(f"\n{title}", "bold"))
            output.say(line)


def _meanings(diff: StackDiff, width: int) -> Iterator[Text]:
    """Yield a line for each meaning that readers must not miss, and the first sentences of those that weaken."""
    for meaning, changes in diff.groups:
        if meaning in QUIET:
            continue
        stacks = {stack for change in changes for stack in change.resources}
        on = f"{plural(sum(change.count for change in changes), 'resource')} of {plural(len(stacks), 'stack')}"
        mark = Text("  ! ", "bold red") if meaning.weakens else _MARK
        yield mark + _wrapped(Text(f"{meaning.heading}: {plural(len(changes), 'change')} on {on}"), width)
        for change in changes[:_LISTED] if meaning.weakens else ():
            yield _INDENT + _wrapped(Text(shortened(change.sentence, _LONGEST), "dim"), width)
        if meaning.weakens and len(changes) > _LISTED:
            yield _INDENT + Text(f"and {len(changes) - _LISTED:,} others: scripts/sde diff STACK", "dim")


def _destroyed(one: Destroyed) -> Text:
    resource = one.resource
    symbol, style = SYMBOLS[resource.operation]
    because = f"  because of {', '.join(map(printable, resource.replaces))}" if resource.replaces else ""
    return Text.assemble(
        (f"  {symbol} ", style), (printable(resource.name), "bold"), f"  {kind_of(resource.type)} of {one.stack}",
        (because, "magenta"), (f"  {WAITS}" if resource.pending_delete else "", "yellow"),
        ("  protected" if resource.protect else "", "bold red"),
    )  # fmt: skip


def _operations(operations: Iterable[FoldedOperation], width: int) -> Iterator[Text]:
    """Yield a paragraph for each operation and set of stacks with equal numbers of resources."""
    found: dict[tuple[Operation, tuple[str, ...]], list[tuple[int, FoldedOperation]]] = defaultdict(list)
    for one in sorted(operations, key=lambda one: not one.custom):
        for count, stacks in _by_count(one.resources):
            found[one.operation, stacks].append((count, one))
    for (operation, stacks), kinds in found.items():
        symbol, style = SYMBOLS[operation]
        suffix = " without a changed property" if operation is Operation.UPDATE else ""
        yield Text(f"  {symbol} ", style) + _wrapped(Text(f"{_each(stacks)}: {_kinds(kinds)}{suffix}"), width)


def _each(stacks: Sequence[str]) -> str:
    return f"in each of {len(stacks):,} stacks ({_listed(stacks, ', ')})" if len(stacks) > 1 else f"in {stacks[0]}"


def _kinds(kinds: Sequence[tuple[int, FoldedOperation]]) -> str:
    """Return the numbers of resources by kind, the most frequent first, and the number of components."""
    custom = sorted(((count, one.type) for count, one in kinds if one.custom), key=lambda kind: (-kind[0], kind[1]))
    components = sum(count for count, one in kinds if not one.custom)
    parts = [plural(count, kind_of(type_)) for count, type_ in custom]
    return ", ".join([*parts, *([plural(components, "component")] if components else [])])


def _by_count(resources: Resources) -> list[tuple[int, tuple[str, ...]]]:
    found: dict[int, list[str]] = defaultdict(list)
    for stack, urns in resources.items():
        found[len(urns)].append(stack)
    widest = sorted(found.items(), key=lambda item: (-len(item[1]), item))
    return [(count, tuple(stacks)) for count, stacks in widest]


def _is_new_output(one: FoldedChange) -> bool:
    return one.change.path[0] == OUTPUTS and one.change.before is ABSENT and is_of_stacks(one.resources)


def _new_outputs(folded: FoldedChanges, width: int) -> Iterator[Text]:
    """Yield the names of added outputs, a paragraph for each set of stacks."""
    by_name: dict[str, set[str]] = defaultdict(set)
    for one in filter(_is_new_output, folded.properties):
        by_name[printable(one.change.path[1])].update(one.resources)
    found: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for name, members in by_name.items():
        found[tuple(sorted(members))].append(name)
    for stacks, names in found.items():
        text = f"{_each(stacks)}: {plural(len(names), 'output')} ({', '.join(names)})"
        yield Text("  + ", SYMBOLS[Operation.CREATE][1]) + _wrapped(Text(text), width)


def _properties(properties: Sequence[FoldedChange], width: int) -> Iterator[Text]:
    """Yield the lines of each property. Many different changes of one property are folded once more."""
    for _, group in groupby(properties, lambda one: (one.change.text, one.change.kind, one.change.replaces)):
        changes = list(group)
        if len(changes) > _LISTED or (len(changes) > 1 and all(isinstance(_entry(one), Mapping) for one in changes)):
            yield from _different(changes, width)
        else:
            for one in changes:
                yield from _equal(one, width)


def _equal(one: FoldedChange, width: int) -> Iterator[Text]:
    entry = _entry(one)
    if isinstance(entry, Mapping):
        yield _headline(one, where(one.resources), width)
        yield _details([f"{printable(k)} {shown(v, _LONGEST)}" for k, v in sorted(entry.items())], width)
        return
    yield _MARK + _placed(difference(one.change, _LONGEST), one.resources, width)


def _different(changes: Sequence[FoldedChange], width: int) -> Iterator[Text]:
    """Yield the lines of different changes of one property: what they have in common, or the rarest of them."""
    place = f"{where(_union(one.resources for one in changes))}, with {len(changes):,} different values"
    entries = [(_entry(one), _size(one.resources)) for one in changes]
    if all(isinstance(entry, Mapping) for entry, _ in entries):
        yield _headline(changes[0], place, width)
        yield _details(_merged(entries), width)
        return
    yield _MARK + _wrapped(Text(f"{printable(changes[0].change.text)}: changes on {place}"), width)
    for one in sorted(changes, key=lambda one: _size(one.resources))[:_LISTED]:
        yield _INDENT + _placed(difference(one.change, _LONGEST, path=""), one.resources, width)
    if len(changes) > _LISTED:
        yield _INDENT + Text(f"and {len(changes) - _LISTED:,} others", "dim")


def _placed(line: Text, resources: Resources, width: int) -> Text:
    """Return a change and its resources, which get a line of their own if they do not fit."""
    place = Text(f"on {where(resources)}", "dim")
    together = line + Text("  ") + place
    if len(together) <= width - len(_INDENT):
        return together
    return _wrapped(line, width) + Text("\n") + _INDENT + _wrapped(place, width)


def _headline(one: FoldedChange, place: str, width: int) -> Text:
    verb = ("added", "green") if one.change.before is ABSENT else ("removed", "red")
    forced = ("  forces replacement", "magenta") if one.change.replaces else ("", "")
    text = Text.assemble(f"{printable(one.change.text)}: ", verb, (f" on {place}", "dim"), forced)
    return _MARK + _wrapped(text, width)


def _entry(one: FoldedChange) -> Value:
    """Return the value that is added or removed, without the key that its path names; None if there are two values."""
    change = one.change
    if change.kind is ChangeKind.REORDERED or (change.before is not ABSENT and change.after is not ABSENT):
        return None
    value, last = change.after if change.before is ABSENT else change.before, change.path[-1]
    if isinstance(last, Entry) and isinstance(value, Mapping):
        return {key: inner for key, inner in value.items() if key != last.key}
    return value


def _merged(entries: Sequence[tuple[Mapping[str, Value], int]]) -> list[str]:
    """Return the properties that all entries share, then those that differ, with their rarest values."""
    shared: list[str] = []
    differing: list[str] = []
    for key in sorted({key for entry, _ in entries for key in entry}):
        values: Counter[str] = Counter()
        for entry, size in entries:
            values[canonical(entry[key]) if key in entry else ""] += size
        rarest = [shown(json.loads(v) if v else ABSENT, _LONGEST) for v in sorted(values, key=lambda v: (values[v], v))]
        (differing if rarest[1:] else shared).append(f"{printable(key)} {_listed(rarest, ' or ')}")
    return [*shared, *differing]


def _listed(names: Sequence[str], separator: str) -> str:
    """Return the first names, and the number of the others."""
    others = [f"{len(names) - _LISTED:,} others"] if len(names) > _LISTED else []
    return separator.join([*names[:_LISTED], *others])


def _details(parts: Sequence[str], width: int) -> Text:
    return _INDENT + Text("  ") + _wrapped(Text(", ".join(parts)), width, "        ")


def _wrapped(text: Text, width: int, indent: str = "      ") -> Text:
    """Return the text in lines of the width, the second and later ones indented."""
    lines = text.wrap(_CONSOLE, width - len(indent))
    for line in lines:
        line.rstrip()
    return Text("\n" + indent).join(lines)


def _size(resources: Resources) -> int:
    return sum(map(len, resources.values()))


def _union(several: Iterable[Resources]) -> Resources:
    found: dict[str, set[str]] = defaultdict(set)
    for resources in several:
        for stack, urns in resources.items():
            found[stack].update(urns)
    return {stack: tuple(sorted(found[stack])) for stack in sorted(found)}
