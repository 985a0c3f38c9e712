"""Pages of the report, and the sections of its navigation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Section:
    """An entry of the navigation."""

    key: str
    title: str
    path: str
    """Its first page."""


SECTIONS: Sequence[Section] = (
    Section("overview", "Overview", "index.html"),
    Section("map", "Estate map", "map.html"),
    Section("stacks", "Stacks", "stacks.html"),
    Section("changes", "Changes", "changes.html"),
    Section("access", "Access", "access.html"),
    Section("flows", "Flows of data", "flows.html"),
    Section("controls", "Controls", "controls.html"),
    Section("ends", "Ends", "ends.html"),
    Section("quotas", "Quotas", "quotas.html"),
    Section("findings", "Open findings", "findings.html"),
)


@dataclass(frozen=True)
class Target:
    """A place on a page that the search finds by words other than the page's title."""

    text: str
    """What a reader looks for: the name of a person, a store, a policy."""
    anchor: str = ""
    """The id of an element; empty: the page."""


@dataclass(frozen=True)
class Page:
    """One page."""

    path: str
    """Below the report's folder, with `/`. From names of our own, such as those of stacks."""
    template: str
    title: str
    """Its only heading of level 1."""
    section: str
    """The key of its section."""
    values: Mapping[str, Any]
    """The variables of its template, beside those that all pages have."""
    targets: Sequence[Target] = ()

    @property
    def root(self) -> str:
        """The way from the page to the report's folder, in URLs."""
        return "../" * self.path.count("/")


def stack_path(stack: str) -> str:
    """Return the path of a stack's page."""
    return f"stacks/{stack}.html"
