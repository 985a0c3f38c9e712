"""Cases on the sample estate: a change, and the policy whose verdict it must change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from formats.plan import UNKNOWN
from policies.model import Verdict
from policies.rules import load
from tests.policies.rules.cases import World, case_name, changed, verdict, without
from tests.policies.rules.sample_estate import site

Edit = tuple[str, str, Sequence[object]]
"""The checked resource (`checked<edited` if another one is edited), a path, and its values."""
REMOVED = ""
"""Instead of a path: the whole resource is removed."""


class Case(NamedTuple):
    """One change to the estate."""

    policy: str
    judged: str
    edited: str
    path: str
    value: object

    def __str__(self) -> str:
        what = "removed" if self.path == REMOVED else case_name("", self.path, self.value)
        return f"{self.policy} {self.edited}{what}"

    @property
    def world(self) -> World:
        """The changed estate."""
        if self.path == REMOVED:
            return without(site(), self.edited)
        return changed(site(), self.edited, self.path, self.value)

    @property
    def said(self) -> Verdict:
        """The policy's verdict on the checked resource."""
        return verdict(self.world, self.policy, self.judged)


def cases(table: Mapping[str, Sequence[Edit]]) -> list[Case]:
    """Return a case for each value of a table."""
    return [case for policy, edits in table.items() for edit in edits for case in _cases(policy, edit)]


def unknowns(table: Mapping[str, Sequence[tuple[str, str]]]) -> list[Case]:
    """Return a case with an unknown value for each path of a table."""
    return [case for policy, paths in table.items() for who, path in paths
            for case in _cases(policy, (who, path, (UNKNOWN,)))]  # fmt: skip


def _cases(policy: str, edit: Edit) -> Iterator[Case]:
    who, path, values = edit
    judged, _, edited = who.partition("<")
    for value in values or (None,):
        yield Case(policy, judged, edited or judged, path, value)


def family(*prefixes: str) -> list[str]:
    """Return the ids of the policies with these prefixes."""
    return [policy for policy in load() if policy.startswith(prefixes)]
