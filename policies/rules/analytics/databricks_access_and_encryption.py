"""DB1: a Databricks workspace has no public address or door, and a key of the estate's own."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.data_class import holds_records
from policies.azure_semantics.properties import filled, must
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

ENTITIES = ("managedServices", "managedDisk")
CUSTOM = "parameters.encryption.value"


def check(workspace: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Three keys: of its notebooks, of its disks, and of the store that it makes for itself."""
    yield from must(workspace, "parameters.enableNoPublicIp.value", True, default="what Azure takes for its tier")
    yield from must(workspace, "publicNetworkAccess", "Disabled", default="Enabled")
    if not holds_records(workspace, context):
        return
    for entity in ENTITIES:
        path = f"encryption.entities.{entity}"
        yield from must(workspace, f"{path}.keySource", "Microsoft.Keyvault", default="a key of Microsoft's")
        yield from filled(workspace, f"{path}.keyVaultProperties.keyName", default="a key of Microsoft's")
    yield from must(workspace, f"{CUSTOM}.keySource", "Microsoft.Keyvault", default="Default: a key of Microsoft's")
    yield from must(workspace, "parameters.requireInfrastructureEncryption.value", True, default="false")


POLICY = Policy(
    id="DB1",
    title="Databricks workspaces have no public address and no public door, and use keys of the estate's own",
    why="Its clusters run researchers' code on computers that Azure makes: by default with addresses on the Internet.",
    on=("databricks:Workspace",),
    reads=("parameters.enableNoPublicIp.value", "publicNetworkAccess", f"{CUSTOM}.keySource",
           "parameters.requireInfrastructureEncryption.value", *(f"encryption.entities.{e}" for e in ENTITIES)),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.2.09", "2.2.11", "2.8.01"), ncsc=("2", "11"), iso27001=("8.20", "8.24"), five_safes=("settings",)
    ),
    fix="Set enableNoPublicIp to true, publicNetworkAccess to Disabled, and name a key for managedServices, "
    "managedDisk and the workspace's own store.",
    check=check,
    checkov=("CKV_AZURE_158", "CKV2_AZURE_48"),
)  # fmt: skip
