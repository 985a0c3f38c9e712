"""Databricks workspaces have no public address, deny public access, and use keys of the estate (DB1)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.data_class import holds_records
from policies.azure_semantics.properties import require, require_text
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.requirements import equals

ENTITIES = ("managedServices", "managedDisk")
CUSTOM = "parameters.encryption.value"


def check(workspace: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Require three keys for records: of notebooks, of disks, and of the workspace's own storage account."""
    if not holds_records(workspace, context):
        return
    for entity in ENTITIES:
        path = f"encryption.entities.{entity}"
        yield from require(workspace, f"{path}.keySource", "Microsoft.Keyvault", default="a key of Microsoft's")
        yield from require_text(workspace, f"{path}.keyVaultProperties.keyName", default="a key of Microsoft's")
    yield from require(workspace, f"{CUSTOM}.keySource", "Microsoft.Keyvault", default="Default: a key of Microsoft's")
    yield from require(workspace, "parameters.requireInfrastructureEncryption.value", True, default="false")


POLICY = Policy(
    id="DB1",
    title="Databricks workspaces have no public address, deny public access, and use keys of the estate",
    why="Clusters run researchers' code on machines that Azure creates, by default with public addresses.",
    resource_types=("databricks:Workspace",),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.2.09", "2.2.11", "2.8.01"), ncsc=("2", "11"), iso27001=("8.20", "8.24"), five_safes=("settings",)
    ),
    fix="Set enableNoPublicIp to true, publicNetworkAccess to Disabled, and name a key for managedServices, "
    "managedDisk and the workspace's own store.",
    requires=(
        equals("parameters.enableNoPublicIp.value", True, default="the default of its tier"),
        equals("publicNetworkAccess", "Disabled", default="Enabled"),
    ),
    check=check,
    check_paths=(
        f"{CUSTOM}.keySource",
        "parameters.requireInfrastructureEncryption.value",
        *(f"encryption.entities.{entity}" for entity in ENTITIES),
    ),
    checkov=("CKV_AZURE_158", "CKV2_AZURE_48"),
)
