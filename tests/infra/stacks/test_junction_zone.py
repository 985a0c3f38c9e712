"""The junction zone stack."""

from __future__ import annotations

from typing import Any

import pytest

from infra.components.grants import NO_ACCESS
from infra.stacks.programs import declare_stack
from tests.infra import samples
from tests.infra.mock_stack import MockStack, run
from tests.infra.samples import group
from tests.policies.inboxes import PROVIDERS


@pytest.fixture(scope="module")
def with_inboxes(platform: MockStack) -> MockStack:
    """A zone with providers that come from public addresses, closed ones, and one with a container."""
    config = samples.junction_zone(providers=PROVIDERS, former_inboxes=("old",))
    return run(lambda: declare_stack(config), name="junction-zone", platform=platform.outputs)


def test_each_provider_writes_to_its_own_container_only(junction_zone: MockStack) -> None:
    scopes = {grant.inputs["principalId"]: grant.inputs["scope"] for grant in junction_zone.of("RoleAssignment")}
    assert scopes[group(20)].endswith("/BlobContainer/junction-provider-rrk")
    assert scopes[group(21)].endswith("/BlobContainer/junction-provider-m85001")
    assert junction_zone.outputs["providers"] == {"m85001": "provider-m85001", "rrk": "provider-rrk"}


def test_keys_of_identifiable_data_are_in_hardware(junction_zone: MockStack) -> None:
    assert all(key.inputs["properties"]["kty"] == "RSA-HSM" for key in junction_zone.of("Key"))
    assert all(vault.inputs["properties"]["sku"]["name"] == "premium" for vault in junction_zone.of("Vault"))


def test_uploads_of_providers_are_scanned(junction_zone: MockStack) -> None:
    (setting,) = junction_zone.of("DefenderForStorage")
    assert setting.inputs["resourceId"].endswith("/StorageAccount/junction")
    assert setting.inputs["properties"]["malwareScanning"]["onUpload"]["isEnabled"] is True
    (store,) = junction_zone.of("StorageAccount")
    (rule,) = store.inputs["networkRuleSet"]["resourceAccessRules"]
    assert rule["resourceId"].endswith("/datascanners/StorageDataScanner")


def _rules(stack: MockStack, group_name: str) -> dict[str, Any]:
    rules = stack.one("NetworkSecurityGroup", group_name).inputs["securityRules"]
    return {rule["name"]: rule for rule in rules if rule["access"] == "Allow"}


def test_each_inbox_has_a_key_of_its_own_and_is_scanned(with_inboxes: MockStack) -> None:
    keys = {key.name for key in with_inboxes.of("Key")}
    assert {f"junction-keys-inbox-{code}" for code in ("rrk", "m85001", "x26", "y01")} < keys
    assert "junction-keys-inbox-old" in keys, "that of a provider who left stays, without a store"
    scanned = {one.inputs["resourceId"].rpartition("/")[2] for one in with_inboxes.of("DefenderForStorage")}
    assert scanned == {"junction", "inbox-rrk", "inbox-m85001", "inbox-x26", "inbox-y01"}


def test_a_provider_has_a_role_on_its_own_intake_alone(with_inboxes: MockStack) -> None:
    scopes: dict[str, list[str]] = {}
    for grant in with_inboxes.of("RoleAssignment"):
        scopes.setdefault(grant.inputs["principalId"], []).append(grant.inputs["scope"].rpartition("/")[2])
    assert scopes[group(20)] == ["inbox-rrk-uploads"]
    assert scopes[group(21)] == ["inbox-m85001-uploads"]
    assert scopes[group(23)] == ["junction-provider-y02"]
    conditions = {
        grant.inputs["principalId"]: grant.inputs.get("condition") for grant in with_inboxes.of("RoleAssignment")
    }
    assert {conditions[group(22)], conditions[group(24)]} == {NO_ACCESS}, "closed"
    assert not {conditions[group(number)] for number in (20, 21, 23)} - {None}


def test_a_closed_provider_keeps_its_data_and_nobody_comes_from_outside(with_inboxes: MockStack) -> None:
    store = with_inboxes.one("StorageAccount", "inbox-y01")
    assert store.inputs["publicNetworkAccess"] == "Disabled"
    assert not store.inputs["networkRuleSet"]["ipRules"]
    assert with_inboxes.one("BlobContainer", "inbox-y01-uploads").protect
    assert with_inboxes.one("BlobContainer", "junction-provider-y03").protect


def test_inboxes_admit_the_zone_and_landing_alone(with_inboxes: MockStack) -> None:
    rules = _rules(with_inboxes, "junction-inboxes")
    assert {name: rule["sourceAddressPrefix"] for name, rule in rules.items()} == {
        "compute-in": "10.64.8.128/25", "firewall-in": "10.64.0.0/26"}  # fmt: skip
    every_slot = [f"10.64.8.{number}/32" for number in range(68, 127)]
    assert all(rule["destinationAddressPrefixes"] == every_slot for rule in rules.values())


def test_a_zone_without_inboxes_has_no_subnet_for_them(junction_zone: MockStack) -> None:
    assert {subnet.name for subnet in junction_zone.of("Subnet")} == {"junction-endpoints", "junction-compute"}
