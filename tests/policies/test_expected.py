"""The program sets what the policies require: each side states it, and neither imports the other."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from formats import egress
from formats.egress import EgressRule
from formats.stack_config import Region
from infra import first_boot, gpu_driver, guardrails, home_disk, malware_scanning, network_services, windows_first_boot
from infra.components import confidential, resource_group_scope
from infra.components.desk_systems import Windows
from infra.roles import Role
from infra.subscription_guardrails import subscription_guardrails
from operations.estate import schema
from operations.estate.approvals import REGISTRATION_HOST
from policies.azure_semantics import addresses, bastion, roles
from policies.azure_semantics import malware_scanning as expected_scanning
from policies.expected import entitlements, key_release, sign_in, ssh_server, tags, windows_desk
from policies.expected.estate_types import ESTATE_TYPES
from policies.expected.gpu_driver import GPU_DRIVER
from policies.expected.guardrails import COMMON_GUARDRAILS, GUARDRAILS, OF_WINDOWS
from policies.expected.home_disk import HOME_DISK
from policies.expected.policy_rules import MODE
from policies.model import Resource
from policies.reachability.control_plane import TECHNIQUES

POLICIES = Path(__file__).resolve().parents[2] / "policies"
SUBSCRIPTION = "11111111-1111-4111-8111-111111111111"


def test_every_guardrail_of_the_program_is_the_expected_one() -> None:
    of_program = {**guardrails.GUARDRAILS, **{one.key: one for one in subscription_guardrails("rg-")}}
    assert {key: (one.title, one.policy_rule, one.mode) for key, one in of_program.items()} == {
        key: (one.title, one.policy_rule, MODE) for key, one in GUARDRAILS.items()
    }
    assert [one.key for one in guardrails.COMMON_GUARDRAILS] == [one.key for one in COMMON_GUARDRAILS]


def test_the_guardrails_of_an_estate_with_windows_desks_are_the_expected_ones() -> None:
    windows = [*guardrails.WINDOWS_HUB_GUARDRAILS, *subscription_guardrails("rg-", windows_desks=True)]
    usual = [*guardrails.HUB_GUARDRAILS, *subscription_guardrails("rg-")]
    changed = {one.key: one.policy_rule for one in windows if one not in usual}
    assert changed == {key: one.policy_rule for key, one in OF_WINDOWS.items()}


def test_the_first_boot_of_a_windows_desk_is_the_expected_one() -> None:
    assert windows_first_boot.COMMAND == windows_desk.COMMAND
    assert windows_desk.digest(windows_first_boot.SCRIPT) in windows_desk.SCRIPTS
    assert Windows.ADMINISTRATOR == windows_desk.ADMINISTRATOR
    assert network_services.REGISTRATION_HOST == sign_in.REGISTRATION_HOST == REGISTRATION_HOST


def test_a_technique_that_types_stay_prevents_writes_a_type_that_is_not_listed() -> None:
    listed = {type_.lower() for type_ in ESTATE_TYPES}
    for technique in TECHNIQUES.values():
        if "types-stay" in technique.guardrails:
            operations = (*technique.operations, *technique.elsewhere, *technique.writes)
            written = {one.rpartition("/")[0].lower() for one in operations if one.endswith("/write")}
            assert written - listed, technique.key


def test_the_ssh_server_of_a_desk_is_the_expected_one() -> None:
    text = base64.b64decode(first_boot.first_boot()).decode()
    assert text.startswith(ssh_server.CLOUD_CONFIG_HEADER)
    assert json.loads(text.removeprefix(ssh_server.CLOUD_CONFIG_HEADER)) == {
        "write_files": [*ssh_server.FILES, sign_in.HOSTS_FILE],
        "runcmd": ssh_server.COMMANDS,
    }


def test_the_data_disk_of_a_desk_is_set_up_as_expected() -> None:
    assert home_disk.home_disk_settings() == HOME_DISK


def test_the_gpu_driver_of_a_desk_is_the_expected_one() -> None:
    mirror = EgressRule.model_validate({"name": "ab", "addresses": ["203.0.113.16"], "apt": "https://a.example.org/u"})
    assert gpu_driver.gpu_driver_settings("Standard_NC24ads_A100_v4", [mirror]) == GPU_DRIVER


def test_the_break_glass_account_is_the_expected_one() -> None:
    assert first_boot.ADMINISTRATOR == ssh_server.ADMINISTRATOR


@pytest.mark.parametrize("region", Region)
def test_the_release_policy_of_the_program_is_the_expected_one(region: Region) -> None:
    text = confidential.release_policy(region)
    (branch,) = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))["anyOf"]
    assert branch["authority"].rstrip("/") in key_release.AUTHORITIES
    assert branch["allOf"] == key_release.CLAIMS


def test_the_roles_of_entitlements_are_those_of_the_program() -> None:
    stated = {value for key, value in vars(entitlements).items() if key.isupper() and str(value).count("-") == 4}
    assert stated == {str(role.value) for role in Role} - {str(Role.VAULT_READER.value)}


def test_the_tags_of_the_program_are_the_expected_ones() -> None:
    assert schema.STACK_TAGS == tags.STACK_TAGS == set(resource_group_scope.PRIORITY_TAGS)
    assert resource_group_scope.MAX_LIMITED_TAGS == tags.MAX_LIMITED_TAGS


@pytest.mark.parametrize("role", Role)
def test_every_role_of_the_program_is_grantable_with_known_rights(role: Role) -> None:
    assert str(role.value) in roles.GRANTABLE
    assert str(role.value) in roles.RIGHTS


def test_role_names_mean_the_same_role() -> None:
    assert str(Role.READER.value) == roles.READER
    assert str(Role.VM_USER_LOGIN.value) in roles.SIGN_IN_ROLES
    assert str(Role.BLOB_READER.value) in roles.READS - roles.WRITES
    assert str(Role.BLOB_WRITER.value) in roles.READS & roles.WRITES


def test_the_condition_for_clean_blobs_is_the_expected_one() -> None:
    assert malware_scanning.CLEAN_BLOBS_ONLY == expected_scanning.CLEAN_BLOBS_ONLY


def test_the_malware_scanner_of_the_program_is_the_expected_one() -> None:
    id_ = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/st"
    account = Resource("urn", "storage:StorageAccount", "st", "stack", {}, id=id_)
    assert expected_scanning.is_scanner(malware_scanning.scanner_id(SUBSCRIPTION), account)


def test_egress_limits_and_hosts_of_sign_in_are_the_expected_ones() -> None:
    assert egress.MIN_PREFIX_LENGTH == addresses.MIN_PREFIX_LENGTH
    assert set(network_services.SIGN_IN_HOSTS) == sign_in.HOSTS
    assert str(egress.SIGN_IN_ADDRESS) == str(sign_in.ADDRESS.network_address)
    assert set(map(int, network_services.BASTION_INTERNAL_PORTS)) == set(bastion.ALLOWED[True]["virtualnetwork"])


def test_policies_import_nothing_from_infra() -> None:
    importing = [
        file.name
        for file in POLICIES.rglob("*.py")
        if any(line.lstrip().startswith(("from infra", "import infra")) for line in file.read_text().splitlines())
    ]
    assert importing == []
