"""A tenancy: what a project gets, and who may do what in it."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

import pytest

from infra.addresses import TenancySeat
from infra.egress import EgressRule
from infra.errors import BadInput
from infra.packages import packages
from infra.roles import Role
from infra.scanning import CLEAN, scanner
from infra.stacks.programs import bring_up
from infra.terminal import first_boot
from tests.infra import samples
from tests.infra.samples import group
from tests.infra.world import SUBSCRIPTION, World, run

MOVER, DESK = "principal-of-staging-mover", "principal-of-desk"
CONFIDENTIAL = {"size": "Standard_DC8ads_v5", "os_disk_gib": 128, "data_disk_gib": 256,
                "admin_public_key": samples.KEY}  # fmt: skip


def _again(platform: World, safe_haven: World, **more: object) -> World:
    return run(lambda: bring_up(samples.tenancy(**more)), name="tre-hcm", platform=platform.outputs,
               safe_haven=safe_haven.outputs)  # fmt: skip


def _roles(world: World, principal: str, scope_end: str) -> set[Role]:
    return {
        role
        for grant in world.of("RoleAssignment")
        for role in Role
        if grant.inputs["principalId"] == principal
        and grant.inputs["scope"].endswith(scope_end)
        and grant.inputs["roleDefinitionId"].endswith(str(role.value))
    }


def test_who_brings_cannot_release(tenancy: World) -> None:
    researchers, stewards, checkers = group(30), group(31), group(32)
    stages = {
        "import-asked": {MOVER: Role.BLOB_WRITER, stewards: Role.BLOB_READER},
        "import-released": {stewards: Role.BLOB_WRITER, DESK: Role.BLOB_READER},
        "export-asked": {DESK: Role.BLOB_WRITER, checkers: Role.BLOB_READER},
        "export-released": {checkers: Role.BLOB_WRITER, stewards: Role.BLOB_READER},
    }
    for store, expected in stages.items():
        stage = store.rpartition("-")[2]
        for who in (researchers, stewards, checkers, MOVER, DESK):
            wanted = {expected[who]} if who in expected else set()
            assert _roles(tenancy, who, f"/{store}-{stage}") == wanted, (store, who)
            assert _roles(tenancy, who, f"/StorageAccount/{store}") == set(), (store, who)


def test_people_hold_no_right_to_data(tenancy: World) -> None:
    """They sign in to a desk and see what leads to it; the desk's identity reads and writes."""
    researchers = group(30)
    held = {str(grant.inputs["roleDefinitionId"])[-36:] for grant in tenancy.of("RoleAssignment")
            if grant.inputs["principalId"] == researchers}  # fmt: skip
    assert held == {str(Role.DESK_USER.value), str(Role.READER.value)}
    assert _roles(tenancy, DESK, "/StorageAccount/data") == {Role.BLOB_WRITER}


def test_who_releases_reads_only_what_was_found_clean(tenancy: World) -> None:
    narrowed = {grant.name: grant.inputs["condition"] for grant in tenancy.of("RoleAssignment")
                if "condition" in grant.inputs}  # fmt: skip
    assert narrowed == {"import-asked-checks-reads": CLEAN, "export-asked-checks-reads": CLEAN}


def test_what_others_bring_is_scanned(tenancy: World) -> None:
    assert {one.name for one in tenancy.of("DefenderForStorage")} == {"import-asked", "export-asked"}
    let_in = {one.name: [rule["resourceId"] for rule in one.inputs["networkRuleSet"].get("resourceAccessRules", [])]
              for one in tenancy.of("StorageAccount")}  # fmt: skip
    mine = [scanner(SUBSCRIPTION)]
    assert let_in == {"data": [], "import-asked": mine, "import-released": [], "export-asked": mine,
                      "export-released": []}  # fmt: skip


def test_every_store_has_an_address_of_its_own(tenancy: World) -> None:
    found = [config["privateIPAddress"] for one in tenancy.of("PrivateEndpoint")
             for config in one.inputs["ipConfigurations"]]  # fmt: skip
    assert len(found) == len(set(found)) == len(TenancySeat)


def test_nobody_of_a_project_reads_a_zone(tenancy: World) -> None:
    scopes = [grant.inputs["scope"] for grant in tenancy.of("RoleAssignment")]
    assert not [scope for scope in scopes for zone in ("junction", "landing", "warehouse", "staging") if zone in scope]


def test_the_desk_has_no_password_no_address_and_no_open_disk(tenancy: World) -> None:
    (desk,) = tenancy.of("VirtualMachine")
    linux = desk.inputs["osProfile"]["linuxConfiguration"]
    assert linux["disablePasswordAuthentication"] is True
    assert linux["patchSettings"]["patchMode"] == "AutomaticByPlatform"
    assert desk.inputs["securityProfile"]["securityType"] == "TrustedLaunch"
    assert desk.inputs["securityProfile"]["encryptionAtHost"] is True
    (disk,) = tenancy.of("Disk")
    assert (disk.inputs["networkAccessPolicy"], disk.inputs["publicNetworkAccess"]) == ("DenyAll", "Disabled")
    (interface,) = tenancy.of("NetworkInterface")
    assert interface.inputs["enableIPForwarding"] is False
    assert all("publicIPAddress" not in config for config in interface.inputs["ipConfigurations"])


def _rules(world: World, group_: str, way: str = "Outbound") -> dict[str, dict[str, Any]]:
    rules = world.one("NetworkSecurityGroup", group_).inputs["securityRules"]
    return {rule["name"]: rule for rule in rules if (rule["direction"], rule["access"]) == (way, "Allow")}


def test_the_desk_looks_for_packages_where_the_estate_says(platform: World, safe_haven: World) -> None:
    mirror = {"name": "mirror", "addresses": ["203.0.113.16/29"],
              "apt": "https://a.mirror.example/ubuntu", "pip": "https://a.mirror.example/simple"}  # fmt: skip
    (desk,) = _again(platform, safe_haven, egress=[mirror]).of("VirtualMachine")
    told = packages([EgressRule.model_validate(mirror)])
    assert told
    assert desk.inputs["osProfile"]["customData"] == first_boot(**told)


def test_a_desk_reaches_its_own_endpoints_the_estates_egress_and_nothing_else(tenancy: World) -> None:
    for group_ in ("net-desks", "desk-interface"):
        rules = _rules(tenancy, group_)
        assert set(rules) == {"own-out", "names-out", "sign-in-out", "packages-egress"}
        assert rules["own-out"]["destinationAddressPrefixes"] == [f"10.65.0.{seat}/32" for seat in range(4, 10)]
        assert rules["names-out"]["destinationAddressPrefix"] == "10.64.0.4"
        assert rules["packages-egress"]["destinationAddressPrefixes"] == ["203.0.113.16/29", "192.168.40.8/32"]
        assert rules["packages-egress"]["destinationPortRange"] == "443"
        assert set(_rules(tenancy, group_, "Inbound")) == {"bastion-in"}


def test_plain_http_is_open_where_the_estate_permits_it(platform: World, safe_haven: World) -> None:
    archive = {"name": "archive", "addresses": ["203.0.113.20"], "plain_http": True}
    rule = _rules(_again(platform, safe_haven, egress=[archive]), "net-desks")["archive-egress"]
    assert rule["destinationPortRanges"] == ["80", "443"]
    assert rule["destinationAddressPrefix"] == "203.0.113.20/32"


def test_a_desks_interface_has_a_group_of_its_own(tenancy: World) -> None:
    (interface,), (subnet,) = (
        tenancy.of("NetworkInterface"),
        (one for one in tenancy.of("Subnet") if one.name == "net-desks"),
    )
    own, shared = (one.inputs["networkSecurityGroup"]["id"] for one in (interface, subnet))
    assert own.endswith("/desk-interface")
    assert own != shared


def test_the_firewall_reaches_the_import_alone(tenancy: World) -> None:
    rules = _rules(tenancy, "net-endpoints", "Inbound")
    assert set(rules) == {"desks-in", "staging-in"}
    assert rules["staging-in"]["sourceAddressPrefix"] == "10.64.0.0/26"
    assert rules["staging-in"]["destinationAddressPrefix"] == "10.65.0.6/32"


def test_the_desk_gives_a_terminal_and_nothing_else(tenancy: World) -> None:
    (desk,) = tenancy.of("VirtualMachine")
    assert desk.inputs["osProfile"]["customData"] == first_boot()


def test_researchers_sign_in_as_ordinary_users(tenancy: World) -> None:
    assert _roles(tenancy, group(30), "/VirtualMachine/desk") == {Role.DESK_USER, Role.READER}


def test_researchers_see_what_bastion_shows_them(tenancy: World) -> None:
    """Bastion stands in a peered network, for which Azure asks sight of the desk's own as well."""
    for kind in ("NetworkInterface/desk", "VirtualNetwork/net"):
        assert _roles(tenancy, group(30), f"/{kind}") == {Role.READER}, kind


def test_signing_in_goes_by_the_route_which_ends_at_the_firewall(tenancy: World) -> None:
    desks = tenancy.one("NetworkSecurityGroup", "net-desks").inputs["securityRules"]
    (rule,) = [rule for rule in desks if rule.get("destinationAddressPrefix") == "AzureActiveDirectory"]
    assert (rule["access"], rule["destinationPortRange"], rule["protocol"]) == ("Allow", "443", "Tcp")
    (route,) = tenancy.one("RouteTable", "net").inputs["routes"]
    assert (route["addressPrefix"], route["nextHopType"]) == ("0.0.0.0/0", "VirtualAppliance")


def test_identifiable_data_gets_a_confidential_desk(platform: World, safe_haven: World) -> None:
    world = _again(platform, safe_haven, data_class="identifiable", desk=CONFIDENTIAL,
                   confidential_orchestrator=group(99))  # fmt: skip
    (desk,) = world.of("VirtualMachine")
    assert desk.inputs["securityProfile"]["securityType"] == "ConfidentialVM"
    managed = desk.inputs["storageProfile"]["osDisk"]["managedDisk"]
    assert managed["securityProfile"]["securityEncryptionType"] == "DiskWithVMGuestState"
    kinds = {one.name: one.inputs["encryptionType"] for one in world.of("DiskEncryptionSet")}
    assert kinds["system-disks"] == "ConfidentialVmEncryptedWithCustomerKey"
    key = world.one("Key", "keys-system-disks").inputs["properties"]
    assert (key["kty"], key["attributes"]["exportable"]) == ("RSA-HSM", True)


def test_a_size_that_cannot_accelerate_goes_without_and_says_so(platform: World, safe_haven: World) -> None:
    world = _again(platform, safe_haven, desk={**CONFIDENTIAL, "size": "Standard_B2ms"})
    assert world.of("NetworkInterface")[0].inputs["enableAcceleratedNetworking"] is False
    (network,) = world.of("VirtualNetwork")
    assert network.inputs["encryption"]["enabled"] is False
    assert "size" in network.inputs["tags"]["unencrypted"]


def test_only_the_keys_of_confidential_desks_stay_as_they_are(platform: World, safe_haven: World) -> None:
    """Azure rotates no key of a confidential computer by itself, and wants the version named then."""
    world = _again(platform, safe_haven, data_class="identifiable", desk=CONFIDENTIAL,
                   confidential_orchestrator=group(99))  # fmt: skip
    follows = {one.name: one.inputs["rotationToLatestKeyVersionEnabled"] for one in world.of("DiskEncryptionSet")}
    assert follows == {"disks": True, "system-disks": False}
    assert "rotationPolicy" not in world.one("Key", "keys-system-disks").inputs["properties"]
    assert "rotationPolicy" in world.one("Key", "keys-disks").inputs["properties"]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"data_class": "identifiable"}, "needs a confidential computer"),
        ({"data_class": "identifiable", "desk": CONFIDENTIAL}, "not known in this tenant"),
        ({"checkers": group(30)}, "their own checkers"),
        ({"stewards": group(30)}, "their own stewards"),
        ({"desk": {**CONFIDENTIAL, "size": "Standard_D4_v5"}}, "premium ones"),
        ({"region": "ukwest", "desk": {**CONFIDENTIAL, "zone": 1}}, "no such availability zone"),
    ],
)
def test_what_would_not_be_safe_is_refused(
    platform: World, safe_haven: World, more: dict[str, object], words: str
) -> None:
    with pytest.raises(BadInput, match=words):
        _again(platform, safe_haven, **more)


def test_a_platform_that_is_not_up_is_named(safe_haven: World) -> None:
    with pytest.raises(Exception, match="The stack platform is not up yet"):
        run(lambda: bring_up(samples.tenancy()), name="tre-hcm", platform={}, safe_haven=safe_haven.outputs)


@pytest.mark.parametrize("told", ["true", None])
def test_the_hubs_own_provider_signs_in_as_the_stacks_does(
    platform: World, safe_haven: World, monkeypatch: pytest.MonkeyPatch, told: str | None
) -> None:
    settings = {"azure-native:useDefaultAzureCredential": told} if told else {}
    monkeypatch.setattr("pulumi.runtime.config.CONFIG", ContextVar("config", default=settings))
    (hub,) = [one for one in _again(platform, safe_haven).asked if one.type == "pulumi:providers:azure-native"]
    assert hub.inputs.get("useDefaultAzureCredential") == told
