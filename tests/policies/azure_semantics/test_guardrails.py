"""A guardrail counts where all of it is known, and nowhere else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from formats.plan import UNKNOWN
from infra.guardrails import ENDPOINTS_TO_OWN_GROUP, GUARDRAILS, NO_DNAT
from policies.azure_semantics.guardrails import ASSIGNMENT, DEFINITION, EXEMPTION, assignment_in_force
from policies.model import PolicyContext, Resource
from tests.policies.rules.cases import GONE, GROUP, STACK, World, changed, made

SUBSCRIPTION = GROUP.rpartition("/resourceGroups/")[0]
DEFINED = f"{SUBSCRIPTION}/providers/Microsoft.Authorization/policyDefinitions/endpoints-stay"
NOUN = ENDPOINTS_TO_OWN_GROUP.key
WEAKER: list[tuple[str, str, object]] = [
    ("assignment", "enforcementMode", "DoNotEnforce"),
    ("assignment", "enforcementMode", UNKNOWN),
    ("assignment", "notScopes", [f"{GROUP}/providers/Microsoft.Network/privateEndpoints/one"]),
    ("assignment", "notScopes", UNKNOWN),
    ("assignment", "overrides", [{"kind": "policyEffect", "value": "audit"}]),
    ("assignment", "resourceSelectors", [{"name": "some", "selectors": []}]),
    ("assignment", "parameters", {"subscriptions": {"value": ["*"]}}),
    ("assignment", "definitionVersion", "1.*.*"),
    ("assignment", "scope", UNKNOWN),
    ("assignment", "scope", ""),
    ("assignment", "scope", "/"),
    ("assignment", "scope", f"{GROUP}-other"),
    ("assignment", "scope", f"{GROUP}/providers/Microsoft.Network/privateEndpoints/one"),
    ("assignment", "policyDefinitionId", UNKNOWN),
    ("assignment", "policyDefinitionId", f"{DEFINED}-other"),
    ("assignment", "policyDefinitionId", GONE),
    ("definition", "mode", "Indexed"),
    ("definition", "mode", GONE),
    ("definition", "policyRule", UNKNOWN),
    ("definition", "policyRule", {"if": {"field": "type", "equals": "none"}, "then": {"effect": "deny"}}),
    ("definition", "policyRule.then.effect", "audit"),
    ("definition", "policyRule.if.allOf[0].equals", UNKNOWN),
    ("definition", "policyRule.if.allOf[1].anyOf[0].greater", 1),
    ("definition", "policyRule.if.allOf[1].anyOf[0].greater", False),
    ("definition", "parameters", {"effect": {"type": "String"}}),
    ("definition", "policyType", "BuiltIn"),
]


def definition() -> Resource:
    found = made(
        DEFINITION, "endpoints-stay", mode="All", policyRule=ENDPOINTS_TO_OWN_GROUP.policy_rule, policyType="Custom"
    )
    return replace(found, id=DEFINED)


def assignment() -> Resource:
    return made(ASSIGNMENT, "assigned", "Microsoft.Authorization/policyAssignments/endpoints-stay",
                scope=GROUP, policyDefinitionId=DEFINED, enforcementMode="Default")  # fmt: skip


def world() -> World:
    return {"definition": definition(), "assignment": assignment()}


def found(world: World, group: str = GROUP, noun: str = NOUN) -> Resource | None:
    return assignment_in_force(PolicyContext(world.values()), group, noun)


def test_an_enforced_assignment_applies_to_its_resource_group() -> None:
    held = found(world())
    assert held is not None
    assert held.type == ASSIGNMENT


def test_ids_compare_without_regard_to_case() -> None:
    shouted = changed(changed(world(), "assignment", "scope", GROUP.upper() + "/"), "assignment", "policyDefinitionId",
                      DEFINED.upper())  # fmt: skip
    assert found(shouted, GROUP.lower()) is not None


def test_an_assignment_of_a_subscription_applies_to_its_groups() -> None:
    assert found(changed(world(), "assignment", "scope", SUBSCRIPTION)) is not None


def test_azure_s_default_enforcement_is_enforced() -> None:
    assert found(changed(world(), "assignment", "enforcementMode", GONE)) is not None
    assert found(changed(world(), "assignment", "notScopes", [])) is not None


@pytest.mark.parametrize(("name", "path", "value"), WEAKER, ids=lambda v: "gone" if v is GONE else str(v)[:40])
def test_a_weaker_assignment_does_not_count(name: str, path: str, value: Any) -> None:
    assert found(changed(world(), name, path, value)) is None


@pytest.mark.parametrize("lifted", [UNKNOWN, None, "own"])
def test_an_assignment_with_an_exemption_does_not_count(lifted: str | None) -> None:
    own = assignment()
    exemption = made(EXEMPTION, "lifts", policyAssignmentId=own.id if lifted == "own" else lifted)
    assert found(world() | {"exemption": exemption}) is None


def test_an_exemption_from_another_assignment_changes_nothing() -> None:
    other = f"{GROUP}/providers/Microsoft.Authorization/policyAssignments/other"
    assert found(world() | {"exemption": made(EXEMPTION, "lifts", policyAssignmentId=other)}) is not None


def test_a_guardrail_counts_for_its_own_rule_alone() -> None:
    assert found(world(), noun=NO_DNAT.key) is None
    with pytest.raises(KeyError):
        found(world(), noun="no-such-guard")


def test_a_definition_outside_the_context_does_not_count() -> None:
    assert found({"assignment": assignment()}) is None


def test_a_resource_of_another_type_is_no_definition() -> None:
    posing = Resource("urn:x", "network:PrivateEndpoint", "x", STACK, definition().inputs, DEFINED)
    assert found({"assignment": assignment(), "definition": posing}) is None


def test_all_guardrails_differ() -> None:
    rules = [str(guard.policy_rule) for guard in GUARDRAILS.values()]
    assert len(rules) == len(set(rules)) == len(GUARDRAILS)
