"""Requirements of a policy on single properties, as data.

Both our own check (`policies/violations.py`) and Checkov's custom check (`policies/checkov/`) are derived from them.
Texts compare without regard to case, as Azure compares them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Operator(StrEnum):
    """The condition on the value at a path."""

    EQUALS = "equals"
    """Set, and one of the values."""
    EQUALS_IF_SET = "equals-if-set"
    """Not set, or one of the values. Azure's default is one of them."""
    EMPTY = "empty"
    """Missing, empty or false."""
    NOT_EMPTY = "not-empty"
    """A text that is not empty."""
    AT_LEAST = "at-least"
    """A number that is not smaller than the value."""


Unless = tuple[str, tuple[Any, ...]]
"""An exception: a path, and the values there for which the requirement does not apply. The path `name` is the
resource's own name, without those of its parents."""


@dataclass(frozen=True)
class Requirement:
    """A condition on one property of a type."""

    path: str
    """In azure-native's spelling. `[*]`: each entry of a list."""
    operator: Operator
    values: tuple[Any, ...] = ()
    default: object = None
    """Azure's value where the property is missing, for the message."""
    reason: str = ""
    """Why the property must be empty, for the message."""
    unit: str = ""
    """The unit of a number, for the message."""
    only_on: str = ""
    """The only resource type that the requirement applies to. Empty: every type of the policy."""
    unless: Unless | None = None
    ordered: bool = False
    """True if the values are listed from the weakest to the strongest."""

    def applies_to(self, type_: str) -> bool:
        """Return True if the requirement applies to a resource type."""
        return self.only_on in ("", type_)


def equals(
    path: str,
    *values: Any,
    default: object = None,
    only_on: str = "",
    unless: Unless | None = None,
    ordered: bool = False,
) -> Requirement:
    """Require that the property is set to one of the values. `ordered`: from the weakest to the strongest."""
    return Requirement(path, Operator.EQUALS, values, default, only_on=only_on, unless=unless, ordered=ordered)


def equals_if_set(path: str, *values: Any, only_on: str = "") -> Requirement:
    """Require that the property is not set, or has one of the values."""
    return Requirement(path, Operator.EQUALS_IF_SET, values, only_on=only_on)


def empty(path: str, reason: str, *, only_on: str = "") -> Requirement:
    """Require that the property is missing, empty or false. `reason`: the message says why."""
    return Requirement(path, Operator.EMPTY, reason=reason, only_on=only_on)


def not_empty(path: str, *, default: object = None, only_on: str = "", unless: Unless | None = None) -> Requirement:
    """Require that the property is a text that is not empty."""
    return Requirement(path, Operator.NOT_EMPTY, default=default, only_on=only_on, unless=unless)


def at_least(path: str, least: int, unit: str, *, default: object = None, only_on: str = "") -> Requirement:
    """Require that the property is a number that is not smaller than `least`."""
    return Requirement(path, Operator.AT_LEAST, (least,), default, unit=unit, only_on=only_on)
