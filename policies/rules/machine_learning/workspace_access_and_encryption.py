"""Machine learning workspaces deny public access, allow approved outbound only, and use a key of the estate (ML1)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.data_class import holds_records, is_identifiable
from policies.azure_semantics.properties import require
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.requirements import equals, equals_if_set
from policies.rule_helpers.encryption_keys import KEY_READS, require_estate_key

KEY_IDENTIFIER = "encryption.keyVaultProperties.keyIdentifier"


def check(workspace: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Require a key of the estate if the data comes from people's records, and `hbiWorkspace` if it identifies people.

    `hbiWorkspace` (high business impact) reduces the telemetry that Microsoft receives.
    """
    if holds_records(workspace, context):
        yield from require(workspace, "encryption.status", "Enabled", default="Disabled")
        yield from require_estate_key(workspace, context, KEY_IDENTIFIER)
    if is_identifiable(workspace, context):
        yield from require(workspace, "hbiWorkspace", True, default="false, which sends Microsoft more telemetry")


POLICY = Policy(
    id="ML1",
    title="Machine learning workspaces deny public access, allow approved outbound only, and use a key of the estate",
    why="A training job can run any code on the data; only its network stops the code from sending the data out.",
    resource_types=("machinelearningservices:Workspace",),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.1.14", "2.2.09", "2.2.11", "2.8.01", "3.1.12"),
        ncsc=("2", "11"),
        caf=("B3.c", "B4.a", "B5.b"),
        cyber_essentials=("1.4",),
        iso27001=("8.12", "8.24"),
        five_safes=("outputs",),
    ),
    fix="Set publicNetworkAccess to Disabled, managedNetwork.isolationMode to AllowOnlyApprovedOutbound, and create "
    "the workspace with encryption enabled, a key of the estate and, for identifiable data, hbiWorkspace.",
    requires=(
        equals("publicNetworkAccess", "Disabled", default="Enabled"),
        equals_if_set("allowPublicAccessWhenBehindVnet", False),
        equals("managedNetwork.isolationMode", "AllowOnlyApprovedOutbound", default="Disabled"),
    ),
    check=check,
    check_paths=(
        "encryption.status",
        KEY_IDENTIFIER,
        "hbiWorkspace",
        *KEY_READS,
    ),
    evaluation_scope="stack",
    checkov=("CKV2_AZURE_49",),
)
