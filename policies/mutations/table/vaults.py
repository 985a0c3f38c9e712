"""Weaknesses of key vaults, keys and secrets.

Sources: learn.microsoft.com, Microsoft.KeyVault template references, "Azure Key Vault security", "Configure
cryptographic key auto-rotation".
"""

from formats.stack_config import DataClass
from policies.model import PolicyContext, Resource
from policies.mutations.model import Harmless, Removal, Table, Weakening, has_config
from policies.mutations.table import external

OPEN = "the vault would answer on the public network"
GONE = "deleting the vault would make every copy of the data unreadable"
READS = "a service that does not encrypt data could read the vault's content"
OLD = "a leaked key would never expire"


def identifiable(resource: Resource, estate: PolicyContext) -> bool:
    """True if it protects identifiable data, for which software keys are insufficient."""
    return estate.data_class(resource) is DataClass.IDENTIFIABLE


def of_records(resource: Resource, estate: PolicyContext) -> bool:
    """True if it protects data from people's records: synthetic data needs no customer-managed key."""
    return estate.data_class(resource) is not DataClass.SYNTHETIC


def rotates(resource: Resource, _: PolicyContext) -> bool:
    """True if Azure can rotate the key: a key that is released to confidential machines is rotated by hand."""
    return not resource.at("properties.releasePolicy")


VAULT = Table(
    "keyvault:Vault",
    weakenings=(
        Weakening("properties.publicNetworkAccess", ("Enabled",), OPEN),
        Weakening("properties.networkAcls", (None,), OPEN),
        Weakening("properties.networkAcls.defaultAction", ("Allow",), OPEN),
        Weakening("properties.networkAcls.ipRules", ([{"value": external.PUBLIC_RANGE}],), OPEN,
                  missing_ok="an empty list and none are the same"),
        Weakening("properties.networkAcls.virtualNetworkRules", ([{"id": external.SUBNET}],),
                  "another network would have access", missing_ok="an empty list and none are the same"),
        Weakening("properties.enablePurgeProtection", (False,), GONE),
        Weakening("properties.enableSoftDelete", (False,), GONE, missing_ok="Azure's default is on"),
        Weakening("properties.softDeleteRetentionInDays", (7, 89), GONE, missing_ok="Azure's default is 90 days",
                  when=of_records),
        Weakening("properties.enableRbacAuthorization", (False,), "access policies do not show in role assignments"),
        Weakening("properties.enabledForDeployment", (True,), READS, missing_ok="Azure's default is off"),
        Weakening("properties.enabledForDiskEncryption", (True,), READS, missing_ok="Azure's default is off"),
        Weakening("properties.enabledForTemplateDeployment", (True,), READS, missing_ok="Azure's default is off"),
        Weakening("properties.tenantId", (external.TENANT,), "people of another tenant would have access",
                  missing_ok="Azure requires it", when=has_config),
        Weakening("properties.sku.name", ("standard",), "keys would not be in an HSM", when=identifiable),
    ),
    harmless=(
        Harmless("properties.networkAcls.bypass", "the storage accounts' encryption needs it, and no value is wider"),
        Harmless("properties.sku.family", "Azure has one value"),
        Harmless("properties.sku.name", "keys of de-identified and synthetic data may be software keys"),
    ),
)  # fmt: skip
KEY = Table(
    "keyvault:Key",
    weakenings=(
        Weakening("properties.kty", ("RSA", "EC"), "the key would not be in an HSM", when=identifiable),
        Weakening("properties.attributes.exportable", (True,), "the key could leave the vault",
                  missing_ok="Azure's default is off"),
        Weakening("properties.rotationPolicy", (None,), OLD),
        Weakening("properties.rotationPolicy.attributes", (None,), OLD),
        Weakening("properties.rotationPolicy.attributes.expiryTime", ("P10Y",), OLD),
        Weakening("properties.rotationPolicy.lifetimeActions", ([],), OLD, when=rotates),
        Weakening("properties.rotationPolicy.lifetimeActions[0].action.type", ("notify",), OLD, when=rotates,
                  missing_ok="Azure refuses an action without a type"),
        Weakening("properties.rotationPolicy.lifetimeActions[0].trigger.timeAfterCreate", ("P9Y",), OLD, when=rotates,
                  missing_ok="Azure refuses a trigger without a time"),
    ),
    harmless=(
        Harmless("properties.attributes.enabled", "a disabled key makes the data unavailable, not readable"),
        Harmless("properties.keyOps", "the user's role limits the operations"),
        Harmless("properties.keySize", "Azure refuses sizes below 2,048 bits, which suffice"),
        Harmless("properties.kty", "de-identified and synthetic data may be encrypted with software keys"),
        Harmless("properties.rotationPolicy.lifetimeActions[*].action.type", "the first action rotates the key"),
        Harmless("properties.rotationPolicy.lifetimeActions[*].trigger", "the first action rotates the key"),
    ),
    removal=Removal("the data would have no key of the estate", when=of_records),
)  # fmt: skip
SECRET = Table(
    "keyvault:Secret",
    weakenings=(
        Weakening("properties.attributes.expires", (4102444800,), "a leaked secret would never expire"),
        Weakening("properties.value", ("in-plain-sight",), "the secret would be in the state in plain text",
                  missing_ok="a secret without a value contains nothing",
                  unknown_ok="an unknown value cannot have leaked"),
    ),
    harmless=(
        Harmless("properties.attributes.enabled", "a disabled secret gives no access"),
        Harmless("properties.contentType", "documentation only"),
    ),
)  # fmt: skip
RANDOM_BYTES = Table(
    "random:index/randomBytes:RandomBytes",
    weakenings=(
        Weakening("length", (2, 31), "anyone could try all secrets, and so identify the people behind pseudonyms"),
    ),
)
RANDOM_PASSWORD = Table(
    "random:index/randomPassword:RandomPassword",
    weakenings=(Weakening("length", (12, 23), "anyone could try all passwords"),),
)
TABLES = (VAULT, KEY, SECRET, RANDOM_BYTES, RANDOM_PASSWORD)
