"""Rules for storage accounts: secure resources pass, and each weakness fails."""

from __future__ import annotations

from dataclasses import replace

import pytest

from formats.plan import UNKNOWN
from infra.malware_scanning import scanner_id
from policies.model import Verdict
from tests.policies.rules.cases import (
    GONE,
    GROUP,
    World,
    changed,
    findings,
    group,
    label,
    made,
    rows,
    verdict,
    without,
)  # fmt: skip

STORAGE = "Microsoft.Storage/storageAccounts"
IDENTITY = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-keys"
VAULT_URI = "https://kv-heart.vault.azure.net/"
KEPT = {"enabled": True, "days": 30}


def account(name: str) -> dict[str, object]:
    return {
        "accountName": name,
        "kind": "StorageV2",
        "publicNetworkAccess": "Disabled",
        "networkRuleSet": {"defaultAction": "Deny", "bypass": "None", "ipRules": [], "virtualNetworkRules": []},
        "allowSharedKeyAccess": False,
        "isLocalUserEnabled": False,
        "isSftpEnabled": False,
        "enableNfsV3": False,
        "allowBlobPublicAccess": False,
        "minimumTlsVersion": "TLS1_2",
        "enableHttpsTrafficOnly": True,
        "encryption": {
            "keySource": "Microsoft.Keyvault",
            "keyVaultProperties": {"keyName": "key-data", "keyVaultUri": VAULT_URI},
            "requireInfrastructureEncryption": True,
            "services": {"queue": {"keyType": "Account"}, "table": {"keyType": "Account"}},
            "encryptionIdentity": {"encryptionUserAssignedIdentity": IDENTITY},
        },
        "allowCrossTenantReplication": False,
        "allowedCopyScope": "AAD",
        "sasPolicy": {"sasExpirationPeriod": "0.01:00:00", "expirationAction": "Block"},
        "defaultToOAuthAuthentication": True,
    }


def world(data_class: str = "identifiable") -> World:
    """Return a store, an archive, and their keys."""
    found = {
        "group": group(data_class),
        "vault": made("keyvault:Vault", "keys", "Microsoft.KeyVault/vaults/kv-heart", vaultName="kv-heart"),
        "key": made("keyvault:Key", "data-key", "Microsoft.KeyVault/vaults/kv-heart/keys/key-data",
                    vaultName="kv-heart", keyName="key-data"),
    }  # fmt: skip
    for name in ("data", "archive"):
        own, blobs = f"{STORAGE}/st{name}", f"{STORAGE}/st{name}/blobServices/default"
        found |= {
            name: made("storage:StorageAccount", name, own, **account(f"st{name}")),
            f"{name}-blobs": made("storage:BlobServiceProperties", f"{name}-blobs", blobs, isVersioningEnabled=True,
                                  deleteRetentionPolicy=dict(KEPT), containerDeleteRetentionPolicy=dict(KEPT)),
            f"{name}-sets": made("storage:BlobContainer", f"{name}-sets", f"{blobs}/containers/sets",
                                 accountName=f"st{name}", containerName="sets", publicAccess="None"),
        }  # fmt: skip
    immutable = f"{STORAGE}/starchive/blobServices/default/containers/sets/immutabilityPolicies/default"
    rule = {"delete": {"daysAfterModificationGreaterThan": 2920}}
    return found | {
        "immutable": made("storage:BlobContainerImmutabilityPolicy", "immutable", immutable,
                          immutabilityPeriodSinceCreationInDays=2920),
        "lifecycle": made("storage:ManagementPolicy", "lifecycle", f"{STORAGE}/starchive/managementPolicies/default",
                          accountName="starchive",
                          policy={"rules": [{"definition": {"actions": {"baseBlob": rule}}}]}),
        "scope": made("storage:EncryptionScope", "scope", f"{STORAGE}/stdata/encryptionScopes/scope",
                      source="Microsoft.KeyVault", requireInfrastructureEncryption=True,
                      keyVaultProperties={"keyUri": f"{VAULT_URI}keys/key-data"}),
        "files": made("storage:FileServiceProperties", "files", f"{STORAGE}/stdata/fileServices/default",
                      shareDeleteRetentionPolicy={"enabled": True, "days": 14},
                      protocolSettings={"smb": {"versions": "SMB3.1.1;", "authenticationMethods": "Kerberos",
                                                "kerberosTicketEncryption": "AES-256",
                                                "channelEncryption": "AES-256-GCM"}}),
        "share": made("storage:FileShare", "share", f"{STORAGE}/stdata/fileServices/default/shares/share",
                      enabledProtocols="SMB"),
    }  # fmt: skip


WEAK: dict[str, list[tuple[str, str, tuple[object, ...]]]] = {
    "ST1": [("data", "publicNetworkAccess", ("Enabled", "true", GONE, None, "[secret]"))],
    "ST2": [
        ("data", "networkRuleSet", (GONE, {}, None)),
        ("data", "networkRuleSet.defaultAction", ("Allow", GONE)),
        ("data", "networkRuleSet.bypass", ("AzureServices", "Logging", "AzureServices, Logging", GONE)),
        ("data", "networkRuleSet.ipRules", ([{"iPAddressOrRange": "20.0.0.1"}],)),
        ("data", "networkRuleSet.virtualNetworkRules", ([{"virtualNetworkResourceId": "/x"}],)),
        ("data", "networkRuleSet.resourceAccessRules", ([{"resourceId": "/subscriptions/x"}], [{"tenantId": "x"}])),
    ],
    "ST3": [
        ("data", "allowSharedKeyAccess", (True, "false", GONE)),
        ("data", "isLocalUserEnabled", (True, GONE)),
        ("data", "isSftpEnabled", (True, GONE)),
    ],
    "ST4": [
        ("data", "allowBlobPublicAccess", (True, GONE)),
        ("data-sets", "publicAccess", ("Blob", "Container", "")),
    ],
    "ST5": [
        ("data", "minimumTlsVersion", ("TLS1_0", "TLS1_1", GONE)),
        ("data", "enableHttpsTrafficOnly", (False, GONE)),
    ],
    "ST6": [
        ("data", "encryption", (GONE,)),
        ("data", "encryption.keySource", ("Microsoft.Storage", GONE)),
        ("data", "encryption.keyVaultProperties", (GONE,)),
        ("data", "encryption.keyVaultProperties.keyName", ("key-elsewhere", "", GONE)),
        ("data", "encryption.keyVaultProperties.keyVaultUri",
         ("https://kv-elsewhere.vault.azure.net/", "https://kv-heart.vault.azure.net.evil.com/", "", GONE)),
        ("data", "encryption.keyVaultProperties.keyVersion", ("0123",)),
        ("key", "keyName", ("key-other",)),
    ],
    "ST7": [("data", "encryption.requireInfrastructureEncryption", (False, "true", GONE))],
    "ST8": [
        ("data", "allowCrossTenantReplication", (True, GONE)),
        ("data", "allowedCopyScope", ("Anywhere", GONE)),
    ],
    "ST10": [
        ("data-blobs", "isVersioningEnabled", (False, GONE)),
        ("data-blobs", "deleteRetentionPolicy", (GONE,)),
        ("data-blobs", "deleteRetentionPolicy.enabled", (False, GONE)),
        ("data-blobs", "deleteRetentionPolicy.days", (1, 29, "30", True, GONE)),
        ("data-blobs", "deleteRetentionPolicy.allowPermanentDelete", (True,)),
        ("data-blobs", "containerDeleteRetentionPolicy", (GONE,)),
        ("data-blobs", "containerDeleteRetentionPolicy.days", (1, GONE)),
    ],
    "ST11": [
        ("data", "encryption.services", (GONE,)),
        ("data", "encryption.services.queue.keyType", ("Service", GONE)),
        ("data", "encryption.services.table.keyType", ("Service", GONE)),
    ],
    "ST13": [
        ("data", "sasPolicy", (GONE,)),
        ("data", "sasPolicy.sasExpirationPeriod", ("1.00:00:01", "365.00:00:00", "tomorrow", "0.00:00:00", GONE)),
        ("data", "sasPolicy.expirationAction", ("Log", GONE)),
    ],
    "ST14": [("data", "defaultToOAuthAuthentication", (False, GONE))],
    "ST15": [("data", "enableNfsV3", (True, GONE)), ("share", "enabledProtocols", ("NFS", "SMB,NFS"))],
    "ST16": [
        ("data", "encryption.encryptionIdentity", (GONE,)),
        ("data", "encryption.encryptionIdentity.encryptionUserAssignedIdentity", ("", GONE)),
        ("data", "encryption.encryptionIdentity.encryptionFederatedIdentityClientId", ("a-client",)),
    ],
    "ST17": [
        ("scope", "source", ("Microsoft.Storage", GONE)),
        ("scope", "requireInfrastructureEncryption", (False, GONE)),
        ("scope", "keyVaultProperties.keyUri",
         (f"{VAULT_URI}keys/key-data/0123", "https://kv-elsewhere.vault.azure.net/keys/key-data", GONE)),
        ("data-sets", "defaultEncryptionScope", ("scope",)),
    ],
    "ST18": [
        ("data-blobs", "cors.corsRules", ([{"allowedOrigins": ["*"]}],)),
        ("files", "cors.corsRules", ([{"allowedOrigins": ["https://example.org"]}],)),
    ],
    "ST20": [
        ("data-sets", "containerName", ("$web",)),
        ("data", "customDomain", ({"name": "data.example.org"},)),
        ("data", "routingPreference.publishInternetEndpoints", (True,)),
    ],
    "ST21": [
        ("files", "protocolSettings", (GONE,)),
        ("files", "protocolSettings.smb.versions", ("SMB2.1;SMB3.1.1", "", GONE)),
        ("files", "protocolSettings.smb.authenticationMethods", ("NTLMv2;Kerberos",)),
        ("files", "protocolSettings.smb.kerberosTicketEncryption", ("RC4-HMAC;AES-256",)),
        ("files", "protocolSettings.smb.channelEncryption", ("AES-128-CCM",)),
        ("files", "shareDeleteRetentionPolicy", (GONE,)),
        ("files", "shareDeleteRetentionPolicy.days", (1,)),
    ],
    "ST22": [("lifecycle", "policy.rules[0].definition.actions.baseBlob.delete.daysAfterModificationGreaterThan",
              (30, 364))],
}  # fmt: skip
"""Values that each rule must refuse, by resource and property."""


@pytest.mark.parametrize("row", rows(WEAK), ids=label)
def test_each_weakness_is_refused(row: tuple[str, str, str, object]) -> None:
    policy, name, path, value = row
    weak = changed(world(), name, path, value)
    said = findings(weak, policy)
    assert Verdict.FAIL in {f.verdict for f in said}, said
    assert Verdict.FAIL not in {f.verdict for f in findings(world(), policy)}


@pytest.mark.parametrize("policy", [*WEAK, "ST9", "ST12", "ST19"])
@pytest.mark.parametrize("data_class", ["synthetic", "de-identified", "identifiable"])
def test_secure_resources_pass(policy: str, data_class: str) -> None:
    blocking = [f for f in findings(world(data_class), policy) if f.verdict.blocks]
    assert not blocking


OPAQUE = {policy: [(name, path, (UNKNOWN,)) for name, path, _ in entries] for policy, entries in WEAK.items()}


@pytest.mark.parametrize("row", rows(OPAQUE), ids=label)
def test_an_unknown_value_does_not_pass(row: tuple[str, str, str, object]) -> None:
    policy, name, path, value = row
    said = {f.verdict for f in findings(changed(world(), name, path, value), policy)}
    assert said & {Verdict.UNKNOWN, Verdict.FAIL}, said


@pytest.mark.parametrize("policy", ["ST6", "ST7", "ST9", "ST11", "ST17", "ST22"])
def test_synthetic_data_needs_no_key_and_no_archive(policy: str) -> None:
    assert {f.verdict for f in findings(world("synthetic"), policy)} == {Verdict.NOT_APPLICABLE}


@pytest.mark.parametrize(("data_class", "days", "said"), [
    ("identifiable", 364, Verdict.FAIL), ("identifiable", 365, Verdict.PASS), ("de-identified", 364, Verdict.PASS),
    ("de-identified", 179, Verdict.FAIL), ("synthetic", 1, Verdict.NOT_APPLICABLE),
])  # fmt: skip
def test_archive_immutability_follows_the_data_class(data_class: str, days: int, said: Verdict) -> None:
    short = changed(world(data_class), "immutable", "immutabilityPeriodSinceCreationInDays", days)
    assert verdict(short, "ST9", "archive-sets") is said


@pytest.mark.parametrize(("data_class", "days", "said"), [
    ("identifiable", 29, Verdict.FAIL), ("de-identified", 14, Verdict.PASS), ("de-identified", 13, Verdict.FAIL),
    ("synthetic", 7, Verdict.PASS), ("synthetic", 6, Verdict.FAIL),
])  # fmt: skip
def test_soft_delete_follows_the_data_class(data_class: str, days: int, said: Verdict) -> None:
    short = changed(world(data_class), "data-blobs", "deleteRetentionPolicy.days", days)
    assert verdict(short, "ST10", "data-blobs") is said


class TestArchives:
    def test_other_stores_need_not_be_immutable(self) -> None:
        assert verdict(world(), "ST9", "data-sets") is Verdict.NOT_APPLICABLE

    def test_an_archive_without_a_policy_fails(self) -> None:
        assert verdict(without(world(), "immutable"), "ST9", "archive-sets") is Verdict.FAIL

    @pytest.mark.parametrize("path", ["allowProtectedAppendWrites", "allowProtectedAppendWritesAll"])
    def test_nothing_is_added_to_an_archive(self, path: str) -> None:
        assert verdict(changed(world(), "immutable", path, True), "ST9", "archive-sets") is Verdict.FAIL

    def test_an_audit_trail_may_be_added_to(self) -> None:
        trail = changed(world(), "data-sets", "containerName", "insights-activity-logs")
        assert verdict(trail, "ST9", "data-sets") is Verdict.FAIL
        moved = made("storage:BlobContainerImmutabilityPolicy", "trail",
                     f"{STORAGE}/stdata/blobServices/default/containers/sets/immutabilityPolicies/default",
                     immutabilityPeriodSinceCreationInDays=365, allowProtectedAppendWrites=True)  # fmt: skip
        assert verdict(trail | {"trail": moved}, "ST9", "data-sets") is Verdict.PASS

    def test_flow_records_are_rewritten_by_azure_itself(self) -> None:
        flows = changed(world(), "data-sets", "containerName", "insights-logs-flowlogflowevent")
        assert verdict(flows, "ST9", "data-sets") is Verdict.NOT_APPLICABLE

    @pytest.mark.parametrize(("state", "days", "said"), [
        ("Unlocked", 365, Verdict.PASS), ("Locked", 365, Verdict.PASS), ("Disabled", 365, Verdict.FAIL),
        ("Locked", 30, Verdict.FAIL), (UNKNOWN, 365, Verdict.UNKNOWN),
    ])  # fmt: skip
    def test_the_whole_account_may_be_immutable_instead(self, state: str, days: int, said: Verdict) -> None:
        policy = {"state": state, "immutabilityPeriodSinceCreationInDays": days}
        whole = {"enabled": True, "immutabilityPolicy": policy}
        instead = changed(without(world(), "immutable"), "archive", "immutableStorageWithVersioning", whole)
        assert verdict(instead, "ST9", "archive-sets") is said


class TestTrustedServices:
    """Azure's own services are allowed where a resource needs it and the account gives the reason."""

    def bypassed(self, reason: str | None) -> World:
        tags = {"trusted-services": reason} if reason is not None else {}
        return changed(changed(world(), "data", "networkRuleSet.bypass", "AzureServices"), "data", "tags", tags)

    def flow_log(self, store: object) -> World:
        return {"flows": made("network:FlowLog", "flows", storageId=store)}

    def test_with_a_reason_and_a_need_they_pass(self) -> None:
        needed = self.bypassed("Network Watcher writes") | self.flow_log(world()["data"].id)
        assert verdict(needed, "ST2", "data") is Verdict.PASS

    @pytest.mark.parametrize("reason", [None, "", " "])
    def test_without_a_reason_they_do_not(self, reason: str | None) -> None:
        needed = self.bypassed(reason) | self.flow_log(world()["data"].id)
        assert verdict(needed, "ST2", "data") is Verdict.FAIL

    def test_without_a_need_they_do_not(self) -> None:
        elsewhere = self.bypassed("why not") | self.flow_log(world()["archive"].id)
        assert verdict(elsewhere, "ST2", "data") is Verdict.FAIL

    def test_a_need_that_is_not_known_yet_is_unknown(self) -> None:
        unclear = self.bypassed("Network Watcher writes") | self.flow_log(UNKNOWN)
        assert verdict(unclear, "ST2", "data") is Verdict.UNKNOWN

    def test_the_malware_scanner_passes_by_a_rule_of_its_own(self) -> None:
        rules = "networkRuleSet.resourceAccessRules"
        home = str(world()["data"].id).split("/")[2]
        asked = made("security:DefenderForStorage", "scan", resourceId=world()["data"].id)
        scanned = changed(world(), "data", rules, [{"resourceId": scanner_id(home)}])
        assert verdict(scanned | {"scan": asked}, "ST2", "data") is Verdict.PASS
        assert verdict(scanned, "ST2", "data") is Verdict.FAIL, "nothing asks it to scan"
        foreign = changed(world(), "data", rules, [{"resourceId": scanner_id("10ca1000-0000-4000-8000-00000000000e")}])
        assert verdict(foreign | {"scan": asked}, "ST2", "data") is Verdict.FAIL


class TestKeys:
    URI = "encryption.keyVaultProperties.keyVaultUri"

    def test_a_key_that_went_is_no_key(self) -> None:
        assert verdict(without(world(), "key"), "ST6", "data") is Verdict.FAIL

    def test_a_vault_that_the_deployment_makes_counts_where_the_value_comes_from_it(self) -> None:
        opaque = changed(world(), "data", self.URI, UNKNOWN)
        assert verdict(opaque, "ST6", "data") is Verdict.UNKNOWN
        sources = {"encryption": (world()["vault"].urn, world()["key"].urn)}
        fed = opaque | {"data": replace(opaque["data"], property_dependencies=sources)}
        assert verdict(fed, "ST6", "data") is Verdict.PASS
        assert verdict(without(fed, "key"), "ST6", "data") is Verdict.UNKNOWN

    def test_a_vault_with_a_name_that_is_not_known_yet_may_be_the_one(self) -> None:
        unnamed = changed(world(), "key", "vaultName", UNKNOWN)
        assert verdict(unnamed, "ST6", "data") is Verdict.UNKNOWN

    def test_a_hardware_module_of_the_estate_keeps_keys_too(self) -> None:
        module = made("keyvault:ManagedHsm", "hsm", "Microsoft.KeyVault/managedHSMs/hsm-heart", name="hsm-heart")
        own = changed(world() | {"hsm": module}, "data", self.URI, "https://hsm-heart.managedhsm.azure.net/")
        assert verdict(own, "ST6", "data") is Verdict.PASS
        assert verdict(without(own, "hsm"), "ST6", "data") is Verdict.FAIL


@pytest.mark.parametrize(("policy", "type_"), [
    ("ST12", "storage:LocalUser"), ("ST19", "storage:ObjectReplicationPolicy"), ("ST19", "storage:DataShare"),
    ("ST20", "storage:StorageAccountStaticWebsite"),
])  # fmt: skip
def test_forbidden_types_are_refused(policy: str, type_: str) -> None:
    there = world() | {"there": made(type_, "there", f"{STORAGE}/stdata/x/there")}
    assert verdict(there, policy, "there") is Verdict.FAIL


def test_an_account_without_a_blob_service_keeps_nothing() -> None:
    assert verdict(without(world(), "data-blobs"), "ST10", "data") is Verdict.FAIL
    files = changed(without(world(), "data-blobs"), "data", "kind", "FileStorage")
    assert verdict(files, "ST10", "data") is Verdict.NOT_APPLICABLE


def test_a_hierarchical_account_needs_soft_delete_only() -> None:
    folders = changed(world(), "data", "isHnsEnabled", True)
    assert verdict(changed(folders, "data-blobs", "isVersioningEnabled", False), "ST10", "data-blobs") is Verdict.PASS
    assert verdict(changed(folders, "data-blobs", "deleteRetentionPolicy", GONE), "ST10", "data-blobs") is Verdict.FAIL


def test_values_compare_without_regard_to_case() -> None:
    assert (
        verdict(changed(world(), "data", "encryption.keySource", "Microsoft.KeyVault"), "ST6", "data") is Verdict.PASS
    )


def test_a_container_with_a_scope_forbids_another() -> None:
    scoped = changed(world(), "data-sets", "defaultEncryptionScope", "scope")
    assert (
        verdict(changed(scoped, "data-sets", "denyEncryptionScopeOverride", True), "ST17", "data-sets") is Verdict.PASS
    )
    own = changed(world(), "data-sets", "defaultEncryptionScope", "$account-encryption-key")
    assert verdict(own, "ST17", "data-sets") is Verdict.PASS


def test_a_resources_tag_cannot_lower_its_stacks_data_class() -> None:
    tagged = changed(world(), "data", "tags", {"data-class": "synthetic"})
    assert verdict(changed(tagged, "data", "encryption", GONE), "ST6", "data") is Verdict.FAIL


def test_messages_name_azures_default_of_a_missing_property() -> None:
    (said,) = findings(changed(world(), "data", "publicNetworkAccess", GONE), "ST1", "data")
    assert said.message == "is not set, which leaves Enabled; it must be Disabled or SecuredByPerimeter"
