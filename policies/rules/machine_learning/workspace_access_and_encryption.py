"""ML1: a machine learning workspace is closed both ways, and encrypted with a key of the estate's own."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.data_class import holds_records, is_identifiable
from policies.azure_semantics.properties import may, must
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.rule_helpers.encryption_keys import named_key

KEY = "encryption.keyVaultProperties.keyIdentifier"


def check(workspace: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Its managed network reaches only what was approved by name."""
    yield from must(workspace, "publicNetworkAccess", "Disabled", default="Enabled")
    yield from may(workspace, "allowPublicAccessWhenBehindVnet", False)
    yield from must(workspace, "managedNetwork.isolationMode", "AllowOnlyApprovedOutbound", default="Disabled")
    if holds_records(workspace, context):
        yield from must(workspace, "encryption.status", "Enabled", default="Disabled")
        yield from named_key(workspace, context, KEY)
    if is_identifiable(workspace, context):
        yield from must(workspace, "hbiWorkspace", True, default="false, which sends Microsoft more of what it sees")


POLICY = Policy(
    id="ML1",
    title="Machine learning workspaces are closed, reach only what was approved, and use a key of the estate's own",
    why="A training job runs any code with the data before it; what keeps the data in is the network it runs on.",
    on=("machinelearningservices:Workspace",),
    reads=("publicNetworkAccess", "allowPublicAccessWhenBehindVnet", "managedNetwork.isolationMode",
           "encryption.status", KEY, "hbiWorkspace"),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.1.14", "2.2.09", "2.2.11", "2.8.01", "3.1.12"), ncsc=("2", "11"), iso27001=("8.12", "8.24"),
        five_safes=("outputs",),
    ),
    fix="Set publicNetworkAccess to Disabled, managedNetwork.isolationMode to AllowOnlyApprovedOutbound, and make the "
    "workspace with encryption enabled.",
    check=check,
    scope="stack",
    checkov=("CKV2_AZURE_49",),
)  # fmt: skip
