"""The safe haven: the order in which data passes it."""

from __future__ import annotations

from itertools import pairwise

from infra.roles import Role
from tests.infra.samples import group
from tests.infra.world import World


def _reads(world: World, mover: str) -> set[str]:
    reader = str(Role.BLOB_READER.value)
    return {
        grant.inputs["scope"].rsplit("/", 2)[-1]
        for grant in world.of("RoleAssignment")
        if grant.inputs["principalId"] == f"principal-of-{mover}-mover"
        and grant.inputs["roleDefinitionId"].endswith(reader)
    }


def test_each_zone_fetches_from_the_stage_before_and_from_no_other(safe_haven: World) -> None:
    assert _reads(safe_haven, "landing") == {"junction"}
    assert _reads(safe_haven, "warehouse") == {"landing"}
    assert _reads(safe_haven, "staging") == {"warehouse"}
    assert _reads(safe_haven, "archive") == {"warehouse"}


def test_a_grant_in_another_stack_stands_outside_that_stacks_locks(safe_haven: World) -> None:
    scopes = [grant.inputs["scope"] for grant in safe_haven.of("RoleAssignment") if "junction" in grant.inputs["scope"]]
    assert scopes == [f"/subscriptions/{safe_haven.subscription}/ResourceGroup/junction"]


def test_the_archive_cannot_be_changed_and_its_stewards_read_it(safe_haven: World) -> None:
    (policy,) = safe_haven.of("BlobContainerImmutabilityPolicy")
    assert policy.inputs["immutabilityPeriodSinceCreationInDays"] == 3650
    grant = safe_haven.one("RoleAssignment", "archive-stewards-reads")
    assert grant.inputs["principalId"] == group(10)


def test_tiers_follow_the_configuration(safe_haven: World) -> None:
    staging = safe_haven.one("ManagementPolicy", "staging").inputs["policy"]["rules"][0]["definition"]["actions"]
    assert staging["baseBlob"] == {"delete": {"daysAfterModificationGreaterThan": 60}}
    landing = safe_haven.one("ManagementPolicy", "landing").inputs["policy"]["rules"][0]["definition"]["actions"]
    assert set(landing["baseBlob"]) == {"tierToCool", "tierToArchive"}


def test_the_secret_of_the_pseudonyms_is_stagings_alone(safe_haven: World) -> None:
    (secret,) = safe_haven.of("Secret")
    assert secret.inputs["properties"]["attributes"]["expires"] == 1814313600  # 2027-06-30, UTC
    readers = [grant.inputs["principalId"] for grant in safe_haven.of("RoleAssignment")
               if grant.inputs["roleDefinitionId"].endswith(str(Role.SECRETS_USER.value))]  # fmt: skip
    assert readers == ["principal-of-staging-mover"]


def test_the_spokes_of_one_stack_join_the_hub_one_after_the_other(safe_haven: World) -> None:
    sides = [side for side in safe_haven.of("VirtualNetworkPeering") if side.name.endswith("-from-hub")]
    assert len(sides) == 4
    for before, after in pairwise(sides):
        assert before.urn in after.depends_on
