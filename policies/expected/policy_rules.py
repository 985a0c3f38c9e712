"""The format of the Azure Policy rules that every guardrail must equal.

Source: learn.microsoft.com, "Azure Policy definition structure policy rule".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

MODE = "All"
"""The mode that evaluates every resource type."""
SAME_GROUP = "[concat(subscription().id, '/resourceGroups/', resourceGroup().name, '/*')]"
"""A pattern for ids in the resource group of the requested resource."""


@dataclass(frozen=True)
class Guardrail:
    """A definition: Azure refuses the requests for which the condition is true, or changes them (`then`)."""

    key: str
    title: str
    condition: Mapping[str, Any]
    named: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """The exceptions: addresses by the account that they may reach, or endpoints by the connection."""

    then: Mapping[str, Any] = field(default_factory=lambda: {"effect": "deny"})

    @property
    def policy_rule(self) -> dict[str, Any]:
        """The rule in Azure Policy's format."""
        return {"if": self.condition, "then": self.then}

    @property
    def changes_requests(self) -> bool:
        """True if Azure changes a request instead of refusing it. The assignment must have an identity then."""
        return bool(self.then["effect"] == "modify")


def type_and(type_: str, *conditions: Mapping[str, Any]) -> dict[str, Any]:
    return {"allOf": [{"field": "type", "equals": type_}, *conditions]}


def field_is(name: str, operator: str, value: object) -> dict[str, Any]:
    return {"field": name, operator: value}


def has_entry(entries: str, **where: Mapping[str, Any]) -> dict[str, Any]:
    return {"count": {"field": entries, **where}, "greater": 0}


def none_of(*conditions: Mapping[str, Any]) -> dict[str, Any]:
    return {"not": {"anyOf": list(conditions)}}
