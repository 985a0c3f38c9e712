"""Microsoft.Authorization: policy definitions and assignments.

Facts: docs/azure-facts.md#names-of-policies, #policy-definitions, #policy-assignments.

Effects that create resources, exemptions, policy sets and built-in definitions are not supported: each is refused by
name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from formats.arm.policy_aliases import aliases_in
from local_azure.ids import name_of
from local_azure.model import AzureType, Json, NameRule, Request
from local_azure.policy import rules
from local_azure.policy.enforcement import parameters
from local_azure.types.common import at_most, guid, identity_outputs, refuse, same, scope_exists, within

DEFINITION = "azure-native:authorization:PolicyDefinition"
ASSIGNMENT = "azure-native:authorization:PolicyAssignment"
NAME = NameRule(
    r"(?=.{1,64}$)[^<>*%&:\\?.+/#\x00-\x1f]*[^<>*%&:\\?.+/#\x00-\x1f ]",
    "1-64 characters without < > * % & : \\ ? . + / #, not ending with a space",
    code="InvalidPolicyName",
)
UNSUPPORTED = ("overrides", "resourceSelectors")
LATEST_VERSION = "1.*.*"
"""Definitions have one version here. By default Azure takes the latest of the major version."""


# Definitions ---------------------------------------------------------------------------------------------------------


def _is_custom(request: Request) -> None:
    kind = request.new.get("policyType")
    if kind != "Custom":
        text = f"The policy definition '{request.name}' create request is invalid: policy type '{kind}' is not allowed."
        refuse("InvalidCreatePolicyDefinitionRequest", text)


def _mode_is_supported(request: Request) -> None:
    mode = str(request.new.get("mode"))
    if mode.startswith("Microsoft."):
        rules.refuse_unsupported(f"the mode '{mode}'")
    if mode.lower() not in rules.MODES:
        text = f"The policy definition '{request.name}' has an invalid mode '{mode}'. Allowed modes: All, Indexed."
        refuse("InvalidPolicyDefinition", text)


def _rule_is_valid(request: Request) -> None:
    rules.validate_rule(request.new.get("policyRule"), request.new.get("parameters") or {})


def _aliases_are_known(request: Request) -> None:
    """The tenant may lack aliases that Azure publishes elsewhere."""
    settings = request.cloud.settings(request.subscription)
    for alias in sorted(aliases_in(request.new.get("policyRule"))) if settings else ():
        if settings and settings.has("unknown_aliases", alias):
            rules.refuse_unknown_alias(alias)


def _definition_outputs(_: Request) -> Mapping[str, Json]:
    return {"version": "1.0.0", "versions": ["1.0.0"]}


def _has_no_assignments(request: Request) -> None:
    for assignment in request.cloud.of_type(ASSIGNMENT):
        if same(str(assignment.properties.get("policyDefinitionId")), request.id):
            text = (
                f"The policy definition '{request.name}' cannot be deleted because it is in use by the policy "
                f"assignment '{assignment.id}'."
            )
            refuse("PolicyDefinitionInUse", text, target=assignment.id)


# Assignments ---------------------------------------------------------------------------------------------------------


def _has_no_unsupported_property(request: Request) -> None:
    for path in UNSUPPORTED:
        if request.given.get(path):
            rules.refuse_unsupported(f"'{path}'")
    if _identity_type(request) not in ("None", "SystemAssigned"):
        rules.refuse_unsupported("a user-assigned identity")
    if request.given.get("definitionVersion") not in (None, LATEST_VERSION):
        rules.refuse_unsupported("an older version of a definition")


def _identity_type(request: Request) -> str:
    return str((request.new.get("identity") or {}).get("type", "None"))


def _has_identity_if_needed(request: Request) -> None:
    """Azure requires an identity of an assignment that can change resources, though changing a request needs none."""
    definition = request.cloud.get(str(request.new.get("policyDefinitionId")))
    if definition is None:
        return
    effect = definition.properties["policyRule"]["then"]["effect"]
    effects = rules.possible_effects(effect, definition.properties.get("parameters") or {})
    if "modify" in map(str.lower, effects) and (_identity_type(request) == "None" or not request.new.get("location")):
        text = (
            f"The policy assignment '{request.name}' request is invalid. Policy assignments must include a 'managed "
            "identity' when assigning 'Modify' policy definitions."
        )
        refuse("ResourceIdentityRequired", text)


def _definition_is_in_scope(request: Request) -> None:
    """A definition can be assigned only at or below its own scope."""
    id_ = request.new.get("policyDefinitionId")
    if not isinstance(id_, str) or not id_:
        text = f"The policy assignment '{request.name}' create request is invalid. Policy definition id is required."
        refuse("InvalidCreatePolicyAssignmentRequest", text)
    found = request.cloud.get(id_)
    if found is None or found.token != DEFINITION:
        text = f"The policy definition '{name_of(id_)}' could not be found (only custom ones are supported here)."
        refuse("PolicyDefinitionNotFound", text, status=404, target=id_)
    scope = found.id.partition("/providers/")[0]
    if not within(f"/{str(request.new.get('scope')).strip('/')}", scope):
        text = (
            f"The policy definition specified in policy assignment '{request.name}' is out of scope. "
            "Policy definitions should be specified only at or above the policy assignment scope."
        )
        refuse("InvalidCreatePolicyAssignmentRequest", text)


def _parameters_fit_definition(request: Request) -> None:
    definition = request.cloud.get(str(request.new.get("policyDefinitionId")))
    defined = (definition.properties.get("parameters") or {}) if definition else {}
    given = request.new.get("parameters") or {}
    unknown = sorted(name for name in given if name.lower() not in {d.lower() for d in defined})
    if unknown:
        text = (
            f"The policy assignment '{request.name}' is attempting to assign the parameter(s) '{', '.join(unknown)}' "
            "which are not defined in the policy definition."
        )
        refuse("UndefinedPolicyParameter", text)
    values = parameters(defined, given)
    missing = sorted(name for name, value in values.items() if value is None)
    if missing:
        text = (
            f"The policy assignment '{request.name}' is missing the parameter(s) '{', '.join(missing)}' as defined in "
            "the policy definition."
        )
        refuse("MissingPolicyParameter", text)
    for name, value in values.items():
        _require_allowed_value(request.name, name, value, defined[name])


def _require_allowed_value(assignment: str, name: str, value: Any, declared: Mapping[str, Any]) -> None:
    allowed = declared.get("allowedValues")
    if allowed and value not in allowed:
        text = (
            f"The value '{value}' of the parameter '{name}' in the policy assignment '{assignment}' is not one of "
            f"those that the definition allows: {', '.join(map(str, allowed))}."
        )
        refuse("PolicyParameterValueNotAllowed", text)


def _assignment_outputs(request: Request) -> Mapping[str, Json]:
    return {
        "assignmentType": "Custom",
        "definitionVersion": LATEST_VERSION,
        "instanceId": guid(request.id, "instance"),
        **identity_outputs(request),
    }


TYPES = (
    AzureType(
        token=DEFINITION,
        name=NAME,
        location="none",
        defaults={"mode": "Indexed", "policyType": "Custom"},
        computed=_definition_outputs,
        constraints=(
            _is_custom,
            _mode_is_supported,
            _rule_is_valid,
            _aliases_are_known,
            at_most(500, DEFINITION, "PolicyDefinitionLimitExceeded", "A scope holds at most {limit} definitions.",
                    per_parent=True),
        ),
        delete_constraints=(_has_no_assignments,),
    ),
    AzureType(
        token=ASSIGNMENT,
        name=NAME,
        location="none",
        defaults={"enforcementMode": "Default"},
        computed=_assignment_outputs,
        constraints=(
            scope_exists("scope"),
            _has_no_unsupported_property,
            _definition_is_in_scope,
            _parameters_fit_definition,
            _has_identity_if_needed,
            at_most(200, ASSIGNMENT, "PolicyAssignmentLimitExceeded", "A scope holds at most {limit} assignments.",
                    per_parent=True),
        ),
    ),
)  # fmt: skip
