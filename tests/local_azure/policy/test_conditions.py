"""Conditions of policy rules (docs/azure-facts.md#policy-conditions)."""

from __future__ import annotations

from typing import Any

import pytest

from local_azure.policy.conditions import EvaluationContext
from local_azure.policy.expressions import EvaluationError
from local_azure.policy.fields import PolicyTarget

GROUP = "/subscriptions/10ca1000-0000-4000-8000-000000000001/resourceGroups/rg-One"
TYPE = "Microsoft.Network/networkSecurityGroups"
RULES = [
    {"name": "a", "direction": "Inbound", "access": "Allow", "priority": 100, "sourceAddressPrefixes": ["10.0.0.0/8"]},
    {"name": "b", "direction": "Outbound", "access": "Deny", "priority": 200, "sourceAddressPrefixes": []},
]


def context(type_: str = TYPE, parameters: dict[str, Any] | None = None, **properties: Any) -> EvaluationContext:
    subject = PolicyTarget(f"{GROUP}/providers/{type_}/one", type_, {"location": "uksouth", **properties})
    subscription = GROUP.split("/")[2]
    return EvaluationContext(subject, parameters or {}, {"id": GROUP, "name": "rg-One"},
                   {"id": f"/subscriptions/{subscription}", "subscriptionId": subscription})  # fmt: skip


def holds(condition: dict[str, Any], **properties: Any) -> bool:
    return context(**properties).holds(condition)


def field(path: str, **operator: Any) -> dict[str, Any]:
    return {"field": f"{TYPE}/{path}", **{k.rstrip("_"): v for k, v in operator.items()}}


@pytest.mark.parametrize(
    ("condition", "wanted"),
    [
        ({"field": "type", "equals": "microsoft.network/NETWORKSECURITYGROUPS"}, True),
        ({"field": "type", "in": ["Microsoft.Compute/disks", TYPE]}, True),
        ({"field": "type", "notIn": ["Microsoft.Compute/disks", TYPE]}, False),
        ({"field": "name", "like": "O*"}, True),
        ({"field": "name", "notLike": "o*x"}, True),
        ({"field": "location", "contains": "SOUTH"}, True),
        ({"field": "location", "notContains": "west"}, True),
        ({"field": "tags['who']", "equals": "trust"}, True),
        ({"field": "tags.who", "equals": "trust"}, True),
        ({"field": "tags[other]", "exists": "true"}, False),
        ({"field": "id", "like": f"{GROUP}/*"}, True),
        ({"allOf": [{"field": "name", "equals": "one"}, {"field": "name", "equals": "two"}]}, False),
        ({"anyOf": [{"field": "name", "equals": "one"}, {"field": "name", "equals": "two"}]}, True),
        ({"not": {"field": "name", "equals": "two"}}, True),
        ({"AllOf": [{"Field": "name", "Equals": "one"}]}, True),
        ({"value": "[resourceGroup().name]", "like": "rg-*"}, True),
        ({"value": "[concat(subscription().id, '/resourceGroups/', resourceGroup().name)]", "equals": GROUP}, True),
        ({"value": "[split(concat(first(field('tags')), '//'), '/')[2]]", "equals": ""}, None),
        ({"value": "[toLower('ABC')]", "equals": "abc"}, True),
        ({"value": "[length(field('name'))]", "greater": 2}, True),
    ],
    ids=str,
)
def test_conditions_are_case_insensitive(condition: dict[str, Any], wanted: bool | None) -> None:
    if wanted is None:
        with pytest.raises(EvaluationError):
            holds(condition, tags={"Who": "Trust"})
    else:
        assert holds(condition, tags={"Who": "Trust"}) is wanted


@pytest.mark.parametrize("operator", [{"equals": "x"}, {"in": ["x"]}, {"like": "*"}, {"contains": ""}, {"greater": 0}])
def test_missing_value_equals_nothing(operator: dict[str, Any]) -> None:
    (name, value), = operator.items()  # fmt: skip
    assert not holds(field("flushConnection", **{f"{name}_": value}))
    assert not holds(field("flushConnection", **{f"{name}_": value}), flushConnection=None)


@pytest.mark.parametrize("operator", [{"notEquals": "x"}, {"notIn": ["x"]}, {"notLike": "*"}, {"notContains": ""}])
def test_negated_conditions_are_true_for_a_missing_value(operator: dict[str, Any]) -> None:
    assert holds(field("flushConnection", **operator))


def test_exists_is_true_for_any_present_value() -> None:
    assert holds(field("flushConnection", exists="true"), flushConnection=False)
    assert holds(field("flushConnection", exists=False))
    assert not holds(field("flushConnection", exists="false"), flushConnection=False)


@pytest.mark.parametrize(("value", "wanted"), [(True, "true"), (True, True), (3, "3"), (3.0, 3), ("Deny", "dENY")])
def test_strings_numbers_and_booleans_compare_as_strings(value: Any, wanted: Any) -> None:
    assert holds(field("flushConnection", equals=wanted), flushConnection=value)
    assert not holds(field("flushConnection", notEquals=wanted), flushConnection=value)


def test_array_condition_must_be_true_for_each_member() -> None:
    assert holds(field("securityRules[*].priority", greater=50), securityRules=RULES)
    assert not holds(field("securityRules[*].priority", greater=150), securityRules=RULES)
    assert holds(field("securityRules[*].access", equals="Deny"), securityRules=[])
    assert holds(field("securityRules[*].access", equals="Deny"))


def counted(where: dict[str, Any] | None, **operator: Any) -> dict[str, Any]:
    count = {"field": f"{TYPE}/securityRules[*]"} | ({"where": where} if where else {})
    return {"count": count, **operator}


def test_count_is_the_number_of_members_that_match_where() -> None:
    outbound = field("securityRules[*].direction", equals="outbound")
    assert holds(counted(None, equals=2), securityRules=RULES)
    assert holds(counted(outbound, equals=1), securityRules=RULES)
    assert holds(counted({"allOf": [outbound, field("securityRules[*].access", equals="Allow")]}, equals=0),
                 securityRules=RULES)  # fmt: skip
    assert holds(counted(outbound, less=1))


def test_nested_count_is_scoped_to_the_member() -> None:
    inner = {"count": {"field": f"{TYPE}/securityRules[*].sourceAddressPrefixes[*]"}, "greater": 0}
    assert holds(counted(inner, equals=1), securityRules=RULES)


def test_field_function_in_count_returns_the_member() -> None:
    named = {"value": f"[first(field('{TYPE}/securityRules[*].name'))]", "equals": "b"}
    assert holds(counted(named, equals=1), securityRules=RULES)


def test_alias_of_another_type_is_missing() -> None:
    assert holds({"field": "Microsoft.Network/bastionHosts/enableTunneling", "notEquals": "true"})
    assert not holds({"field": "Microsoft.Network/bastionHosts/enableTunneling", "equals": "true"})


def test_parameter_has_the_assigned_value() -> None:
    found = context(parameters={"names": ["one", "two"]})
    assert found.holds({"field": "name", "in": "[parameters('Names')]"})
    with pytest.raises(EvaluationError):
        found.holds({"field": "name", "in": "[parameters('none')]"})


@pytest.mark.parametrize("broken", ["[split('a/b', '/')[7]]", "[first(field('kind'))]", "[resourceGroup().colour]"])
def test_function_without_a_value_fails(broken: str) -> None:
    with pytest.raises(EvaluationError):
        holds({"value": broken, "equals": ""})


def test_escaped_bracket_begins_a_string() -> None:
    assert holds({"value": "[[one]", "equals": "[[one]"})


def test_alias_reaches_into_a_properties_object() -> None:
    found = context("Microsoft.KeyVault/vaults", properties={"publicNetworkAccess": "Enabled"})
    assert found.holds({"field": "Microsoft.KeyVault/vaults/publicNetworkAccess", "notEquals": "Disabled"})


def test_child_resource_has_name_and_full_name() -> None:
    child = PolicyTarget(f"{GROUP}/providers/Microsoft.Network/virtualNetworks/v/subnets/s",
                    "Microsoft.Network/virtualNetworks/subnets", {})  # fmt: skip
    assert EvaluationContext(child).holds({"field": "name", "equals": "s"})
    assert EvaluationContext(child).holds({"field": "fullName", "equals": "v/s"})


def test_resource_group_has_its_policy_type() -> None:
    group = PolicyTarget(GROUP, "Microsoft.Resources/resourceGroups", {})
    assert EvaluationContext(group).holds(
        {"field": "type", "equals": "Microsoft.Resources/subscriptions/resourceGroups"}
    )
    assert EvaluationContext(group).holds({"field": "name", "equals": "rg-one"})
