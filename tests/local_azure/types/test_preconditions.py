"""Refusals of requests in a subscription without its preconditions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from local_azure.network_watchers import exists_automatically
from local_azure.types.security import SETTING
from local_azure.types.vm_sizes import cores_of, family_of
from tests.local_azure.types.conftest import WorldWith
from tests.local_azure.types.support import SUBSCRIPTION, World, refused
from tests.local_azure.types.test_compute import linux, vm

CONTRIBUTOR = {"actions": ["*"], "not_actions": ["Microsoft.Authorization/*/Write", "Microsoft.Authorization/*/Delete"]}
ACCOUNT = "Microsoft.Storage/storageAccounts"
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg"
RULE = {
    "if": {"value": f"[field('{ACCOUNT}/publicNetworkAccess')]", "equals": "Enabled"},
    "then": {"effect": "deny"},
}


def lock(world: World) -> str:
    return world.make("authorization:ManagementLockByScope", scope=GROUP, lockName="keep", level="CanNotDelete")


def definition(world: World) -> str:
    return world.make("authorization:PolicyDefinition", policyDefinitionName="closed", mode="All", policyRule=RULE)


def machine(world: World, **more: Any) -> str:
    world.vnet()
    return vm(world, **linux(world.nic(subnet=world.subnet()), **more))


def encrypted_machine(world: World) -> str:
    return machine(world, securityProfile={"encryptionAtHost": True})


@pytest.mark.parametrize(
    ("settings", "request_", "code"),
    [
        ({"unregistered_providers": ["microsoft.keyvault"]}, World.vault, "MissingSubscriptionRegistration"),
        ({"permissions": [CONTRIBUTOR]}, lock, "AuthorizationFailed"),
        ({"unknown_aliases": [f"{ACCOUNT}/publicnetworkaccess"]}, definition, "InvalidPolicyAlias"),
        ({"quotas": {"uksouth": {"StorageAccounts": 0}}}, World.account, "MaxNumberOfStorageAccountsReached"),
        ({"quotas": {"uksouth": {"virtualMachines": 0}}}, machine, "QuotaExceeded"),
        ({"taken_names": ["storeone"]}, World.account, "StorageAccountAlreadyTaken"),
        ({"unregistered_features": ["Microsoft.Compute/EncryptionAtHost"]}, encrypted_machine, "InvalidParameter"),
        ({"unavailable_sizes": ["Standard_D4s_v5"]}, machine, "SkuNotAvailable"),
        ({"quotas": {"uksouth": {"standardDSv5Family": 3}}}, machine, "OperationNotAllowed"),
        ({"quotas": {"uksouth": {"cores": 3}}}, machine, "OperationNotAllowed"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_missing_precondition_refuses_the_write(
    world_with: WorldWith, settings: dict[str, Any], request_: Callable[[World], str], code: str
) -> None:
    world = world_with(**settings)
    with refused(code):
        request_(world)


def test_refused_group_is_the_first_without_rights(world_with: WorldWith) -> None:
    with refused("AuthorizationFailed"):
        world_with(permissions=[])
    with refused("ReadOnlyDisabledSubscription"):
        world_with(state="Disabled")


def test_right_on_a_referenced_resource_is_required(world_with: WorldWith) -> None:
    here = {"actions": ["*"], "not_actions": ["Microsoft.Network/virtualNetworks/subnets/join/action"]}
    world = world_with(permissions=[here])
    world.vnet()
    subnet = world.subnet()
    with refused("LinkedAuthorizationFailed"):
        world.nic(subnet=subnet)


def test_right_at_the_resource_group_is_enough(world_with: WorldWith) -> None:
    world = world_with(permissions=[CONTRIBUTOR, {"scope": GROUP.upper(), "actions": ["*"]}])
    world.remove(lock(world))


def test_delete_needs_the_right_to_delete(world_with: WorldWith) -> None:
    world = world_with(permissions=[{"actions": ["*"], "not_actions": ["Microsoft.Storage/storageAccounts/delete"]}])
    account = world.account()
    with refused("AuthorizationFailed"):
        world.remove(account)


def test_quota_counts_machines_of_the_family_and_region(world_with: WorldWith) -> None:
    world = world_with(quotas={"uksouth": {"standardDSv5Family": 4}, "ukwest": {"cores": 0}})
    first = machine(world)
    second = linux(world.nic("nic-2", subnet=f"{GROUP}/providers/Microsoft.Network/virtualNetworks/hub/subnets/data"))
    with refused("OperationNotAllowed"):
        vm(world, "vm-2", **second)
    other_family = {"vmSize": "Standard_E4s_v5"}
    assert vm(world, "vm-2", **(second | {"hardwareProfile": other_family}))
    world.change(first, tags={"project": "one"})


def test_inherited_defender_setting_can_only_be_updated(world_with: WorldWith) -> None:
    world = world_with(defender_for_storage="Standard")
    account = world.account()
    setting = {"settingName": "current", "resourceId": account, "properties": {"isEnabled": True}}
    with refused("ResourceAlreadyExists"):
        world.make("security:DefenderForStorage", **setting)
    id_ = f"{account}/providers/Microsoft.Security/defenderForStorageSettings/current"
    inherited = world.arm.read(id_, SETTING)
    assert inherited is not None
    assert inherited.properties["properties"]["overrideSubscriptionLevelSettings"] is False
    world.arm.update(id_, SETTING, setting, SUBSCRIPTION)
    assert "overrideSubscriptionLevelSettings" not in world.read(id_)["properties"]


def test_scanning_stays_off_without_event_grid(world_with: WorldWith) -> None:
    world = world_with(unregistered_providers=["Microsoft.EventGrid"])
    scanning = {"onUpload": {"isEnabled": True}}
    setting = {"isEnabled": True, "malwareScanning": scanning}
    made = world.make("security:DefenderForStorage", settingName="current", resourceId=world.account(),
                      properties=setting)  # fmt: skip
    assert world.read(made)["properties"]["malwareScanning"]["operationStatus"]["code"] == "UnknownError"


def test_scanning_stays_off_without_its_rights(world_with: WorldWith) -> None:
    world = world_with(permissions=[{"actions": ["*"], "not_actions": ["Microsoft.Security/datascanners/*"]}])
    setting = {"isEnabled": True, "malwareScanning": {"onUpload": {"isEnabled": True}}}
    made = world.make("security:DefenderForStorage", settingName="current", resourceId=world.account(),
                      properties=setting)  # fmt: skip
    assert world.read(made)["properties"]["malwareScanning"]["operationStatus"]["code"] == "MissingPermissions"


def test_no_watcher_is_created_after_an_opt_out(world_with: WorldWith) -> None:
    world = world_with(automatic_network_watchers=False)
    world.vnet()
    watcher = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/NetworkWatcherRG"
    assert not exists_automatically(world.store, watcher)


@pytest.mark.parametrize(
    ("size", "family", "cores"),
    [
        ("Standard_D4s_v5", "standardDSv5Family", 4),
        ("Standard_E8-4ads_v5", "standardEADSv5Family", 8),
        ("Standard_NC24ads_A100_v4", "standardNCADSA100v4Family", 24),
        ("Standard_B2ms", "standardBMSFamily", 2),
    ],
)
def test_family_and_cores_of_a_size(size: str, family: str, cores: int) -> None:
    assert (family_of(size), cores_of(size)) == (family, cores)
