"""The conditions of a policy rule, worked out for one request.

Source: learn.microsoft.com, "Azure Policy definition structure policy rule" and "Author policies for array properties":
texts compare without regard to case; what is missing equals nothing, so that the negated conditions hold for it; a
condition on `[*]` must hold for each member, and holds where there is none; within `count`, it speaks of one member.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from local_azure.policy.expressions import PURE, Functions, is_expression, parse, plain, work_out
from local_azure.policy.fields import MISSING, PLAIN, TAG, Alias, Subject, reach


def _alike(found: Any, wanted: Any) -> bool:
    return found is not MISSING and _word(found) == _word(wanted)


def _among(found: Any, wanted: Any) -> bool:
    return isinstance(wanted, (list, tuple)) and any(_alike(found, one) for one in wanted)


def _like(found: Any, wanted: Any) -> bool:
    pattern = ".*".join(re.escape(part) for part in _word(wanted).split("*"))
    return found is not MISSING and re.fullmatch(pattern, _word(found), re.S) is not None


def _contains(found: Any, wanted: Any) -> bool:
    if isinstance(found, (list, tuple)):
        return any(_alike(one, wanted) for one in found)
    return found is not MISSING and _word(wanted) in _word(found)


def _exists(found: Any, wanted: Any) -> bool:
    return (found is not MISSING) is (_word(wanted) == "true")


def _number(compare: Callable[[float, float], bool]) -> Callable[[Any, Any], bool]:
    def holds(found: Any, wanted: Any) -> bool:
        try:
            return found is not MISSING and compare(float(found), float(wanted))
        except (TypeError, ValueError):
            return False

    return holds


def _not(holds: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    return lambda found, wanted: not holds(found, wanted)


OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = {
    "equals": _alike,
    "notequals": _not(_alike),
    "in": _among,
    "notin": _not(_among),
    "like": _like,
    "notlike": _not(_like),
    "contains": _contains,
    "notcontains": _not(_contains),
    "exists": _exists,
    "greater": _number(lambda found, wanted: found > wanted),
    "greaterorequals": _number(lambda found, wanted: found >= wanted),
    "less": _number(lambda found, wanted: found < wanted),
    "lessorequals": _number(lambda found, wanted: found <= wanted),
}
"""What a condition may say, by its name in lower case."""


def _word(value: Any) -> str:
    """A value as conditions compare it: `true` the word and true the value are one, and 1.0 is 1."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).lower()


@dataclass(frozen=True)
class Setting:
    """What a rule is worked out for."""

    subject: Subject
    parameters: Mapping[str, Any] = field(default_factory=dict)
    group: Mapping[str, Any] = field(default_factory=dict)
    """What `resourceGroup()` tells: the group that the resource lies in."""
    subscription: Mapping[str, Any] = field(default_factory=dict)
    members: tuple[tuple[Alias, Any], ...] = ()
    """The arrays that are being counted, each with the member in question; the innermost last."""

    def holds(self, condition: Mapping[str, Any]) -> bool:
        """Whether a condition holds. `Failed` where a template function comes to nothing."""
        said = {key.lower(): value for key, value in condition.items()}
        if "allof" in said:
            return all(self.holds(one) for one in said["allof"])
        if "anyof" in said:
            return any(self.holds(one) for one in said["anyof"])
        if "not" in said:
            return not self.holds(said["not"])
        operator = next(key for key in said if key in OPERATORS)
        wanted, compare = self.value(said[operator]), OPERATORS[operator]
        return all(compare(found, wanted) for found in self._asked(said))

    def _asked(self, said: Mapping[str, Any]) -> Sequence[Any]:
        """What a condition asks about: one value, or that of each member of an array."""
        if "count" in said:
            return [self._count({key.lower(): value for key, value in said["count"].items()})]
        if "value" in said:
            return [self.value(said["value"])]
        return self.field(str(self.value(said["field"])))

    def _count(self, said: Mapping[str, Any]) -> int:
        array = Alias.of(str(said["field"]))
        members = self.field(str(said["field"]))
        where = said.get("where")
        if where is None or array is None:
            return len(members)
        return sum(replace(self, members=(*self.members, (array, member))).holds(where) for member in members)

    def field(self, name: str) -> list[Any]:
        """The values of a field: one, `MISSING` where it is not there, or those of all members of an array."""
        tag = TAG.fullmatch(name)
        if tag is not None:
            tags = self.subject.plain("tags")
            wanted = next(group for group in tag.groups() if group is not None)
            return reach(tags, [wanted.lower()], "") or [MISSING]
        if name.lower() in PLAIN:
            return [self.subject.plain(name)]
        alias = Alias.of(name)
        if alias is None or alias.type != self.subject.policy_type:
            return [] if alias is not None and alias.lists else [MISSING]
        return self._aliased(alias)

    def _aliased(self, alias: Alias) -> list[Any]:
        start, steps = self._nearest(alias)
        found = reach(start, steps, alias.type)
        return found if "[*]" in steps else found or [MISSING]

    def _nearest(self, alias: Alias) -> tuple[Any, tuple[str, ...]]:
        """Where an alias is looked up: in the member that is being counted, or in the whole resource."""
        for array, member in reversed(self.members):
            rest = alias.after(array)
            if rest is not None:
                return member, rest
        return self.subject.properties, alias.steps

    def value(self, written: Any) -> Any:
        """A value as the rule means it, its expressions worked out."""
        if isinstance(written, str):
            return work_out(parse(written), self._functions) if is_expression(written) else plain(written)
        return [self.value(item) for item in written] if isinstance(written, (list, tuple)) else written

    @property
    def _functions(self) -> Functions:
        return {
            **PURE,
            "field": self._field_of,
            "parameters": lambda name: {key.lower(): value for key, value in self.parameters.items()}[name.lower()],
            "resourcegroup": lambda: self.group,
            "subscription": lambda: self.subscription,
        }

    def _field_of(self, name: str) -> Any:
        """What the function `field()` gives: a list for an alias of members, of one within a count."""
        found = [None if value is MISSING else value for value in self.field(name)]
        alias = Alias.of(name)
        return found if alias is not None and alias.lists else found[0]
