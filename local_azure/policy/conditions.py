"""Evaluate the conditions of a policy rule for one request.

Source: docs/azure-facts.md#policy-conditions. Strings compare case-insensitively. A missing value equals nothing, so
negated conditions are true for it. A condition on `[*]` must be true for each array member, and is true for an empty
array; within `count` it applies to one member.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from formats.arm.template_expressions import is_expression, literal_text, parse
from local_azure.policy.expressions import PURE_FUNCTIONS, Functions, evaluate
from local_azure.policy.fields import COMMON_FIELDS, MISSING, TAG, Alias, PolicyTarget, resolve


def _equals(found: Any, wanted: Any) -> bool:
    return found is not MISSING and _comparable(found) == _comparable(wanted)


def _is_in(found: Any, wanted: Any) -> bool:
    return isinstance(wanted, (list, tuple)) and any(_equals(found, one) for one in wanted)


def _like(found: Any, wanted: Any) -> bool:
    pattern = ".*".join(re.escape(part) for part in _comparable(wanted).split("*"))
    return found is not MISSING and re.fullmatch(pattern, _comparable(found), re.S) is not None


def _contains(found: Any, wanted: Any) -> bool:
    if isinstance(found, (list, tuple)):
        return any(_equals(one, wanted) for one in found)
    return found is not MISSING and _comparable(wanted) in _comparable(found)


def _exists(found: Any, wanted: Any) -> bool:
    return (found is not MISSING) is (_comparable(wanted) == "true")


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
    "equals": _equals,
    "notequals": _not(_equals),
    "in": _is_in,
    "notin": _not(_is_in),
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
"""The operators of conditions, by name in lower case."""


def _comparable(value: Any) -> str:
    """Return a value as conditions compare it: the string `true` equals the boolean, and 1.0 equals 1."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).lower()


@dataclass(frozen=True)
class EvaluationContext:
    """A requested resource with the parameters and scopes that a policy rule is evaluated with."""

    target: PolicyTarget
    parameters: Mapping[str, Any] = field(default_factory=dict)
    group: Mapping[str, Any] = field(default_factory=dict)
    """The value of `resourceGroup()`: the resource's own group."""
    subscription: Mapping[str, Any] = field(default_factory=dict)
    members: tuple[tuple[Alias, Any], ...] = ()
    """The arrays of enclosing `count` expressions, each with the current member; the innermost last."""

    def holds(self, condition: Mapping[str, Any]) -> bool:
        """Return True if a condition is true. Raises `EvaluationError` if a template function fails."""
        parts = {key.lower(): value for key, value in condition.items()}
        if "allof" in parts:
            return all(self.holds(inner) for inner in parts["allof"])
        if "anyof" in parts:
            return any(self.holds(inner) for inner in parts["anyof"])
        if "not" in parts:
            return not self.holds(parts["not"])
        operator = next(key for key in parts if key in OPERATORS)
        wanted, compare = self.value(parts[operator]), OPERATORS[operator]
        return all(compare(found, wanted) for found in self._left_values(parts))

    def _left_values(self, parts: Mapping[str, Any]) -> Sequence[Any]:
        """Return the values on a condition's left side: one, or one for each array member."""
        if "count" in parts:
            return [self._count({key.lower(): value for key, value in parts["count"].items()})]
        if "value" in parts:
            return [self.value(parts["value"])]
        return self.field(str(self.value(parts["field"])))

    def _count(self, parts: Mapping[str, Any]) -> int:
        array = Alias.of(str(parts["field"]))
        members = self.field(str(parts["field"]))
        where = parts.get("where")
        if where is None or array is None:
            return len(members)
        return sum(replace(self, members=(*self.members, (array, member))).holds(where) for member in members)

    def field(self, name: str) -> list[Any]:
        """Return the values of a field: one, `MISSING` if absent, or those of all array members."""
        tag = TAG.fullmatch(name)
        if tag is not None:
            tags = self.target.common_field("tags")
            wanted = next(group for group in tag.groups() if group is not None)
            return resolve(tags, [wanted.lower()], "") or [MISSING]
        if name.lower() in COMMON_FIELDS:
            return [self.target.common_field(name)]
        alias = Alias.of(name)
        if alias is None or alias.type != self.target.policy_type:
            return [] if alias is not None and alias.is_array else [MISSING]
        return self._alias_values(alias)

    def _alias_values(self, alias: Alias) -> list[Any]:
        start, steps = self._start(alias)
        found = resolve(start, steps, alias.type)
        return found if "[*]" in steps else found or [MISSING]

    def _start(self, alias: Alias) -> tuple[Any, tuple[str, ...]]:
        """Return the value and steps to resolve an alias: from the current `count` member, or from the resource."""
        for array, member in reversed(self.members):
            rest = alias.relative_to(array)
            if rest is not None:
                return member, rest
        return self.target.properties, alias.steps

    def value(self, written: Any) -> Any:
        """Return a value of the rule, with its template expressions evaluated."""
        if isinstance(written, str):
            return evaluate(parse(written), self._functions) if is_expression(written) else literal_text(written)
        return [self.value(item) for item in written] if isinstance(written, (list, tuple)) else written

    @property
    def _functions(self) -> Functions:
        return {
            **PURE_FUNCTIONS,
            "field": self._field_of,
            "parameters": lambda name: {key.lower(): value for key, value in self.parameters.items()}[name.lower()],
            "resourcegroup": lambda: self.group,
            "subscription": lambda: self.subscription,
        }

    def _field_of(self, name: str) -> Any:
        """Return the result of `field()`: for an array alias a list, which within `count` has one member."""
        found = [None if value is MISSING else value for value in self.field(name)]
        alias = Alias.of(name)
        return found if alias is not None and alias.is_array else found[0]
