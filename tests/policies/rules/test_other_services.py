"""Rules for backups, databases, registries and analytics workspaces, which the shipped estate does not have."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from formats.plan import UNKNOWN
from policies.model import Verdict
from tests.policies.rules.cases import (
    GONE,
    World,
    changed,
    group,
    made,
    verdict,
    without,
)  # fmt: skip

KEY_URI = "https://kv-heart.vault.azure.net/keys/key-data"
ELSEWHERE = "https://kv-elsewhere.vault.azure.net/keys/key-data"
SQL, POSTGRES = "Microsoft.Sql/servers/sql", "Microsoft.DBforPostgreSQL/flexibleServers/psql"
OURS = {"keySource": "Microsoft.Keyvault", "keyVaultProperties": {"keyName": "key-data"}}


def recovery() -> dict[str, Any]:
    return {
        "publicNetworkAccess": "Disabled",
        "securitySettings": {
            "immutabilitySettings": {"state": "Locked"},
            "softDeleteSettings": {"softDeleteState": "AlwaysON", "softDeleteRetentionPeriodInDays": 14},
        },
        "encryption": {"keyVaultProperties": {"keyUri": KEY_URI}, "infrastructureEncryption": "Enabled"},
        "restoreSettings": {"crossSubscriptionRestoreSettings": {"crossSubscriptionRestoreState": "Disabled"}},
    }


def backup() -> dict[str, Any]:
    return {
        "securitySettings": {
            "immutabilitySettings": {"state": "Locked"},
            "softDeleteSettings": {"state": "AlwaysOn", "retentionDurationInDays": 14},
            "encryptionSettings": {
                "state": "Enabled",
                "keyVaultProperties": {"keyUri": KEY_URI},
                "infrastructureEncryption": "Enabled",
            },
        },
        "featureSettings": {"crossSubscriptionRestoreSettings": {"state": "PermanentlyDisabled"}},
    }


def world(data_class: str = "identifiable") -> World:
    instance = {"enableNodePublicIp": False, "applicationSharingPolicy": "Personal"}
    cluster = {"enableNodePublicIp": False, "remoteLoginPortPublicAccess": "Disabled"}
    return {
        "group": group(data_class),
        "key": made("keyvault:Key", "key", vaultName="kv-heart", keyName="key-data"),
        "recovery": made("recoveryservices:Vault", "recovery", properties=recovery()),
        "backup": made("dataprotection:BackupVault", "backup", properties=backup()),
        "postgres": made(
            "dbforpostgresql:Server", "postgres", POSTGRES,
            network={"publicNetworkAccess": "Disabled", "delegatedSubnetResourceId": "/subnet"},
            authConfig={"activeDirectoryAuth": "Enabled", "passwordAuth": "Disabled"}, createMode="Default",
            dataEncryption={"type": "AzureKeyVault", "primaryKeyURI": KEY_URI, "primaryUserAssignedIdentityId": "/id"},
            backup={"backupRetentionDays": 35},
        ),
        "parameter": made("dbforpostgresql:Configuration", "parameter", f"{POSTGRES}/configurations/x",
                          configurationName="require_secure_transport", value="on"),
        "sql": made("sql:Server", "sql", SQL, publicNetworkAccess="Disabled", minimalTlsVersion="1.2", keyId=KEY_URI,
                    restrictOutboundNetworkAccess="Enabled", administrators={"azureADOnlyAuthentication": True}),
        "tde": made("sql:TransparentDataEncryption", "tde", f"{SQL}/databases/d/transparentDataEncryption/current",
                    state="Enabled"),
        "registry": made(
            "containerregistry:Registry", "registry", sku={"name": "Premium"}, publicNetworkAccess="Disabled",
            adminUserEnabled=False, anonymousPullEnabled=False, networkRuleBypassOptions="None",
            networkRuleSet={"defaultAction": "Deny"}, policies={
                "exportPolicy": {"status": "disabled"}, "azureADAuthenticationAsArmPolicy": {"status": "disabled"}},
            encryption={"status": "enabled", "keyVaultProperties": {"keyIdentifier": KEY_URI}},
        ),
        "learning": made(
            "machinelearningservices:Workspace", "learning", publicNetworkAccess="Disabled", hbiWorkspace=True,
            managedNetwork={"isolationMode": "AllowOnlyApprovedOutbound"}, systemDatastoresAuthMode="Identity",
            encryption={"status": "Enabled", "keyVaultProperties": {"keyIdentifier": KEY_URI}},
        ),
        "instance": made("machinelearningservices:Compute", "instance", properties={
            "computeType": "ComputeInstance", "disableLocalAuth": True, "properties": instance}),
        "cluster": made("machinelearningservices:Compute", "cluster", properties={
            "computeType": "AmlCompute", "disableLocalAuth": True, "properties": cluster}),
        "bricks": made(
            "databricks:Workspace", "bricks", publicNetworkAccess="Disabled", requiredNsgRules="NoAzureDatabricksRules",
            defaultStorageFirewall="Enabled", encryption={"entities": {"managedServices": OURS, "managedDisk": OURS}},
            parameters={"enableNoPublicIp": {"value": True}, "customVirtualNetworkId": {"value": "/vnet"},
                        "encryption": {"value": {"keySource": "Microsoft.Keyvault"}},
                        "requireInfrastructureEncryption": {"value": True}},
        ),
        "synapse": made(
            "synapse:Workspace", "synapse", publicNetworkAccess="Disabled", azureADOnlyAuthentication=True,
            managedVirtualNetwork="default", managedVirtualNetworkSettings={"preventDataExfiltration": True},
            encryption={"cmk": {"key": {"name": "key-data", "keyVaultUrl": KEY_URI}}},
        ),
    }  # fmt: skip


SECURITY = "properties.securitySettings"
BIN = f"{SECURITY}.softDeleteSettings"
WEAK: dict[str, list[tuple[str, str, tuple[object, ...]]]] = {
    "BK1": [
        ("recovery", f"{SECURITY}.immutabilitySettings.state", ("Disabled", "Unlocked", GONE)),
        ("recovery", f"{BIN}.softDeleteState", ("Disabled", "Enabled", GONE)),
        ("recovery", f"{BIN}.softDeleteRetentionPeriodInDays", (7, GONE)),
        ("recovery", "properties.publicNetworkAccess", ("Enabled", GONE)),
        ("backup", f"{SECURITY}.immutabilitySettings", (GONE,)),
        ("backup", f"{BIN}.state", ("Off", "On", GONE)),
        ("backup", f"{BIN}.retentionDurationInDays", (13, GONE)),
    ],
    "BK2": [
        ("recovery", "properties.encryption", (GONE,)),
        ("recovery", "properties.encryption.infrastructureEncryption", ("Disabled", GONE)),
        ("recovery", "properties.encryption.keyVaultProperties.keyUri", (ELSEWHERE, f"{KEY_URI}/0123", GONE)),
        ("backup", f"{SECURITY}.encryptionSettings", (GONE,)),
        ("backup", f"{SECURITY}.encryptionSettings.state", ("Disabled", GONE)),
    ],
    "BK3": [
        ("recovery", "properties.restoreSettings", (GONE,)),
        ("recovery", "properties.restoreSettings.crossSubscriptionRestoreSettings.crossSubscriptionRestoreState",
         ("Enabled", GONE)),
        ("backup", "properties.featureSettings.crossSubscriptionRestoreSettings.state", ("Enabled", GONE)),
    ],
    "PG1": [("postgres", "network", (GONE,)), ("postgres", "network.publicNetworkAccess", ("Enabled",))],
    "PG2": [
        ("postgres", "authConfig", (GONE,)),
        ("postgres", "authConfig.activeDirectoryAuth", ("Disabled", GONE)),
        ("postgres", "authConfig.passwordAuth", ("Enabled", GONE)),
        ("postgres", "dataEncryption", (GONE,)),
        ("postgres", "dataEncryption.type", ("SystemManaged", GONE)),
        ("postgres", "dataEncryption.primaryKeyURI", (ELSEWHERE, "", GONE)),
        ("postgres", "dataEncryption.primaryUserAssignedIdentityId", (GONE,)),
    ],
    "PG3": [("parameter", "value", ("off", ""))],
    "PG4": [("postgres", "backup", (GONE,)), ("postgres", "backup.backupRetentionDays", (7, 34, GONE))],
    "PG5": [("postgres", "network", (GONE,)), ("postgres", "network.delegatedSubnetResourceId", ("", GONE))],
    "SQ1": [
        ("sql", "publicNetworkAccess", ("Enabled", "SecuredByPerimeter", GONE)),
        ("sql", "minimalTlsVersion", ("1.0", "1.1", "None", GONE)),
        ("sql", "restrictOutboundNetworkAccess", ("Disabled", GONE)),
        ("sql", "administrators", (GONE,)),
        ("sql", "administrators.azureADOnlyAuthentication", (False, GONE)),
    ],
    "SQ2": [("sql", "keyId", (ELSEWHERE, "", GONE)), ("tde", "state", ("Disabled", GONE))],
    "CR1": [
        ("registry", "sku.name", ("Standard", "Basic", GONE)),
        ("registry", "publicNetworkAccess", ("Enabled", GONE)),
        ("registry", "adminUserEnabled", (True, GONE)),
        ("registry", "anonymousPullEnabled", (True,)),
        ("registry", "policies", (GONE,)),
        ("registry", "policies.exportPolicy.status", ("enabled", GONE)),
        ("registry", "policies.azureADAuthenticationAsArmPolicy.status", ("enabled", GONE)),
        ("registry", "networkRuleBypassOptions", ("AzureServices", GONE)),
        ("registry", "networkRuleSet.defaultAction", ("Allow", GONE)),
        ("registry", "networkRuleSet.ipRules", ([{"iPAddressOrRange": "20.0.0.1"}],)),
    ],
    "CR2": [
        ("registry", "encryption", (GONE,)),
        ("registry", "encryption.status", ("disabled", GONE)),
        ("registry", "encryption.keyVaultProperties.keyIdentifier", (ELSEWHERE, f"{KEY_URI}/0123", GONE)),
    ],
    "ML1": [
        ("learning", "publicNetworkAccess", ("Enabled", GONE)),
        ("learning", "allowPublicAccessWhenBehindVnet", (True,)),
        ("learning", "managedNetwork.isolationMode", ("Disabled", "AllowInternetOutbound", GONE)),
        ("learning", "encryption", (GONE,)),
        ("learning", "encryption.status", ("Disabled", GONE)),
        ("learning", "encryption.keyVaultProperties.keyIdentifier", (ELSEWHERE, GONE)),
        ("learning", "hbiWorkspace", (False, GONE)),
    ],
    "ML2": [
        ("instance", "properties.disableLocalAuth", (False, GONE)),
        ("instance", "properties.properties.enableNodePublicIp", (True, GONE)),
        ("instance", "properties.properties.sshSettings", ({"sshPublicAccess": "Enabled"},)),
        ("instance", "properties.properties.applicationSharingPolicy", ("Shared", GONE)),
        ("instance", "properties.computeType", ("AKS", "HDInsight", GONE)),
        ("cluster", "properties.properties.enableNodePublicIp", (True, GONE)),
        ("cluster", "properties.properties.remoteLoginPortPublicAccess", ("Enabled", "NotSpecified", GONE)),
    ],
    "ML3": [("learning", "systemDatastoresAuthMode", ("AccessKey", "UserDelegationSAS", GONE))],
    "DB1": [
        ("bricks", "parameters.enableNoPublicIp.value", (False, GONE)),
        ("bricks", "publicNetworkAccess", ("Enabled", GONE)),
        ("bricks", "encryption", (GONE,)),
        ("bricks", "encryption.entities.managedDisk", (GONE,)),
        ("bricks", "encryption.entities.managedServices.keyVaultProperties.keyName", ("", GONE)),
        ("bricks", "parameters.encryption.value.keySource", ("Default", GONE)),
        ("bricks", "parameters.requireInfrastructureEncryption", ({"value": False}, GONE)),
    ],
    "DB2": [
        ("bricks", "parameters.customVirtualNetworkId", (GONE,)),
        ("bricks", "requiredNsgRules", ("AllRules", GONE)),
        ("bricks", "defaultStorageFirewall", ("Disabled", GONE)),
    ],
    "SY1": [
        ("synapse", "managedVirtualNetwork", ("", GONE)),
        ("synapse", "managedVirtualNetworkSettings", (GONE,)),
        ("synapse", "managedVirtualNetworkSettings.preventDataExfiltration", (False, GONE)),
        ("synapse", "managedVirtualNetworkSettings.allowedAadTenantIdsForLinking", (["a-tenant"],)),
        ("synapse", "publicNetworkAccess", ("Enabled", GONE)),
        ("synapse", "azureADOnlyAuthentication", (False, GONE)),
        ("synapse", "trustedServiceBypassEnabled", (True,)),
        ("synapse", "encryption", (GONE,)),
        ("synapse", "encryption.cmk.key.keyVaultUrl", (ELSEWHERE, GONE)),
    ],
}  # fmt: skip


@pytest.mark.parametrize(("policy", "type_"), [
    ("PG1", "dbforpostgresql:FirewallRule"), ("SQ1", "sql:FirewallRule"), ("SQ1", "sql:IPv6FirewallRule"),
    ("SQ1", "sql:VirtualNetworkRule"), ("SY1", "synapse:IpFirewallRule"),
])  # fmt: skip
def test_firewall_rules_of_services_are_refused(policy: str, type_: str) -> None:
    there = world() | {"there": made(type_, "there", startIpAddress="0.0.0.0", endIpAddress="0.0.0.0")}  # noqa: S104
    assert verdict(there, policy, "there") is Verdict.FAIL


@pytest.mark.parametrize("part", ["Replication", "Token", "Task", "Webhook", "ExportPipeline", "CacheRule"])
def test_parts_of_a_registry_that_share_images_are_refused(part: str) -> None:
    there = world() | {"there": made(f"containerregistry:{part}", "there")}
    assert verdict(there, "CR3", "there") is Verdict.FAIL


@pytest.mark.parametrize("name", ["learning", "instance", "cluster"])
def test_a_workspace_of_machine_learning_is_refused_however_closed(name: str) -> None:
    assert verdict(world(), "ML4", name) is Verdict.FAIL


@pytest.mark.parametrize("type_", ["Datastore", "WorkspaceConnection", "OnlineEndpoint", "Registry"])
def test_parts_of_machine_learning_are_of_no_known_type(type_: str) -> None:
    there = world() | {"there": made(f"machinelearningservices:{type_}", "there")}
    assert verdict(there, "TY1", "there") is Verdict.UNKNOWN


@pytest.mark.parametrize(("policy", "name", "path", "value", "enough_for"), [
    ("BK1", "recovery", f"{SECURITY}.immutabilitySettings.state", "Unlocked", ["synthetic", "de-identified"]),
    ("BK2", "recovery", "properties.encryption", GONE, ["synthetic"]),
    ("PG2", "postgres", "dataEncryption", GONE, ["synthetic"]),
    ("PG4", "postgres", "backup.backupRetentionDays", 14, ["synthetic", "de-identified"]),
    ("PG4", "postgres", "backup.backupRetentionDays", 7, ["synthetic"]),
    ("SQ2", "sql", "keyId", GONE, ["synthetic"]),
    ("CR2", "registry", "encryption", GONE, ["synthetic"]),
    ("ML1", "learning", "hbiWorkspace", False, ["synthetic", "de-identified"]),
    ("ML1", "learning", "encryption", GONE, ["synthetic"]),
    ("DB1", "bricks", "encryption", GONE, ["synthetic"]),
    ("SY1", "synapse", "encryption", GONE, ["synthetic"]),
])  # fmt: skip
def test_strictness_follows_the_data_class(
    policy: str, name: str, path: str, value: object, enough_for: list[str]
) -> None:
    for data_class in ("synthetic", "de-identified", "identifiable"):
        refused = verdict(changed(world(data_class), name, path, value), policy, name) is Verdict.FAIL
        assert refused is (data_class not in enough_for), data_class


class TestPostgres:
    def test_a_server_in_a_network_of_the_estates_own_is_closed(self) -> None:
        inside = changed(world(), "postgres", "network", {"delegatedSubnetResourceId": "/subnet"})
        assert verdict(inside, "PG1", "postgres") is Verdict.PASS
        outside = changed(world(), "postgres", "network", {})
        assert verdict(outside, "PG1", "postgres") is Verdict.FAIL
        assert verdict(changed(inside, "postgres", "network.publicNetworkAccess", "Enabled"), "PG1", "postgres") is (
            Verdict.FAIL
        )

    def test_a_replica_is_backed_up_by_its_source(self) -> None:
        assert verdict(changed(world(), "postgres", "createMode", "Replica"), "PG4", "postgres") is (
            Verdict.NOT_APPLICABLE
        )

    @pytest.mark.parametrize(("name", "value", "said"), [
        ("ssl_min_protocol_version", "TLSv1.1", Verdict.FAIL), ("ssl_min_protocol_version", "TLSv1.3", Verdict.PASS),
        ("password_encryption", "md5", Verdict.FAIL), ("work_mem", "4096", Verdict.NOT_APPLICABLE),
        ("REQUIRE_SECURE_TRANSPORT", "OFF", Verdict.FAIL), (UNKNOWN, "off", Verdict.UNKNOWN),
    ])  # fmt: skip
    def test_parameters(self, name: str, value: str, said: Verdict) -> None:
        named = changed(world(), "parameter", "configurationName", name)
        assert verdict(changed(named, "parameter", "value", value), "PG3", "parameter") is said


class TestSql:
    def entra_only(self, value: bool) -> World:
        inside = changed(world(), "sql", "administrators", GONE)
        type_ = "sql:ServerAzureADOnlyAuthentication"
        only = made(type_, "only", f"{SQL}/azureADOnlyAuthentications/Default", azureADOnlyAuthentication=value)
        return inside | {"only": only}

    def test_entra_alone_may_be_said_below_the_server(self) -> None:
        assert verdict(self.entra_only(True), "SQ1", "sql") is Verdict.PASS
        assert verdict(self.entra_only(False), "SQ1", "sql") is Verdict.FAIL

    def test_the_key_may_be_said_below_the_server(self) -> None:
        protector = made("sql:EncryptionProtector", "protector", f"{SQL}/encryptionProtector/current",
                         serverKeyType="AzureKeyVault", autoRotationEnabled=True)  # fmt: skip
        below = changed(world(), "sql", "keyId", GONE) | {"protector": protector}
        assert verdict(below, "SQ2", "sql") is Verdict.PASS
        assert verdict(changed(below, "protector", "serverKeyType", "ServiceManaged"), "SQ2", "protector") is (
            Verdict.FAIL
        )


def test_a_removed_key_does_not_count() -> None:
    bare = without(world(), "key")
    users = {"BK2": "recovery", "PG2": "postgres", "SQ2": "sql", "CR2": "registry", "ML1": "learning", "SY1": "synapse"}
    said = {policy: verdict(bare, policy, name) for policy, name in users.items()}
    assert set(said.values()) == {Verdict.FAIL}, said


def test_an_unknown_address_passes_only_where_versions_are_allowed() -> None:
    opaque = changed(world(), "registry", "encryption.keyVaultProperties.keyIdentifier", UNKNOWN)
    fed = replace(opaque["registry"], property_dependencies={"encryption": (world()["key"].urn,)})
    assert verdict(opaque | {"registry": fed}, "CR2", "registry") is Verdict.UNKNOWN
    key = changed(world(), "learning", "encryption.keyVaultProperties.keyIdentifier", UNKNOWN)
    known = replace(key["learning"], property_dependencies={"encryption": (world()["key"].urn,)})
    assert verdict(key | {"learning": known}, "ML1", "learning") is Verdict.PASS
