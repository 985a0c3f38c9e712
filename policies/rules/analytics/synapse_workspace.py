"""SY1: a Synapse workspace cannot carry data out, and is closed."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.data_class import holds_records
from policies.azure_semantics.properties import may, must, must_not_be_set
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.rule_helpers.encryption_keys import named_key

WORKSPACE, RULE = "synapse:Workspace", "synapse:IpFirewallRule"
TENANTS = "managedVirtualNetworkSettings.allowedAadTenantIdsForLinking"
KEY = "encryption.cmk.key.keyVaultUrl"


def check(resource: Resource, context: PolicyContext) -> Iterator[Violation]:
    """The managed network and its protection can be asked for at creation only."""
    if resource.type == RULE:
        yield Violation("startIpAddress", "lets public addresses reach the workspace; there must be no such rule")
        return
    yield from must(resource, "managedVirtualNetwork", "default", default="no network of its own")
    yield from must(resource, "managedVirtualNetworkSettings.preventDataExfiltration", True, default="false")
    yield from must_not_be_set(resource, TENANTS, "other tenants that it may send data to")
    yield from must(resource, "publicNetworkAccess", "Disabled", default="Enabled")
    yield from must(resource, "azureADOnlyAuthentication", True, default="false")
    yield from may(resource, "trustedServiceBypassEnabled", False)
    if holds_records(resource, context):
        yield from named_key(resource, context, KEY)


POLICY = Policy(
    id="SY1",
    title="Synapse workspaces prevent exfiltration, are closed, take Entra only, and use a key of the estate's own",
    why="A pipeline is made to copy data elsewhere: without this protection to anywhere that its author names.",
    on=(WORKSPACE, RULE),
    reads=("managedVirtualNetwork", "managedVirtualNetworkSettings", "publicNetworkAccess",
           "azureADOnlyAuthentication", "trustedServiceBypassEnabled", KEY),
    severity=Severity.CRITICAL,
    controls=ComplianceControls(
        satre=("2.2.09", "2.2.11", "2.8.01", "3.1.05", "3.1.12", "3.2.01"), ncsc=("2", "10", "11"),
        iso27001=("8.12", "8.24"), five_safes=("outputs",),
    ),
    fix="Make the workspace with managedVirtualNetwork default, preventDataExfiltration true and a key; set "
    "publicNetworkAccess to Disabled and azureADOnlyAuthentication to true.",
    check=check,
    scope="stack",
    checkov=("CKV_AZURE_58", "CKV_AZURE_157", "CKV_AZURE_240"),
)  # fmt: skip
