"""Weaknesses of guardrails: changes with which a rule of Azure Policy denies less, or nothing.

Sources: learn.microsoft.com, "Azure Policy definition structure basics", "Azure Policy assignment structure".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from formats.property_paths import get, join, put
from policies.expected.guardrails import GUARDRAILS
from policies.mutations.model import Harmless, Removal, Rework, Table, Value, Weakening
from policies.mutations.paths import leaves, places
from policies.mutations.table import elsewhere

NOTHING = {"field": "type", "equals": "Microsoft.Nothing/atAll"}
AUDIT = "/providers/Microsoft.Authorization/policyDefinitions/b2982f36-99f2-4db5-8eff-283140c09693"
"""A built-in rule that only reports: Storage accounts should disable public network access."""
EFFECTS = ("audit", "disabled", "[parameters('effect')]")
LESS = "Azure would allow forbidden deployments"
EXEMPTED = {"policyExemptionName": "mutant", "exemptionCategory": "Waiver"}
OTHER = "Microsoft.Other/thing"


def _rules() -> tuple[str, ...]:
    """Return every path in a rule that holds a value, of any guardrail."""
    found = (path for guard in GUARDRAILS.values() for path in leaves({"policyRule": guard.policy_rule}))
    return tuple(dict.fromkeys(path for path in found if "effect" not in path))


def _less(inputs: Mapping[str, Value]) -> Iterator[tuple[str, Mapping[str, Value]]]:
    """Yield a rule that denies nothing, and one for each value that is replaced."""
    rule = inputs.get("policyRule")
    if not isinstance(rule, Mapping):
        return
    yield "policyRule.if = nothing", {**inputs, "policyRule": {**rule, "if": NOTHING}}
    yield "policyRule.if = negated", {**inputs, "policyRule": {**rule, "if": {"not": rule["if"]}}}
    for path in dict.fromkeys(leaves({"policyRule": {"if": rule["if"]}})):
        for steps in places(inputs, path):
            yield f"{join(steps)} = another", put(inputs, steps, _another(get(inputs, steps)))


def _another(value: Any) -> Any:
    return value + 1 if isinstance(value, int) else OTHER


DEFINITION = Table(
    "authorization:PolicyDefinition",
    weakenings=(
        Weakening("policyRule.then.effect", EFFECTS, "Azure would only audit forbidden deployments"),
        Rework(_rules(), _less, LESS),
        Weakening("mode", ("Indexed", "Microsoft.Network.Data"), "types without tags would not be evaluated"),
        Weakening("policyType", ("BuiltIn",), LESS, missing_ok="Azure's default is Custom, the same value"),
        Weakening(
            "parameters",
            ({"effect": {"type": "String", "defaultValue": "Audit"}},),
            LESS,
            missing_ok="it is not set",
        ),
    ),
    harmless=(Harmless("displayName", "documentation only"), Harmless("description", "documentation only")),
    removal=Removal(LESS),
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
            (f"{elsewhere.SUBSCRIPTION}/resourceGroups/rg-elsewhere",),
            LESS,
            missing_ok="Azure refuses an assignment without a scope",
        ),
        Weakening("policyDefinitionId", (AUDIT,), LESS),
        Weakening("notScopes", ([elsewhere.STORE],), LESS, missing_ok="no scope is excluded"),
        Weakening(
            "overrides", ([{"kind": "policyEffect", "value": "audit"}],), LESS, missing_ok="no effect is overridden"
        ),
        Weakening(
            "resourceSelectors",
            ([{"name": "one", "selectors": [{"kind": "resourceLocation", "in": ["eastus"]}]}],),
            LESS,
            missing_ok="no scope is excluded",
        ),
        Weakening("parameters", ({"effect": {"value": "Audit"}},), LESS, missing_ok="it is not set"),
        Weakening("definitionVersion", ("1.0.*",), "an older version would apply", missing_ok="Azure uses the newest"),
    ),
    harmless=(
        Harmless("displayName", "documentation only"),
        Harmless("description", "documentation only"),
        Harmless("nonComplianceMessages", "documentation only"),
    ),
    removal=Removal(LESS),
)
TABLES = (DEFINITION, ASSIGNMENT)
