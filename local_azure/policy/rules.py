"""Validate policy rules: refuse what Azure refuses, and by name what the local Azure does not evaluate.

Source: docs/azure-facts.md#policy-definitions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

from formats.arm.template_expressions import Expression, ExpressionError, Literal, calls, is_expression, parse
from local_azure.model import AzureError
from local_azure.policy.conditions import OPERATORS
from local_azure.policy.expressions import SUPPORTED_FUNCTIONS
from local_azure.policy.fields import ALL_ITEMS, COMMON_FIELDS, TAG, Alias, is_alias

EFFECTS = frozenset({"deny", "audit", "disabled", "modify"})
"""Supported effects. All others create resources, or act on later requests."""
UNSUPPORTED_EFFECTS = frozenset({
    "addtonetworkgroup", "append", "auditifnotexists", "denyaction", "deployifnotexists", "manual", "mutate",
})  # fmt: skip
MODES = frozenset({"all", "indexed"})
LEFT_SIDES = ("field", "value", "count")
LOGIC = ("allof", "anyof", "not")
MAX_DEPTH = 40


def refuse_invalid_rule(problem: str) -> NoReturn:
    """Refuse a rule that Azure cannot parse."""
    raise AzureError("InvalidPolicyRule", f"Failed to parse policy rule: '{problem}'.")


def refuse_unsupported(feature: str) -> NoReturn:
    """Refuse what Azure accepts and the local Azure does not evaluate: to ignore it would enforce another rule."""
    raise AzureError("NotImplemented", f"The local Azure does not support {feature} in a policy.", status=501)


def refuse_unknown_alias(name: str) -> NoReturn:
    """Refuse a rule with an alias that Azure does not have."""
    type_, _, _ = name.rpartition("/")
    provider, _, kind = type_.partition("/")
    text = (
        f"The policy definition rule is invalid. The 'field' property '{name}' doesn't exist as an alias under "
        f"provider '{provider}' and resource type '{kind}'."
    )
    raise AzureError("InvalidPolicyAlias", text)


def validate_rule(rule: Any, parameters: Mapping[str, Any]) -> None:
    """Refuse a rule that Azure refuses, or that the local Azure cannot enforce."""
    if not isinstance(rule, Mapping) or not isinstance(rule.get("if"), Mapping):
        refuse_invalid_rule("Required property 'if' not found in JSON.")
    then = rule.get("then")
    if not isinstance(then, Mapping) or not isinstance(then.get("effect"), str):
        refuse_invalid_rule("Required property 'effect' not found in JSON.")
    _validate_effect(then["effect"], parameters)
    if "modify" in {effect.lower() for effect in possible_effects(then["effect"], parameters)}:
        _validate_modify(then.get("details"))
    _validate_condition(rule["if"], 0)
    _validate_parameters(rule, parameters)


def _validate_effect(written: str, parameters: Mapping[str, Any]) -> None:
    """Refuse an invalid or unsupported effect, or parameter that allows one."""
    for effect in possible_effects(written, parameters):
        if effect.lower() in UNSUPPORTED_EFFECTS:
            refuse_unsupported(f"the effect '{effect}'")
        if effect.lower() not in EFFECTS:
            allowed = ", ".join(sorted(EFFECTS | UNSUPPORTED_EFFECTS))
            refuse_invalid_rule(f"The policy effect '{effect}' is not valid. The allowed effects are: {allowed}")


def _validate_modify(details: Any) -> None:
    """Require the details of the effect modify (docs/azure-facts.md#the-effect-modify)."""
    if not isinstance(details, Mapping) or not details.get("roleDefinitionIds") or not details.get("operations"):
        refuse_invalid_rule("The effect 'modify' needs the details 'roleDefinitionIds' and 'operations'.")
    for operation in details["operations"]:
        if str(operation.get("operation")).lower() != "addorreplace" or "condition" in operation:
            refuse_unsupported(f"the operation '{operation.get('operation')}', or one with a condition")
        alias = Alias.of(str(operation.get("field")))
        if alias is None or not is_alias(alias):
            refuse_unknown_alias(str(operation.get("field")))
        if alias.is_array or is_expression(str(operation.get("value"))):
            refuse_unsupported("an operation on an array, or with a template expression")


def possible_effects(written: str, parameters: Mapping[str, Any]) -> list[str]:
    """Return the possible values of an effect: itself, or those of its parameter."""
    if not is_expression(written):
        return [written]
    name = _parameter_named(_parse_supported(written))
    declared = parameters.get(name or "")
    if not isinstance(declared, Mapping):
        return [] if name else [written]
    found = declared.get("allowedValues") or [declared.get("defaultValue")]
    return [str(effect) for effect in found if effect is not None]


def _parameter_named(expression: Expression) -> str | None:
    found = [call for call in calls(expression) if call.name.lower() == "parameters"]
    first = found[0].arguments[0] if len(found) == 1 and found[0].arguments else None
    return str(first.value) if isinstance(first, Literal) else None


def _validate_condition(condition: Any, depth: int) -> None:
    if not isinstance(condition, Mapping) or depth > MAX_DEPTH:
        refuse_invalid_rule("a condition must be an object, nested no deeper than Azure allows")
    parts = {key.lower(): value for key, value in condition.items()}
    logic = [key for key in parts if key in LOGIC]
    if logic:
        _validate_logic(logic, parts, depth)
        return
    left_side = [key for key in parts if key in LEFT_SIDES]
    operator = [key for key in parts if key not in LEFT_SIDES]
    if len(left_side) != 1 or len(operator) != 1:
        refuse_invalid_rule(f"a condition has one left side and one operator, not {sorted(condition)}")
    if operator[0] not in OPERATORS:
        refuse_unsupported(f"the condition '{operator[0]}'")
    _validate_operand(operator[0], parts[operator[0]])
    _validate_left_side(left_side[0], parts[left_side[0]], depth)


def _validate_logic(found: list[str], parts: Mapping[str, Any], depth: int) -> None:
    if len(parts) != 1:
        refuse_invalid_rule(f"'{found[0]}' cannot be combined with other keys: {sorted(parts)}")
    inner = parts[found[0]]
    if found[0] == "not":
        _validate_condition(inner, depth + 1)
        return
    if not isinstance(inner, list) or not inner:
        refuse_invalid_rule(f"'{found[0]}' needs a list of conditions")
    for member in inner:
        _validate_condition(member, depth + 1)


def _validate_operand(operator: str, value: Any) -> None:
    for text in strings_in(value):
        if is_expression(text):
            _parse_supported(text)
        elif operator in ("like", "notlike") and text.count("*") > 1:
            refuse_invalid_rule(f"'{operator}' takes at most one wildcard: '{text}'")
    if operator in ("in", "notin") and not isinstance(value, list) and not is_expression(value):
        refuse_invalid_rule(f"'{operator}' needs a list")
    if operator.startswith(("greater", "less")) and not is_expression(value) and _is_not_number(value):
        refuse_unsupported(f"'{operator}' with an operand that is not a number")


def _is_not_number(value: Any) -> bool:
    return isinstance(value, bool) or not isinstance(value, (int, float))


def _validate_left_side(kind: str, value: Any, depth: int) -> None:
    if kind == "field":
        _validate_field(value)
    elif kind == "value":
        for text in strings_in(value):
            if is_expression(text):
                _parse_supported(text)
    else:
        _validate_count(value, depth)


def _validate_count(value: Any, depth: int) -> None:
    if not isinstance(value, Mapping):
        refuse_invalid_rule("'count' needs a field")
    parts = {key.lower(): item for key, item in value.items()}
    if "value" in parts:
        refuse_unsupported("a count of values")
    array = parts.get("field")
    if not isinstance(array, str) or not array.endswith(ALL_ITEMS) or set(parts) - {"field", "where"}:
        refuse_invalid_rule("'count' needs a field that ends with [*], and may have a 'where'")
    _validate_field(array)
    if "where" in parts:
        _validate_condition(parts["where"], depth + 1)


def _validate_field(name: Any) -> None:
    if not isinstance(name, str):
        refuse_invalid_rule("a field must be a string")
    if is_expression(name):
        _parse_supported(name)
        return
    if name.lower() in COMMON_FIELDS or TAG.fullmatch(name):
        return
    alias = Alias.of(name)
    if alias is None or not is_alias(alias):
        refuse_unknown_alias(name)


def _parse_supported(text: str) -> Expression:
    try:
        found = parse(text)
    except ExpressionError as error:
        refuse_invalid_rule(str(error))
    for call in calls(found):
        if call.name.lower() not in SUPPORTED_FUNCTIONS:
            refuse_unsupported(f"the template function '{call.name}'")
        if call.name.lower() == "field" and call.arguments and isinstance(call.arguments[0], Literal):
            _validate_field(call.arguments[0].value)
    return found


def _validate_parameters(rule: Mapping[str, Any], parameters: Mapping[str, Any]) -> None:
    """Refuse unused and undefined parameters (code UnusedPolicyParameters: Azure SDK's tests)."""
    used = {
        name for text in strings_in(rule) if is_expression(text) if (name := _parameter_named(_parse_supported(text)))
    }
    lower = {name.lower() for name in used}
    unused = sorted(name for name in parameters if name.lower() not in lower)
    if unused:
        text = (
            f"The policy has defined parameters '{', '.join(unused)}' which are not used in the policy rule. Please "
            "either remove these parameters from the definition or ensure that they are used in the policy rule."
        )
        raise AzureError("UnusedPolicyParameters", text)
    defined = {name.lower() for name in parameters}
    missing = sorted(name for name in used if name.lower() not in defined)
    if missing:
        text = f"The policy rule refers to parameters '{', '.join(missing)}' that the definition does not define."
        raise AzureError("InvalidPolicyParameters", text)


def strings_in(value: Any) -> Iterator[str]:
    """Yield every string in a value, at any depth."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from strings_in(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from strings_in(item)
