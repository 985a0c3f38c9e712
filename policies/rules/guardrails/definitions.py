"""Azure Policy definitions are exactly the guardrails, or only deny and audit (GD4)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from formats.stack_config import PlatformConfig
from policies.azure_semantics.addresses import MIN_PREFIX_LENGTH
from policies.azure_semantics.guardrails import (
    DEFINITION,
    NAMING_GROUPS,
    differences,
    guardrail_of,
    is_named_guardrail,
)
from policies.azure_semantics.properties import display, require, require_if_set
from policies.azure_semantics.public_addresses import narrow_range
from policies.expected.approved_connections import approved_connections
from policies.expected.guardrails import GUARDRAILS, NO_PUBLIC_STORES, OF_WINDOWS, OWN_CONNECTIONS
from policies.expected.initiatives import PERMITTED_EFFECTS
from policies.expected.policy_rules import Guardrail
from policies.expected.public_ranges import public_ranges
from policies.expected.subscription_guardrails import resource_group_prefix
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

PATHS = ("mode", "policyRule", "parameters", "policyType")
EFFECT = "policyRule.then.effect"
MODES = ("All", "Indexed")
DETAILS = {"evaluationDelay", "existenceCondition", "existenceScope", "kind", "name", "resourceGroupName", "type"}
"""The details of auditIfNotExists, which say what to look for. Others, such as deployment, say what to change."""


def check(definition: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Refuse a changed guardrail, and a further definition that does more than deny or audit."""
    for path in PATHS:
        definition.at(path)  # raises `Unknown` if the value is not known yet: it cannot be compared
    if guardrail := guardrail_of(definition):
        yield from _exceptions(definition, guardrail, context)
        return
    if not is_named_guardrail(definition):
        yield from _further(definition)
        return
    differing_paths = (differences(definition, guardrail) for guardrail in GUARDRAILS.values())
    # Those of the most similar guardrail. One that names other resource groups than an estate's differs in its rule.
    for path in min(differing_paths, key=len) or ["policyRule"]:
        yield Violation(path, "differs from the guardrail, so Azure would not deny what it should")


def _exceptions(definition: Resource, guardrail: Guardrail, context: PolicyContext) -> Iterator[Violation]:
    """Require that a guardrail has exactly the exceptions that the estate names: of stores with addresses, of
    connections with private endpoints, or of Windows desks."""
    found = {name.lower(): frozenset(map(str.lower, values)) for name, values in guardrail.named.items()}
    config = context.configs.get(definition.stack)
    if config is None:
        addresses = found.values() if guardrail.key == NO_PUBLIC_STORES.key else ()
        if not all(narrow_range(text) for ranges in addresses for text in ranges):
            yield Violation("policyRule", f"names a range wider than /{MIN_PREFIX_LENGTH}, which is no single host's")
        return
    if guardrail.key in NAMING_GROUPS:
        wanted_prefix = resource_group_prefix(config.estate)
        if found != {"resource groups": frozenset({wanted_prefix})}:
            yield Violation("policyRule", f"permits {_listed(found)}; the estate's groups begin with {wanted_prefix}")
        return
    stores = context.same_stack(definition, "storage:StorageAccount")
    names = {store.name: str(store.at("accountName")).lower() for store in stores}
    wanted: dict[str, frozenset[str]] = {}
    if guardrail.key == NO_PUBLIC_STORES.key:
        wanted = {names.get(store, store): ranges for store, ranges in public_ranges(config).items()}
    elif guardrail.key == OWN_CONNECTIONS.key:
        wanted = {
            f"{names.get(store, store)}/{one.connection}".lower(): frozenset({one.endpoint.lower()})
            for store, one in approved_connections(config).items()
        }
    elif guardrail.key in OF_WINDOWS and isinstance(config, PlatformConfig) and config.windows_desks:
        named = OF_WINDOWS[guardrail.key].named
        wanted = {name: frozenset(map(str.lower, values)) for name, values in named.items()}
    if found != wanted:
        yield Violation("policyRule", f"opens {_listed(found)}; the estate opens {_listed(wanted)}")


def _listed(exceptions: Mapping[str, frozenset[str]]) -> str:
    return "; ".join(f"{name} to {', '.join(sorted(exceptions[name]))}" for name in sorted(exceptions)) or "nothing"


def _further(definition: Resource) -> Iterator[Violation]:
    """Require a known mode, and a rule that consists of a condition and a permitted effect."""
    yield from require(definition, "mode", *MODES, default="Indexed; set it")
    yield from require_if_set(definition, "policyType", "Custom")
    rule = definition.at("policyRule")
    then = rule.get("then") if isinstance(rule, Mapping) else None
    if not isinstance(then, Mapping) or set(rule) != {"if", "then"} or not rule["if"]:
        yield Violation("policyRule", "must be a condition `if`, and a `then` with an effect")
        return
    details = then.get("details", {})
    if not set(then) <= {"effect", "details"} or not isinstance(details, Mapping) or not set(details) <= DETAILS:
        yield Violation("policyRule.then", f"may only have an effect, and as details {', '.join(sorted(DETAILS))}")
    definition.at("policyRule.if")  # raises `Unknown` as above
    effects = _effects(definition, definition.at(EFFECT))
    if not effects:
        yield Violation(EFFECT, "is a parameter without allowedValues, so that an assignment could set any effect")
    for effect in effects:
        if str(effect).lower() not in PERMITTED_EFFECTS:
            yield Violation(EFFECT, f"may be {display(effect)}, which changes resources; it must only deny or audit")


def _effects(definition: Resource, effect: object) -> list[object]:
    """Return the effects that a rule can have: its own, or the allowed and default values of its parameter."""
    for name, parameter in dict(definition.at("parameters") or {}).items():
        if effect == f"[parameters('{name}')]":
            values = list(parameter.get("allowedValues") or []) if isinstance(parameter, Mapping) else []
            return [*values, *([parameter["defaultValue"]] if values and "defaultValue" in parameter else [])]
    return [effect]


POLICY = Policy(
    id="GD4",
    title="Azure Policy definitions are exactly the guardrails, or only deny and audit",
    why="Other controls rely on a guardrail by its name; a rule that differs a little may not deny the same requests. "
    "A further rule that denies or audits takes nothing away, but one that modifies or deploys changes resources past "
    "every check (Azure Policy definitions effect basics).",
    resource_types=(DEFINITION,),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.2.09", "2.4.02"), ncsc=("5",), caf=("B4.b",), iso27001=("8.9",), five_safes=("settings",)
    ),
    fix="Declare a guardrail in infra/guardrails.py or infra/subscription_guardrails.py, where it is reviewed. Give a "
    "further definition another name, the mode All or Indexed, and the effect deny or audit.",
    check=check,
    check_paths=(*PATHS, "policyDefinitionName", "storage:StorageAccount:accountName"),
    evaluation_scope="stack",
)
