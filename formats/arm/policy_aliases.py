"""The aliases that the rule of an Azure Policy definition uses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from formats.arm.template_expressions import ExpressionError, Literal, calls, is_expression, parse


def aliases_in(rule: Any) -> frozenset[str]:
    """Return the aliases of a policy rule, as written: resource type and path, such as `Microsoft.Network/…/…`."""
    return frozenset(name for name in _fields(rule) if "/" in name)


def modified_aliases(rule: Any) -> frozenset[str]:
    """Return the aliases that a rule writes, which must be modifiable ("Azure Policy definitions modify effect")."""
    then = rule.get("then") if isinstance(rule, Mapping) else None
    details = then.get("details") if isinstance(then, Mapping) else None
    operations = details.get("operations") if isinstance(details, Mapping) else None
    return aliases_in(operations)


def _fields(value: Any, key: str = "") -> Iterator[str]:
    """Yield the fields of conditions and counts, and those of the function `field`."""
    if isinstance(value, str):
        yield from _fields_of_text(value, key)
    elif isinstance(value, Mapping):
        for name, item in value.items():
            yield from _fields(item, str(name).lower())
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _fields(item)


def _fields_of_text(text: str, key: str) -> Iterator[str]:
    if not is_expression(text):
        if key == "field":
            yield text
        return
    try:
        found = parse(text)
    except ExpressionError:  # Azure refuses the rule, whatever its aliases are
        return
    for call in calls(found):
        if call.name.lower() == "field" and call.arguments and isinstance(first := call.arguments[0], Literal):
            yield str(first.value)
