"""Container registries deny public access, passwords, tokens of Resource Manager and exports (CR1)."""

from __future__ import annotations

from policies.azure_semantics.properties import PREVIOUS_OR_DEFAULT
from policies.model import ComplianceControls, Policy, Severity
from policies.requirements import empty, equals, equals_if_set

POLICY = Policy(
    id="CR1",
    title="Container registries deny public access, passwords, tokens of Resource Manager and exports",
    why="A person who can push an image, and pull or export it elsewhere, has moved data past the airlock.",
    resource_types=("containerregistry:Registry",),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.1.13", "2.2.09", "3.1.12", "3.2.01"),
        ncsc=("8", "11"),
        caf=("B2.a", "B4.a"),
        cyber_essentials=("1.4", "2.1", "4.3"),
        iso27001=("8.12",),
        five_safes=("outputs",),
    ),
    fix="Use the Premium tier with publicNetworkAccess Disabled, networkRuleBypassOptions None, adminUserEnabled "
    "false, and exportPolicy and azureADAuthenticationAsArmPolicy disabled.",
    requires=(
        equals("sku.name", "Premium", default="no value; there is no default"),
        equals("publicNetworkAccess", "Disabled", default="Enabled"),
        equals("adminUserEnabled", False, default=PREVIOUS_OR_DEFAULT),
        equals_if_set("anonymousPullEnabled", False),
        equals("policies.exportPolicy.status", "disabled", default="enabled"),
        equals("policies.azureADAuthenticationAsArmPolicy.status", "disabled", default="enabled"),
        equals("networkRuleBypassOptions", "None", default="AzureServices"),
        equals("networkRuleSet.defaultAction", "Deny", default="Allow"),
        empty("networkRuleSet.ipRules", "allows addresses past the firewall"),
    ),
    checkov=("CKV_AZURE_137", "CKV_AZURE_138", "CKV_AZURE_139"),
)
