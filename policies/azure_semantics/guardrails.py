"""Find the guardrails (Azure Policy assignments with the effect deny) that certainly apply to a resource group.

A guardrail counts only if all of it is known: an assignment that is enforced without exceptions, of a definition that
equals the one in `policies.expected.guardrails`. An unknown or different one does not count.

Sources, all learn.microsoft.com: "Azure Policy assignment structure" (an assignment applies to its scope and below,
except `notScopes`; `DoNotEnforce` denies nothing; selectors and overrides narrow it), "Azure Policy exemption
structure".
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from formats.plan import UNKNOWN, canonical
from policies.azure_semantics import ids
from policies.azure_semantics.properties import display
from policies.expected.guardrails import (
    GUARDRAILS,
    NO_PUBLIC_STORES,
    OF_WINDOWS,
    OWN_CONNECTIONS,
    named_connections,
    named_stores,
    no_public_stores,
    own_connections,
)
from policies.expected.policy_rules import MODE, Guardrail
from policies.expected.subscription_guardrails import group_prefixes, groups_stay, logs_stay, networks_stay
from policies.model import MISSING, PolicyContext, Resource, Unknown

ASSIGNMENT = "authorization:PolicyAssignment"
DEFINITION = "authorization:PolicyDefinition"
EXEMPTION = "authorization:PolicyExemption"
NARROWING_PROPERTIES = ("notScopes", "overrides", "resourceSelectors", "parameters", "definitionVersion")
"""Properties that can narrow an assignment, or change its definition's parameters or version."""
IDENTITY = "identity.type"
ESTATE_PREFIX = re.compile(r"rg-[a-z][a-z0-9]{1,7}-")
"""How the names of an estate's resource groups begin."""
NAMING_GROUPS = frozenset(rail("").key for rail in (groups_stay, logs_stay, networks_stay))
"""The keys of the guardrails that name an estate's resource groups."""

IN_FORCE_PATHS = (
    *(f"{ASSIGNMENT}:{path}" for path in (
        "definitionVersion", "enforcementMode", "notScopes", "overrides", "parameters", "policyDefinitionId",
        "resourceSelectors", "scope", "identity")),
    *(f"{DEFINITION}:{path}" for path in ("mode", "parameters", "policyRule", "policyType")),
)  # fmt: skip
"""The properties that `assignment_in_force` reads."""


def assignment_in_force(context: PolicyContext, group_id: str, key: str) -> Resource | None:
    """Return the assignment of a guardrail that certainly applies to a resource group; None if there is none.

    Raises `KeyError` for an unknown key of a guardrail.
    """
    found = _assignments(context).get(GUARDRAILS[key].key, {})
    scope = ids.plain(group_id)
    return found.get(scope) or found.get(ids.subscription(scope))


def _assignments(context: PolicyContext) -> Mapping[str, Mapping[str, Resource]]:
    """Return the assignments in force by the guardrail's key and by scope; computed once per context."""

    def compute() -> dict[str, dict[str, Resource]]:
        in_force: dict[str, dict[str, Resource]] = {}
        for assignment in context.of(ASSIGNMENT):
            guardrail = assigned_guardrail(assignment, context)
            if guardrail and has_needed_identity(assignment, guardrail) and is_in_force(assignment, context):
                in_force.setdefault(guardrail.key, {})[ids.plain(assignment.at("scope"))] = assignment
        return in_force

    return context.once(("guards",), compute)


def assigned_guardrail(assignment: Resource, context: PolicyContext) -> Guardrail | None:
    """Return the guardrail whose definition is assigned; None if the definition is another or not in the context."""
    definition = definition_of(assignment, context)
    return context.once(("guardrail", definition.urn), lambda: guardrail_of(definition)) if definition else None


def addresses_permitted_to(account: Resource, context: PolicyContext) -> tuple[str, ...]:
    """Return the entries of `ipRules` that the guardrails in force permit in a storage account; none if it must be
    closed to the public network."""
    return tuple(_exceptions(NO_PUBLIC_STORES, account, context).get(ids.name(account.id), ()))


def has_permitted_connection(account: Resource, context: PolicyContext) -> bool:
    """True if the guardrails in force permit a private endpoint outside the resource group of a storage account."""
    named = _exceptions(OWN_CONNECTIONS, account, context)
    return any(name.lower().startswith(f"{ids.name(account.id)}/") for name in named)


def _exceptions(guardrail: Guardrail, account: Resource, context: PolicyContext) -> Mapping[str, Sequence[str]]:
    """Return what a guardrail permits by name where it is in force in the resource group of an account."""
    assignment = assignment_in_force(context, ids.resource_group(account.id), guardrail.key)
    found = assigned_guardrail(assignment, context) if assignment else None
    return found.named if found else {}


def is_named_guardrail(definition: Resource) -> bool:
    """True if the name of a definition says that it is a guardrail, so that it must equal one."""
    names = (definition.name, _value(definition, "policyDefinitionName"), ids.name(definition.id))
    return any(key in str(name).lower() for key in GUARDRAILS for name in names)


def guardrail_of(definition: Resource) -> Guardrail | None:
    """Return the guardrail that a definition equals, if there is one."""
    rule = _value(definition, "policyRule")
    guardrail = _by_rule().get(_text(rule))
    if stores := named_stores(rule):
        guardrail = no_public_stores(stores)
    elif connections := named_connections(rule):
        guardrail = own_connections(connections)
    elif prefix := _group_prefix(rule):
        candidates = (groups_stay(prefix), logs_stay(prefix), networks_stay(prefix))
        guardrail = next((one for one in candidates if _text(rule) == canonical(one.policy_rule)), guardrail)
    return guardrail if guardrail and not differences(definition, guardrail) else None


@cache
def _by_rule() -> Mapping[str, Guardrail]:
    return {
        canonical(guardrail.policy_rule): guardrail
        for guardrail in (*GUARDRAILS.values(), *OF_WINDOWS.values())
        if guardrail.key not in NAMING_GROUPS
    }


def _group_prefix(rule: object) -> str:
    """Return the prefix of an estate's resource groups that a rule names; empty if it names none, or more."""
    found = group_prefixes(rule)
    return next(iter(found)) if len(found) == 1 and all(map(ESTATE_PREFIX.fullmatch, found)) else ""


def definition_of(assignment: Resource, context: PolicyContext) -> Resource | None:
    """Return the assigned definition, if it is in the context."""
    found = context.get(_value(assignment, "policyDefinitionId"))
    return found if found and found.type == DEFINITION else None


def is_in_force(assignment: Resource, context: PolicyContext) -> bool:
    """True if an assignment is enforced on the whole of a known scope."""
    scope = _value(assignment, "scope")
    has_scope = scope != UNKNOWN and ids.plain(scope) != ""
    return has_scope and not weaknesses(assignment) and not exemptions_of(assignment, context)


def has_needed_identity(assignment: Resource, guardrail: Guardrail) -> bool:
    """True if an assignment has an identity exactly if Azure requires one: of a definition that changes requests."""
    kind = _value(assignment, IDENTITY)
    found = "None" if kind is MISSING else str(kind)
    return found.lower() == ("systemassigned" if guardrail.changes_requests else "none")


def weaknesses(assignment: Resource) -> list[tuple[str, str]]:
    """Return each property that weakens an assignment, with its value for a message."""
    mode = _value(assignment, "enforcementMode")
    found = [("enforcementMode", _display(mode))] if mode is not MISSING and str(mode).lower() != "default" else []
    for path in NARROWING_PROPERTIES:
        value = _value(assignment, path)
        if value is not MISSING and value not in ("", [], {}, ()):
            found.append((path, _display(value)))
    return found


def differences(definition: Resource, guardrail: Guardrail) -> list[str]:
    """Return the properties in which a definition differs from the guardrail. An unknown property differs."""
    wanted: dict[str, Any] = {"mode": MODE, "policyRule": guardrail.policy_rule}
    found = [path for path, value in wanted.items() if not _same(_value(definition, path), value)]
    parameters = _value(definition, "parameters")
    if not _same({} if parameters is MISSING else parameters, {}):
        found.append("parameters")
    kind = _value(definition, "policyType")
    if kind is not MISSING and str(kind).lower() != "custom":
        found.append("policyType")
    return found


def exemptions_of(assignment: Resource, context: PolicyContext) -> list[Resource]:
    """Return the exemptions from an assignment, including those whose assignment is unknown."""
    own = assignment.id
    return [e for e in context.of(EXEMPTION) if own is None or _may_exempt(_value(e, "policyAssignmentId"), own)]


def _may_exempt(id_: Any, assignment: str) -> bool:
    return not isinstance(id_, str) or id_ == UNKNOWN or ids.plain(id_) == ids.plain(assignment)


def _value(resource: Resource, path: str) -> Any:
    """Return the value at a path, or `UNKNOWN`, which is equal to no expected value."""
    try:
        return resource.at(path)
    except Unknown:
        return UNKNOWN


def _same(found: Any, wanted: Any) -> bool:
    return _text(found) == canonical(wanted)


def _text(value: Any) -> str:
    """Return the canonical JSON of a value, for comparison; empty if it is missing."""
    return "" if value is MISSING else canonical(value)


def _display(value: Any) -> str:
    return "not known before the deployment" if value == UNKNOWN else display(value)
