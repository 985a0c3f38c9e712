"""The readable diff as Markdown for a pull request, and as one HTML page for auditors.

Every text of a plan may be hostile: control characters are replaced, HTML is escaped, and Markdown has no character
left with a meaning, nor a mention, reference or link that a forge would make of it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jinja2 import Environment

from formats.property_changes import ABSENT, ChangeKind
from operations.diffs.model import Change, StackDiff
from operations.diffs.places import where_with_names
from operations.diffs.terminal import ACCESS
from operations.diffs.text import printable, shortened, shown
from operations.text_templates import templates_in

_MAX_VALUE, _MAX_PATH, _MAX_SENTENCE = 500, 200, 1000
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+!|~$^=])")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_LINKED = re.compile(r"(?i)(@|\\#|://|\bwww\.|\bmailto:|\bxmpp:)")
"""Text of which a forge makes mentions, references and links, also after it has read the Markdown."""
_BREAK = "&#8203;"
"""A space without width."""


@dataclass(frozen=True)
class Title:
    """What a page is about."""

    heading: str
    """Such as `Changes of tre-heart`."""
    details: tuple[str, ...] = ()
    """Lines below it: the time, the digests, the entries of the ledger."""


def html(diff: StackDiff, title: Title) -> str:
    """Return the diff as one HTML page without other files or scripts."""
    return _render("diff.html.j2", diff, title, escaped=True)


def markdown(diff: StackDiff, title: Title) -> str:
    """Return the diff as Markdown."""
    return _render("diff.md.j2", diff, title, escaped=False)


def _render(template: str, diff: StackDiff, title: Title, *, escaped: bool) -> str:
    names = {"where": where_with_names, "value": _value, "path": _path, "sentence": _sentence, "ABSENT": ABSENT}
    page = _environment(escaped=escaped).get_template(template)
    return page.render(diff=diff, title=title, access=ACCESS, Kind=ChangeKind, **names)


@cache
def _environment(*, escaped: bool) -> Environment:
    environment = templates_in(Path(__file__).parent / "templates", html=escaped)
    environment.filters |= {"md": markdown_text, "plain": printable}
    return environment


def markdown_text(value: object) -> str:
    """Return a text of which Markdown shows every character as it is."""
    escaped = "".join(_ENTITIES.get(c, c) for c in _MARKDOWN.sub(r"\\\1", printable(value)))
    unlinked = _LINKED.sub(lambda m: m[1][:1] + _BREAK + m[1][1:] if m[1] == "://" else m[1] + _BREAK, escaped)
    return re.sub(r"^(\s*)(-|\d+\.)", lambda m: f"{m[1]}{_BREAK}{m[2]}", unlinked)


def _value(value: object) -> str:
    return shown(value, _MAX_VALUE)


def _path(change: Change) -> str:
    return shortened(change.path, _MAX_PATH)


def _sentence(change: Change) -> str:
    return shortened(change.sentence, _MAX_SENTENCE)
