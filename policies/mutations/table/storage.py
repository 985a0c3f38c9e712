"""Weaknesses of storage: accounts with data, the protection of their content, and their containers.

Sources: learn.microsoft.com, Microsoft.Storage template references and "Security recommendations for Blob storage".
"""

from collections.abc import Iterator
from typing import Any

from policies.model import PolicyContext, Resource
from policies.mutations.model import Harmless, Removal, Table, Weakening, has_config
from policies.mutations.table import external
from policies.mutations.table.vaults import of_records

BYPASS = "AzureServices, Logging, Metrics"
PUBLIC = "the account would answer on the public network"
KEY_ACCESS = "the account could be used with keys and passwords, which identify no person"
PLATFORM_KEY = "the keys would be Microsoft's, so revoking the estate's key would have no effect"

ELSEWHERE = "20.33.77.7"


def _more_addresses(account: Resource, _: PolicyContext) -> Iterator[tuple[str, Any]]:
    """Yield the account's addresses with another one."""
    found = account.at("networkRuleSet.ipRules")
    rules = list(found) if isinstance(found, list | tuple) else []
    yield "one more address", [*rules, {"iPAddressOrRange": ELSEWHERE, "action": "Allow"}]


ACCOUNT = Table(
    "storage:StorageAccount",
    weakenings=(
        Weakening("publicNetworkAccess", ("Enabled",), PUBLIC),
        Weakening("networkRuleSet", (None,), PUBLIC),
        Weakening("networkRuleSet.defaultAction", ("Allow",), PUBLIC),
        Weakening("networkRuleSet.bypass", (BYPASS, "Logging", "Logging, Metrics"), "other services would have access"),
        Weakening("networkRuleSet.bypass", ("AzureServices",), "Microsoft's services would have access"),
        Weakening("networkRuleSet.ipRules", (), PUBLIC, pick=_more_addresses,
                  missing_ok="an empty list and none are the same"),
        Weakening("networkRuleSet.ipRules[*].iPAddressOrRange", (ELSEWHERE, "0.0.0.0/0"),
                  "other people than the named ones could reach the account", missing_ok="Azure requires it"),
        Weakening("networkRuleSet.virtualNetworkRules",
                  ([{"virtualNetworkResourceId": external.SUBNET, "action": "Allow"}],),
                  "another network would have access", missing_ok="an empty list and none are the same"),
        Weakening("networkRuleSet.resourceAccessRules",
                  ([{"tenantId": external.TENANT, "resourceId": external.WORKSPACE}],),
                  "a resource of another tenant would have access, or the malware scanner would have none"),
        Weakening("networkRuleSet.resourceAccessRules[*].tenantId", (external.TENANT,),
                  "a resource of another tenant would have access", missing_ok="Azure requires it", when=has_config),
        Weakening("networkRuleSet.resourceAccessRules[*].resourceId", (external.WORKSPACE, external.SCANNER),
                  "another resource would have access"),
        Weakening("allowSharedKeyAccess", (True,), KEY_ACCESS),
        Weakening("isLocalUserEnabled", (True,), KEY_ACCESS),
        Weakening("isSftpEnabled", (True,), "files could be fetched with a password",
                  missing_ok="Azure's default is off"),
        Weakening("enableNfsV3", (True,), "NFS does not authenticate identities", missing_ok="Azure's default is off"),
        Weakening("allowBlobPublicAccess", (True,), "a container could become public"),
        Weakening("minimumTlsVersion", ("TLS1_0", "TLS1_1"), "data in transit would use a broken cipher"),
        Weakening("enableHttpsTrafficOnly", (False,), "data in transit would not be encrypted",
                  missing_ok="Azure's default is on since api version 2019-04-01"),
        Weakening("encryption", (None,), PLATFORM_KEY, when=of_records),
        Weakening("encryption.keySource", ("Microsoft.Storage",), PLATFORM_KEY, when=of_records),
        Weakening("encryption.keyVaultProperties", (None,), PLATFORM_KEY, when=of_records),
        Weakening("encryption.keyVaultProperties.keyVaultUri", (external.VAULT_URI,),
                  "the owner of that vault would control the data's key", when=of_records),
        Weakening("encryption.keyVaultProperties.keyName", ("key-elsewhere",), "no key of the estate would protect it",
                  when=of_records),
        Weakening("encryption.keyVaultProperties.keyVersion", ("0123456789abcdef0123456789abcdef",),
                  "the key would never rotate", when=of_records),
        Weakening("encryption.requireInfrastructureEncryption", (False,), "one broken cipher would expose the data",
                  when=of_records),
        Weakening("encryption.services.queue.keyType", ("Service",), PLATFORM_KEY, when=of_records),
        Weakening("encryption.services.table.keyType", ("Service",), PLATFORM_KEY, when=of_records),
        Weakening("allowCrossTenantReplication", (True,), "blobs could be copied to another tenant"),
        Weakening("allowedCopyScope", (), "blobs could be copied to any account"),
        Weakening("sasPolicy", (None,), "signed links could live for years"),
        Weakening("sasPolicy.expirationAction", ("Log",), "signed links could live for years"),
        Weakening("sasPolicy.sasExpirationPeriod", ("7.00:00:00", "3650.00:00:00"), "signed links could live for long"),
    ),
    harmless=(
        Harmless("accessTier", "the price of reads, not access"),
        Harmless("defaultToOAuthAuthentication", "the portal's default; shared keys are refused anyway"),
        Harmless("encryption.encryptionIdentity", "another identity cannot use the key: the account stops working"),
        Harmless("encryption.services.blob", "Azure always encrypts blobs, with the account's encryption key"),
        Harmless("encryption.services.file", "Azure always encrypts files, with the account's encryption key"),
        Harmless("encryption.services.queue.enabled", "Azure always encrypts; only the key can differ"),
        Harmless("encryption.services.table.enabled", "Azure always encrypts; only the key can differ"),
        Harmless("identity", "the account's own identity has no access to its content"),
        Harmless("isHnsEnabled", "Azure refuses it with blob versions, which are required"),
        Harmless("kind", "Azure refuses infrastructure encryption for the other kinds"),
        Harmless("sku", "copies stay in the UK, whose two regions are a pair"),
    ),
)  # fmt: skip
CONTAINER = Table(
    "storage:BlobContainer",
    weakenings=(
        Weakening("publicAccess", ("Blob", "Container"), "it would be public", missing_ok="Azure's default is None"),
    ),
)
LOST_DATA = "deleted or overwritten data would be lost"
BLOB_SERVICE = Table(
    "storage:BlobServiceProperties",
    weakenings=(
        Weakening("isVersioningEnabled", (False,), LOST_DATA),
        Weakening("deleteRetentionPolicy", (None,), LOST_DATA),
        Weakening("deleteRetentionPolicy.enabled", (False,), LOST_DATA),
        Weakening("deleteRetentionPolicy.days", (1,), LOST_DATA),
        Weakening("deleteRetentionPolicy.allowPermanentDelete", (True,), LOST_DATA,
                  missing_ok="Azure's default is off"),
        Weakening("containerDeleteRetentionPolicy", (None,), LOST_DATA),
        Weakening("containerDeleteRetentionPolicy.enabled", (False,), LOST_DATA),
        Weakening("containerDeleteRetentionPolicy.days", (1,), LOST_DATA),
        Weakening("cors.corsRules",
                  ([{"allowedOrigins": ["*"], "allowedMethods": ["GET"], "maxAgeInSeconds": 60,
                     "allowedHeaders": ["*"], "exposedHeaders": ["*"]}],),
                  "any web site could read with its visitor's permissions"),
    ),
    harmless=(Harmless("changeFeed", "the logs of the blob service record the same changes"),),
    removal=Removal(LOST_DATA),
)  # fmt: skip
IMMUTABILITY = Table(
    "storage:BlobContainerImmutabilityPolicy",
    weakenings=(
        Weakening("immutabilityPeriodSinceCreationInDays", (1,), "the archive could be rewritten"),
        Weakening("allowProtectedAppendWrites", (True,), "retained data could be appended to",
                  missing_ok="Azure's default is off"),
        Weakening("allowProtectedAppendWritesAll", (True,), "retained data could be appended to"),
    ),
    removal=Removal("the archive could be rewritten"),
)  # fmt: skip
LIFECYCLE = Table(
    "storage:ManagementPolicy",
    harmless=(Harmless("policy", "retention by tier is a term of the request; required retention is immutable"),),
)
UNSCANNED = "uploads would be opened before a malware scan"
SCAN = Table(
    "security:DefenderForStorage",
    weakenings=(
        Weakening("properties", (None,), UNSCANNED),
        Weakening("properties.isEnabled", (False,), UNSCANNED),
        Weakening("properties.overrideSubscriptionLevelSettings", (False,), "a setting elsewhere could switch it off"),
        Weakening("properties.malwareScanning", (None,), UNSCANNED),
        Weakening("properties.malwareScanning.onUpload", (None,), UNSCANNED),
        Weakening("properties.malwareScanning.onUpload.isEnabled", (False,), UNSCANNED),
        Weakening("properties.malwareScanning.onUpload.capGBPerMonth", (0, 1), "scanning would stop within a day",
                  missing_ok="Azure's default is none"),
        Weakening("resourceId", (external.STORE,), UNSCANNED, missing_ok="Azure refuses a setting of nothing"),
    ),
    harmless=(
        Harmless("properties.sensitiveDataDiscovery", "it detects personal data, and blocks nothing"),
        Harmless("settingName", "Azure accepts one name only"),
    ),
    removal=Removal(UNSCANNED),
)  # fmt: skip
TABLES = (ACCOUNT, SCAN, CONTAINER, BLOB_SERVICE, IMMUTABILITY, LIFECYCLE)
