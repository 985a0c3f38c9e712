"""Weaknesses of container registries.

Sources: learn.microsoft.com, Microsoft.ContainerRegistry/registries template reference, "Customer-managed keys for
Azure Container Registry", "Disable export of artifacts".
"""

from __future__ import annotations

from policies.mutations.model import Harmless, Table, Weakening
from policies.mutations.table import external
from policies.mutations.table.additions import COPY
from policies.mutations.table.vaults import of_records

OPEN = "images, which can contain data, could be read from the Internet"
AUDIENCE = "a token for another service could read images"
UNKEYED = "images would have no key of the estate"
REGISTRY = Table(
    "containerregistry:Registry",
    weakenings=(
        Weakening("publicNetworkAccess", ("Enabled",), OPEN),
        Weakening("networkRuleSet", (None,), OPEN),
        Weakening("networkRuleSet.defaultAction", ("Allow",), OPEN),
        Weakening("networkRuleSet.ipRules", ([{"action": "Allow", "value": external.PUBLIC_RANGE}],), OPEN,
                  missing_ok="an empty list and none are the same"),
        Weakening("networkRuleBypassOptions", ("AzureServices",), "services of Azure could read images"),
        Weakening("adminUserEnabled", (True,), "whoever has the password could read images",
                  missing_ok="Azure's default is off"),
        Weakening("anonymousPullEnabled", (True,), "images could be read without a sign-in",
                  missing_ok="Azure's default is off"),
        Weakening("policies", (None,), COPY),
        Weakening("policies.exportPolicy", (None,), COPY),
        Weakening("policies.exportPolicy.status", ("enabled",), COPY),
        Weakening("policies.azureADAuthenticationAsArmPolicy", (None,), AUDIENCE),
        Weakening("policies.azureADAuthenticationAsArmPolicy.status", ("enabled",), AUDIENCE),
        Weakening("policies.retentionPolicy.status", ("enabled",), "overwritten images would be lost",
                  missing_ok="Azure's default is off"),
        Weakening("encryption", (None,), UNKEYED, when=of_records),
        Weakening("encryption.status", ("disabled",), UNKEYED, when=of_records),
        Weakening("encryption.keyVaultProperties", (None,), UNKEYED, when=of_records),
        Weakening("encryption.keyVaultProperties.keyIdentifier", (external.KEY_URI,),
                  "another's key would encrypt the images", when=of_records),
        Weakening("sku.name", ("Basic", "Standard"), "it could have no private endpoint and no key of the estate"),
    ),
    harmless=(
        Harmless("encryption.keyVaultProperties.identity", "one of the registry's own identities"),
        Harmless("identity", "role assignments decide what an identity may do"),
        Harmless("dataEndpointEnabled", "it names the registry's own data endpoint"),
        Harmless("policies.quarantinePolicy", "it hides images until somebody releases them"),
        Harmless("policies.retentionPolicy.days", "the policy is off"),
        Harmless("policies.trustPolicy", "a customer-managed key excludes it"),
        Harmless("zoneRedundancy", "copies within the region"),
    ),
)  # fmt: skip
TABLES = (REGISTRY,)
