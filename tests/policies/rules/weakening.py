"""Cases of rules on the small site: what is done to it, and whose verdict that must change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from formats.plan import UNKNOWN
from policies.model import Verdict
from policies.rules import load
from tests.policies.rules.cases import World, changed, told, verdict, without
from tests.policies.rules.sample_estate import site

Edit = tuple[str, str, Sequence[object]]
"""The resource that is judged (`judged<edited` where another one is edited), a path of it, and values to put there."""
REMOVED = ""
"""In place of a path: the whole resource is taken away."""


class Case(NamedTuple):
    """One thing that is done to the site."""

    policy: str
    judged: str
    edited: str
    path: str
    value: object

    def __str__(self) -> str:
        what = "removed" if self.path == REMOVED else told("", self.path, self.value)
        return f"{self.policy} {self.edited}{what}"

    @property
    def world(self) -> World:
        """The site after it."""
        if self.path == REMOVED:
            return without(site(), self.edited)
        return changed(site(), self.edited, self.path, self.value)

    @property
    def said(self) -> Verdict:
        """What the policy then says of the judged resource."""
        return verdict(self.world, self.policy, self.judged)


def cases(table: Mapping[str, Sequence[Edit]]) -> list[Case]:
    """Each value of a table as a case."""
    return [case for policy, edits in table.items() for edit in edits for case in _cases(policy, edit)]


def unknowns(table: Mapping[str, Sequence[tuple[str, str]]]) -> list[Case]:
    """Each path of a table as a case in which nobody knows yet what will stand there."""
    return [case for policy, paths in table.items() for who, path in paths
            for case in _cases(policy, (who, path, (UNKNOWN,)))]  # fmt: skip


def _cases(policy: str, edit: Edit) -> Iterator[Case]:
    who, path, values = edit
    judged, _, edited = who.partition("<")
    for value in values or (None,):
        yield Case(policy, judged, edited or judged, path, value)


def family(*prefixes: str) -> list[str]:
    """The ids of the policies of some families."""
    return [policy for policy in load() if policy.startswith(prefixes)]
