"""The resources that a run is limited to."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from formats import urns
from formats.default_providers import is_default_provider
from formats.errors import InputError
from formats.urns import type_of


class Targets:
    """URN patterns: `**` matches anything, `*` anything within one part. Without patterns, every resource matches."""

    def __init__(self, patterns: Sequence[str]) -> None:
        self.patterns = tuple(patterns)
        self._matchers = [_matcher(p) for p in self.patterns]
        self._unmatched = set(self.patterns)

    def __bool__(self) -> bool:
        return bool(self.patterns)

    def includes(self, urn: str) -> bool:
        """Return True if the run includes this resource. The root stack and default providers are always included."""
        if not self.patterns or self.named(urn):
            return True
        return type_of(urn) == urns.ROOT_TYPE or is_default_provider(urn)

    def named(self, urn: str) -> bool:
        """Return True if a pattern matches this resource."""
        hits = [p for p, m in zip(self.patterns, self._matchers, strict=True) if m.fullmatch(urn)]
        self._unmatched.difference_update(hits)
        return bool(hits)

    def must_match(self, known: Iterable[str]) -> None:
        """Raise `InputError` for a target that matches no resource."""
        for urn in known:
            self.named(urn)
        if self._unmatched:
            raise InputError(
                "A target names no resource of this stack",
                found=", ".join(sorted(self._unmatched)),
                allowed="URNs of its resources; * and ** match anything",
            )


def _matcher(pattern: str) -> re.Pattern[str]:
    parts = re.split(r"(\*\*|\*)", pattern)
    return re.compile("".join({"**": ".*", "*": "[^:]*"}.get(p, re.escape(p)) for p in parts))
