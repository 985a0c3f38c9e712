"""Policy assignments are of known definitions, and enforced in all of their scope (GD2)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from formats.plan import UNKNOWN
from policies.azure_semantics import ids
from policies.azure_semantics.guardrails import (
    ASSIGNMENT,
    DEFINITION,
    IDENTITY,
    NARROWING_PROPERTIES,
    assigned_guardrail,
    definition_of,
    has_needed_identity,
    weaknesses,
)
from policies.azure_semantics.properties import display, require_if_set
from policies.expected.initiatives import AUDIT_INITIATIVES, OTHER_EFFECTS, PERMITTED_EFFECTS
from policies.model import (
    MISSING,
    ComplianceControls,
    Policy,
    PolicyContext,
    Resource,
    Severity,
    Unknown,
    Violation,
)

DEFINITION_ID, MODE, PARAMETERS, VERSION = "policyDefinitionId", "enforcementMode", "parameters", "definitionVersion"
KIND = "assignmentType"
PATHS = (DEFINITION_ID, MODE, *NARROWING_PROPERTIES, IDENTITY, KIND)


def check(assignment: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Refuse foreign definitions and identities, exclusions and overrides: Azure would not deny there."""
    for path in PATHS:
        assignment.at(path)  # raises `Unknown` if the value is not known yet: it may be an exclusion
    guardrail = assigned_guardrail(assignment, context)
    if guardrail is None or not guardrail.changes_requests:
        yield from require_if_set(assignment, IDENTITY, "None")
    elif not has_needed_identity(assignment, guardrail):
        yield Violation(IDENTITY, "must be SystemAssigned: Azure requires an identity for the effect modify")
    yield from require_if_set(assignment, KIND, "Custom", "NotSpecified")
    initiative = ids.plain(assignment.at(DEFINITION_ID)) in AUDIT_INITIATIVES
    if not initiative and definition_of(assignment, context) is None:
        yield Violation(DEFINITION_ID, "is neither a definition that is checked here nor a listed audit initiative")
    free = _free(initiative, guardrail is not None)
    for path, found in weaknesses(assignment):
        if path not in free:
            yield Violation(path, f"is {found}; the assignment must be enforced, on all of its scope, as it is defined")
    if PARAMETERS in free:
        yield from _parameters(assignment)
    if MODE in free:
        yield from require_if_set(assignment, MODE, "Default", "DoNotEnforce")


def _free(initiative: bool, guardrail: bool) -> tuple[str, ...]:
    """Return the properties that may be set: all of a guardrail's assignment must be as it is defined."""
    if initiative:
        return MODE, PARAMETERS, VERSION
    return () if guardrail else (PARAMETERS,)


def _parameters(assignment: Resource) -> Iterator[Violation]:
    """Refuse effects that change resources, in a parameter of any name."""
    parameters = assignment.at(PARAMETERS)
    for name, parameter in ({} if parameters is MISSING else dict(parameters)).items():
        for text in _texts(parameter):
            if text == UNKNOWN:
                raise Unknown(f"{PARAMETERS}.{name}")
            is_effect = "effect" in str(name).lower()
            if text.lower() in OTHER_EFFECTS or (is_effect and text.lower() not in PERMITTED_EFFECTS):
                yield Violation(f"{PARAMETERS}.{name}", f"is {display(text)}; an effect must only audit or deny")


def _texts(value: object) -> Iterator[str]:
    """Yield every text in a value."""
    match value:
        case str():
            yield value
        case Mapping():
            for one in value.values():
                yield from _texts(one)
        case list() | tuple():
            for one in value:
                yield from _texts(one)


POLICY = Policy(
    id="GD2",
    title="Policy assignments are of known definitions, and enforced in all of their scope",
    why="An assignment that only audits, or excludes a resource, does not deny where it matters. One with an identity "
    "deploys and changes resources itself (Remediate noncompliant resources with Azure Policy).",
    resource_types=(ASSIGNMENT,),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.2.09", "2.4.02"), ncsc=("5",), caf=("B4.b",), iso27001=("8.9",), five_safes=("settings",)
    ),
    fix="Assign a definition of this estate with enforcementMode Default, and leave out notScopes, overrides, "
    "resourceSelectors, parameters and identity. An initiative of policies/expected/initiatives.py may have "
    "parameters, and audit only.",
    check=check,
    check_paths=(
        *PATHS,
        *(f"{DEFINITION}:{path}" for path in ("mode", "policyRule", "parameters", "policyType")),
    ),
    evaluation_scope="stack",
)
