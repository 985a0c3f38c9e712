"""Weaknesses of guardrails: changes with which a rule of Azure Policy denies less, or nothing.

Sources: learn.microsoft.com, "Azure Policy definition structure basics", "Azure Policy assignment structure".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from formats.property_paths import get, join
from policies.expected.guardrails import GUARDRAILS
from policies.mutations.model import Harmless, Removal, Rework, Table, Value, Weakening
from policies.mutations.paths import leaves, places, put
from policies.mutations.table import elsewhere

NOTHING = {"field": "type", "equals": "Microsoft.Nothing/atAll"}
AUDIT = "/providers/Microsoft.Authorization/policyDefinitions/b2982f36-99f2-4db5-8eff-283140c09693"
"""A built-in rule that only reports: Storage accounts should disable public network access."""
EFFECTS = ("audit", "disabled", "[parameters('effect')]")
LESS = "Azure would let pass what it should refuse"
EXEMPTED = {"policyExemptionName": "side-door", "exemptionCategory": "Waiver"}
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
    yield "policyRule.if = not what it was", {**inputs, "policyRule": {**rule, "if": {"not": rule["if"]}}}
    for path in dict.fromkeys(leaves({"policyRule": {"if": rule["if"]}})):
        for steps in places(inputs, path):
            yield f"{join(steps)} = another", put(inputs, steps, _another(get(inputs, steps)))


def _another(value: Any) -> Any:
    return value + 1 if isinstance(value, int) else OTHER


DEFINITION = Table(
    "authorization:PolicyDefinition",
    weakenings=(
        Weakening("policyRule.then.effect", EFFECTS, "Azure would only report what it should refuse"),
        Rework(_rules(), _less, LESS),
        Weakening("mode", ("Indexed", "Microsoft.Network.Data"), "types without tags would be looked at no more"),
        Weakening("policyType", ("BuiltIn",), LESS, absent="Azure takes Custom, which is what it is"),
        Weakening(
            "parameters", ({"effect": {"type": "String", "defaultValue": "Audit"}},), LESS, absent="there is none"
        ),
    ),
    harmless=(Harmless("displayName", "words for people"), Harmless("description", "words for people")),
    removal=Removal(LESS),
)
ASSIGNMENT = Table(
    "authorization:PolicyAssignment",
    weakenings=(
        Weakening(
            "enforcementMode",
            ("DoNotEnforce", "Enroll"),
            "Azure would only report what it should refuse",
            absent="Azure takes Default, which is enforced",
        ),
        Weakening(
            "scope",
            (f"{elsewhere.SUBSCRIPTION}/resourceGroups/rg-elsewhere",),
            LESS,
            absent="Azure refuses an assignment of nowhere",
        ),
        Weakening("policyDefinitionId", (AUDIT,), LESS),
        Weakening("notScopes", ([elsewhere.STORE],), LESS, absent="nothing is left out"),
        Weakening("overrides", ([{"kind": "policyEffect", "value": "audit"}],), LESS, absent="nothing is said anew"),
        Weakening(
            "resourceSelectors",
            ([{"name": "one", "selectors": [{"kind": "resourceLocation", "in": ["eastus"]}]}],),
            LESS,
            absent="nothing is left out",
        ),
        Weakening("parameters", ({"effect": {"value": "Audit"}},), LESS, absent="there is none"),
        Weakening("definitionVersion", ("1.0.*",), "an older rule would go on", absent="Azure takes the newest"),
    ),
    harmless=(
        Harmless("displayName", "words for people"),
        Harmless("description", "words for people"),
        Harmless("nonComplianceMessages", "words for people"),
    ),
    removal=Removal(LESS),
)
TABLES = (DEFINITION, ASSIGNMENT)
