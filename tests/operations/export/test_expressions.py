"""Expressions of templates are evaluated where their value is certain, within limits of time and size."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from formats.arm.template_expressions import ExpressionError, parse
from formats.plan import SECRET, UNKNOWN
from formats.unknown_values import Cause, CauseKind, UnknownValue
from operations.export.expressions import ExpressionContext
from operations.export.resource_scope import DeploymentScope
from operations.export.template_functions import FUNCTIONS

SCOPE = DeploymentScope("00000000-0000-0000-0000-000000000001", "rg-a")
PARAMETERS = {
    "name": {"type": "string", "defaultValue": "vnet1"},
    "open": {"type": "string"},
    "password": {"type": "securestring"},
}
VARIABLES = {"list": ["a", "b"], "size": {"Name": "large", "open": "[parameters('open')]"}, "three": 3}


def context(**words: Any) -> ExpressionContext:
    template = {"parameters": PARAMETERS, "variables": VARIABLES} | words
    return ExpressionContext.of(template, SCOPE, {"password": "a-secret-text"}, use_defaults=True)


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("concat('a', 1, true())", "a1True"),
        ("concat(variables('list'), createArray('c'))", ["a", "b", "c"]),
        ("format('{0}-{1}{{x}}', parameters('NAME'), 7)", "vnet1-7{x}"),
        ("toLower(toUpper('aB'))", "ab"),
        ("replace('a-b-c', '-', '')", "abc"),
        ("split('a,b;c', createArray(',', ';'))", ["a", "b", "c"]),
        ("join(variables('list'), '+')", "a+b"),
        ("substring('abcdef', 2, 3)", "cde"),
        ("first(variables('list'))", "a"),
        ("last('abc')", "c"),
        ("take(skip('abcdef', 1), 2)", "bc"),
        ("variables('size').name", "large"),
        ("variables('list')[1]", "b"),
        ("length(variables('list'))", 2),
        ("empty('')", True),
        ("contains(variables('size'), 'NAME')", True),
        ("if(equals(variables('three'), 3), 'yes', parameters('open'))", "yes"),
        ("and(greater(variables('three'), 2), not(false()))", True),
        ("or(equals(1, 2), less(1, 2))", True),
        ("coalesce(null(), json('null'), 'x')", "x"),
        ("union(createObject('a', 1), createObject('A', 2, 'b', 3))", {"a": 2, "b": 3}),
        ("div(-7, 2)", -3),
        ("min(createArray(3, 1, 2))", 1),
        ("range(2, 3)", [2, 3, 4]),
        ("int('12')", 12),
        ("base64('it''s')", "aXQncw=="),
        ("padLeft('7', 3, '0')", "007"),
        ("resourceGroup().name", "rg-a"),
        ("subscription().subscriptionId", SCOPE.subscription),
        ("resourceId('Microsoft.Network/virtualNetworks/subnets', 'v', 's')",
         f"{SCOPE.id}/providers/Microsoft.Network/virtualNetworks/v/subnets/s"),
        ("resourceId('rg-b', 'Microsoft.Network/virtualNetworks/', 'v')",
         f"/subscriptions/{SCOPE.subscription}/resourceGroups/rg-b/providers/Microsoft.Network/virtualNetworks/v"),
        ("subscriptionResourceId('Microsoft.Authorization/roleDefinitions', 'r')",
         f"/subscriptions/{SCOPE.subscription}/providers/Microsoft.Authorization/roleDefinitions/r"),
        ("extensionResourceId('/x', 'Microsoft.Authorization/locks', 'l')",
         "/x/providers/Microsoft.Authorization/locks/l"),
        ("length(createArray(parameters('open'), 'a'))", 2),
        ("union(variables('size'), createObject('b', 1)).b", 1),
        ("tenantResourceId('Microsoft.Authorization/roleDefinitions', 'r')",
         "/providers/Microsoft.Authorization/roleDefinitions/r"),
    ],
)  # fmt: skip
def test_a_function_of_known_values_is_evaluated(expression: str, value: Any) -> None:
    assert context().read(f"[{expression}]") == value


@pytest.mark.parametrize(
    ("expression", "cause"),
    [
        ("parameters('open')", (CauseKind.PARAMETER, "open")),
        ("concat('a', parameters('open'))", (CauseKind.PARAMETER, "open")),
        ("variables('size').open", (CauseKind.PARAMETER, "open")),
        ("reference('x').y", (CauseKind.FUNCTION, "reference()")),
        ("uniqueString('a')", (CauseKind.FUNCTION, "uniqueString()")),
        ("contoso.name('a')", (CauseKind.FUNCTION, "contoso.name()")),
        ("resourceGroup().location", (CauseKind.SCOPE, "the resource group")),
        ("equals('a', 'A')", (CauseKind.FUNCTION, "equals()")),
        ("startsWith('Abc', 'a')", (CauseKind.FUNCTION, "startsWith()")),
        ("format('{0:D2}', 1)", (CauseKind.FUNCTION, "format()")),
        ("div(1, 0)", (CauseKind.FUNCTION, "div()")),
        ("mul(9223372036854775807, 2)", (CauseKind.FUNCTION, "mul()")),
        ("first(createArray())", (CauseKind.FUNCTION, "first()")),
        ("json('{\"a\": NaN}')", (CauseKind.FUNCTION, "json()")),
        ("variables('none')", (CauseKind.FUNCTION, "variables('none')")),
        ("resourceId('Microsoft.Network/virtualNetworks/subnets', 'v')", (CauseKind.FUNCTION, "resourceid()")),
        ("concat('a'", (CauseKind.FUNCTION, "an expression that cannot be read")),
    ],
)
def test_an_uncertain_value_is_unknown_with_its_cause(expression: str, cause: tuple[CauseKind, str]) -> None:
    found = context().read(f"[{expression}]")
    assert isinstance(found, UnknownValue)
    assert found == UNKNOWN
    assert found.causes == {Cause(*cause)}


@pytest.mark.parametrize("expression", ["parameters('password')", "concat('x', parameters('password'))"])
def test_a_secret_stays_masked_in_an_expression(expression: str) -> None:
    assert context().read(f"[{expression}]") == SECRET


def test_a_secret_type_of_the_templates_own_is_secret() -> None:
    own = {"definitions": {"key": {"type": "secureString"}}, "parameters": {"k": {"$ref": "#/definitions/key"}}}
    assert ExpressionContext.of(own, SCOPE, {"k": "text"}).read("[parameters('k')]") == SECRET


def test_a_map_with_an_unknown_key_is_unknown() -> None:
    """The key could be that of any property."""
    assert context().read({"a": 1, "[parameters('open')]": 2}) == UNKNOWN
    assert context().read({"ab": 1, "[concat('a', 'b')]": 2}) == UNKNOWN


@pytest.mark.parametrize(
    "variables",
    [
        {"a": "[variables('a')]"},
        {"a": "[concat(variables('b'), 'x')]", "b": "[variables('a')]"},
        {"a": {"x": ["[variables('a').x]"]}},
    ],
)
def test_variables_that_refer_to_themselves_are_unknown(variables: dict[str, Any]) -> None:
    found = context(variables=variables).read({"x": "[variables('a')]"})
    assert UNKNOWN in str(found)


DOUBLED = {"a0": "x" * 1_000} | {
    f"a{i}": f"[concat(variables('a{i - 1}'), variables('a{i - 1}'))]" for i in range(1, 90)
}
NESTED = {"a0": ["x"] * 10} | {
    f"a{i}": [f"[variables('a{i - 1}')]" for _ in range(10)] for i in range(1, 40)
}  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "[variables('a39')]",
        "[string(concat(variables('a30'), variables('a30')))]",
        "[replace(variables('a6'), 'x', variables('a6'))]",
        "[padLeft('x', 1000000000)]",
        "[range(0, 10000000)]",
        "[format('" + "{0}" * 5_000 + "', variables('a6'))]",
        "[" + "concat(" * 5_000 + "'a'" + ")" * 5_000 + "]",
        "[" + "a()." * 6_000 + "b]",
        "['" + "'" * 24_000 + "]",
    ],
)
@pytest.mark.parametrize("variables", [DOUBLED, NESTED], ids=["texts", "lists"])
def test_hostile_expressions_are_unknown_in_a_second(text: str, variables: dict[str, Any]) -> None:
    start = time.process_time()
    assert context(variables=variables).read({"x": [text] * 50}) is not None
    assert time.process_time() - start < 2


def test_a_long_chain_of_variables_ends_without_a_recursion_error() -> None:
    chain = {f"a{i}": {"x": {"y": f"[variables('a{i + 1}')]"}} for i in range(500)}
    assert UNKNOWN in str(context(variables=chain).read("[variables('a0')]"))


def test_the_tokens_of_an_expression_are_read_in_linear_time() -> None:
    start = time.process_time()
    with pytest.raises(ExpressionError):
        parse("[concat(" + "1," * 12_000 + ")]")
    assert time.process_time() - start < 1


literals = st.integers().map(str) | st.text(max_size=6).map(lambda t: "'" + t.replace("'", "''") + "'")
calls = st.recursive(
    literals | st.just("variables('list')") | st.just("variables('size')") | st.just("parameters('open')"),
    lambda inner: st.builds(
        lambda name, arguments: f"{name}({', '.join(arguments)})",
        st.sampled_from(sorted([*FUNCTIONS, "if", "and", "resourceId", "reference"])),
        st.lists(inner, max_size=3),
    ),
    max_leaves=8,
)


@settings(max_examples=300)
@given(calls | st.text(max_size=40))
@example("substring('abc', -1)")
@example("take('a', 99999999999999999999)")
def test_every_expression_has_a_value_or_is_unknown(expression: str) -> None:
    first, second = (context().read(f"[{expression}]") for _ in range(2))
    assert first == second
