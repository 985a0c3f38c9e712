"""An airlock."""

from __future__ import annotations

import pytest

from infra.components.airlock import Airlock, Passage, Stage
from infra.components.grants import Principal
from infra.components.key_vault import KeyVault
from infra.components.room import Room
from infra.config import Redundancy
from infra.scanning import CAP_GB, CLEAN
from tests.infra.components.conftest import DOOR, Build

BRINGS, RELEASES, FETCHES = (Principal.service(who) for who in ("brings", "releases", "fetches"))


def _airlock(room: Room, passage: Passage) -> Airlock:
    doors = dict.fromkeys(Stage, DOOR)
    return Airlock("export", room, doors, KeyVault("keys", room, DOOR), passage=passage, redundancy=Redundancy.LOCAL)


def test_nobody_holds_both_ends_of_a_stage(build: Build) -> None:
    world = build(lambda room: _airlock(room, Passage(BRINGS, RELEASES, FETCHES)))
    held = {(grant.inputs["principalId"], grant.inputs["scope"].rpartition("/")[2]) for grant in
            world.of("RoleAssignment") if "export" in grant.inputs["scope"]}  # fmt: skip
    assert held == {
        ("brings", "export-asked-asked"), ("releases", "export-asked-asked"),
        ("releases", "export-released-released"), ("fetches", "export-released-released"),
    }  # fmt: skip


def test_each_stage_has_a_store_and_a_key_of_its_own(build: Build) -> None:
    world = build(lambda room: _airlock(room, Passage(BRINGS, RELEASES, FETCHES)))
    stores = {one.name: one.inputs for one in world.of("StorageAccount")}
    assert stores.keys() == {"export-asked", "export-released"}
    names = {inputs["accountName"] for inputs in stores.values()}
    assert len(names) == 2
    assert {key.name for key in world.of("Key")} == {"keys-export-asked", "keys-export-released"}


def test_what_is_asked_for_is_scanned_and_read_only_if_clean(build: Build) -> None:
    world = build(lambda room: _airlock(room, Passage(BRINGS, RELEASES, FETCHES)))
    (setting,) = world.of("DefenderForStorage")
    assert setting.inputs["resourceId"].endswith("/export-asked")
    on_upload = setting.inputs["properties"]["malwareScanning"]["onUpload"]
    assert on_upload == {"isEnabled": True, "capGBPerMonth": CAP_GB}
    (narrowed,) = [grant for grant in world.of("RoleAssignment") if "condition" in grant.inputs]
    assert (narrowed.inputs["principalId"], narrowed.inputs["condition"]) == ("releases", CLEAN)
    assert narrowed.inputs["conditionVersion"] == "2.0"


@pytest.mark.parametrize("passage", [Passage(BRINGS, BRINGS, FETCHES), Passage(BRINGS, FETCHES, FETCHES)])
def test_who_releases_is_somebody_else(build: Build, passage: Passage) -> None:
    with pytest.raises(ValueError, match="release to themselves"):
        build(lambda room: _airlock(room, passage))


def test_what_lies_about_goes_after_a_while(build: Build) -> None:
    world = build(lambda room: _airlock(room, Passage(BRINGS, RELEASES, FETCHES)))
    policies = world.of("ManagementPolicy")
    assert len(policies) == len(Stage)
    for policy in policies:
        actions = policy.inputs["policy"]["rules"][0]["definition"]["actions"]
        assert actions["baseBlob"]["delete"] == {"daysAfterModificationGreaterThan": 90}
