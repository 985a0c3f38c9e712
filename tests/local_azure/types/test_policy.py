"""Definitions and assignments of Azure Policy, and their enforcement."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from local_azure.model import AzureError
from tests.local_azure.types.support import SUBSCRIPTION, World, refused

READER = "/providers/Microsoft.Authorization/roleDefinitions/acdd72a7-3385-48ef-bd42-f606fba81ae7"
WITH_IDENTITY = {"identity": {"type": "SystemAssigned"}, "location": "uksouth"}
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg"
ACCOUNT = "Microsoft.Storage/storageAccounts"
OPEN = {
    "allOf": [
        {"field": "type", "equals": ACCOUNT},
        {"field": f"{ACCOUNT}/publicNetworkAccess", "notEquals": "Disabled"},
    ]
}
CLOSED = {"publicNetworkAccess": "Disabled"}


def rule(condition: Any, effect: str = "deny") -> dict[str, Any]:
    return {"if": condition, "then": {"effect": effect}}


def changing(
    *, value: str, field: str = "publicNetworkAccess", operation: str = "addOrReplace",
    roles: Sequence[str] = (READER,),
) -> dict[str, Any]:  # fmt: skip
    """Return a rule that writes a value into requests for accounts."""
    written = {"operation": operation, "field": f"{ACCOUNT}/{field}", "value": value}
    details = {"roleDefinitionIds": list(roles), "conflictEffect": "deny", "operations": [written]}
    return {"if": OPEN, "then": {"effect": "modify", "details": details}}


def define(world: World, name: str = "closed", condition: Any = OPEN, effect: str = "deny", **more: Any) -> str:
    more = {"mode": "All", "policyType": "Custom", "policyRule": rule(condition, effect)} | more
    return world.make("authorization:PolicyDefinition", policyDefinitionName=name, **more)


def assign(world: World, definition: str, scope: str = GROUP, name: str = "closed", **more: Any) -> str:
    return world.make("authorization:PolicyAssignment", policyAssignmentName=name, scope=scope,
                      policyDefinitionId=definition, **more)  # fmt: skip


# Definitions ---------------------------------------------------------------------------------------------------------


def test_definition_is_in_its_subscription(world: World) -> None:
    id_ = define(world)
    assert id_ == f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Authorization/policyDefinitions/closed"
    assert world.read(id_)["policyRule"] == rule(OPEN)


@pytest.mark.parametrize("name", ["", "a" * 65, "a/b", "a:b", "a?", "ends ", "per%cent", "a.b", "back\\slash"])
def test_invalid_name_is_refused(world: World, name: str) -> None:
    with pytest.raises(AssertionError, match="InvalidPolicyName"):
        define(world, name)


@pytest.mark.parametrize(
    ("written", "code"),
    [
        (None, "InvalidPolicyRule"),
        ("deny", "InvalidPolicyRule"),
        ({"then": {"effect": "deny"}}, "InvalidPolicyRule"),
        ({"if": OPEN}, "InvalidPolicyRule"),
        (rule(OPEN, "refuse"), "InvalidPolicyRule"),
        (rule({"allOf": []}), "InvalidPolicyRule"),
        (rule({"allOf": [OPEN], "anyOf": [OPEN]}), "InvalidPolicyRule"),
        (rule({"field": "type"}), "InvalidPolicyRule"),
        (rule({"equals": "x"}), "InvalidPolicyRule"),
        (rule({"field": "name", "like": "*a*"}), "InvalidPolicyRule"),
        (rule({"field": "name", "in": "a"}), "InvalidPolicyRule"),
        (rule({"count": {"field": f"{ACCOUNT}/sku"}, "greater": 0}), "InvalidPolicyRule"),
        (rule({"value": "[concat('a']", "equals": "a"}), "InvalidPolicyRule"),
        (rule({"field": f"{ACCOUNT}/publicNetworkAcces", "equals": "x"}), "InvalidPolicyAlias"),
        (rule({"field": f"{ACCOUNT}/sku.name.deeper", "equals": "x"}), "InvalidPolicyAlias"),
        (rule({"field": "publicNetworkAccess", "equals": "x"}), "InvalidPolicyAlias"),
        (rule({"value": f"[first(field('{ACCOUNT}/nothing'))]", "equals": "x"}), "InvalidPolicyAlias"),
        (rule({"field": "name", "equals": "[parameters('names')]"}), "InvalidPolicyParameters"),
        (rule({"field": "name", "match": "a##"}), "NotImplemented"),
        (rule({"value": "[utcNow()]", "equals": "x"}), "NotImplemented"),
        (rule({"count": {"value": ["a"], "where": OPEN}, "greater": 0}), "NotImplemented"),
        (rule(OPEN, "deployIfNotExists"), "NotImplemented"),
        (rule(OPEN, "modify"), "InvalidPolicyRule"),
        (changing(value="Disabled", roles=[]), "InvalidPolicyRule"),
        (changing(value="Disabled", field="publicNetwork"), "InvalidPolicyAlias"),
        (changing(value="Disabled", operation="remove"), "NotImplemented"),
        (changing(value="[field('name')]"), "NotImplemented"),
    ],
    ids=str,
)
def test_invalid_or_unsupported_rule_is_refused(world: World, written: Any, code: str) -> None:
    with refused(code):
        define(world, policyRule=written)


def test_aliases_of_azure_are_accepted(world: World) -> None:
    network = "Microsoft.Network"
    for index, alias in enumerate(
        (
            f"{network}/firewallPolicies/ruleCollectionGroups/ruleCollections[*].ruleCollectionType",
            f"{network}/networkInterfaces/ipconfigurations[*].publicIpAddress.id",
            f"{network}/privateEndpoints/manualPrivateLinkServiceConnections[*].privateLinkServiceId",
            f"{network}/azureFirewalls/natRuleCollections[*]",
            "Microsoft.KeyVault/vaults/publicNetworkAccess",
            f"{ACCOUNT}/networkAcls.defaultAction",
            "Microsoft.Quantum/workspaces/anything",
        )
    ):
        define(world, f"d{index}", {"field": alias, "exists": "true"})


def test_unused_parameter_is_refused(world: World) -> None:
    names = {"names": {"type": "Array", "defaultValue": ["a"]}}
    define(world, "one", {"field": "name", "in": "[parameters('names')]"}, parameters=names)
    with refused("UnusedPolicyParameters"):
        define(world, "two", parameters=names)


def test_effect_can_be_a_parameter(world: World) -> None:
    effect = {"effect": {"type": "String", "allowedValues": ["audit", "deny"], "defaultValue": "deny"}}
    define(world, "one", effect="[parameters('effect')]", parameters=effect)
    wrong = {"effect": {"type": "String", "allowedValues": ["deny", "append"]}}
    with refused("NotImplemented"):
        define(world, "two", effect="[parameters('effect')]", parameters=wrong)


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"mode": "Most"}, "InvalidPolicyDefinition"),
        ({"mode": "Microsoft.KeyVault.Data"}, "NotImplemented"),
        ({"policyType": "BuiltIn"}, "InvalidCreatePolicyDefinitionRequest"),
    ],
    ids=str,
)
def test_only_custom_definitions_of_known_modes_are_accepted(world: World, more: dict[str, Any], code: str) -> None:
    with refused(code):
        define(world, **more)


def test_definition_can_change_and_cannot_be_deleted_in_use(world: World) -> None:
    definition = define(world)
    assignment = assign(world, definition)
    world.change(definition, policyRule=rule(OPEN, "audit"), displayName="Closed")
    world.account()
    with refused("PolicyDefinitionInUse"):
        world.remove(definition)
    world.remove(assignment)
    world.remove(definition)


# Assignments ---------------------------------------------------------------------------------------------------------


def test_assignment_needs_its_definition_and_scope(world: World) -> None:
    definition = define(world)
    with refused("ResourceNotFound"):
        assign(world, definition, f"{GROUP}/providers/{ACCOUNT}/none")
    with refused("PolicyDefinitionNotFound"):
        assign(world, f"{definition}-other")
    with refused("PolicyDefinitionNotFound"):
        assign(world, "/providers/Microsoft.Authorization/policyDefinitions/b2982f36-99f2-4db5-8eff-283140c09693")
    with refused("InvalidCreatePolicyAssignmentRequest"):
        assign(world, "")


def test_definition_of_another_subscription_is_out_of_scope(world: World) -> None:
    definition = define(world)
    with refused("InvalidCreatePolicyAssignmentRequest"):
        assign(world, definition, "/subscriptions/10ca1000-0000-4000-8000-000000000002")


@pytest.mark.parametrize(
    "more",
    [
        {"overrides": [{"kind": "policyEffect", "value": "audit"}]},
        {"resourceSelectors": [{"name": "some", "selectors": [{"kind": "resourceLocation", "in": ["ukwest"]}]}]},
        {"definitionVersion": "1.0.*"},
        {"identity": {"type": "UserAssigned"}, "location": "uksouth"},
    ],
    ids=str,
)
def test_unsupported_assignment_properties_are_refused(world: World, more: dict[str, Any]) -> None:
    with refused("NotImplemented"):
        assign(world, define(world), **more)


def test_parameters_of_an_assignment_fit_the_definition(world: World) -> None:
    names = {
        "names": {"type": "Array"},
        "kind": {"type": "String", "allowedValues": ["one", "two"], "defaultValue": "one"},
    }
    condition = {
        "allOf": [{"field": "name", "in": "[parameters('names')]"}, {"field": "kind", "equals": "[parameters('kind')]"}]
    }
    definition = define(world, condition=condition, parameters=names)
    with refused("MissingPolicyParameter"):
        assign(world, definition)
    with refused("UndefinedPolicyParameter"):
        assign(world, definition, parameters={"names": {"value": []}, "other": {"value": 1}})
    with refused("PolicyParameterValueNotAllowed"):
        assign(world, definition, parameters={"names": {"value": []}, "kind": {"value": "three"}})
    assign(world, definition, parameters={"Names": {"value": ["a"]}})


# Enforcement -------------------------------------------------------------------------------------------------------


def test_denied_write_is_refused_with_azures_message(world: World) -> None:
    assign(world, define(world, displayName="Stores are closed"),
           nonComplianceMessages=[{"message": "Ask the platform team."}])  # fmt: skip
    with pytest.raises(AzureError) as caught:
        world.account("opened")
    assert (caught.value.code, caught.value.status, caught.value.target) == ("RequestDisallowedByPolicy", 403, "opened")
    assert "Resource 'opened' was disallowed by policy. Reasons: 'Ask the platform team.'." in caught.value.message
    assert f'"id":"{GROUP}/providers/Microsoft.Authorization/policyAssignments/closed"' in caught.value.message
    assert '"name":"Stores are closed"' in caught.value.message
    assert world.store.get(f"{GROUP}/providers/{ACCOUNT}/opened") is None


def test_refusal_without_a_message_names_the_policies(world: World) -> None:
    assign(world, define(world))
    with pytest.raises(AzureError, match=r"was disallowed by policy\. Policy identifiers: "):
        world.account()


def test_write_that_does_not_match_the_rule_is_accepted(world: World) -> None:
    assign(world, define(world))
    id_ = world.account(**CLOSED)
    world.vnet()
    world.change(id_, tags={"project": "heart"})
    with refused("RequestDisallowedByPolicy"):
        world.change(id_, publicNetworkAccess="Enabled")


def test_existing_resource_is_checked_at_its_next_write(world: World) -> None:
    id_ = world.account()
    assign(world, define(world))
    with refused("RequestDisallowedByPolicy"):
        world.change(id_, tags={"project": "heart"})
    world.change(id_, **CLOSED)
    world.remove(id_)


def test_assignment_applies_to_its_scope_and_below(world: World) -> None:
    world.make("resources:ResourceGroup", group=None, location="uksouth", resourceGroupName="rg-other")
    definition = define(world)
    assign(world, definition)
    world.account("elsewhere", resourceGroupName="rg-other")
    assign(world, definition, f"/subscriptions/{SUBSCRIPTION}")
    with refused("RequestDisallowedByPolicy"):
        world.account("elsewhere2", resourceGroupName="rg-other")


@pytest.mark.parametrize("more", [{"enforcementMode": "DoNotEnforce"}, {"notScopes": [GROUP.upper()]}], ids=str)
def test_excluded_or_unenforced_assignment_refuses_nothing(world: World, more: dict[str, Any]) -> None:
    assign(world, define(world), f"/subscriptions/{SUBSCRIPTION}", **more)
    world.account()


@pytest.mark.parametrize("effect", ["audit", "disabled", "Audit"])
def test_only_the_effect_deny_refuses(world: World, effect: str) -> None:
    assign(world, define(world, effect=effect))
    world.account()


def test_mode_indexed_ignores_types_without_tags(world: World) -> None:
    peering = {"field": "type", "equals": "Microsoft.Network/virtualNetworks/subnets"}
    world.vnet()
    indexed = assign(world, define(world, "indexed", peering, mode="Indexed"), name="indexed")
    world.subnet()
    world.remove(indexed)
    assign(world, define(world, "all", peering), name="all")
    with refused("RequestDisallowedByPolicy"):
        world.subnet("more", "10.0.2.0/24")


def test_failed_evaluation_denies(world: World) -> None:
    """Azure: a failed evaluation is an implicit deny."""
    assign(world, define(world, condition={"value": "[split(field('name'), '/')[9]]", "equals": "x"}))
    with refused("RequestDisallowedByPolicy"):
        world.account(**CLOSED)


def test_parameters_of_the_assignment_set_the_effect(world: World) -> None:
    effect = {"effect": {"type": "String", "allowedValues": ["audit", "deny"], "defaultValue": "audit"}}
    definition = define(world, effect="[parameters('effect')]", parameters=effect)
    lenient = assign(world, definition)
    world.account("one")
    world.remove(lenient)
    assign(world, definition, parameters={"effect": {"value": "deny"}})
    with refused("RequestDisallowedByPolicy"):
        world.account("two")


# The effect modify ---------------------------------------------------------------------------------------------------


def test_assignment_that_changes_requests_needs_an_identity(world: World) -> None:
    definition = define(world, policyRule=changing(value="Disabled"))
    for more in ({}, {"identity": {"type": "None"}}, {"identity": {"type": "SystemAssigned"}}):
        with refused("ResourceIdentityRequired"):
            assign(world, definition, **more)
    assigned = assign(world, definition, **WITH_IDENTITY)
    assert world.read(assigned)["identity"]["principalId"]


def test_changed_request_has_the_values_of_the_rule(world: World) -> None:
    assign(world, define(world, policyRule=changing(value="Disabled")), **WITH_IDENTITY)
    opened = world.account(publicNetworkAccess="Enabled")
    assert world.read(opened)["publicNetworkAccess"] == "Disabled"
    world.change(opened, publicNetworkAccess="Enabled")
    assert world.read(opened)["publicNetworkAccess"] == "Disabled"


def test_denial_is_evaluated_on_the_changed_request(world: World) -> None:
    assign(world, define(world, "closed"), name="closed")
    assign(world, define(world, "closes", policyRule=changing(value="Disabled")), name="closes", **WITH_IDENTITY)
    world.account()
    assign(
        world, define(world, "opens", policyRule=changing(value="SecuredByPerimeter")), name="opens", **WITH_IDENTITY
    )
    with refused("RequestDisallowedByPolicy"):
        world.account("other")
