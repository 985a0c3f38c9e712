"""The junction zone stack."""

from __future__ import annotations

from tests.infra.mock_stack import MockStack
from tests.infra.samples import group


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
