"""What Azure refuses in a policy definition, and what the local Azure does not work out and so refuses by name.

Sources: learn.microsoft.com, "Azure Policy definition structure policy rule", "… parameters", "… basics".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

from local_azure.declare import AzureError
from local_azure.policy.conditions import OPERATORS
from local_azure.policy.expressions import KNOWN, Expression, Literal, Unevaluated, calls, is_expression, parse
from local_azure.policy.fields import MEMBERS, PLAIN, TAG, Alias, is_alias

EFFECTS = frozenset({"deny", "audit", "disabled"})
"""What is worked out here: a rule with another effect changes resources or makes some."""
MORE_EFFECTS = frozenset({
    "addtonetworkgroup", "append", "auditifnotexists", "denyaction", "deployifnotexists", "manual", "modify", "mutate",
})  # fmt: skip
MODES = frozenset({"all", "indexed"})
SUBJECTS = ("field", "value", "count")
LOGIC = ("allof", "anyof", "not")
DEPTH = 40


def broken(what: str) -> NoReturn:
    """Azure's refusal of a rule that is none."""
    raise AzureError("InvalidPolicyRule", f"Failed to parse policy rule: '{what}'.")


def unevaluated(what: str) -> NoReturn:
    """The local Azure's own: real Azure may take it, but passing over it here would be to enforce something else."""
    raise AzureError("NotImplemented", f"The local Azure does not work out {what} in a policy.", status=501)


def check(rule: Any, parameters: Mapping[str, Any]) -> None:
    """Refuses a rule that Azure would refuse, or that the local Azure could not enforce."""
    if not isinstance(rule, Mapping) or not isinstance(rule.get("if"), Mapping):
        broken("Required property 'if' not found in JSON.")
    then = rule.get("then")
    if not isinstance(then, Mapping) or not isinstance(then.get("effect"), str):
        broken("Required property 'effect' not found in JSON.")
    _effect(then["effect"], parameters)
    _condition(rule["if"], 0)
    _parameters(rule, parameters)


def _effect(written: str, parameters: Mapping[str, Any]) -> None:
    """The effect, or all that the parameter it is left to may say."""
    for effect in possible(written, parameters):
        if effect.lower() in MORE_EFFECTS:
            unevaluated(f"the effect '{effect}'")
        if effect.lower() not in EFFECTS:
            allowed = ", ".join(sorted(EFFECTS | MORE_EFFECTS))
            broken(f"The policy effect '{effect}' is not valid. The allowed effects are: {allowed}")


def possible(written: str, parameters: Mapping[str, Any]) -> list[str]:
    """What an effect may come to."""
    if not is_expression(written):
        return [written]
    name = _parameter_named(_parsed(written))
    declared = parameters.get(name or "")
    if not isinstance(declared, Mapping):
        return [] if name else [written]
    found = declared.get("allowedValues") or [declared.get("defaultValue")]
    return [str(effect) for effect in found if effect is not None]


def _parameter_named(expression: Expression) -> str | None:
    found = [call for call in calls(expression) if call.name.lower() == "parameters"]
    first = found[0].arguments[0] if len(found) == 1 and found[0].arguments else None
    return str(first.value) if isinstance(first, Literal) else None


def _condition(condition: Any, depth: int) -> None:
    if not isinstance(condition, Mapping) or depth > DEPTH:
        broken("a condition must be an object, nested no deeper than Azure allows")
    said = {key.lower(): value for key, value in condition.items()}
    logic = [key for key in said if key in LOGIC]
    if logic:
        _logic(logic, said, depth)
        return
    subject = [key for key in said if key in SUBJECTS]
    operator = [key for key in said if key not in SUBJECTS]
    if len(subject) != 1 or len(operator) != 1:
        broken(f"a condition has one subject and one operator, not {sorted(condition)}")
    if operator[0] not in OPERATORS:
        unevaluated(f"the condition '{operator[0]}'")
    _operand(operator[0], said[operator[0]])
    _subject(subject[0], said[subject[0]], depth)


def _logic(found: list[str], said: Mapping[str, Any], depth: int) -> None:
    if len(said) != 1:
        broken(f"'{found[0]}' stands alone, not with {sorted(said)}")
    inner = said[found[0]]
    if found[0] == "not":
        _condition(inner, depth + 1)
        return
    if not isinstance(inner, list) or not inner:
        broken(f"'{found[0]}' needs a list of conditions")
    for one in inner:
        _condition(one, depth + 1)


def _operand(operator: str, value: Any) -> None:
    for text in texts(value):
        if is_expression(text):
            _parsed(text)
        elif operator in ("like", "notlike") and text.count("*") > 1:
            broken(f"'{operator}' takes at most one wildcard: '{text}'")
    if operator in ("in", "notin") and not isinstance(value, list) and not is_expression(value):
        broken(f"'{operator}' needs a list")
    if operator.startswith(("greater", "less")) and not is_expression(value) and _is_no_number(value):
        unevaluated(f"'{operator}' of what is no number")


def _is_no_number(value: Any) -> bool:
    return isinstance(value, bool) or not isinstance(value, (int, float))


def _subject(kind: str, value: Any, depth: int) -> None:
    if kind == "field":
        _field(value)
    elif kind == "value":
        for text in texts(value):
            if is_expression(text):
                _parsed(text)
    else:
        _count(value, depth)


def _count(value: Any, depth: int) -> None:
    if not isinstance(value, Mapping):
        broken("'count' needs a field")
    said = {key.lower(): item for key, item in value.items()}
    if "value" in said:
        unevaluated("a count of values")
    array = said.get("field")
    if not isinstance(array, str) or not array.endswith(MEMBERS) or set(said) - {"field", "where"}:
        broken("'count' needs a field that ends with [*], and may have a 'where'")
    _field(array)
    if "where" in said:
        _condition(said["where"], depth + 1)


def _field(name: Any) -> None:
    if not isinstance(name, str):
        broken("a field must be a text")
    if is_expression(name):
        _parsed(name)
        return
    if name.lower() in PLAIN or TAG.fullmatch(name):
        return
    alias = Alias.of(name)
    if alias is None or not is_alias(alias):
        type_, _, _ = name.rpartition("/")
        provider, _, kind = type_.partition("/")
        text = (
            f"The policy definition rule is invalid. The 'field' property '{name}' doesn't exist as an alias under "
            f"provider '{provider}' and resource type '{kind}'."
        )
        raise AzureError("InvalidPolicyAlias", text)


def _parsed(text: str) -> Expression:
    try:
        found = parse(text)
    except Unevaluated as error:
        broken(str(error))
    for call in calls(found):
        if call.name.lower() not in KNOWN:
            unevaluated(f"the template function '{call.name}'")
        if call.name.lower() == "field" and call.arguments and isinstance(call.arguments[0], Literal):
            _field(call.arguments[0].value)
    return found


def _parameters(rule: Mapping[str, Any], parameters: Mapping[str, Any]) -> None:
    """Each parameter is used, and each that is used is there (codes: UnusedPolicyParameters of the SDK's own tests)."""
    used = {name for text in texts(rule) if is_expression(text) if (name := _parameter_named(_parsed(text)))}
    lower = {name.lower() for name in used}
    unused = sorted(name for name in parameters if name.lower() not in lower)
    if unused:
        text = (
            f"The policy has defined parameters '{', '.join(unused)}' which are not used in the policy rule. Please "
            "either remove these parameters from the definition or ensure that they are used in the policy rule."
        )
        raise AzureError("UnusedPolicyParameters", text)
    missing = sorted(used - {u for u in used if u.lower() in {name.lower() for name in parameters}})
    if missing:
        text = f"The policy rule refers to parameters '{', '.join(missing)}' that the definition does not define."
        raise AzureError("InvalidPolicyParameters", text)


def texts(value: Any) -> Iterator[str]:
    """Every text in a value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from texts(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from texts(item)
