"""An airlock."""

from __future__ import annotations

import pytest

from infra.components.airlock import Airlock, Passage
from infra.components.grants import Principal
from infra.components.key_vault import KeyVault
from infra.components.room import Room
from infra.config import Redundancy
from tests.infra.components.conftest import DOOR, Build

BRINGS, RELEASES, FETCHES = (Principal.service(who) for who in ("brings", "releases", "fetches"))


def _airlock(room: Room, passage: Passage) -> Airlock:
    key = KeyVault("keys", room, DOOR).encrypts("airlock")
    return Airlock("export", room, DOOR, key, passage=passage, redundancy=Redundancy.LOCAL)


def test_nobody_holds_both_ends_of_a_stage(build: Build) -> None:
    world = build(lambda room: _airlock(room, Passage(BRINGS, RELEASES, FETCHES)))
    held = {(grant.inputs["principalId"], grant.inputs["scope"].rsplit("-", 1)[-1]) for grant in
            world.of("RoleAssignment") if "export" in grant.inputs["scope"]}  # fmt: skip
    assert held == {("brings", "asked"), ("releases", "asked"), ("releases", "released"), ("fetches", "released")}


@pytest.mark.parametrize("passage", [Passage(BRINGS, BRINGS, FETCHES), Passage(BRINGS, FETCHES, FETCHES)])
def test_who_releases_is_somebody_else(build: Build, passage: Passage) -> None:
    with pytest.raises(ValueError, match="release to themselves"):
        build(lambda room: _airlock(room, passage))


def test_what_lies_about_goes_after_a_while(build: Build) -> None:
    world = build(lambda room: _airlock(room, Passage(BRINGS, RELEASES, FETCHES)))
    (policy,) = world.of("ManagementPolicy")
    actions = policy.inputs["policy"]["rules"][0]["definition"]["actions"]
    assert actions["baseBlob"]["delete"] == {"daysAfterModificationGreaterThan": 90}
