"""Defender for Storage on an account: what Azure refuses, and what it gives back."""

from __future__ import annotations

from typing import Any

import pytest

from tests.local_azure.types.support import World, refused


def setting(world: World, target: str, *, name: str = "current", **properties: Any) -> str:
    given = {"isEnabled": True, "malwareScanning": {"onUpload": {"isEnabled": True}}} | properties
    return world.make("security:DefenderForStorage", settingName=name, resourceId=target, properties=given)


def test_it_stands_on_the_account_and_says_that_it_worked(world: World) -> None:
    account = world.account()
    made = setting(world, account)
    assert made == f"{account}/providers/Microsoft.Security/defenderForStorageSettings/current"
    scanning = world.read(made)["properties"]["malwareScanning"]
    assert scanning["operationStatus"]["code"] == "Succeeded"
    assert scanning["onUpload"] == {"isEnabled": True, "capGBPerMonth": -1}


@pytest.mark.parametrize("cap", [0, -2])
def test_a_cap_is_above_nothing_or_none(world: World, cap: int) -> None:
    account = world.account()
    with refused("BadRequest"):
        setting(world, account, malwareScanning={"onUpload": {"isEnabled": True, "capGBPerMonth": cap}})


def test_nothing_is_scanned_without_defender(world: World) -> None:
    account = world.account()
    with refused("BadRequest"):
        setting(world, account, isEnabled=False)


def test_accounts_of_the_first_generation_are_not_scanned(world: World) -> None:
    account = world.account(kind="Storage")
    with refused("BadRequest"):
        setting(world, account)
    assert setting(world, account, malwareScanning={"onUpload": {"isEnabled": False}})


def test_it_is_called_current(world: World) -> None:
    account = world.account()
    with pytest.raises(AssertionError, match="InvalidResourceName"):
        setting(world, account, name="mine")


def test_it_is_of_storage_accounts_that_are_there(world: World) -> None:
    with refused("InvalidResourceType"):
        setting(world, world.vault())
    gone = world.account().replace("storeone", "storetwo")
    with refused("ResourceNotFound"):
        setting(world, gone)
    assert setting(world, gone.replace("storetwo", "storeone"))


def test_its_results_go_to_a_workspace(world: World) -> None:
    made = setting(world, world.account())
    logs = [{"category": "ScanResults", "enabled": True}]
    workspace = world.workspace()
    assert world.make("monitor:DiagnosticSetting", name="diag", resourceUri=made, workspaceId=workspace, logs=logs)
