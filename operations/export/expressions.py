"""Evaluate a template's expressions as far as their values are certain. All others are unknown, with their causes.

A parameter is unknown unless the deployment gives it a value, because a deployment may replace its default. With
`use_defaults`, parameters have their defaults. A parameter with a single allowed value has that value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from formats.arm.template_expressions import (
    Access,
    Call,
    Expression,
    ExpressionError,
    Literal,
    is_expression,
    literal_text,
    parse,
)
from formats.errors import InputError
from formats.plan import SECRET, UNKNOWN, Value
from formats.unknown_values import Cause, CauseKind, UnknownValue, causes_in
from operations.export.published_secrets import PublishedSecret
from operations.export.resource_scope import GROUP, SUBSCRIPTION, DeploymentScope
from operations.export.template_functions import FUNCTIONS, TEXT_FUNCTIONS, NotEvaluatedError, call
from operations.export.template_ids import ID_FUNCTIONS, id_of

MAX_DEPTH = 150
"""Levels of nesting in a value and in the variables that it refers to. Azure's own templates have fewer than 20."""
MAX_VALUE = 20_000
"""Values in the result of one expression, or 100 characters each."""
CHARACTERS = 10
"""Characters of an expression that are read with one unit of the budget."""
MAX_CHAIN = 80
"""Levels at which a variable is still evaluated: it has at most as many of its own as a file may have."""
CONTAINER_FUNCTIONS = ("concat", "empty", "first", "last", "length", "skip", "take")
NO_SCOPE = DeploymentScope()
_PENDING = object()
"""The value of a parameter or variable while it is evaluated."""


@dataclass
class Budget:
    """The work that remains for the expressions of a template. Small templates can describe very large values."""

    left: int = 300_000

    def take(self, amount: int) -> bool:
        """Return False if nothing remains."""
        self.left -= amount
        return self.left >= 0


@dataclass(frozen=True)
class ExpressionContext:
    """The parameters and variables of a template, and the scope of its deployment."""

    parameters: Mapping[str, Any] = field(default_factory=dict)
    variables: Mapping[str, Any] = field(default_factory=dict)
    given: Mapping[str, Value] = field(default_factory=dict)
    """The values of parameters that the deployment gives, by name in lower case."""
    use_defaults: bool = False
    scope: DeploymentScope = NO_SCOPE
    definitions: Mapping[str, Any] = field(default_factory=dict)
    """The template's own types of parameters."""
    budget: Budget = field(default_factory=Budget)
    _found: dict[tuple[str, str], Any] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        template: Mapping[str, Any],
        scope: DeploymentScope = NO_SCOPE,
        given: Mapping[str, Value] | None = None,
        *,
        use_defaults: bool = False,
        budget: Budget | None = None,
    ) -> ExpressionContext:
        """Return those of one template. Case is ignored, as in ARM."""
        named = {name.lower(): value for name, value in (given or {}).items()}
        parameters, variables = (_lower(template.get(key)) for key in ("parameters", "variables"))
        definitions = template.get("definitions")
        own_types = definitions if isinstance(definitions, Mapping) else {}
        return cls(parameters, variables, named, use_defaults, scope, own_types, budget or Budget())

    def read(self, value: Value, depth: int = 0) -> Value:
        """Return the value with its expressions evaluated or unknown. Raises `InputError` if it nests too deeply."""
        if depth > MAX_DEPTH:
            raise InputError("The template nests too deeply.", allowed=f"at most {MAX_DEPTH} levels")
        if isinstance(value, Mapping):
            return self._object(value, depth)
        if isinstance(value, list | tuple):
            return [self.read(item, depth + 1) for item in value]
        return self._text(value, depth) if isinstance(value, str) else value

    def _object(self, value: Mapping[str, Any], depth: int) -> Value:
        """Return a map. The result of a `copy` loop in it is unknown, and so is a map with an unknown key."""
        pairs = [(self._text(k, depth), self.read(v, depth + 1)) for k, v in value.items() if k != "copy"]
        found = {str(key): item for key, item in pairs}
        if UNKNOWN in found or len(found) < len(pairs):
            return UnknownValue(causes_in([key for key, _ in pairs]))
        loops = value.get("copy")
        if isinstance(loops, list) and all(isinstance(loop, Mapping) and "count" in loop for loop in loops):
            return found | {str(loop.get("name")): _unknown("copy") for loop in loops}
        return found if loops is None else found | {"copy": self.read(loops, depth + 1)}

    def _text(self, text: str, depth: int) -> Value:
        if not is_expression(text):
            return literal_text(text) if text.endswith("]") else text
        if not self.budget.take(len(text) // CHARACTERS):
            return _unknown("expressions that are too long")
        try:
            expression = parse(text)
        except ExpressionError:
            return _unknown("an expression that cannot be read")
        found = self._evaluate(expression, depth + 1)
        if isinstance(found, UnknownValue) or self.budget.take(_size(found)):
            return found
        return _unknown("an expression with too large a value")

    def _evaluate(self, expression: Expression, depth: int) -> Value:
        if depth > MAX_DEPTH or not self.budget.take(1):
            return _unknown("expressions that nest too deeply")
        if isinstance(expression, Literal):
            return expression.value
        if isinstance(expression, Access):
            step = expression.step
            found = step if isinstance(step, str) else self._evaluate(step, depth + 1)
            return _entry(self._evaluate(expression.of, depth + 1), found)
        return self._call(expression, depth)

    def _call(self, expression: Call, depth: int) -> Value:
        name = expression.name.lower()
        if name == "if" and len(expression.arguments) == 3:
            return self._if(expression.arguments, depth)
        arguments = [self._evaluate(argument, depth + 1) for argument in expression.arguments]
        if name in ("parameters", "variables") and len(arguments) == 1 and isinstance(arguments[0], str):
            return self._named(name, arguments[0], depth)
        if name in ("and", "or"):
            return _logic(arguments, decisive=name == "or")
        if name in ("resourcegroup", "subscription") and not arguments:
            return self._scope_object(name)
        return id_of(name, arguments, self.scope) if name in ID_FUNCTIONS else _result(expression.name, arguments)

    def _if(self, arguments: Sequence[Expression], depth: int) -> Value:
        """Return the chosen value. ARM evaluates no other."""
        condition = self._evaluate(arguments[0], depth + 1)
        if isinstance(condition, bool):
            return self._evaluate(arguments[1 if condition else 2], depth + 1)
        return UnknownValue(causes_in(condition)) if isinstance(condition, UnknownValue) else _unknown("if()")

    def _named(self, kind: str, name: str, depth: int) -> Value:
        """Return a parameter or variable, evaluated once. One that refers to itself is unknown."""
        key = (kind, name.lower())
        if depth > MAX_CHAIN:
            return _unknown("variables that nest too deeply")
        if key not in self._found:
            self._found[key] = _PENDING
            found = (self._parameter if kind == "parameters" else self._variable)(name, depth)
            too_large = not isinstance(found, UnknownValue) and _size(found) > MAX_VALUE
            self._found[key] = _unknown("an expression with too large a value") if too_large else found
        found = self._found[key]
        if found is _PENDING:
            return _unknown(f"{kind}('{name[:60]}')")
        small = isinstance(found, UnknownValue) or self.budget.take(_size(found))
        return found if small else _unknown("an expression with too large a value")

    def _parameter(self, name: str, depth: int) -> Value:
        definition = self.parameters.get(name.lower())
        facts: Mapping[str, Any] = definition if isinstance(definition, Mapping) else {}
        found: Value = UnknownValue([Cause(CauseKind.PARAMETER, name[:100])])
        if name.lower() in self.given:
            found = self.given[name.lower()]
        elif self.use_defaults and "defaultValue" in facts:
            found = self.read(facts["defaultValue"], depth + 1)
        elif not self._is_secure(facts):
            found = _only_allowed(facts, found)
        if not self._is_secure(facts) or found in ("", None, UNKNOWN):
            return found
        is_default = name.lower() not in self.given and not is_expression(facts.get("defaultValue"))
        return PublishedSecret(name[:100]) if is_default else SECRET

    def _is_secure(self, parameter: Mapping[str, Any]) -> bool:
        """Return True for a secure parameter, also by the type that it refers to with `$ref`."""
        for _ in range(10):
            reference = parameter.get("$ref")
            if not isinstance(reference, str):
                return str(parameter.get("type")).lower().startswith("secure")
            target = self.definitions.get(reference.rpartition("/")[2])
            parameter = target if isinstance(target, Mapping) else {}
        return True

    def _variable(self, name: str, depth: int) -> Value:
        if name.lower() not in self.variables:
            return _unknown(f"variables('{name[:60]}')")
        return self.read(self.variables[name.lower()], depth + 1)

    def _scope_object(self, name: str) -> Value:
        """Return the known properties of `resourceGroup()` or `subscription()`. The others are unknown."""
        subscription, group = self.scope.subscription, self.scope.group
        if name == "subscription":
            found = {"id": f"/subscriptions/{subscription}", "subscriptionId": subscription}
            return UnknownValue([SUBSCRIPTION]) if subscription == UNKNOWN else found
        found = {"id": self.scope.id, "name": group, "location": UnknownValue([GROUP])}
        return UnknownValue([GROUP]) if group is None or UNKNOWN in (subscription, group) else found


def _result(spelling: str, arguments: Sequence[Value]) -> Value:
    """Return the result of a function of its arguments. A secret argument makes a text secret."""
    name, unknown = spelling.lower(), Cause(CauseKind.FUNCTION, f"{spelling[:60]}()")
    if any(map(_contains_unknown, _decisive(name, arguments))):
        own = () if name in FUNCTIONS else (unknown,)
        return UnknownValue([*own, *causes_in(arguments)])
    if SECRET in arguments and name in TEXT_FUNCTIONS:
        return next((argument for argument in arguments if isinstance(argument, PublishedSecret)), SECRET)
    try:
        return UnknownValue([unknown]) if SECRET in arguments else call(name, arguments)
    except NotEvaluatedError:
        return UnknownValue([unknown])


def _decisive(name: str, arguments: Sequence[Value]) -> Sequence[Value]:
    """Return the values that a function reads. Functions of containers do not read each entry."""
    if name == "createarray":
        return ()
    if name == "createobject":
        return arguments[::2]
    of_maps = name == "contains" or (name == "union" and all(isinstance(value, Mapping) for value in arguments))
    kinds = (Mapping, list) if name in CONTAINER_FUNCTIONS else (Mapping,) if of_maps else ()
    return [value for value in arguments if not isinstance(value, kinds)]


def _contains_unknown(value: Value) -> bool:
    if isinstance(value, Mapping):
        return any(map(_contains_unknown, value.values()))
    return any(map(_contains_unknown, value)) if isinstance(value, list) else value == UNKNOWN


def _logic(arguments: Sequence[Value], *, decisive: bool) -> Value:
    """Return the result of `and` or `or`, which one known argument can decide."""
    if any(argument is decisive for argument in arguments):
        return decisive
    if arguments and all(isinstance(argument, bool) for argument in arguments):
        return not decisive
    return UnknownValue(causes_in(arguments))


def _entry(value: Value, step: Value) -> Value:
    """Return a property or an item. A missing one is unknown, because ARM refuses it."""
    for part in (value, step):
        if isinstance(part, UnknownValue):
            return part
    if value == SECRET:
        return value
    if isinstance(value, Mapping) and isinstance(step, str):
        for key, item in value.items():
            if key.lower() == step.lower():
                return item
    if isinstance(value, list) and isinstance(step, int) and 0 <= step < len(value):
        return value[step]
    return _unknown("a property that does not exist")


def _only_allowed(parameter: Mapping[str, Any], otherwise: Value) -> Value:
    allowed = parameter.get("allowedValues")
    one = isinstance(allowed, list) and len(allowed) == 1 and not isinstance(allowed[0], dict | list)
    return allowed[0] if allowed and one else otherwise


def _size(value: Value) -> int:
    """Return the number of values in a value, counted up to the limit of one."""
    total, pending = 0, [value]
    while pending and total <= MAX_VALUE:
        item = pending.pop()
        total += 1 + (len(item) // 100 if isinstance(item, str) else 0)
        if isinstance(item, Mapping):
            pending.extend(item.values())
        elif isinstance(item, list):
            pending.extend(item)
    return total


def _unknown(function: str) -> UnknownValue:
    return UnknownValue([Cause(CauseKind.FUNCTION, function)])


def _lower(found: Any) -> dict[str, Any]:
    return {str(k).lower(): v for k, v in found.items() if k != "copy"} if isinstance(found, Mapping) else {}
