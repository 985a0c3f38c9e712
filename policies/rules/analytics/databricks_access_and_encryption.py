"""Databricks workspaces have no public address, deny public access, and use customer-managed keys (DB1)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.data_class import holds_records
from policies.azure_semantics.properties import require, require_text
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.requirements import equals
from policies.rule_helpers.encryption_keys import PLATFORM_KEY

ENCRYPTED_ENTITIES = ("managedServices", "managedDisk")
"""The data that Azure encrypts outside the workspace's storage account: notebooks with other service data, and the
disks of clusters."""
STORAGE_ENCRYPTION = "parameters.encryption.value"
"""The encryption of the workspace's own storage account."""


def check(workspace: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Require customer-managed keys and infrastructure encryption if the data comes from people's records.

    Three keys: for notebooks, for cluster disks, and for the workspace's own storage account.
    """
    if not holds_records(workspace, context):
        return
    for entity in ENCRYPTED_ENTITIES:
        path = f"encryption.entities.{entity}"
        yield from require(workspace, f"{path}.keySource", "Microsoft.Keyvault", default=PLATFORM_KEY)
        yield from require_text(workspace, f"{path}.keyVaultProperties.keyName", default=PLATFORM_KEY)
    yield from require(
        workspace, f"{STORAGE_ENCRYPTION}.keySource", "Microsoft.Keyvault", default=f"Default, {PLATFORM_KEY}"
    )
    yield from require(workspace, "parameters.requireInfrastructureEncryption.value", True, default="false")


POLICY = Policy(
    id="DB1",
    title="Databricks workspaces have no public address, deny public access, and use customer-managed keys",
    why="Clusters run researchers' code on machines that Azure creates, by default with public addresses.",
    resource_types=("databricks:Workspace",),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.2.09", "2.2.11", "2.8.01"),
        ncsc=("2", "11"),
        caf=("B3.c", "B4.a"),
        cyber_essentials=("1.1", "1.4"),
        iso27001=("8.20", "8.24"),
        five_safes=("settings",),
    ),
    fix="Set enableNoPublicIp and requireInfrastructureEncryption to true, publicNetworkAccess to Disabled, and name "
    "a key for managedServices, managedDisk and the workspace's own storage account.",
    requires=(
        equals("parameters.enableNoPublicIp.value", True, default="the default of its tier"),
        equals("publicNetworkAccess", "Disabled", default="Enabled"),
    ),
    check=check,
    check_paths=(
        f"{STORAGE_ENCRYPTION}.keySource",
        "parameters.requireInfrastructureEncryption.value",
        *(
            f"encryption.entities.{entity}.{part}"
            for entity in ENCRYPTED_ENTITIES
            for part in ("keySource", "keyVaultProperties.keyName")
        ),
    ),
    checkov=("CKV_AZURE_158", "CKV2_AZURE_48"),
)
