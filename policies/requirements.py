"""Requirements of a rule on single properties, as data: our own check and Checkov's custom check are derived from them.

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
    """One of the values where it is set: Azure's default is one of them."""
    EMPTY = "empty"
    """Not set, empty or false."""
    NOT_EMPTY = "not-empty"
    """A text that is not empty."""
    AT_LEAST = "at-least"
    """A number that is not smaller than the value."""


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
    """Why the property must be empty, or the unit of a number."""
    only_on: str = ""
    """The only type that the requirement is on. Empty: every type of the rule."""
    unless: tuple[str, tuple[Any, ...]] | None = None
    """A path and its values for which nothing is required. `name`: the resource's own name, without its parents'."""

    def concerns(self, type_: str) -> bool:
        """Return True if the requirement is on that type."""
        return self.only_on in ("", type_)


Unless = tuple[str, tuple[Any, ...]] | None


def equals(path: str, *values: Any, default: object = None, only_on: str = "", unless: Unless = None) -> Requirement:
    """Require that the property is set to one of the values."""
    return Requirement(path, Operator.EQUALS, values, default, only_on=only_on, unless=unless)


def equals_if_set(path: str, *values: Any, only_on: str = "") -> Requirement:
    """Require that the property has one of the values where it is set."""
    return Requirement(path, Operator.EQUALS_IF_SET, values, only_on=only_on)


def empty(path: str, reason: str, *, only_on: str = "") -> Requirement:
    """Require that the property is not set, empty or false."""
    return Requirement(path, Operator.EMPTY, reason=reason, only_on=only_on)


def not_empty(path: str, *, default: object = None, only_on: str = "", unless: Unless = None) -> Requirement:
    """Require that the property is a text that is not empty."""
    return Requirement(path, Operator.NOT_EMPTY, default=default, only_on=only_on, unless=unless)


def at_least(path: str, least: int, unit: str, *, default: object = None, only_on: str = "") -> Requirement:
    """Require that the property is a number that is not smaller than `least`."""
    return Requirement(path, Operator.AT_LEAST, (least,), default, unit, only_on=only_on)
