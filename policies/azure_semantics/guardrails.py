"""Guards in Azure itself: which of our rules of Azure Policy hold in a resource group.

A guard earns credit only where all of it can be seen: an assignment that is enforced and looks away from nothing, of a
definition that says exactly what `infra.guardrails` says. What is not known, or anything else, earns none.

Sources, all learn.microsoft.com: "Azure Policy assignment structure" (an assignment holds in its scope and below, apart
from its `notScopes`; `DoNotEnforce` refuses nothing; selectors and overrides narrow it), "Azure Policy exemption
structure".
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from infra.guardrails import GUARDRAILS, PolicyGuardrail
from operations.plan import UNKNOWN, canonical
from policies.azure_semantics import ids
from policies.azure_semantics.properties import shown
from policies.model import MISSING, Estate, Resource, Unknown

ASSIGNMENT = "authorization:PolicyAssignment"
DEFINITION = "authorization:PolicyDefinition"
EXEMPTION = "authorization:PolicyExemption"
NARROWS = ("notScopes", "overrides", "resourceSelectors", "parameters", "definitionVersion")
"""With any of these an assignment looks away from something, or says something else than the definition does."""


def guarded(estate: Estate, group_id: str, noun: str) -> Resource | None:
    """The assignment with which the guard of that noun holds in a resource group; None where that is not certain.

    `KeyError` for a noun that no guard has.
    """
    held = _assignments(estate).get(GUARDRAILS[noun].key, {})
    scope = ids.plain(group_id)
    return held.get(scope) or held.get(ids.subscription(scope))


def _assignments(estate: Estate) -> Mapping[str, Mapping[str, Resource]]:
    """The assignments that hold, by the noun of their guard and their scope: worked out once for all."""

    def work_out() -> dict[str, dict[str, Resource]]:
        holding: dict[str, dict[str, Resource]] = {}
        for assignment in estate.of(ASSIGNMENT):
            guard = guard_of(assignment, estate)
            if guard and holds(assignment, estate):
                holding.setdefault(guard.key, {})[ids.plain(assignment.at("scope"))] = assignment
        return holding

    return estate.once(("guards",), work_out)


def guard_of(assignment: Resource, estate: Estate) -> PolicyGuardrail | None:
    """The guard whose definition is assigned; None where it is another's, or not to be seen here."""
    definition = definition_of(assignment, estate)
    return said_by(definition) if definition else None


def said_by(definition: Resource) -> PolicyGuardrail | None:
    """The guard that a definition says to the letter, if it says one."""
    guard = _by_rule().get(_text(_told(definition, "policyRule")))
    return guard if guard and not differences(definition, guard) else None


@cache
def _by_rule() -> Mapping[str, PolicyGuardrail]:
    return {canonical(guard.policy_rule): guard for guard in GUARDRAILS.values()}


def definition_of(assignment: Resource, estate: Estate) -> Resource | None:
    """The definition that is assigned, if it is judged here."""
    found = estate.get(_told(assignment, "policyDefinitionId"))
    return found if found and found.type == DEFINITION else None


def holds(assignment: Resource, estate: Estate) -> bool:
    """Whether an assignment is enforced, in a scope that is known, on everything in it."""
    scope = _told(assignment, "scope")
    somewhere = scope != UNKNOWN and ids.plain(scope) != ""
    return somewhere and not weaknesses(assignment) and not exemptions_of(assignment, estate)


def weaknesses(assignment: Resource) -> list[tuple[str, str]]:
    """Each property of an assignment with which it does not refuse all that its rule speaks of, and what it says."""
    mode = _told(assignment, "enforcementMode")
    found = [("enforcementMode", _shown(mode))] if mode is not MISSING and str(mode).lower() != "default" else []
    for path in NARROWS:
        value = _told(assignment, path)
        if value is not MISSING and value not in ("", [], {}, ()):
            found.append((path, _shown(value)))
    return found


def differences(definition: Resource, guard: PolicyGuardrail) -> list[str]:
    """The properties in which a definition says something else than the guard. What is not known differs."""
    wanted: dict[str, Any] = {"mode": guard.mode, "policyRule": guard.policy_rule}
    found = [path for path, value in wanted.items() if not _same(_told(definition, path), value)]
    parameters = _told(definition, "parameters")
    if not _same({} if parameters is MISSING else parameters, dict(guard.parameters)):
        found.append("parameters")
    kind = _told(definition, "policyType")
    if kind is not MISSING and str(kind).lower() != "custom":
        found.append("policyType")
    return found


def exemptions_of(assignment: Resource, estate: Estate) -> list[Resource]:
    """The exemptions that lift an assignment somewhere, and those of which it cannot be told."""
    own = assignment.id
    return [e for e in estate.of(EXEMPTION) if own is None or _lifts(_told(e, "policyAssignmentId"), own)]


def _lifts(id_: Any, assignment: str) -> bool:
    return not isinstance(id_, str) or id_ == UNKNOWN or ids.plain(id_) == ids.plain(assignment)


def _told(resource: Resource, path: str) -> Any:
    """The value at a path, `UNKNOWN` where it is not known: that equals nothing and so earns no credit."""
    try:
        return resource.at(path)
    except Unknown:
        return UNKNOWN


def _same(found: Any, wanted: Any) -> bool:
    return _text(found) == canonical(wanted)


def _text(value: Any) -> str:
    """A value as it compares; empty, as no value is, where it is missing."""
    return "" if value is MISSING else canonical(value)


def _shown(value: Any) -> str:
    return "not known before the deployment" if value == UNKNOWN else shown(value)
