"""Versions of the catalogue and of templates: the signed links between them, and those applied in the test estate.

A permit binds the versions that its plan was assessed with. A later version takes their place only by signed links.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

CATALOGUE = "catalogue"
"""The subject of a link between two catalogues."""
_LINK = re.compile(r"(catalogue|template [a-z0-9]+(?:-[a-z0-9]+)*) (sha256:[0-9a-f]{64}) (sha256:[0-9a-f]{64})")


def template_subject(name: str) -> str:
    """Return the subject of a link between two versions of a service template."""
    return f"template {name}"


@dataclass(frozen=True, order=True)
class Link:
    """A link between two versions: permits that bind the one before also hold under the one after."""

    subject: str
    before: str
    after: str

    @classmethod
    def parse(cls, text: str) -> Link:
        """Read `catalogue BEFORE AFTER` or `template NAME BEFORE AFTER`, with two digests. `ValueError` otherwise."""
        found = _LINK.fullmatch(text)
        if found is None or found[2] == found[3]:
            raise ValueError(text)
        return cls(*found.groups())

    def __str__(self) -> str:
        return f"{self.subject} {self.before} {self.after}"


@dataclass(frozen=True)
class Promotion:
    """A version of a template that was applied in the test estate, and the catalogue that judged it there."""

    template: str
    catalogue: str


@dataclass(frozen=True)
class Versions:
    """The signed links of an estate, and the versions that were promoted from its test estate."""

    links: frozenset[Link] = frozenset()
    promoted: frozenset[Promotion] | None = None
    """None for an estate without a test estate, which may use any version."""

    def holds(self, subject: str, approved: str, present: str) -> bool:
        """Return True if a permit that binds the approved version holds under the present one, by signed links."""
        return approved == present or present in self._following(subject, approved)

    def is_older(self, subject: str, present: str, applied: str) -> bool:
        """Return True if the present version is followed by one that was applied already, and does not follow it."""
        return not self.holds(subject, applied, present) and self.holds(subject, present, applied)

    def is_promoted(self, link: Link) -> bool:
        """Return True if the later version of a link was applied in the test estate, or if there is no such estate."""
        if self.promoted is None:
            return True
        if link.subject == CATALOGUE:
            return any(one.catalogue == link.after for one in self.promoted)
        return any(one.template == link.after for one in self.promoted)

    def _following(self, subject: str, version: str) -> frozenset[str]:
        """Return the versions that links lead to from one, over any number of them."""
        found, left = set[str](), [version]
        while left:
            new = self._next.get((subject, left.pop()), set()) - found
            found |= new
            left += new
        return frozenset(found)

    @cached_property
    def _next(self) -> Mapping[tuple[str, str], set[str]]:
        found: dict[tuple[str, str], set[str]] = defaultdict(set)
        for link in self.links:
            found[link.subject, link.before].add(link.after)
        return found
