"""The tenancy stack: a project's resources and access."""

from __future__ import annotations

import base64
from contextvars import ContextVar
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from formats.addresses import REGISTRY_ENDPOINTS, TenancyEndpoint
from formats.egress import EgressRule
from formats.errors import InputError
from infra.first_boot import FILES
from infra.gpu_driver import NO_ARCHIVE, gpu_driver_settings
from infra.home_disk import home_disk_settings
from infra.malware_scanning import CLEAN_BLOBS_ONLY, scanner_id
from infra.package_sources import package_settings
from infra.roles import Role, desk_operator
from infra.stacks.programs import declare_stack
from tests.infra import samples
from tests.infra.mock_stack import SUBSCRIPTION, MockStack, Registration, run
from tests.infra.samples import group

OPERATOR = str(desk_operator(samples.tenancy(), "platform").value)
MOVER, DESK = "principal-of-staging-mover", "principal-of-desk"
CONFIDENTIAL = {"name": "main", "size": "Standard_DC8ads_v5", "os_disk_gib": 128, "data_disk_gib": 256,
                "admin_public_key": samples.KEY}  # fmt: skip


def _tenancy(platform: MockStack, safe_haven: MockStack, **more: object) -> MockStack:
    return run(lambda: declare_stack(samples.tenancy(**more)), name="tre-hcm", platform=platform.outputs,
               safe_haven=safe_haven.outputs)  # fmt: skip


def _roles(stack: MockStack, principal: str, scope_end: str) -> set[Role]:
    return {
        role
        for grant in stack.of("RoleAssignment")
        for role in Role
        if grant.inputs["principalId"] == principal
        and grant.inputs["scope"].endswith(scope_end)
        and grant.inputs["roleDefinitionId"].endswith(str(role.value))
    }


def test_submitters_and_recipients_cannot_approve(tenancy: MockStack) -> None:
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
            roles = {expected[who]} if who in expected else set()
            assert _roles(tenancy, who, f"/{store}-{stage}") == roles, (store, who)
            assert _roles(tenancy, who, f"/StorageAccount/{store}") == set(), (store, who)


def test_researchers_have_no_role_on_data(tenancy: MockStack) -> None:
    """They may sign in to the desk; the desk's identity reads and writes data."""
    researchers = group(30)
    held = {str(grant.inputs["roleDefinitionId"])[-36:] for grant in tenancy.of("RoleAssignment")
            if grant.inputs["principalId"] == researchers}  # fmt: skip
    assert held == {str(Role.VM_USER_LOGIN.value), str(Role.READER.value), OPERATOR}
    assert _roles(tenancy, DESK, "/StorageAccount/data") == {Role.BLOB_WRITER}


def test_reviewers_read_only_clean_files(tenancy: MockStack) -> None:
    narrowed = {grant.name: grant.inputs["condition"] for grant in tenancy.of("RoleAssignment")
                if "condition" in grant.inputs}  # fmt: skip
    assert narrowed == {"import-asked-checks-reads": CLEAN_BLOBS_ONLY, "export-asked-checks-reads": CLEAN_BLOBS_ONLY}


def test_pending_files_are_scanned(tenancy: MockStack) -> None:
    assert {one.name for one in tenancy.of("DefenderForStorage")} == {"import-asked", "export-asked"}
    admitted = {one.name: [rule["resourceId"] for rule in one.inputs["networkRuleSet"].get("resourceAccessRules", [])]
              for one in tenancy.of("StorageAccount")}  # fmt: skip
    scanners = [scanner_id(SUBSCRIPTION)]
    assert admitted == {"data": [], "import-asked": scanners, "import-released": [], "export-asked": scanners,
                      "export-released": []}  # fmt: skip


def test_every_endpoint_has_its_own_address(tenancy: MockStack) -> None:
    found = [config["privateIPAddress"] for one in tenancy.of("PrivateEndpoint")
             for config in one.inputs["ipConfigurations"]]  # fmt: skip
    assert len(found) == len(set(found)) == len(TenancyEndpoint) - len(REGISTRY_ENDPOINTS)


def test_no_principal_of_a_project_has_a_role_on_a_zone(tenancy: MockStack) -> None:
    scopes = [grant.inputs["scope"] for grant in tenancy.of("RoleAssignment")]
    assert not [scope for scope in scopes for zone in ("junction", "landing", "warehouse", "staging") if zone in scope]


def test_the_desk_has_no_password_or_public_address_or_open_disk(tenancy: MockStack) -> None:
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


def _rules(stack: MockStack, group_: str, way: str = "Outbound") -> dict[str, dict[str, Any]]:
    rules = stack.one("NetworkSecurityGroup", group_).inputs["securityRules"]
    return {rule["name"]: rule for rule in rules if (rule["direction"], rule["access"]) == (way, "Allow")}


def test_the_desk_uses_the_estates_package_archives(platform: MockStack, safe_haven: MockStack) -> None:
    mirror = {"name": "mirror", "addresses": ["203.0.113.16/29"],
              "apt": "https://a.mirror.example/ubuntu", "pip": "https://a.mirror.example/simple"}  # fmt: skip
    (desk,) = _tenancy(platform, safe_haven, egress=[mirror]).of("VirtualMachine")
    expected = package_settings([EgressRule.model_validate(mirror)])
    assert expected
    driver = gpu_driver_settings("Standard_NC24ads_A100_v4", [EgressRule.model_validate(mirror)])
    assert driver
    settings = _first_boot(desk)
    assert settings["apt"] == expected["apt"]
    assert expected["write_files"][0] in settings["write_files"]
    assert {key: settings[key] for key in driver} == driver
    assert [line for line in _hosts(desk) if line.startswith("203.0.113.")] == [
        f"203.0.113.{last} a.mirror.example" for last in range(16, 24)
    ]


@pytest.mark.parametrize(("size", "caching"), [(4095, "ReadOnly"), (4096, "None"), (32767, "None")])
def test_a_data_disk_above_4095_gib_is_not_cached(
    platform: MockStack, safe_haven: MockStack, size: int, caching: str
) -> None:
    desk = {**CONFIDENTIAL, "size": "Standard_D8s_v5", "data_disk_gib": size}
    (machine,) = _tenancy(platform, safe_haven, desks=[desk]).of("VirtualMachine")
    assert machine.inputs["storageProfile"]["dataDisks"][0]["caching"] == caching


def test_patches_restart_no_desk_by_themselves(tenancy: MockStack) -> None:
    (desk,) = tenancy.of("VirtualMachine")
    patching = desk.inputs["osProfile"]["linuxConfiguration"]["patchSettings"]
    assert patching["automaticByPlatformSettings"] == {"rebootSetting": "Never"}


def test_the_outputs_name_the_gpu_driver_or_its_absence(platform: MockStack, safe_haven: MockStack) -> None:
    assert _tenancy(platform, safe_haven, egress=[]).outputs["gpu_drivers"] == {"main": NO_ARCHIVE}
    desk = {**CONFIDENTIAL, "size": "Standard_D8s_v5"}
    assert "gpu_drivers" not in _tenancy(platform, safe_haven, desks=[desk]).outputs


def test_a_desk_reaches_its_endpoints_and_egress_only(tenancy: MockStack) -> None:
    for group_ in ("net-desks", "desk-interface"):
        rules = _rules(tenancy, group_)
        assert set(rules) == {"own-out", "sign-in-out", "packages-egress"}
        own = [f"10.65.0.{last}/32" for last in (4, 5, 7, 8)]  # vault, data, approved imports, pending exports
        assert rules["own-out"]["destinationAddressPrefixes"] == own
        assert rules["packages-egress"]["destinationAddressPrefixes"] == ["203.0.113.16/29", "192.168.40.8/32"]
        assert rules["packages-egress"]["destinationPortRange"] == "443"
        assert set(_rules(tenancy, group_, "Inbound")) == {"bastion-in"}


def test_plain_http_opens_port_80(platform: MockStack, safe_haven: MockStack) -> None:
    archive = {"name": "archive", "addresses": ["203.0.113.20"], "plain_http": True}
    rule = _rules(_tenancy(platform, safe_haven, egress=[archive]), "net-desks")["archive-egress"]
    assert rule["destinationPortRanges"] == ["80", "443"]
    assert rule["destinationAddressPrefix"] == "203.0.113.20/32"


def test_a_desks_interface_has_its_own_nsg(tenancy: MockStack) -> None:
    (interface,), (subnet,) = (
        tenancy.of("NetworkInterface"),
        (one for one in tenancy.of("Subnet") if one.name == "net-desks"),
    )
    own, shared = (one.inputs["networkSecurityGroup"]["id"] for one in (interface, subnet))
    assert own.endswith("/desk-interface")
    assert own != shared


def test_the_endpoints_admit_desks_and_airlock_staff_to_their_stores(tenancy: MockStack) -> None:
    rules = _rules(tenancy, "net-endpoints", "Inbound")
    admitted = {(rule["sourceAddressPrefix"], tuple(rule["destinationAddressPrefixes"])) for rule in rules.values()}
    desks, airlocks = (tuple(f"10.65.0.{last}/32" for last in found) for found in ((4, 5, 7, 8), (6, 7, 8, 9)))
    assert admitted == {("10.65.0.128/25", desks), ("10.64.0.0/26", airlocks)}
    assert {rule["destinationPortRange"] for rule in rules.values()} == {"443"}


RECIPIENTS = {"group": group(40), "ranges": ["192.0.2.16/28", "198.51.100.7", "198.51.100.8/31"]}


def _account(stack: MockStack, name: str) -> dict[str, Any]:
    inputs: dict[str, Any] = stack.one("StorageAccount", name).inputs
    return inputs


def test_recipients_reach_and_read_approved_exports_alone(platform: MockStack, safe_haven: MockStack) -> None:
    stack = _tenancy(platform, safe_haven, recipients=RECIPIENTS)
    rules = _account(stack, "export-released")["networkRuleSet"]
    assert [rule["iPAddressOrRange"] for rule in rules["ipRules"]] == [
        "192.0.2.16/28", "198.51.100.7", "198.51.100.8", "198.51.100.9",
    ]  # fmt: skip
    assert (rules["defaultAction"], rules["bypass"]) == ("Deny", "None")
    public = {one.name for one in stack.of("StorageAccount") if one.inputs["publicNetworkAccess"] == "Enabled"}
    assert public == {"export-released"}
    held = [grant for grant in stack.of("RoleAssignment") if grant.inputs["principalId"] == group(40)]
    assert [(g.inputs["scope"].rpartition("/")[2], str(g.inputs["roleDefinitionId"])[-36:]) for g in held] == [
        ("export-released-released", str(Role.BLOB_READER.value))
    ]
    assert _roles(stack, group(31), "/export-released-released") == {Role.BLOB_READER}


def test_stewards_who_are_recipients_have_one_role(platform: MockStack, safe_haven: MockStack) -> None:
    stack = _tenancy(platform, safe_haven, recipients={**RECIPIENTS, "group": group(31)})
    found = [grant for grant in stack.of("RoleAssignment") if grant.inputs["principalId"] == group(31)
             and grant.inputs["scope"].endswith("/export-released-released")]  # fmt: skip
    assert len(found) == 1


def test_stores_are_closed_without_recipients(tenancy: MockStack) -> None:
    for store in tenancy.of("StorageAccount"):
        assert store.inputs["publicNetworkAccess"] == "Disabled"
        assert store.inputs["networkRuleSet"]["ipRules"] == []


def test_the_desk_has_the_ssh_restrictions(tenancy: MockStack) -> None:
    (desk,) = tenancy.of("VirtualMachine")
    settings = _first_boot(desk)
    assert [file for file in FILES if file not in settings["write_files"]] == []
    assert {key: settings[key] for key in home_disk_settings()} == home_disk_settings()


def test_a_desk_has_its_names_in_a_file_and_no_resolver(tenancy: MockStack) -> None:
    (desk,) = tenancy.of("VirtualMachine")
    stores = {one.name: one.inputs["accountName"] for one in tenancy.of("StorageAccount")}
    (vault,) = tenancy.of("Vault")
    assert _hosts(desk) == [
        "192.0.2.1 login.microsoftonline.com pas.windows.net",
        f"10.65.0.4 {vault.inputs['vaultName']}.vault.azure.net",
        *(f"10.65.0.{last} {stores[name]}.blob.core.windows.net"
          for last, name in ((5, "data"), (7, "import-released"), (8, "export-asked"))),
    ]  # fmt: skip
    assert _first_boot(desk)["runcmd"][-1] == ["systemctl", "mask", "--now", "systemd-resolved.service"]


def test_a_rule_names_further_hosts(platform: MockStack, safe_haven: MockStack) -> None:
    rule = {"name": "licences", "addresses": ["203.0.113.20"], "hosts": ["one.example.org", "two.example.org"]}
    (desk,) = _tenancy(platform, safe_haven, egress=[rule]).of("VirtualMachine")
    assert _hosts(desk)[-1] == "203.0.113.20 one.example.org two.example.org"


def _first_boot(desk: Registration) -> dict[str, Any]:
    settings: dict[str, Any] = yaml.safe_load(base64.b64decode(desk.inputs["osProfile"]["customData"]))
    return settings


def _hosts(desk: Registration) -> list[str]:
    """Return the lines of /etc/hosts."""
    files = [one for one in _first_boot(desk)["write_files"] if one["path"] == "/etc/hosts"]
    assert all(one["append"] for one in files)
    return [line for one in files for line in one["content"].splitlines()]


def test_a_standing_desk_keeps_its_first_boot(tenancy: MockStack) -> None:
    (desk,) = tenancy.of("VirtualMachine")
    assert desk.ignore_changes == ("osProfile.customData", "osProfile.linuxConfiguration.ssh.publicKeys")


def test_each_rebuild_of_a_desk_replaces_its_system_disk(platform: MockStack, safe_haven: MockStack) -> None:
    names = []
    for rebuilds in (0, 1, 2):
        stack = _tenancy(
            platform, safe_haven, desks=[{**CONFIDENTIAL, "size": "Standard_D4s_v5", "rebuilds": rebuilds}]
        )
        (desk,) = stack.of("VirtualMachine")
        names.append(desk.inputs["storageProfile"]["osDisk"]["name"])
        assert "storageProfile.osDisk.name" in desk.replace_on_changes
    assert len(set(names)) == 3
    assert names[2] == f"{names[0]}-2"


def test_researchers_sign_in_as_ordinary_users(tenancy: MockStack) -> None:
    assert _roles(tenancy, group(30), "/VirtualMachine/desk") == {Role.VM_USER_LOGIN, Role.READER}


def test_researchers_may_read_interface_and_network(tenancy: MockStack) -> None:
    """Bastion is in a peered network, so Azure requires Reader on the desk's network as well."""
    for kind in ("NetworkInterface/desk", "VirtualNetwork/net"):
        assert _roles(tenancy, group(30), f"/{kind}") == {Role.READER}, kind


def test_each_desk_has_its_own_identity_and_users(platform: MockStack, safe_haven: MockStack) -> None:
    main = {**CONFIDENTIAL, "size": "Standard_D4s_v5"}
    others = [{**main, "name": name, "users": group(40)} for name in ("gpu", "notes")]
    stack = _tenancy(platform, safe_haven, desks=[main, *others])
    names = {"desk", "desk-gpu", "desk-notes"}
    assert {machine.name for machine in stack.of("VirtualMachine")} == names
    assert {disk.name for disk in stack.of("Disk")} == {f"{name}-data" for name in names}
    for name in names:
        identity = f"principal-of-{name}"
        assert _roles(stack, identity, "/StorageAccount/data") == {Role.BLOB_WRITER}
        assert _roles(stack, identity, "/export-asked-asked") == {Role.BLOB_WRITER}
        assert _roles(stack, identity, "/import-released-released") == {Role.BLOB_READER}
    users = {name: {who for who in (30, 40) if _roles(stack, group(who), f"/VirtualMachine/{name}")} for name in names}
    assert users == {"desk": {30}, "desk-gpu": {40}, "desk-notes": {40}}
    grants = [one.inputs for one in stack.of("RoleAssignment") if one.inputs["roleDefinitionId"].endswith(OPERATOR)]
    operators = {(one["principalId"], one["scope"].rpartition("/")[2]) for one in grants}
    assert operators == {(group(30), "desk"), (group(40), "desk-gpu"), (group(40), "desk-notes")}
    seeing = [one.name for one in stack.of("RoleAssignment") if one.name.endswith("see-network")]
    assert seeing == ["desk-researchers-see-network", f"desk-users-{group(40)}-see-network"]


def test_a_desk_is_shut_down_at_its_time(platform: MockStack, safe_haven: MockStack) -> None:
    desks = [{**CONFIDENTIAL, "size": "Standard_D4s_v5", "shutdown": "19:30"}]
    (schedule,) = _tenancy(platform, safe_haven, desks=desks).of("GlobalSchedule")
    assert schedule.inputs["name"] == f"shutdown-computevm-vm-{samples.tenancy().estate}-tre-hcm-desk"
    assert (schedule.inputs["dailyRecurrence"], schedule.inputs["timeZoneId"]) == (
        {"time": "1930"},
        "GMT Standard Time",
    )
    assert schedule.inputs["notificationSettings"]["status"] == "Disabled"


def test_a_budget_tells_named_people_and_ends_with_the_approval(platform: MockStack, safe_haven: MockStack) -> None:
    people = ["a.person@trust.example"]
    stack = _tenancy(platform, safe_haven, budget={"monthly_gbp": 2500, "alerts": people})
    (budget,) = stack.of("Budget")
    alerts = budget.inputs["notifications"].values()
    found = {(one["thresholdType"], one["threshold"], tuple(one["contactEmails"])) for one in alerts}
    assert found == {(*one, tuple(people)) for one in
                     [("Actual", 50), ("Actual", 80), ("Actual", 100), ("Forecasted", 100)]}  # fmt: skip
    assert budget.inputs["timePeriod"]["endDate"].startswith(samples.tenancy().expires.isoformat())
    assert budget.ignore_changes == ("timePeriod.startDate",)
    assert people[0] not in str([stack.outputs, [one.inputs.get("tags") for one in stack.registrations]])


def test_sign_in_traffic_is_routed_to_the_firewall(tenancy: MockStack) -> None:
    desks = tenancy.one("NetworkSecurityGroup", "net-desks").inputs["securityRules"]
    (rule,) = [rule for rule in desks if rule.get("destinationAddressPrefix") == "192.0.2.1/32"]
    assert (rule["access"], rule["destinationPortRange"], rule["protocol"]) == ("Allow", "443", "Tcp")
    (route,) = tenancy.one("RouteTable", "net").inputs["routes"]
    assert (route["addressPrefix"], route["nextHopType"]) == ("0.0.0.0/0", "VirtualAppliance")


def test_identifiable_data_needs_a_confidential_desk(platform: MockStack, safe_haven: MockStack) -> None:
    stack = _tenancy(platform, safe_haven, data_class="identifiable", desks=[CONFIDENTIAL],
                   confidential_orchestrator=group(99))  # fmt: skip
    (desk,) = stack.of("VirtualMachine")
    assert desk.inputs["securityProfile"]["securityType"] == "ConfidentialVM"
    managed = desk.inputs["storageProfile"]["osDisk"]["managedDisk"]
    assert managed["securityProfile"]["securityEncryptionType"] == "DiskWithVMGuestState"
    kinds = {one.name: one.inputs["encryptionType"] for one in stack.of("DiskEncryptionSet")}
    assert kinds["system-disks"] == "ConfidentialVmEncryptedWithCustomerKey"
    key = stack.one("Key", "keys-system-disks").inputs["properties"]
    assert (key["kty"], key["attributes"]["exportable"]) == ("RSA-HSM", True)


def test_a_size_without_acceleration_has_a_tag_with_the_reason(platform: MockStack, safe_haven: MockStack) -> None:
    stack = _tenancy(platform, safe_haven, desks=[{**CONFIDENTIAL, "size": "Standard_B2ms"}])
    assert stack.of("NetworkInterface")[0].inputs["enableAcceleratedNetworking"] is False
    (network,) = stack.of("VirtualNetwork")
    assert network.inputs["encryption"]["enabled"] is False
    assert "size" in network.inputs["tags"]["unencrypted"]


def test_only_keys_of_confidential_desks_do_not_rotate(platform: MockStack, safe_haven: MockStack) -> None:
    """Azure does not rotate such a key automatically, and requires its version."""
    stack = _tenancy(platform, safe_haven, data_class="identifiable", desks=[CONFIDENTIAL],
                   confidential_orchestrator=group(99))  # fmt: skip
    follows = {one.name: one.inputs["rotationToLatestKeyVersionEnabled"] for one in stack.of("DiskEncryptionSet")}
    assert follows == {"disks": True, "system-disks": False}
    assert "rotationPolicy" not in stack.one("Key", "keys-system-disks").inputs["properties"]
    assert "rotationPolicy" in stack.one("Key", "keys-disks").inputs["properties"]


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"data_class": "identifiable"}, "confidential virtual machine"),
        ({"data_class": "identifiable", "desks": [CONFIDENTIAL]}, "Confidential VM Orchestrator"),
        ({"desks": [CONFIDENTIAL]}, "for identifiable data only"),
        ({"desks": [{**CONFIDENTIAL, "size": "Standard_EC4eds_v7"}]}, "for identifiable data only"),
        ({"checkers": group(30)}, "other than the researchers"),
        ({"recipients": {**RECIPIENTS, "group": group(30)}}, "other than the researchers"),
        ({"recipients": {**RECIPIENTS, "group": group(32)}}, "other than the checkers"),
        ({"stewards": group(30)}, "other than the researchers"),
        ({"desks": [{**CONFIDENTIAL, "size": "Standard_D4_v5"}]}, "premium disks"),
        (
            {"region": "ukwest", "desks": [{**CONFIDENTIAL, "size": "Standard_D4s_v5", "zone": 1}]},
            "no such availability zone",
        ),
    ],
)
def test_an_unsafe_configuration_is_refused(
    platform: MockStack, safe_haven: MockStack, more: dict[str, object], message: str
) -> None:
    with pytest.raises((InputError, ValidationError), match=message):
        _tenancy(platform, safe_haven, **more)


def test_a_platform_that_is_not_up_names_the_stack(safe_haven: MockStack) -> None:
    with pytest.raises(Exception, match="The stack platform is not up yet"):
        run(lambda: declare_stack(samples.tenancy()), name="tre-hcm", platform={}, safe_haven=safe_haven.outputs)


@pytest.mark.parametrize("value", ["true", None])
def test_the_hubs_provider_has_the_stacks_sign_in_method(
    platform: MockStack, safe_haven: MockStack, monkeypatch: pytest.MonkeyPatch, value: str | None
) -> None:
    settings = {"azure-native:useDefaultAzureCredential": value} if value else {}
    monkeypatch.setattr("pulumi.runtime.config.CONFIG", ContextVar("config", default=settings))
    (hub,) = [
        one for one in _tenancy(platform, safe_haven).registrations if one.type == "pulumi:providers:azure-native"
    ]
    assert hub.inputs.get("useDefaultAzureCredential") == value
