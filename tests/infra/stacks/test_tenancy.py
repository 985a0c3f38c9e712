"""A tenancy: what a project gets, and who may do what in it."""

from __future__ import annotations

import base64
from contextvars import ContextVar

import pytest

from infra.errors import BadInput
from infra.roles import Role
from infra.stacks.programs import bring_up
from tests.infra import samples
from tests.infra.samples import group
from tests.infra.world import World, run

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
    assert _roles(tenancy, researchers, "/export-asked") == {Role.BLOB_WRITER}
    assert _roles(tenancy, researchers, "/export-released") == set()
    assert _roles(tenancy, checkers, "/export-asked") == {Role.BLOB_READER}
    assert _roles(tenancy, checkers, "/export-released") == {Role.BLOB_WRITER}
    assert _roles(tenancy, "principal-of-staging-mover", "/import-asked") == {Role.BLOB_WRITER}
    assert _roles(tenancy, stewards, "/import-released") == {Role.BLOB_WRITER}
    assert _roles(tenancy, researchers, "/import-asked") == set()
    assert _roles(tenancy, researchers, "/import-released") == {Role.BLOB_READER}


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


def test_the_desk_leaves_by_the_firewalls_proxy(tenancy: World) -> None:
    (desk,) = tenancy.of("VirtualMachine")
    text = base64.b64decode(desk.inputs["osProfile"]["customData"]).decode()
    assert "https_proxy=http://10.64.0.4:8443" in text


def test_researchers_sign_in_as_ordinary_users(tenancy: World) -> None:
    assert _roles(tenancy, group(30), "/VirtualMachine/desk") == {Role.DESK_USER, Role.READER}


def test_researchers_see_what_bastion_shows_them(tenancy: World) -> None:
    """Bastion stands in a peered network, for which Azure asks sight of the desk's own as well."""
    for kind in ("NetworkInterface/desk", "VirtualNetwork/net"):
        assert _roles(tenancy, group(30), f"/{kind}") == {Role.READER}, kind


def test_signing_in_needs_no_proxy(tenancy: World) -> None:
    """Entra's module for Linux knows of none: it goes by the route, which ends at the firewall."""
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
