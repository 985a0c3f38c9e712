"""Synapse workspaces prevent exfiltration, deny public access, use Entra ID only, and a key of the estate (SY1)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.data_class import holds_records
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.requirements import empty, equals, equals_if_set
from policies.rule_helpers.encryption_keys import KEY_READS, require_estate_key

WORKSPACE, RULE = "synapse:Workspace", "synapse:IpFirewallRule"
NETWORK = "managedVirtualNetworkSettings"
KEY = "encryption.cmk.key.keyVaultUrl"


def check(resource: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Refuse firewall rules, and require a key of the estate for records."""
    if resource.type == RULE:
        yield Violation("startIpAddress", "lets public addresses reach the workspace; the rule must be removed")
    elif holds_records(resource, context):
        yield from require_estate_key(resource, context, KEY)


POLICY = Policy(
    id="SY1",
    title="Synapse workspaces prevent exfiltration, deny public access, use Entra ID only, and a key of the estate",
    why="Pipelines copy data; without this protection, to any destination that their author names.",
    resource_types=(WORKSPACE, RULE),
    severity=Severity.CRITICAL,
    controls=ComplianceControls(
        satre=("2.2.09", "2.2.11", "2.8.01", "3.1.05", "3.1.12", "3.2.01"),
        ncsc=("2", "10", "11"),
        caf=("B2.a", "B3.c", "B4.a", "B5.b"),
        cyber_essentials=("1.4", "2.2", "2.5", "4.3"),
        iso27001=("8.12", "8.24"),
        five_safes=("outputs",),
    ),
    fix="Make the workspace with managedVirtualNetwork default, preventDataExfiltration true and a key; set "
    "publicNetworkAccess to Disabled and azureADOnlyAuthentication to true.",
    requires=(
        equals("managedVirtualNetwork", "default", default="no network of its own", only_on=WORKSPACE),
        equals(f"{NETWORK}.preventDataExfiltration", True, default="false", only_on=WORKSPACE),
        empty(f"{NETWORK}.allowedAadTenantIdsForLinking", "data could go to other tenants", only_on=WORKSPACE),
        equals("publicNetworkAccess", "Disabled", default="Enabled", only_on=WORKSPACE),
        equals("azureADOnlyAuthentication", True, default="false", only_on=WORKSPACE),
        equals_if_set("trustedServiceBypassEnabled", False, only_on=WORKSPACE),
    ),
    check=check,
    check_paths=(
        KEY,
        *KEY_READS,
    ),
    evaluation_scope="stack",
    checkov=("CKV_AZURE_58", "CKV_AZURE_157", "CKV_AZURE_240"),
)
