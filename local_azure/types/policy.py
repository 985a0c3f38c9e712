"""Microsoft.Authorization: policy definitions and assignments.

Sources, all learn.microsoft.com: "Naming rules and restrictions for Azure resources" (Microsoft.Authorization), "Azure
Policy definition structure basics", "Azure Policy assignment structure", "Azure subscription and service limits" (Azure
Policy). Rules of effects that change resources, exemptions, sets and built-in definitions are not known here: each is
refused by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local_azure.declare import AzureType, Change, Json, Name
from local_azure.policy import rules
from local_azure.policy.enforcement import parameters
from local_azure.types.common import at_most, guid, last, refuse, same, scope_exists, within

DEFINITION = "azure-native:authorization:PolicyDefinition"
ASSIGNMENT = "azure-native:authorization:PolicyAssignment"
# 1-64 characters; never <>*%&:\?.+/ or a control character, nor a space at the end.
NAME = Name(
    r"(?=.{1,64}$)[^<>*%&:\\?.+/#\x00-\x1f]*[^<>*%&:\\?.+/#\x00-\x1f ]",
    "1-64 characters without < > * % & : \\ ? . + / #, not ending with a space",
    scope="parent",
    code="InvalidPolicyName",
)
NOT_WORKED_OUT = ("identity", "overrides", "resourceSelectors")
NEWEST = "1.*.*"
"""Definitions have one version here; Azure takes the newest of the major version where none is said."""


# Definitions ---------------------------------------------------------------------------------------------------------


def _is_custom(change: Change) -> None:
    kind = change.new.get("policyType")
    if kind != "Custom":
        text = f"The policy definition '{change.name}' create request is invalid: policy type '{kind}' is not allowed."
        refuse("InvalidCreatePolicyDefinitionRequest", text)


def _mode_is_known(change: Change) -> None:
    mode = str(change.new.get("mode"))
    if mode.startswith("Microsoft."):
        rules.unevaluated(f"the mode '{mode}'")
    if mode.lower() not in rules.MODES:
        text = f"The policy definition '{change.name}' has an invalid mode '{mode}'. Allowed modes: All, Indexed."
        refuse("InvalidPolicyDefinition", text)


def _rule_is_one(change: Change) -> None:
    rules.check(change.new.get("policyRule"), change.new.get("parameters") or {})


def _versions(_: Change) -> Mapping[str, Json]:
    return {"version": "1.0.0", "versions": ["1.0.0"]}


def _nobody_is_assigned(change: Change) -> None:
    for assignment in change.cloud.of_type(ASSIGNMENT):
        if same(str(assignment.properties.get("policyDefinitionId")), change.id):
            text = (
                f"The policy definition '{change.name}' cannot be deleted because it is in use by the policy "
                f"assignment '{assignment.id}'."
            )
            refuse("PolicyDefinitionInUse", text, target=assignment.id)


# Assignments ---------------------------------------------------------------------------------------------------------


def _nothing_is_passed_over(change: Change) -> None:
    for path in NOT_WORKED_OUT:
        if change.given.get(path):
            rules.unevaluated(f"'{path}'")
    if change.given.get("definitionVersion") not in (None, NEWEST):
        rules.unevaluated("an older version of a definition")


def _definition_is_in_reach(change: Change) -> None:
    """Only a definition at or above the scope can be assigned (Azure-Landing-Zones issue 1157 has the words)."""
    id_ = change.new.get("policyDefinitionId")
    if not isinstance(id_, str) or not id_:
        text = f"The policy assignment '{change.name}' create request is invalid. Policy definition id is required."
        refuse("InvalidCreatePolicyAssignmentRequest", text)
    found = change.cloud.get(id_)
    if found is None or found.token != DEFINITION:
        text = f"The policy definition '{last(id_)}' could not be found (or is built in or a set: not known here)."
        refuse("PolicyDefinitionNotFound", text, status=404, target=id_)
    above = found.id.partition("/providers/")[0]
    if not within(f"/{str(change.new.get('scope')).strip('/')}", above):
        text = (
            f"The policy definition specified in policy assignment '{change.name}' is out of scope. Policy definitions "
            "should be specified only at or above the policy assignment scope."
        )
        refuse("InvalidCreatePolicyAssignmentRequest", text)


def _parameters_fit(change: Change) -> None:
    definition = change.cloud.get(str(change.new.get("policyDefinitionId")))
    defined = (definition.properties.get("parameters") or {}) if definition else {}
    given = change.new.get("parameters") or {}
    unknown = sorted(name for name in given if name.lower() not in {d.lower() for d in defined})
    if unknown:
        text = (
            f"The policy assignment '{change.name}' is attempting to assign the parameter(s) '{', '.join(unknown)}' "
            "which are not defined in the policy definition."
        )
        refuse("UndefinedPolicyParameter", text)
    values = parameters(defined, given)
    missing = sorted(name for name, value in values.items() if value is None)
    if missing:
        text = (
            f"The policy assignment '{change.name}' is missing the parameter(s) '{', '.join(missing)}' as defined in "
            "the policy definition."
        )
        refuse("MissingPolicyParameter", text)
    for name, value in values.items():
        _allowed(change.name, name, value, defined[name])


def _allowed(assignment: str, name: str, value: Any, declared: Mapping[str, Any]) -> None:
    allowed = declared.get("allowedValues")
    if allowed and value not in allowed:
        text = (
            f"The value '{value}' of the parameter '{name}' in the policy assignment '{assignment}' is not one of "
            f"those that the definition allows: {', '.join(map(str, allowed))}."
        )
        refuse("PolicyParameterValueNotAllowed", text)


def _assigned(change: Change) -> Mapping[str, Json]:
    return {"assignmentType": "Custom", "definitionVersion": NEWEST, "instanceId": guid(change.id, "instance")}


TYPES = (
    AzureType(
        token=DEFINITION,
        name=NAME,
        location="none",
        defaults={"mode": "Indexed", "policyType": "Custom"},
        computed=_versions,
        rules=(
            _is_custom,
            _mode_is_known,
            _rule_is_one,
            at_most(500, DEFINITION, "PolicyDefinitionLimitExceeded", "A scope holds at most {limit} definitions.",
                    siblings=True),
        ),
        delete_rules=(_nobody_is_assigned,),
    ),
    AzureType(
        token=ASSIGNMENT,
        name=NAME,
        location="none",
        defaults={"enforcementMode": "Default"},
        computed=_assigned,
        rules=(
            scope_exists("scope"),
            _nothing_is_passed_over,
            _definition_is_in_reach,
            _parameters_fit,
            at_most(200, ASSIGNMENT, "PolicyAssignmentLimitExceeded", "A scope holds at most {limit} assignments.",
                    siblings=True),
        ),
    ),
)  # fmt: skip
