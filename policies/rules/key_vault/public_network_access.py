"""Key vaults deny public network access and all networks (KV3)."""

from __future__ import annotations

from policies.azure_semantics.perimeters import READS, SECURED
from policies.model import ComplianceControls, Policy, Severity
from policies.requirements import empty, equals
from policies.rule_helpers.public_network_access import perimeter_is_enforced

ACLS = "properties.networkAcls"
PATH = "properties.publicNetworkAccess"


POLICY = Policy(
    id="KV3",
    title="Key vaults deny public network access and all networks",
    why="A stolen token must not be usable from the Internet. Azure's trusted services are allowed, because "
    "stores and disks fetch their keys that way, from no network of the estate.",
    resource_types=("keyvault:Vault", "keyvault:ManagedHsm"),
    severity=Severity.CRITICAL,
    controls=ComplianceControls(
        satre=("2.2.09",),
        ncsc=("11",),
        caf=("B4.a",),
        cyber_essentials=("1.4",),
        cis=("8.3.7",),
        iso27001=("8.20",),
        five_safes=("settings",),
    ),
    fix="Set publicNetworkAccess to Disabled and networkAcls.defaultAction to Deny with no rules, and connect "
    "through a private endpoint.",
    requires=(
        equals(PATH, "Disabled", SECURED, default="Enabled"),
        equals(f"{ACLS}.defaultAction", "Deny", default="Allow"),
        equals(f"{ACLS}.bypass", "AzureServices", "None", default="AzureServices; set it"),
        empty(f"{ACLS}.ipRules", "allows addresses past the firewall"),
        empty(f"{ACLS}.virtualNetworkRules", "allows subnets that bypass the private endpoint"),
    ),
    check=perimeter_is_enforced(PATH),
    check_paths=READS,
    evaluation_scope="stack",
    checkov=("CKV_AZURE_109", "CKV_AZURE_189"),
)
