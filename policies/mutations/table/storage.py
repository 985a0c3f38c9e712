"""Weaknesses of storage: accounts with data, the protection of their content, and their containers.

Sources: learn.microsoft.com, Microsoft.Storage template references and "Security recommendations for Blob storage".
"""

from policies.mutations.model import Harmless, Removal, Table, Weakening
from policies.mutations.table import elsewhere
from policies.mutations.table.vaults import of_records

BYPASS = "AzureServices, Logging, Metrics"
OPEN = "the account would answer on the public network"
KEYED = "the account could be used with keys and passwords, which name nobody"
OURS = "the keys would be Microsoft's, so that ending them would end nothing"


ACCOUNT = Table(
    "storage:StorageAccount",
    weakenings=(
        Weakening("publicNetworkAccess", ("Enabled",), OPEN),
        Weakening("networkRuleSet", (None,), OPEN),
        Weakening("networkRuleSet.defaultAction", ("Allow",), OPEN),
        Weakening("networkRuleSet.bypass", (BYPASS, "Logging", "Logging, Metrics"), "services outside would be let in"),
        Weakening("networkRuleSet.bypass", ("AzureServices",), "Microsoft's services would be let in"),
        Weakening("networkRuleSet.ipRules", ([{"value": "20.33.0.7", "action": "Allow"}],), OPEN,
                  absent="an empty list and none are the same"),
        Weakening("networkRuleSet.virtualNetworkRules",
                  ([{"virtualNetworkResourceId": elsewhere.SUBNET, "action": "Allow"}],),
                  "another network would be let in", absent="an empty list and none are the same"),
        Weakening("networkRuleSet.resourceAccessRules",
                  ([{"tenantId": elsewhere.TENANT, "resourceId": elsewhere.WORKSPACE}],),
                  "a resource of another tenant would be let in, or the malware scanner shut out"),
        Weakening("networkRuleSet.resourceAccessRules[*].resourceId", (elsewhere.WORKSPACE, elsewhere.SCANNER),
                  "another resource would be let in"),
        Weakening("allowSharedKeyAccess", (True,), KEYED),
        Weakening("isLocalUserEnabled", (True,), KEYED),
        Weakening("isSftpEnabled", (True,), "files could be fetched with a password", absent="Azure's default is off"),
        Weakening("enableNfsV3", (True,), "NFS knows no identities", absent="Azure's default is off"),
        Weakening("allowBlobPublicAccess", (True,), "a container could be opened to everybody"),
        Weakening("minimumTlsVersion", ("TLS1_0", "TLS1_1"), "data would cross the network in a broken cipher"),
        Weakening("enableHttpsTrafficOnly", (False,), "data would cross the network in the clear",
                  absent="Azure's default is on since api version 2019-04-01"),
        Weakening("encryption", (None,), OURS, when=of_records),
        Weakening("encryption.keySource", ("Microsoft.Storage",), OURS, when=of_records),
        Weakening("encryption.keyVaultProperties", (None,), OURS, when=of_records),
        Weakening("encryption.keyVaultProperties.keyVaultUri", (elsewhere.VAULT_URI,),
                  "whoever has that vault has the data's key", when=of_records),
        Weakening("encryption.keyVaultProperties.keyName", ("key-elsewhere",), "no key of the estate protects the data",
                  when=of_records),
        Weakening("encryption.keyVaultProperties.keyVersion", ("0123456789abcdef0123456789abcdef",),
                  "the key would never rotate", when=of_records),
        Weakening("encryption.requireInfrastructureEncryption", (False,), "one broken cipher would be enough",
                  when=of_records),
        Weakening("encryption.services.queue.keyType", ("Service",), OURS, when=of_records),
        Weakening("encryption.services.table.keyType", ("Service",), OURS, when=of_records),
        Weakening("allowCrossTenantReplication", (True,), "blobs could be copied to another tenant"),
        Weakening("allowedCopyScope", (), "blobs could be copied to any account"),
        Weakening("sasPolicy", (None,), "signed links could live for years"),
        Weakening("sasPolicy.expirationAction", ("Log",), "signed links could live for years"),
        Weakening("sasPolicy.sasExpirationPeriod", ("7.00:00:00", "3650.00:00:00"), "signed links could live for long"),
    ),
    harmless=(
        Harmless("accessTier", "what a read costs, not who may read"),
        Harmless("defaultToOAuthAuthentication", "what the portal offers first; keys are refused anyway"),
        Harmless("encryption.encryptionIdentity", "another identity cannot reach the key: the account stops, closed"),
        Harmless("encryption.services.blob", "Azure always encrypts blobs, with the account's key"),
        Harmless("encryption.services.file", "Azure always encrypts files, with the account's key"),
        Harmless("encryption.services.queue.enabled", "Azure always encrypts; only the key can differ"),
        Harmless("encryption.services.table.enabled", "Azure always encrypts; only the key can differ"),
        Harmless("identity", "the account's own identity opens nothing of the account"),
        Harmless("isHnsEnabled", "Azure refuses it beside blob versions, which are asked for"),
        Harmless("kind", "Azure refuses infrastructure encryption for the other kinds"),
        Harmless("networkRuleSet.resourceAccessRules[*].tenantId",
                 "of another tenant that id is nobody's: the scanner stays out, and what is not scanned nobody reads"),
        Harmless("sku", "copies stay in the UK: its two regions are each other's pair"),
    ),
)  # fmt: skip
CONTAINER = Table(
    "storage:BlobContainer",
    weakenings=(
        Weakening("publicAccess", ("Blob", "Container"), "everybody could read it", absent="Azure's default is None"),
    ),
)
LOST = "what is deleted or overwritten would be lost"
BLOB_SERVICE = Table(
    "storage:BlobServiceProperties",
    weakenings=(
        Weakening("isVersioningEnabled", (False,), LOST),
        Weakening("deleteRetentionPolicy", (None,), LOST),
        Weakening("deleteRetentionPolicy.enabled", (False,), LOST),
        Weakening("deleteRetentionPolicy.days", (1,), LOST),
        Weakening("deleteRetentionPolicy.allowPermanentDelete", (True,), LOST, absent="Azure's default is off"),
        Weakening("containerDeleteRetentionPolicy", (None,), LOST),
        Weakening("containerDeleteRetentionPolicy.enabled", (False,), LOST),
        Weakening("containerDeleteRetentionPolicy.days", (1,), LOST),
        Weakening("cors.corsRules",
                  ([{"allowedOrigins": ["*"], "allowedMethods": ["GET"], "maxAgeInSeconds": 60,
                     "allowedHeaders": ["*"], "exposedHeaders": ["*"]}],),
                  "any web site could read with the rights of who visits it"),
    ),
    harmless=(Harmless("changeFeed", "the logs of the blob service record the same changes"),),
    removal=Removal(LOST),
)  # fmt: skip
IMMUTABILITY = Table(
    "storage:BlobContainerImmutabilityPolicy",
    weakenings=(
        Weakening("immutabilityPeriodSinceCreationInDays", (1,), "the archive could be rewritten"),
        Weakening("allowProtectedAppendWrites", (True,), "what is kept could be added to",
                  absent="Azure's default is off"),
        Weakening("allowProtectedAppendWritesAll", (True,), "what is kept could be added to"),
    ),
    removal=Removal("the archive could be rewritten"),
)  # fmt: skip
LIFECYCLE = Table(
    "storage:ManagementPolicy",
    harmless=(
        Harmless("policy", "how long each tier keeps data is a term of the request; what must be kept is immutable"),
    ),
)
UNSEEN = "what others bring would be opened before anything looked at it"
SCAN = Table(
    "security:DefenderForStorage",
    weakenings=(
        Weakening("properties", (None,), UNSEEN),
        Weakening("properties.isEnabled", (False,), UNSEEN),
        Weakening("properties.overrideSubscriptionLevelSettings", (False,), "a setting elsewhere could switch it off"),
        Weakening("properties.malwareScanning", (None,), UNSEEN),
        Weakening("properties.malwareScanning.onUpload", (None,), UNSEEN),
        Weakening("properties.malwareScanning.onUpload.isEnabled", (False,), UNSEEN),
        Weakening("properties.malwareScanning.onUpload.capGBPerMonth", (0, 1), "scanning would stop on the first day",
                  absent="Azure's default is none"),
        Weakening("resourceId", (elsewhere.STORE,), UNSEEN, absent="Azure refuses a setting of nothing"),
    ),
    harmless=(
        Harmless("properties.sensitiveDataDiscovery", "it looks for personal data, and keeps nothing out"),
        Harmless("settingName", "Azure takes one name alone"),
    ),
    removal=Removal(UNSEEN),
)  # fmt: skip
TABLES = (ACCOUNT, SCAN, CONTAINER, BLOB_SERVICE, IMMUTABILITY, LIFECYCLE)
