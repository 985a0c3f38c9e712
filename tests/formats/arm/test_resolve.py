"""What can be told of ids before they are made, and what must not be."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from formats.arm.resolve import resolved
from formats.plan import SECRET, UNKNOWN, Operation, Plan, PlannedResource
from policies.plan_resources import resources_of
from tests.operations.export.plans import SUBSCRIPTION, group, made, network, plan_of, store, subnet
from tests.policies.shipped import STACKS, after, before

GROUP_ID = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-hub"
REFERENCE = PlannedResource(
    "urn:pulumi:platform::sde::pulumi:pulumi:StackReference::organization/sde/other",
    "pulumi:pulumi:StackReference",
    Operation.READ,
)


def inputs_of(plan: Plan, name: str) -> Any:
    (found,) = [r for r in resolved(plan).resources if r.name == name]
    return found.inputs


@pytest.mark.parametrize("stack", STACKS)
def test_what_is_told_before_is_what_is_there_after(stack: str) -> None:
    """Azure's casing aside; what only Azure draws stays unknown and is never made up."""
    told = {r.urn: r for r in resources_of(before(stack))}
    there = {r.urn: r for r in resources_of(after(stack))}
    assert told.keys() == there.keys()
    for urn, resource in told.items():
        assert str(resource.id).lower() == str(there[urn].id).lower()
        wrong = [p for p in differences(resource.inputs, there[urn].inputs) if p.rpartition(".")[2] not in DRAWN]
        assert wrong == [], urn


DRAWN = ("principalId", "keyVaultUri", "keyUrl")
"""What the deployment draws, or Azure words as it likes."""


def differences(one: Any, other: Any, path: str = "") -> list[str]:
    if isinstance(one, dict) and isinstance(other, dict):
        return [d for k in one.keys() | other.keys() for d in differences(one.get(k), other.get(k), f"{path}.{k}")]
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return [d for a, b in zip(one, other, strict=True) for d in differences(a, b, path)]
    same = one.lower() == other.lower() if isinstance(one, str) and isinstance(other, str) else one == other
    return [] if same else [path]


def test_an_id_below_a_resource_of_the_plan_is_told() -> None:
    room = group()
    vnet = network(room)
    nsg = made("network:NetworkSecurityGroup", "nsg",
               {"resourceGroupName": "rg-hub", "networkSecurityGroupName": "nsg"})  # fmt: skip
    part = subnet(room, vnet, networkSecurityGroup={"id": UNKNOWN})
    part = made("network:Subnet", "s", dict(part.inputs), from_={"networkSecurityGroup": [nsg.urn]})
    found = inputs_of(plan_of(room, vnet, nsg, part), "s")
    assert found["networkSecurityGroup"]["id"] == f"{GROUP_ID}/providers/Microsoft.Network/networkSecurityGroups/nsg"


def test_of_two_sources_of_one_kind_neither_is_taken() -> None:
    room = group()
    one, other = store(room, "stone"), store(room, "stother")
    lock = made("authorization:ManagementLockByScope", "lock", {"lockName": "l", "level": "CanNotDelete",
                "scope": UNKNOWN}, from_={"scope": [one.urn, other.urn]})  # fmt: skip
    assert inputs_of(plan_of(room, one, other, lock), "lock")["scope"] == UNKNOWN


def test_the_id_of_a_child_is_not_its_parents() -> None:
    room = group()
    vnet = network(room)
    card = made("network:PrivateEndpoint", "p", {"resourceGroupName": "rg-hub", "privateEndpointName": "p",
                "subnet": {"id": UNKNOWN}}, from_={"subnet": [vnet.urn]})  # fmt: skip
    assert inputs_of(plan_of(room, vnet, card), "p")["subnet"]["id"] == UNKNOWN


def test_what_may_come_from_another_stack_is_not_taken_for_ours() -> None:
    room = group()
    vault = made("keyvault:Vault", "kv", {"resourceGroupName": "rg-hub", "vaultName": "kv", "properties": {}})
    link = made("network:PrivateEndpoint", "p", {"resourceGroupName": "rg-hub", "privateEndpointName": "p",
                "privateLinkServiceConnections": [{"privateLinkServiceId": UNKNOWN}]},
                from_={"privateLinkServiceConnections": [REFERENCE.urn, vault.urn]})  # fmt: skip
    found = inputs_of(plan_of(REFERENCE, room, vault, link), "p")
    assert found["privateLinkServiceConnections"][0]["privateLinkServiceId"] == UNKNOWN


@pytest.mark.parametrize("other", ["pulumi:pulumi:StackReference", "random:index/randomPet:RandomPet",
                                   "aws:s3/bucket:Bucket", "azure-native:quantum:Workspace"])  # fmt: skip
def test_what_may_come_from_something_else_too_is_not_told(other: str) -> None:
    """Not even where only one source is of the property's kind: the other may hold an id of that kind."""
    room = group()
    stranger = made(other.removeprefix("azure-native:"), "other", {"length": 2})
    nsg = made("network:NetworkSecurityGroup", "nsg", {"resourceGroupName": "rg-hub", "networkSecurityGroupName": "n"})
    inputs = {"resourceGroupName": "rg-hub", "networkInterfaceName": "nic", "networkSecurityGroup": {"id": UNKNOWN}}
    card = made("network:NetworkInterface", "nic", inputs, from_={"networkSecurityGroup": [nsg.urn, stranger.urn]})
    assert inputs_of(plan_of(room, stranger, nsg, card), "nic")["networkSecurityGroup"]["id"] == UNKNOWN
    alone = replace(card, property_dependencies={"networkSecurityGroup": (nsg.urn,)})
    assert inputs_of(plan_of(room, nsg, alone), "nic")["networkSecurityGroup"]["id"] != UNKNOWN


def test_a_property_that_no_table_knows_is_not_told_whatever_its_name() -> None:
    room = group()
    account = store(room)
    vault = made("keyvault:Vault", "kv", {"resourceGroupName": "rg-hub", "vaultName": "kv",
                 "properties": {"storageAccountId": UNKNOWN}, "tags": {"storageAccountId": UNKNOWN}},
                 from_={"properties": [account.urn], "tags": [account.urn]})  # fmt: skip
    found = inputs_of(plan_of(room, account, vault), "kv")
    assert found["properties"]["storageAccountId"] == found["tags"]["storageAccountId"] == UNKNOWN


def test_what_lies_in_something_without_a_known_name_has_no_known_id() -> None:
    room = group()
    account = made("storage:StorageAccount", "st", {"resourceGroupName": "rg-hub", "accountName": UNKNOWN})
    inputs = {"resourceGroupName": UNKNOWN, "accountName": UNKNOWN, "containerName": "c"}
    sources = {"resourceGroupName": [room.urn], "accountName": [account.urn]}
    container = made("storage:BlobContainer", "c", inputs, from_=sources)
    lock = made("authorization:ManagementLockByScope", "lock", {"lockName": "l", "scope": UNKNOWN},
                from_={"scope": [container.urn]})  # fmt: skip
    plan = plan_of(room, account, container, lock)
    assert {r.name: r.id for r in resources_of(plan) if r.name != "rg-hub"} == {"st": None, "c": None, "lock": None}
    assert inputs_of(plan, "c")["resourceGroupName"] == "rg-hub"


def test_identifiers_that_azure_draws_and_secrets_stay_hidden() -> None:
    room = group()
    who = made("managedidentity:UserAssignedIdentity", "id", {"resourceGroupName": "rg-hub", "resourceName": "id"})
    grant = made("authorization:RoleAssignment", "g", {"scope": GROUP_ID, "principalId": UNKNOWN,
                 "description": SECRET}, from_={"principalId": [who.urn]})  # fmt: skip
    found = inputs_of(plan_of(room, who, grant), "g")
    assert (found["principalId"], found["description"]) == (UNKNOWN, SECRET)


def test_a_name_that_is_not_known_gives_no_id() -> None:
    room = group()
    nameless = store(room, accountName=UNKNOWN)
    lock = made("authorization:ManagementLockByScope", "lock", {"lockName": "l", "scope": UNKNOWN},
                from_={"scope": [nameless.urn]})  # fmt: skip
    plan = plan_of(room, nameless, lock)
    assert inputs_of(plan, "lock")["scope"] == UNKNOWN
    assert {r.name: r.id for r in resources_of(plan)}["stsdehub"] is None


def test_rules_see_azures_resources_and_strangers_but_no_components_reads_or_deletes() -> None:
    room = group()
    component = PlannedResource("urn:pulumi:platform::sde::sde:infra:Room::room", "sde:infra:Room", Operation.CREATE,
                                custom=False)  # fmt: skip
    held = made("storage:StorageAccount", "held", {"accountName": "held", "resourceGroupName": "rg-hub"},
                parent=component.urn)  # fmt: skip
    user = made("authorization:ManagementLockByScope", "l", {"lockName": "l", "scope": GROUP_ID},
                dependencies=[component.urn])  # fmt: skip
    gone = made("storage:StorageAccount", "gone", {}, operation=Operation.DELETE)
    read = made("storage:StorageAccount", "read", {}, operation=Operation.READ, id="/x")
    stranger = made("aws:s3:Bucket", "bucket", {})
    drawn = made("random:index/randomUuid:RandomUuid", "uuid", {})
    found = resources_of(plan_of(room, component, held, user, gone, read, stranger, drawn))
    assert [(r.type, r.name) for r in found] == [
        ("resources:ResourceGroup", "rg-hub"),
        ("storage:StorageAccount", "held"),
        ("authorization:ManagementLockByScope", "l"),
        ("aws:s3:Bucket", "bucket"),
    ]
    assert found[2].dependencies == (held.urn,)


def test_a_broken_plan_is_read_as_far_as_it_goes() -> None:
    """What cannot be told is None or unknown: whoever judges it says so."""
    unknown_type = made("storage:NoSuchThing", "odd", {"accountName": "x"})
    circle = made("storage:BlobContainer", "c", {"accountName": UNKNOWN, "resourceGroupName": UNKNOWN,
                  "containerName": "c"}, from_={"accountName": [], "resourceGroupName": []})  # fmt: skip
    deep: Any = UNKNOWN
    for _ in range(200):
        deep = {"id": deep}
    found = resources_of(plan_of(unknown_type, circle, made("storage:StorageAccount", "d", {"tags": deep})))
    assert [r.id for r in found] == [None, None, None]
