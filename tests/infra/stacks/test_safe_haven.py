"""The safe haven stack."""

from __future__ import annotations

from itertools import pairwise

from infra.roles import Role
from tests.infra.mock_stack import MockStack
from tests.infra.samples import group


def _reads(stack: MockStack, mover: str) -> set[str]:
    reader = str(Role.BLOB_READER.value)
    return {
        grant.inputs["scope"].rsplit("/", 2)[-1]
        for grant in stack.of("RoleAssignment")
        if grant.inputs["principalId"] == f"principal-of-{mover}-mover"
        and grant.inputs["roleDefinitionId"].endswith(reader)
    }


def test_each_mover_reads_its_source_zone_only(safe_haven: MockStack) -> None:
    assert _reads(safe_haven, "landing") == {"junction"}
    assert _reads(safe_haven, "warehouse") == {"landing"}
    assert _reads(safe_haven, "staging") == {"warehouse"}
    assert _reads(safe_haven, "archive") == {"warehouse"}


def _destinations(stack: MockStack, zone: str) -> dict[str, list[str]]:
    rules = stack.one("NetworkSecurityGroup", f"{zone}-compute").inputs["securityRules"]
    return {
        rule["name"]: rule.get("destinationAddressPrefixes") or [rule["destinationAddressPrefix"]]
        for rule in rules
        if (rule["direction"], rule["access"]) == ("Outbound", "Allow")
    }


def test_each_zone_reaches_its_endpoints_and_source_store_only(safe_haven: MockStack) -> None:
    inboxes = [f"10.64.8.{number}/32" for number in range(68, 127)]
    before = {"landing": ["10.64.8.4/32", *inboxes], "warehouse": ["10.64.9.4/32"], "staging": ["10.64.10.4/32"],
              "archive": ["10.64.10.4/32"]}  # fmt: skip
    for number, (zone, stores) in enumerate(before.items(), start=9):
        reached = _destinations(safe_haven, zone)
        assert reached["own-out"] == [f"10.64.{number}.4/32", f"10.64.{number}.5/32"]
        assert reached["before-out"] == stores
        assert reached["names-out"] == ["10.64.0.4"]
        assert ("tenancies-out" in reached) is (zone == "staging")
    imports = _destinations(safe_haven, "staging")["tenancies-out"]
    assert len(imports) == 128 + 256
    assert all(one.endswith(".6/32") for one in imports)


def test_the_firewall_reaches_a_zones_store_but_not_its_vault(safe_haven: MockStack) -> None:
    rules = safe_haven.one("NetworkSecurityGroup", "warehouse-endpoints").inputs["securityRules"]
    own, firewall = (rule for rule in rules if rule["access"] == "Allow")
    assert own["destinationAddressPrefixes"] == ["10.64.10.4/32", "10.64.10.5/32"]
    assert (firewall["sourceAddressPrefix"], firewall["destinationAddressPrefix"]) == ("10.64.0.0/26", "10.64.10.4/32")


def test_a_grant_in_another_stack_is_on_the_resource_group(safe_haven: MockStack) -> None:
    scopes = [grant.inputs["scope"] for grant in safe_haven.of("RoleAssignment") if "junction" in grant.inputs["scope"]]
    assert scopes == [f"/subscriptions/{safe_haven.subscription}/ResourceGroup/junction"]


def test_the_archive_is_immutable_and_read_only_for_stewards(safe_haven: MockStack) -> None:
    (policy,) = safe_haven.of("BlobContainerImmutabilityPolicy")
    assert policy.inputs["immutabilityPeriodSinceCreationInDays"] == 3650
    grant = safe_haven.one("RoleAssignment", "archive-stewards-reads")
    assert grant.inputs["principalId"] == group(10)


def test_tiers_follow_the_configuration(safe_haven: MockStack) -> None:
    staging = safe_haven.one("ManagementPolicy", "staging").inputs["policy"]["rules"][0]["definition"]["actions"]
    assert staging["baseBlob"] == {"delete": {"daysAfterModificationGreaterThan": 60}}
    landing = safe_haven.one("ManagementPolicy", "landing").inputs["policy"]["rules"][0]["definition"]["actions"]
    assert set(landing["baseBlob"]) == {"tierToCool", "tierToArchive"}


def test_only_stagings_mover_reads_the_pseudonym_key(safe_haven: MockStack) -> None:
    (secret,) = safe_haven.of("Secret")
    assert secret.inputs["properties"]["attributes"]["expires"] == 1814313600  # 2027-06-30, UTC
    readers = [grant.inputs["principalId"] for grant in safe_haven.of("RoleAssignment")
               if grant.inputs["roleDefinitionId"].endswith(str(Role.SECRETS_USER.value))]  # fmt: skip
    assert readers == ["principal-of-staging-mover"]


def test_the_spokes_of_one_stack_are_peered_one_by_one(safe_haven: MockStack) -> None:
    sides = [side for side in safe_haven.of("VirtualNetworkPeering") if side.name.endswith("-from-hub")]
    assert len(sides) == 4
    for before, after in pairwise(sides):
        assert before.urn in after.depends_on
