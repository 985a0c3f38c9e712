"""The mutants that add what the SDK offers, on single resources."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from formats.property_paths import parse
from formats.pulumi_sdk import SdkProperty
from policies.model import PolicyContext, Resource
from policies.mutations.model import AddedKind, Mutant
from policies.mutations.sdk_mutants import SdkMutants, enum_values, example, extended, replaced
from policies.rules import load

ROOT = "/subscriptions/10ca1000-0000-4000-8000-000000000001/resourceGroups/rg/providers"
STORE = "storage:StorageAccount"
STORE_ID = f"{ROOT}/Microsoft.Storage/storageAccounts/one"


def resource(type_: str, inputs: Mapping[str, Any], id_: str, stack: str = "s", name: str = "one") -> Resource:
    urn = f"urn:pulumi:{stack}::sde::azure-native:{type_}::{name}"
    return Resource(urn=urn, type=type_, name=name, stack=stack, inputs=inputs, id=id_)


def made(*resources: Resource) -> list[Mutant]:
    return list(SdkMutants(load()).of(PolicyContext(resources)))


def labels(kind: AddedKind, *resources: Resource) -> set[str]:
    return {m.label for m in made(*resources) if m.added is kind}


STORAGE = resource(STORE, {"accountName": "one", "dnsEndpointType": "Standard"}, STORE_ID)


def test_an_unread_property_is_added_unless_it_is_set() -> None:
    found = labels(AddedKind.PROPERTY, STORAGE)
    assert "routingPreference.routingChoice added: 'MicrosoftRouting'" in found
    assert not [label for label in found if label.startswith("dnsEndpointType")]
    assert not [label for label in found if label.startswith("publicNetworkAccess")]


def test_a_harmless_property_has_its_reason() -> None:
    grant = resource("authorization:RoleAssignment", {}, f"{ROOT}/Microsoft.Authorization/roleAssignments/one")
    found = {m.path: m.harmless for m in made(grant) if m.added is AddedKind.PROPERTY}
    assert found["description"] == "A text for people."
    assert not next(m.harmless for m in made(STORAGE) if m.path == "routingPreference.routingChoice")


def test_each_other_value_of_an_enumeration_that_rules_read_is_tried() -> None:
    found = labels(AddedKind.ENUM_VALUE, resource(STORE, {"publicNetworkAccess": "Disabled"}, STORE_ID))
    assert {"publicNetworkAccess = 'Enabled'", "minimumTlsVersion added: 'TLS1_0'"} <= found
    assert "publicNetworkAccess = 'Disabled'" not in found
    assert "minimumTlsVersion added: 'TLS1_2'" not in found  # a requirement permits it


def test_each_reference_points_to_a_foreign_subscription_once_per_type() -> None:
    reference = {"networkSecurityGroup": {"id": f"{ROOT}/Microsoft.Network/networkSecurityGroups/n"}}
    subnets = [
        resource("network:Subnet", reference, f"{ROOT}/Microsoft.Network/virtualNetworks/v/subnets/{name}", name=name)
        for name in ("a", "b")
    ]
    mutants = [m for m in made(*subnets) if m.label == "networkSecurityGroup.id in another subscription"]
    assert len(mutants) == 1
    assert mutants[0].after
    assert str(mutants[0].after.at("networkSecurityGroup.id")).startswith("/subscriptions/e15e0000")


def test_a_missing_reference_is_added() -> None:
    subnet = resource("network:Subnet", {}, f"{ROOT}/Microsoft.Network/virtualNetworks/v/subnets/a")
    assert {m.path for m in made(subnet) if m.added is AddedKind.REFERENCE} >= {"routeTable.id", "natGateway.id"}


def test_a_tag_is_no_reference() -> None:
    assert not [m for m in made(resource(STORE, {"tags": {"from": ROOT}}, STORE_ID)) if m.path.startswith("tags")]


def test_children_and_extensions_of_a_resource_are_added() -> None:
    by_type = {m.type: m.after for m in made(STORAGE) if m.added is AddedKind.CHILD}
    assert {"storage:LocalUser", "storage:ManagementPolicy", "authorization:RoleAssignment"} <= by_type.keys()
    assert "storage:StorageAccount" not in by_type
    user, role = by_type["storage:LocalUser"], by_type["authorization:RoleAssignment"]
    assert user
    assert role
    assert user.id == f"{STORE_ID}/localUsers/mutant"
    assert user.inputs == {"resourceGroupName": "rg", "accountName": "one", "username": "mutant"}
    assert role.at("scope") == STORE_ID


def test_a_resource_without_an_id_gets_no_children() -> None:
    assert not labels(AddedKind.CHILD, resource(STORE, {}, ""))


def test_only_the_selected_stacks_are_mutated() -> None:
    stacks = [resource(STORE, {}, STORE_ID, stack=stack) for stack in ("a", "b")]
    assert {m.stack for m in SdkMutants(load()).of(PolicyContext(stacks), ["b"])} == {"b"}


@pytest.mark.parametrize(
    ("annotation", "value"),
    [
        ("pulumi.Input[Optional[_builtins.bool]]", True),
        ("pulumi.Input[_builtins.int]", 1),
        ("pulumi.Input[Optional[_builtins.float]]", 1),
        ("pulumi.Input[_builtins.str]", "x"),
        ("pulumi.Input[Optional[Union[_builtins.str, 'PublicNetworkAccess']]]", "Enabled"),
        ("pulumi.Input[Optional[Mapping[str, pulumi.Input[_builtins.str]]]]", {"mutant": "x"}),
    ],
)
def test_an_example_has_the_type_of_the_property(annotation: str, value: object) -> None:
    property_ = SdkProperty(annotation)
    assert example(property_, enum_values(STORE, property_)) == value


@pytest.mark.parametrize(
    ("before", "path", "after"),
    [
        ({}, "a.b", {"a": {"b": "x"}}),
        ({"a": {"c": 1}}, "a.b", {"a": {"c": 1, "b": "x"}}),
        ({}, "a[*].b", {"a": [{"b": "x"}]}),
        ({"a": [{"c": 1}]}, "a[*].b", {"a": [{"c": 1}, {"c": 1, "b": "x"}]}),
        ({"a": ["y"]}, "a[*]", {"a": ["y", "x"]}),
    ],
)
def test_a_list_gets_one_more_entry(before: dict[str, Any], path: str, after: object) -> None:
    assert extended(before, parse(path), "x") == after


def test_the_value_at_a_place_is_replaced_alone() -> None:
    before = {"a": [{"b": 1, "c": 2}, {"b": 3}]}
    assert replaced(before, ("a", 1, "b"), "x") == {"a": [{"b": 1, "c": 2}, {"b": "x"}]}
    assert before["a"][1] == {"b": 3}
