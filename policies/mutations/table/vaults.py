"""Weaknesses of key vaults, keys and secrets.

Sources: learn.microsoft.com, Microsoft.KeyVault template references, "Azure Key Vault security", "Configure
cryptographic key auto-rotation".
"""

from formats.stack_config import DataClass
from policies.model import PolicyContext, Resource
from policies.mutations.model import Harmless, Removal, Table, Weakening
from policies.mutations.table import elsewhere

OPEN = "the vault would answer on the public network"
GONE = "who deletes the vault ends every copy of the data"
READS = "a service other than those that encrypt could read what the vault holds"
OLD = "a key that leaked would be good for ever"


def identifiable(resource: Resource, estate: PolicyContext) -> bool:
    """True if it protects identifiable data, for which software keys are not enough."""
    return estate.data_class(resource) is DataClass.IDENTIFIABLE


def of_records(resource: Resource, estate: PolicyContext) -> bool:
    """True if it protects data from people's records: synthetic data needs no key of the estate's own."""
    return estate.data_class(resource) is not DataClass.SYNTHETIC


def rotates(resource: Resource, _: PolicyContext) -> bool:
    """True if Azure can rotate the key: one that is released to confidential computers is rotated by hand."""
    return not resource.at("properties.releasePolicy")


VAULT = Table(
    "keyvault:Vault",
    weakenings=(
        Weakening("properties.publicNetworkAccess", ("Enabled",), OPEN),
        Weakening("properties.networkAcls", (None,), OPEN),
        Weakening("properties.networkAcls.defaultAction", ("Allow",), OPEN),
        Weakening("properties.networkAcls.ipRules", ([{"value": elsewhere.PUBLIC_RANGE}],), OPEN,
                  absent="an empty list and none are the same"),
        Weakening("properties.networkAcls.virtualNetworkRules", ([{"id": elsewhere.SUBNET}],),
                  "another network would be let in", absent="an empty list and none are the same"),
        Weakening("properties.enablePurgeProtection", (False,), GONE),
        Weakening("properties.enableSoftDelete", (False,), GONE, absent="Azure's default is on"),
        Weakening("properties.softDeleteRetentionInDays", (7, 89), GONE, absent="Azure's default is 90 days",
                  when=of_records),
        Weakening("properties.enableRbacAuthorization", (False,), "access policies hide who holds which key"),
        Weakening("properties.enabledForDeployment", (True,), READS, absent="Azure's default is off"),
        Weakening("properties.enabledForDiskEncryption", (True,), READS, absent="Azure's default is off"),
        Weakening("properties.enabledForTemplateDeployment", (True,), READS, absent="Azure's default is off"),
        Weakening("properties.sku.name", ("standard",), "keys would lie in software", when=identifiable),
    ),
    harmless=(
        Harmless("properties.networkAcls.bypass", "the stores' encryption needs it, and it has no wider value"),
        Harmless("properties.sku.family", "Azure knows one"),
        Harmless("properties.sku.name", "keys of de-identified and synthetic data may lie in software"),
        Harmless("properties.tenantId", "the deployer's own: nothing in a plan tells the right one"),
    ),
)  # fmt: skip
KEY = Table(
    "keyvault:Key",
    weakenings=(
        Weakening("properties.kty", ("RSA", "EC"), "the key would lie in software", when=identifiable),
        Weakening("properties.attributes.exportable", (True,), "the key could leave the vault",
                  absent="Azure's default is off"),
        Weakening("properties.rotationPolicy", (None,), OLD),
        Weakening("properties.rotationPolicy.attributes", (None,), OLD),
        Weakening("properties.rotationPolicy.attributes.expiryTime", ("P10Y",), OLD),
        Weakening("properties.rotationPolicy.lifetimeActions", ([],), OLD, when=rotates),
        Weakening("properties.rotationPolicy.lifetimeActions[0].action.type", ("notify",), OLD, when=rotates,
                  absent="Azure refuses an action without a type"),
        Weakening("properties.rotationPolicy.lifetimeActions[0].trigger.timeAfterCreate", ("P9Y",), OLD, when=rotates,
                  absent="Azure refuses a trigger without a time"),
    ),
    harmless=(
        Harmless("properties.attributes.enabled", "a key that is off stops what it encrypts, closed"),
        Harmless("properties.keyOps", "the role of who uses the key bounds what may be done with it"),
        Harmless("properties.keySize", "Azure refuses sizes below 2,048 bits, and that is enough"),
        Harmless("properties.kty", "de-identified and synthetic data may be encrypted with software keys"),
        Harmless("properties.rotationPolicy.lifetimeActions[*].action.type", "the first action is what rotates"),
        Harmless("properties.rotationPolicy.lifetimeActions[*].trigger", "the first action is what rotates"),
    ),
    removal=Removal("what it encrypts would have no key of the estate's", when=of_records),
)  # fmt: skip
SECRET = Table(
    "keyvault:Secret",
    weakenings=(
        Weakening("properties.attributes.expires", (4102444800,), "a secret that leaked would be good for ever"),
        Weakening("properties.value", ("in-plain-sight",), "the secret would stand in the state in the clear",
                  absent="a secret without a value is none", known="what is not known yet cannot have leaked"),
    ),
    harmless=(
        Harmless("properties.attributes.enabled", "a secret that is off lets nobody in"),
        Harmless("properties.contentType", "a note for those who read it"),
    ),
)  # fmt: skip
TABLES = (VAULT, KEY, SECRET)
