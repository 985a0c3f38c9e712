"""The readable diff as text for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

from formats.property_changes import ChangeKind
from operations.diffs.meaning import Meaning
from operations.diffs.model import Change, StackDiff
from operations.diffs.places import where_with_names
from operations.diffs.text import shortened, shown

ACCESS = "Who can now read, write or reach which data"
"""The heading of the access diff."""
QUIET = (Meaning.CHANGES_CONTROL, Meaning.CHANGES_COST, Meaning.HOUSEKEEPING)
"""The meanings of which a page for many stacks shows nothing."""
_MAX_ACCESS = 12
_INDENT, _MAX_PATH, _MAX_SENTENCE = "      ", 200, 1000


def lines(diff: StackDiff, width: int) -> Iterator[Text]:
    """Yield the lines of a diff: a heading for each meaning, then its changes. Values are cut to the width."""
    for meaning, changes in diff.groups:
        yield Text(meaning.heading, "bold red" if meaning.weakens else "bold")
        for change in changes:
            yield from _change(change, width)
    if diff.access_lines:
        yield Text(ACCESS, "bold")
        yield from (Text(f"  {shortened(line, _MAX_SENTENCE)}") for line in diff.access_lines[:_MAX_ACCESS])
        if len(diff.access_lines) > _MAX_ACCESS:
            yield Text(f"  and {len(diff.access_lines) - _MAX_ACCESS:,} more: sde diff STACK --format html", "dim")


def _change(change: Change, width: int) -> Iterator[Text]:
    mark = ("  ! ", "bold red") if change.meaning.weakens else ("  ~ ", "dim" if change.meaning in QUIET else "yellow")
    place = Text(f"  on {where_with_names(change.resources)}", "dim")
    rules = Text(f"  [{', '.join(change.rules)}]" if change.rules and change.meaning not in QUIET else "", "cyan")
    if not change.path:
        yield Text.assemble(mark, shortened(change.sentence, _MAX_SENTENCE), place, rules)
        return
    yield Text.assemble(mark, shortened(change.sentence, _MAX_SENTENCE), rules)
    yield Text(_INDENT) + _values(change, width - len(_INDENT)) + place


def _values(change: Change, width: int) -> Text:
    start = Text(shortened(change.path, _MAX_PATH) + ": ")
    forced = Text("  forces replacement", "magenta") if change.replaces else Text()
    room = max(40, width - len(start))
    if change.kind is ChangeKind.ADDED:
        return start + Text(f"+ {shown(change.after, room)}", "green") + forced
    if change.kind is ChangeKind.REMOVED:
        return start + Text(f"- {shown(change.before, room)}", "red") + forced
    before, after = shown(change.before, room // 2), shown(change.after, room // 2)
    order = Text("order ", "yellow") if change.kind is ChangeKind.REORDERED else Text()
    if before == after:  # a default of the provider, or a secret: both values are shown alike
        return start + order + Text("changes", "yellow") + forced
    return start + order + Text(before, "red") + Text(" → ") + Text(after, "green") + forced
