"""Conditions, loops, nested and linked deployments, and defaults of parameters in templates of other origin."""

from __future__ import annotations

import copy
from datetime import date
from typing import Any

import pytest

from formats.errors import InputError
from formats.plan import UNKNOWN, Plan
from formats.unknown_values import Cause, CauseKind, UnknownValue
from operations.export.template_reader import read_template, read_template_plans
from policies.model import Verdict
from policies.plan_evaluation import evaluate_plans
from policies.plan_resources import resources_of
from tests.operations.export.test_template_reader import ACCOUNT, GROUP_SCHEMA, account, foreign, only

DAY = date(2026, 11, 22)
FLAG = {"flag": {"type": "bool", "defaultValue": False}}


def verdict(plan: Plan, policy: str) -> set[Verdict]:
    report = evaluate_plans([plan], day=DAY, templates=[plan.stack])
    return {finding.verdict for finding in report.of(policy)}


def deployment(inner: Any, **properties: Any) -> dict[str, Any]:
    return {"type": "Microsoft.Resources/deployments", "apiVersion": "2022-09-01", "name": "d",
            "properties": {"mode": "Incremental", "template": inner, **properties}}  # fmt: skip


INNER = {"expressionEvaluationOptions": {"scope": "inner"}}


@pytest.mark.parametrize(
    "element",
    [{"condition": "[parameters('flag')]"}, {"condition": "true"}, {"copy": {"name": "c", "count": 2}},
     {"copy": {"name": "c", "count": "[length(parameters('names'))]"}}],
)  # fmt: skip
def test_an_uncertain_resource_is_unknown_and_is_still_checked(element: dict[str, Any]) -> None:
    plan = read_template(foreign({**account(publicNetworkAccess="Enabled"), **element}, parameters=FLAG))
    assert verdict(plan, "TM1") == {Verdict.UNKNOWN}
    assert Verdict.FAIL in verdict(plan, "ST1")


@pytest.mark.parametrize("value", [True, "[true()]", "[equals(variables('kind'), 'new')]"])
def test_a_condition_that_holds_is_certain(value: Any) -> None:
    plan = read_template(foreign({**ACCOUNT, "condition": value}, variables={"kind": "new"}))
    assert verdict(plan, "TM1") == {Verdict.NOT_APPLICABLE}


def test_a_resource_with_a_false_condition_is_left_out_but_its_children_are_not() -> None:
    child = {"type": "blobServices", "name": "default", "apiVersion": "2023-01-01", "properties": {}}
    plan = read_template(foreign({**ACCOUNT, "condition": "[false()]", "resources": [child]}))
    assert [r.type for r in resources_of(plan)] == ["storage:BlobServiceProperties"]


def test_a_condition_of_a_deployment_applies_to_all_in_it() -> None:
    inner = {"$schema": GROUP_SCHEMA, "resources": [ACCOUNT]}
    conditional = {**deployment(inner), "condition": "[parameters('flag')]"}
    assert verdict(read_template(foreign(conditional, parameters=FLAG)), "TM1") == {Verdict.UNKNOWN}


def test_a_condition_of_a_role_assignment_is_no_condition_of_the_template() -> None:
    grant = {"type": "Microsoft.Authorization/roleAssignments", "apiVersion": "2022-04-01", "name": "a" * 36,
             "properties": {"condition": "[parameters('c')]", "principalId": "p", "roleDefinitionId": "r"}}  # fmt: skip
    assert verdict(read_template(foreign(grant)), "TM1") == {Verdict.NOT_APPLICABLE}


@pytest.mark.parametrize(
    "properties",
    [{"templateLink": {"uri": "https://x.invalid"}}, {"template": "[variables('t')]"},
     {"template": {"$schema": "https://x.invalid", "resources": [ACCOUNT]}}, {"Template": {"resources": [ACCOUNT]}}],
)  # fmt: skip
def test_a_deployment_that_cannot_be_read_is_refused_by_its_policy(properties: dict[str, Any]) -> None:
    linked = {"type": "Microsoft.Resources/deployments", "apiVersion": "2022-09-01", "name": "d",
              "properties": {"mode": "Incremental", **properties}}  # fmt: skip
    plan = read_template(foreign(ACCOUNT, linked))
    assert len(resources_of(plan)) == 2
    assert Verdict.FAIL in verdict(plan, "GV7")


def test_existing_is_a_word_of_templates_with_symbolic_names_alone() -> None:
    there = {**ACCOUNT, "name": "there", "existing": True}
    assert len(resources_of(read_template(foreign(ACCOUNT, there)))) == 2
    symbolic = {**foreign(), "languageVersion": "2.0", "resources": {"mine": ACCOUNT, "there": there}}
    assert only(read_template(symbolic)).inputs["accountName"] == ACCOUNT["name"]


def test_a_nested_template_has_the_parameters_that_it_is_given() -> None:
    inner = {
        "$schema": GROUP_SCHEMA,
        "parameters": {"access": {"type": "string"}, "tls": {"type": "string", "defaultValue": "TLS1_2"},
                       "key": {"type": "securestring"}},
        "resources": [account(publicNetworkAccess="[parameters('access')]", minimumTlsVersion="[parameters('tls')]",
                              note="[parameters('key')]")],
    }  # fmt: skip
    key = {"reference": {"keyVault": {"id": "/x"}, "secretName": "s"}}
    given = {"access": {"value": "[variables('a')]"}, "key": key}
    found = only(read_template(foreign(deployment(inner, parameters=given, **INNER), variables={"a": "Disabled"})))
    assert (found.at("publicNetworkAccess"), found.at("minimumTlsVersion")) == ("Disabled", "TLS1_2")
    without = only(read_template(foreign(deployment(inner, parametersLink={"uri": "x"}, **INNER))))
    assert without.inputs["minimumTlsVersion"] == UNKNOWN


def test_an_outer_scope_hides_the_variables_of_a_nested_template() -> None:
    inner = {"$schema": GROUP_SCHEMA, "variables": {"a": "Disabled"},
             "resources": [account(publicNetworkAccess="[variables('a')]")]}  # fmt: skip
    outer = {"variables": {"a": "Enabled"}}
    assert only(read_template(foreign(deployment(inner), **outer))).at("publicNetworkAccess") == "Enabled"
    assert only(read_template(foreign(deployment(inner, **INNER), **outer))).at("publicNetworkAccess") == "Disabled"


def test_a_default_is_in_the_plan_with_defaults_alone() -> None:
    words = {"parameters": {"access": {"type": "string", "defaultValue": "Enabled"}}}
    plans = read_template_plans(foreign(account(publicNetworkAccess="[parameters('access')]"), **words))
    assert plans.with_defaults is not None
    assert only(plans.plan).inputs["publicNetworkAccess"] == UNKNOWN
    assert only(plans.with_defaults).inputs["publicNetworkAccess"] == "Enabled"
    assert only(plans.plan).urn == only(plans.with_defaults).urn


def test_given_parameters_are_known_and_the_others_have_defaults() -> None:
    words = {"parameters": {"access": {"type": "string"}, "tls": {"type": "string", "defaultValue": "TLS1_2"}}}
    content = foreign(
        account(publicNetworkAccess="[parameters('access')]", minimumTlsVersion="[parameters('tls')]"), **words
    )
    plans = read_template_plans(content, given={"Access": "Disabled"})
    assert plans.with_defaults is None
    found = only(plans.plan)
    assert (found.at("publicNetworkAccess"), found.at("minimumTlsVersion")) == ("Disabled", "TLS1_2")


@pytest.mark.parametrize(
    ("name", "shown"),
    [("st1", "st1"), ("[parameters('name')]", "st-default"), ("[parameters('other')]", "[parameters('other')]"),
     ("[concat('st', parameters('name'))]", "stst-default"), ("[\n uniqueString('a')]", "[ uniqueString('a')]")],
)  # fmt: skip
def test_a_resource_has_the_name_or_its_expression(name: str, shown: str) -> None:
    words = {"parameters": {"name": {"type": "string", "defaultValue": "st-default"}, "other": {"type": "string"}}}
    assert only(read_template(foreign({**ACCOUNT, "name": name}, **words))).name == shown


def test_resources_of_one_name_are_told_apart_by_their_place() -> None:
    either = [{**ACCOUNT, "name": "[parameters('n')]", "condition": f"[equals(parameters('n'), '{n}')]"} for n in "ab"]
    plan = read_template(foreign(*either))
    assert [r.name for r in resources_of(plan)] == ["[parameters('n')]@resources[0]", "[parameters('n')]@resources[1]"]


def test_one_name_under_two_conditions_is_no_duplicate() -> None:
    either = [{**ACCOUNT, "condition": f"[{test}]"} for test in ("parameters('flag')", "not(parameters('flag'))")]
    plan = read_template(foreign(*either, parameters={"flag": {"type": "bool"}}))
    assert verdict(plan, "TM1") == {Verdict.UNKNOWN}
    with pytest.raises(InputError, match="have one id"):
        read_template(foreign(ACCOUNT, ACCOUNT))


SECURE = {"type": "secureString"}
SECRET_PARAMETER = {"pw": SECURE | {"defaultValue": "Passw0rd!23"}}


@pytest.mark.parametrize(
    ("words", "value", "expected"),
    [
        ({"parameters": SECRET_PARAMETER}, "[parameters('pw')]", Verdict.FAIL),
        ({"parameters": SECRET_PARAMETER}, "[concat('x', parameters('pw'))]", Verdict.FAIL),
        ({"parameters": {"pw": {"type": "string", "defaultValue": "Passw0rd!23"}}}, "[parameters('pw')]", Verdict.FAIL),
        ({}, "Passw0rd!23", Verdict.FAIL),
        ({"variables": {"pw": "Passw0rd!23"}}, "[variables('pw')]", Verdict.FAIL),
        ({"parameters": {"pw": SECURE}}, "[parameters('pw')]", Verdict.NOT_APPLICABLE),
        ({"parameters": {"pw": SECURE | {"defaultValue": ""}}}, "[parameters('pw')]", Verdict.NOT_APPLICABLE),
        ({"parameters": {"pw": SECURE | {"defaultValue": "[newGuid()]"}}}, "[parameters('pw')]",
         Verdict.NOT_APPLICABLE),
    ],
)  # fmt: skip
@pytest.mark.parametrize("system", ["windowsConfiguration", "linuxConfiguration"])
def test_a_password_in_a_template_fails(words: Any, value: str, expected: Verdict, system: str) -> None:
    machine = {
        "type": "Microsoft.Compute/virtualMachines",
        "apiVersion": "2024-07-01",
        "name": "vm",
        "properties": {"osProfile": {"adminPassword": value, system: {}}},
    }
    plans = read_template_plans(foreign(machine, **words))
    assert verdict(plans.plan, "TM2") == {expected}
    report = evaluate_plans([plans.with_defaults or plans.plan], day=DAY, templates=[plans.plan.stack])
    assert "Passw0rd" not in str(report.findings)


def test_a_role_is_known_by_its_name_in_an_unknown_subscription() -> None:
    owner = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
    role = f"[subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '{owner}')]"
    grant = {"type": "Microsoft.Authorization/roleAssignments", "apiVersion": "2022-04-01", "name": "a" * 36,
             "properties": {"principalId": "[parameters('who')]", "roleDefinitionId": role}}  # fmt: skip
    assert Verdict.FAIL in verdict(read_template(foreign(grant)), "IA1")


def test_a_resource_without_a_name_is_named_by_its_place() -> None:
    extension = {"type": "Microsoft.Graph/groups@v1.0", "import": "graph", "properties": {"displayName": "g"}}
    symbolic = {**foreign(), "languageVersion": "2.0", "resources": {"group": extension}}
    assert only(read_template(symbolic)).name == "resources.group"


def test_an_unknown_value_keeps_its_causes_in_a_copy() -> None:
    value = UnknownValue([Cause(CauseKind.PARAMETER, "a")])
    again = copy.deepcopy({"x": value})["x"]
    assert (again, again.causes) == (UNKNOWN, value.causes)
