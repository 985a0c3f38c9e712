"""The junction zone: the providers' entry."""

from __future__ import annotations

from tests.infra.samples import group
from tests.infra.world import World


def test_each_provider_writes_to_its_own_container_alone(junction_zone: World) -> None:
    scopes = {grant.inputs["principalId"]: grant.inputs["scope"] for grant in junction_zone.of("RoleAssignment")}
    assert scopes[group(20)].endswith("/BlobContainer/junction-provider-rrk")
    assert scopes[group(21)].endswith("/BlobContainer/junction-provider-m85001")
    assert junction_zone.outputs["providers"] == {"m85001": "provider-m85001", "rrk": "provider-rrk"}


def test_keys_to_identifiable_data_stay_in_hardware(junction_zone: World) -> None:
    assert all(key.inputs["properties"]["kty"] == "RSA-HSM" for key in junction_zone.of("Key"))
    assert all(vault.inputs["properties"]["sku"]["name"] == "premium" for vault in junction_zone.of("Vault"))


def test_what_providers_bring_is_scanned(junction_zone: World) -> None:
    (setting,) = junction_zone.of("DefenderForStorage")
    assert setting.inputs["resourceId"].endswith("/StorageAccount/junction")
    assert setting.inputs["properties"]["malwareScanning"]["onUpload"]["isEnabled"] is True
    (store,) = junction_zone.of("StorageAccount")
    (rule,) = store.inputs["networkRuleSet"]["resourceAccessRules"]
    assert rule["resourceId"].endswith("/datascanners/StorageDataScanner")
