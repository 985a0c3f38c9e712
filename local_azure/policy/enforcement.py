"""Change requests as assigned policies say, and refuse those that one denies, before the resource's own checks.

Azure evaluates the effect modify first, and deny on the result (docs/azure-facts.md#the-effect-modify).

An assignment applies at once. In Azure that takes up to half an hour (docs/azure-facts.md#policy-assignments).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from formats.property_paths import parse, put
from local_azure import ids
from local_azure.model import AzureError, Cloud, StoredResource
from local_azure.policy.conditions import EvaluationContext
from local_azure.policy.expressions import EvaluationError
from local_azure.policy.fields import PolicyTarget
from local_azure.policy.rules import EFFECTS

ASSIGNMENTS = "providers/Microsoft.Authorization/policyAssignments"
DENY, MODIFY = "deny", "modify"
GROUP_DEPTH = 4
"""Number of slashes in a resource group's id."""


def refuse_disallowed(cloud: Cloud, target: PolicyTarget) -> Mapping[str, Any]:
    """Return the values that assigned policies write into a request, by property.

    Raises `RequestDisallowedByPolicy` if an enforced assignment on the resource's scope denies the changed request.
    """
    assigned = list(_assigned(cloud, target.id))
    group = next((found for scope in _scopes(target.id) if (found := _group(cloud, scope))), None)
    values = {
        path: value
        for assignment, definition in assigned
        if _applies(assignment, definition, target, group, MODIFY)
        for path, value in _written(definition)
    }
    changed = replace(target, properties=_with_values(target.properties, values))
    denied = [one for one in assigned if _applies(*one, changed, group, DENY)]
    if denied:
        name = target.names[-1]
        raise AzureError("RequestDisallowedByPolicy", _message(name, denied), status=403, target=name)
    return values


def _written(definition: StoredResource) -> Iterator[tuple[str, Any]]:
    """Yield the properties that a rule writes, with azure-native's names, and their values."""
    for operation in definition.properties["policyRule"]["then"]["details"]["operations"]:
        yield str(operation["field"]).rpartition("/")[2], operation["value"]


def _with_values(properties: Mapping[str, Any], values: Mapping[str, Any]) -> Mapping[str, Any]:
    changed = dict(properties)
    for path, value in values.items():
        changed = put(changed, parse(path), value)
    return changed


def _assigned(cloud: Cloud, id_: str) -> Iterator[tuple[StoredResource, StoredResource]]:
    """Yield each assignment that applies to an id, with its definition."""
    for scope in _scopes(id_):
        for assignment in cloud.children(f"{scope}/{ASSIGNMENTS}"):
            definition = cloud.get(str(assignment.properties.get("policyDefinitionId")))
            if definition is not None and not _is_excluded(assignment, id_):
                yield assignment, definition


def _scopes(id_: str) -> list[str]:
    """Return a resource's id and the ids above it, without those that end with a type."""
    return [prefix for prefix in ids.prefixes(id_) if prefix.count("/") % 2 == 0]


def _is_excluded(assignment: StoredResource, id_: str) -> bool:
    properties, scopes = assignment.properties, {scope.lower() for scope in _scopes(id_)}
    excluded = any(str(scope).rstrip("/").lower() in scopes for scope in properties.get("notScopes") or ())
    return excluded or properties.get("enforcementMode", "Default") != "Default"


def _applies(
    assignment: StoredResource,
    definition: StoredResource,
    target: PolicyTarget,
    group: StoredResource | None,
    wanted: str,
) -> bool:
    """Return True if a rule has an effect on the request. A failed evaluation denies
    (docs/azure-facts.md#policy-functions)."""
    if definition.properties.get("mode", "Indexed").lower() == "indexed" and not target.has_tags:
        return False
    rule = definition.properties["policyRule"]
    if str(rule["then"]["effect"]).lower() in EFFECTS - {wanted}:
        return False
    context = _context(assignment, definition, target, group)
    try:
        effect = str(context.value(rule["then"]["effect"])).lower()
        return effect == wanted and context.holds(rule["if"])
    except EvaluationError:
        return wanted == DENY


def _context(
    assignment: StoredResource, definition: StoredResource, target: PolicyTarget, group: StoredResource | None
) -> EvaluationContext:
    subscription = target.id.strip("/").split("/")[1]
    return EvaluationContext(
        target,
        parameters(definition.properties.get("parameters") or {}, assignment.properties.get("parameters") or {}),
        {"id": group.id, "name": group.name, **group.properties} if group else {},
        {"id": f"/subscriptions/{subscription}", "subscriptionId": subscription},
    )


def _group(cloud: Cloud, scope: str) -> StoredResource | None:
    return cloud.get(scope) if scope.count("/") == GROUP_DEPTH else None


def parameters(defined: Mapping[str, Any], assigned: Mapping[str, Any]) -> dict[str, Any]:
    """Return the value of each parameter: the assignment's, or the definition's default."""
    given = {name.lower(): one.get("value") for name, one in assigned.items()}
    return {name: given.get(name.lower(), one.get("defaultValue")) for name, one in defined.items()}


def _message(name: str, denied: list[tuple[StoredResource, StoredResource]]) -> str:
    """Return Azure's message, with the assignments' non-compliance messages and the ids of the policies."""
    reasons = [m["message"] for a, _ in denied for m in a.properties.get("nonComplianceMessages") or () if m["message"]]
    identifiers = json.dumps(
        [
            {
                "policyAssignment": {"name": a.properties.get("displayName", a.name), "id": a.id},
                "policyDefinition": {"name": d.properties.get("displayName", d.name), "id": d.id},
            }
            for a, d in denied
        ],
        separators=(",", ":"),
        ensure_ascii=False,
    )
    if not reasons:
        return f"Resource '{name}' was disallowed by policy. Policy identifiers: '{identifiers}'."
    why = "; ".join(dict.fromkeys(reasons))
    return (
        f"Resource '{name}' was disallowed by policy. Reasons: '{why}'. See error details for policy resource IDs. "
        f"Policy identifiers: '{identifiers}'."
    )
