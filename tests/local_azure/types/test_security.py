"""Defender for Storage on an account."""

from __future__ import annotations

from typing import Any

import pytest

from tests.local_azure.types.conftest import WorldWith
from tests.local_azure.types.support import World, refused


def setting(world: World, target: str, *, name: str = "current", **properties: Any) -> str:
    given = {"isEnabled": True, "malwareScanning": {"onUpload": {"isEnabled": True}}} | properties
    return world.make("security:DefenderForStorage", settingName=name, resourceId=target, properties=given)


def test_setting_of_an_account_reports_success(world: World) -> None:
    account = world.account()
    made = setting(world, account)
    assert made == f"{account}/providers/Microsoft.Security/defenderForStorageSettings/current"
    scanning = world.read(made)["properties"]["malwareScanning"]
    assert scanning["operationStatus"]["code"] == "Succeeded"
    assert scanning["onUpload"] == {"isEnabled": True, "capGBPerMonth": -1}


@pytest.mark.parametrize("cap", [0, -2])
def test_cap_is_positive_or_minus_one(world: World, cap: int) -> None:
    account = world.account()
    with refused("BadRequest"):
        setting(world, account, malwareScanning={"onUpload": {"isEnabled": True, "capGBPerMonth": cap}})


def test_scanning_needs_defender(world: World) -> None:
    account = world.account()
    with refused("BadRequest"):
        setting(world, account, isEnabled=False)


def test_kind_storage_does_not_support_scanning(world: World) -> None:
    account = world.account(kind="Storage")
    with refused("BadRequest"):
        setting(world, account)
    assert setting(world, account, malwareScanning={"onUpload": {"isEnabled": False}})


def test_only_name_is_current(world: World) -> None:
    account = world.account()
    with pytest.raises(AssertionError, match="InvalidResourceName"):
        setting(world, account, name="mine")


def test_target_must_be_an_existing_storage_account(world: World) -> None:
    with refused("InvalidResourceType"):
        setting(world, world.vault())
    gone = world.account().replace("storeone", "storetwo")
    with refused("ResourceNotFound"):
        setting(world, gone)
    assert setting(world, gone.replace("storetwo", "storeone"))


def test_scan_results_can_be_sent_to_a_workspace(world: World) -> None:
    made = setting(world, world.account())
    logs = [{"category": "ScanResults", "enabled": True}]
    workspace = world.workspace()
    assert world.make("monitor:DiagnosticSetting", name="diag", resourceUri=made, workspaceId=workspace, logs=logs)


def test_scanning_that_cannot_be_set_up_stays_off(world_with: WorldWith) -> None:
    world = world_with(malware_scanning={"code": "UnknownError", "message": "Failed to setup data scanner."})
    scanning = world.read(setting(world, world.account()))["properties"]["malwareScanning"]
    assert scanning["operationStatus"] == {"code": "UnknownError", "message": "Failed to setup data scanner."}
    assert scanning["onUpload"]["isEnabled"] is False
