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


def _reaches(world: World, zone: str) -> dict[str, list[str]]:
    rules = world.one("NetworkSecurityGroup", f"{zone}-compute").inputs["securityRules"]
    return {
        rule["name"]: rule.get("destinationAddressPrefixes") or [rule["destinationAddressPrefix"]]
        for rule in rules
        if (rule["direction"], rule["access"]) == ("Outbound", "Allow")
    }


def test_each_zone_reaches_its_own_endpoints_and_the_store_of_the_stage_before(safe_haven: World) -> None:
    before = {"landing": "10.64.8.4/32", "warehouse": "10.64.9.4/32", "staging": "10.64.10.4/32",
              "archive": "10.64.10.4/32"}  # fmt: skip
    for number, (zone, store) in enumerate(before.items(), start=9):
        reached = _reaches(safe_haven, zone)
        assert reached["own-out"] == [f"10.64.{number}.4/32", f"10.64.{number}.5/32"]
        assert reached["before-out"] == [store]
        assert reached["names-out"] == ["10.64.0.4"]
        assert ("tenancies-out" in reached) is (zone == "staging")
    handed = _reaches(safe_haven, "staging")["tenancies-out"]
    assert len(handed) == 128 + 256
    assert all(one.endswith(".6/32") for one in handed)


def test_a_zones_endpoints_are_open_to_its_own_and_its_store_alone_to_the_firewall(safe_haven: World) -> None:
    rules = safe_haven.one("NetworkSecurityGroup", "warehouse-endpoints").inputs["securityRules"]
    own, firewall = (rule for rule in rules if rule["access"] == "Allow")
    assert own["destinationAddressPrefixes"] == ["10.64.10.4/32", "10.64.10.5/32"]
    assert (firewall["sourceAddressPrefix"], firewall["destinationAddressPrefix"]) == ("10.64.0.0/26", "10.64.10.4/32")


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
