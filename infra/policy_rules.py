"""The parts of Azure Policy rules: a guardrail as a definition, and the conditions that rules are made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from infra.roles import Role

EVERY_TYPE = "All"
"""The mode that evaluates every resource type, those without tags and location too."""
DENY, MODIFY = "deny", "modify"


@dataclass(frozen=True)
class PolicyGuardrail:
    """One Azure Policy definition: a condition under which Azure refuses to create or change a resource."""

    key: str
    """Its key in `GUARDRAILS`, and part of its resource names."""
    title: str
    """The definition's display name, up to 128 letters."""
    description: str
    """The definition's description, up to 512 letters."""
    why: str
    """The message that Azure shows for a refused request."""
    condition: Mapping[str, Any]
    """The `if` of the rule: requests for which it is true are refused, or changed."""
    mode: str = EVERY_TYPE
    values: Mapping[str, str] = field(default_factory=dict)
    """The values by alias that Azure writes into these requests, instead of refusing them (the effect modify)."""

    @property
    def policy_rule(self) -> dict[str, Any]:
        """The rule in Azure Policy's format."""
        return {"if": dict(self.condition), "then": self._then}

    @property
    def _then(self) -> dict[str, Any]:
        if not self.values:
            return {"effect": DENY}
        operations = [
            {"operation": "addOrReplace", "field": alias, "value": value} for alias, value in self.values.items()
        ]
        return {
            "effect": MODIFY,
            # Azure requires a role for the identity of the assignment. The identity never gets it.
            "details": {
                "roleDefinitionIds": [f"/providers/Microsoft.Authorization/roleDefinitions/{Role.READER.value}"],
                "conflictEffect": DENY,
                "operations": operations,
            },
        }


def is_type(type_: str) -> dict[str, Any]:
    return {"field": "type", "equals": type_}


def all_of(*conditions: Mapping[str, Any]) -> dict[str, Any]:
    return {"allOf": list(conditions)}


def any_of(*conditions: Mapping[str, Any]) -> dict[str, Any]:
    return {"anyOf": list(conditions)}


def none_of(*conditions: Mapping[str, Any]) -> dict[str, Any]:
    return {"not": any_of(*conditions)}


def any_entry(entries: str, **where: Mapping[str, Any]) -> dict[str, Any]:
    """Return a condition: the array alias has an entry (for which `where` is true, if given)."""
    return {"count": {"field": entries, **where}, "greater": 0}


SAME_RESOURCE_GROUP = "[concat(subscription().id, '/resourceGroups/', resourceGroup().name, '/*')]"
"""A pattern for ids in the resource group of the requested resource."""
