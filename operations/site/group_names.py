"""Names of groups in the texts of the flow analysis, which has the first eight digits of their object ids."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from operations.access.actions import SIGN_IN_ACTIONS
from operations.access.people import Holder, People
from operations.access.things import Kind
from operations.site.facts import SiteFacts
from operations.site.resources import of_types
from policies.azure_semantics.role_assignments import ASSIGNMENTS

_BY_ASSIGNMENT = re.compile(r"the (group|application) ([0-9a-f]{8}) \(([^()]*) in ([a-z0-9-]+)\)")
"""A group by one of its role assignments, and the stack of that."""
_AT_COMPUTER = re.compile(r"the group ([0-9a-f]{8}(?: or [0-9a-f]{8})*) at the computer ([a-z0-9-]+)/([^\s;,]+)")
"""The groups that sign in to a computer."""
_ALONE = re.compile(r"the group ([0-9a-f]{8})\b(?! \()")


class GroupNames:
    """The groups of an estate. What a text also says of a group tells those with the same digits apart."""

    def __init__(self, facts: SiteFacts) -> None:
        rows = facts.access.rows
        people = People({stack.name: stack.config for stack in facts.stacks if stack.config})
        self._holders = {id_: people.holder(id_) for id_ in people.names}
        self._holders |= {row.holder.id: row.holder for row in rows if row.holder.id}
        self._by_assignment = {
            (one.stack, one.name): row.holder for row in rows if row.holder.id for one in row.grounds.assignments
        }
        self._by_assignment |= {key: self._holder(id_) for key, id_ in _principals(facts)}
        self._computers = dict(_computers(facts))
        self._at: dict[str, dict[Holder, None]] = {}
        for row in rows:
            if row.thing.kind is Kind.COMPUTER and any(one in SIGN_IN_ACTIONS for one in row.actions):
                self._at.setdefault(row.thing.id.lower(), {})[row.holder] = None
        self._beginning: dict[str, list[Holder]] = {}
        for id_, holder in self._holders.items():
            self._beginning.setdefault(id_[:8], []).append(holder)

    def _holder(self, id_: str) -> Holder:
        return self._holders.get(id_) or Holder(id_, f"unknown {id_}", is_known=False)

    def named(self, text: str) -> str:
        """Return a text of the flow analysis with the names of its groups; with the whole id of one without a name."""
        text = _AT_COMPUTER.sub(self._who_signs_in, text)
        text = _BY_ASSIGNMENT.sub(self._assigned, text)
        return _ALONE.sub(lambda found: _one(self._beginning.get(found[1], ())) or found[0], text)

    def _assigned(self, found: re.Match[str]) -> str:
        kind, beginning, assignment, stack = found.groups()
        holder = self._by_assignment.get((stack, assignment))
        if holder is None:
            return _one(self._beginning.get(beginning, ())) or found[0]
        return holder.name if holder.is_known else f"the {kind} {holder.id} ({assignment} in {stack})"

    def _who_signs_in(self, found: re.Match[str]) -> str:
        beginnings, stack, computer = found[1].split(" or "), found[2], found[3]
        who = [one for one in self._at.get(self._computers.get((stack, computer), ""), ()) if one.id[:8] in beginnings]
        if {one.id[:8] for one in who} != set(beginnings):
            who = [one for beginning in beginnings for one in self._beginning.get(beginning, ())]
            if len(who) != len(beginnings):
                return found[0]
        names = (one.name if one.is_known else f"the group {one.id}" for one in who)
        return f"{' or '.join(names)} at the computer {stack}/{computer}"


def _one(holders: Sequence[Holder]) -> str:
    """Return the name of the only one; empty if there are several, or none with a name."""
    return holders[0].name if len(holders) == 1 and holders[0].is_known else ""


def _principals(facts: SiteFacts) -> Iterator[tuple[tuple[str, str], str]]:
    """Yield the stack and name of each role assignment that is deployed, and the object id that has the role."""
    for stack in facts.deployed:
        for one in of_types(stack.plan, *ASSIGNMENTS) if stack.plan else ():
            if principal := one.text("principalId"):
                yield (stack.name, one.name), principal.lower()


def _computers(facts: SiteFacts) -> Iterator[tuple[tuple[str, str], str]]:
    """Yield the stack and name of each computer that is deployed, and its ARM id in lower case."""
    for stack in facts.deployed:
        for one in of_types(stack.plan, "compute:VirtualMachine") if stack.plan else ():
            yield (stack.name, one.name), one.id.lower()
