"""What assigned policies refuse: before a service sees a request, whoever asks.

Here an assignment holds from the moment it is written; Azure takes up to half an hour ("Evaluation triggers").
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from local_azure import ids
from local_azure.declare import AzureError, Cloud, Stored
from local_azure.policy.conditions import Setting
from local_azure.policy.expressions import Failed
from local_azure.policy.fields import Subject

ASSIGNMENTS = "providers/Microsoft.Authorization/policyAssignments"
DENY = "deny"
GROUP_DEPTH = 4
"""Slashes in the id of a resource group."""


def refuse_disallowed(cloud: Cloud, subject: Subject) -> None:
    """`RequestDisallowedByPolicy` where an enforced assignment on the resource's scope denies it."""
    broken = [found for found in _assigned(cloud, subject.id) if _denies(cloud, found[0], found[1], subject)]
    if broken:
        name = subject.names[-1]
        raise AzureError("RequestDisallowedByPolicy", _words(name, broken), status=403, target=name)


def _assigned(cloud: Cloud, id_: str) -> Iterator[tuple[Stored, Stored]]:
    """Each assignment in whose scope an id lies, with its definition."""
    for scope in _scopes(id_):
        for assignment in cloud.children(f"{scope}/{ASSIGNMENTS}"):
            definition = cloud.get(str(assignment.properties.get("policyDefinitionId")))
            if definition is not None and not _looks_away(assignment, id_):
                yield assignment, definition


def _scopes(id_: str) -> list[str]:
    """A resource and all that it lies in: whole pairs of type and name."""
    return [prefix for prefix in ids.prefixes(id_) if prefix.count("/") % 2 == 0]


def _looks_away(assignment: Stored, id_: str) -> bool:
    said, scopes = assignment.properties, {scope.lower() for scope in _scopes(id_)}
    excluded = any(str(scope).rstrip("/").lower() in scopes for scope in said.get("notScopes") or ())
    return excluded or said.get("enforcementMode", "Default") != "Default"


def _denies(cloud: Cloud, assignment: Stored, definition: Stored, subject: Subject) -> bool:
    """Whether a rule with the effect `deny` holds. What cannot be worked out is denied (Azure: "policy functions")."""
    if definition.properties.get("mode", "Indexed").lower() == "indexed" and not subject.has_tags:
        return False
    setting = _setting(cloud, assignment, definition, subject)
    rule = definition.properties["policyRule"]
    try:
        effect = str(setting.value(rule["then"]["effect"])).lower()
        return effect == DENY and setting.holds(rule["if"])
    except Failed:
        return True


def _setting(cloud: Cloud, assignment: Stored, definition: Stored, subject: Subject) -> Setting:
    group = next((found for scope in _scopes(subject.id) if (found := _group(cloud, scope))), None)
    subscription = subject.id.strip("/").split("/")[1]
    return Setting(
        subject,
        parameters(definition.properties.get("parameters") or {}, assignment.properties.get("parameters") or {}),
        {"id": group.id, "name": group.name, **group.properties} if group else {},
        {"id": f"/subscriptions/{subscription}", "subscriptionId": subscription},
    )


def _group(cloud: Cloud, scope: str) -> Stored | None:
    return cloud.get(scope) if scope.count("/") == GROUP_DEPTH else None


def parameters(defined: Mapping[str, Any], assigned: Mapping[str, Any]) -> dict[str, Any]:
    """The value of each parameter: the assignment's, else the definition's default."""
    given = {name.lower(): one.get("value") for name, one in assigned.items()}
    return {name: given.get(name.lower(), one.get("defaultValue")) for name, one in defined.items()}


def _words(name: str, broken: list[tuple[Stored, Stored]]) -> str:
    """Azure's words: the assignments' own messages where they have some, with the ids of what refuses."""
    reasons = [m["message"] for a, _ in broken for m in a.properties.get("nonComplianceMessages") or () if m["message"]]
    identifiers = json.dumps(
        [
            {
                "policyAssignment": {"name": a.properties.get("displayName", a.name), "id": a.id},
                "policyDefinition": {"name": d.properties.get("displayName", d.name), "id": d.id},
            }
            for a, d in broken
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
