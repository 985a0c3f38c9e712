"""Weaknesses of guardrails: changes with which a rule of Azure Policy denies less, or nothing.

Sources: learn.microsoft.com, "Azure Policy definition structure basics", "Azure Policy assignment structure".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from formats.property_paths import get, join, put
from policies.expected.guardrails import GUARDRAILS, OF_WINDOWS
from policies.mutations.model import Harmless, Removal, Rework, Table, Value, Weakening
from policies.mutations.paths import leaves, places
from policies.mutations.table import external

MATCHES_NOTHING = {"field": "type", "equals": "Microsoft.Nothing/atAll"}
AUDIT = "/providers/Microsoft.Authorization/policyDefinitions/b2982f36-99f2-4db5-8eff-283140c09693"
"""A built-in rule that only reports: Storage accounts should disable public network access."""
EFFECT = "policyRule.then.effect"
EFFECTS = ("audit", "disabled", "[parameters('effect')]")
NOT_DENIED = "Azure would allow forbidden deployments"
EXEMPTION_INPUTS = {"policyExemptionName": "mutant", "exemptionCategory": "Waiver"}
OTHER_VALUE = "Microsoft.Other/thing"


def _rule_paths() -> tuple[str, ...]:
    """Return the path of every value in the policy rules of the guardrails."""
    found = (
        path
        for guard in (*GUARDRAILS.values(), *OF_WINDOWS.values())
        for path in leaves({"policyRule": guard.policy_rule})
    )
    return tuple(dict.fromkeys(path for path in found if path != EFFECT))


def _weaker_rules(inputs: Mapping[str, Value]) -> Iterator[tuple[str, Mapping[str, Value]]]:
    """Yield a rule that matches nothing, a negated rule, and the rule with each of its values replaced."""
    rule = inputs.get("policyRule")
    if not isinstance(rule, Mapping):
        return
    yield "policyRule.if = nothing", {**inputs, "policyRule": {**rule, "if": MATCHES_NOTHING}}
    yield "policyRule.if = negated", {**inputs, "policyRule": {**rule, "if": {"not": rule["if"]}}}
    for path in dict.fromkeys(leaves({"policyRule": rule})):
        if path == EFFECT:
            continue
        for steps in places(inputs, path):
            yield f"{join(steps)} = another", put(inputs, steps, _other_value(get(inputs, steps)))


def _other_value(value: Any) -> Any:
    return value + 1 if isinstance(value, int) else OTHER_VALUE


DEFINITION = Table(
    "authorization:PolicyDefinition",
    weakenings=(
        Weakening(EFFECT, EFFECTS, "Azure would only audit forbidden deployments"),
        Rework(_rule_paths(), _weaker_rules, NOT_DENIED),
        Weakening("mode", ("Indexed", "Microsoft.Network.Data"), "types without tags would not be evaluated"),
        Weakening("policyType", ("BuiltIn",), NOT_DENIED, missing_ok="Azure's default is Custom, the same value"),
        Weakening(
            "parameters",
            ({"effect": {"type": "String", "defaultValue": "Audit"}},),
            NOT_DENIED,
            missing_ok="it is not set",
        ),
    ),
    harmless=(Harmless("displayName", "documentation only"), Harmless("description", "documentation only")),
    removal=Removal(NOT_DENIED),
)
ASSIGNMENT = Table(
    "authorization:PolicyAssignment",
    weakenings=(
        Weakening(
            "enforcementMode",
            ("DoNotEnforce", "Enroll"),
            "Azure would only audit forbidden deployments",
            missing_ok="Azure's default is Default, which is enforced",
        ),
        Weakening(
            "scope",
            (f"{external.SUBSCRIPTION}/resourceGroups/rg-elsewhere",),
            NOT_DENIED,
            missing_ok="Azure refuses an assignment without a scope",
        ),
        Weakening("policyDefinitionId", (AUDIT,), NOT_DENIED),
        Weakening("notScopes", ([external.STORE],), NOT_DENIED, missing_ok="no scope is excluded"),
        Weakening(
            "overrides",
            ([{"kind": "policyEffect", "value": "audit"}],),
            NOT_DENIED,
            missing_ok="no effect is overridden",
        ),
        Weakening(
            "resourceSelectors",
            ([{"name": "one", "selectors": [{"kind": "resourceLocation", "in": ["eastus"]}]}],),
            NOT_DENIED,
            missing_ok="no scope is excluded",
        ),
        Weakening("parameters", ({"effect": {"value": "Audit"}},), NOT_DENIED, missing_ok="it is not set"),
        Weakening(
            "identity.type",
            ("UserAssigned",),
            "the assignment could change resources with the rights of another identity",
            missing_ok="it has no identity, or Azure refuses it",
        ),
        Weakening("definitionVersion", ("1.0.*",), "an older version would apply", missing_ok="Azure uses the newest"),
    ),
    harmless=(
        Harmless("displayName", "documentation only"),
        Harmless("description", "documentation only"),
        Harmless("nonComplianceMessages", "documentation only"),
    ),
    removal=Removal(NOT_DENIED),
)
TABLES = (DEFINITION, ASSIGNMENT)
