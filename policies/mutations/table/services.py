"""Additions of insecure alerts, log collection, backups, patch windows, DNS policies and perimeters to a stack.

Sources: learn.microsoft.com, "Action groups", "Structure of a data collection rule", "Backup vault overview",
"Scheduled patching", "DNS security policy", "What is a network security perimeter?".
"""

from __future__ import annotations

from policies.mutations.model import Addition
from policies.mutations.table import external
from policies.mutations.table.additions import COPY, IN_GROUP, MACHINE, added_child, added_to_group

INSIGHTS, NETWORK = "Microsoft.Insights", "Microsoft.Network"
PERIMETER = f"{NETWORK}/networkSecurityPerimeters/nsp"
DEPLOYS = "/providers/Microsoft.Authorization/policyDefinitions/361c2074-3595-4e5d-8cab-4f21dffc835c"
"""A built-in definition with the effect deployIfNotExists: Deploy Advanced Threat Protection on storage accounts."""
RULE = f"{external.PROVIDERS}/{INSIGHTS}/dataCollectionRules/dcr-elsewhere"
WINDOW = f"{external.PROVIDERS}/Microsoft.Maintenance/maintenanceConfigurations/mc-elsewhere"
FILES = {"logFiles": [{"name": "data", "filePatterns": ["/data/*.csv"], "format": "text", "streams": ["Custom-data"]}]}
TO_WORKSPACE = {"logAnalytics": [{"name": "out", "workspaceResourceId": external.WORKSPACE}]}
OTHER_VAULT = f"{external.PROVIDERS}/Microsoft.DataProtection/backupVaults/bv"
INSTANCE = {"objectType": "BackupInstance", "dataSourceInfo": {"resourceID": external.STORE},
            "policyInfo": {"policyId": f"{OTHER_VAULT}/backupPolicies/p"}}  # fmt: skip
UNPATCHED = "known vulnerabilities would stay"
SERVICES = (
    Addition("alerts to a webhook", "the content of alerts would leave the estate", added_to_group(
        "monitor:ActionGroup", f"{INSIGHTS}/actionGroups/ag-mutant",
        {"actionGroupName": "ag-mutant", "groupShortName": "mutant",
         "webhookReceivers": [{"name": "out", "serviceUri": "https://elsewhere.example"}]})),
    Addition("an alert to another's action group", "the content of alerts would leave the estate", added_to_group(
        "monitor:ActivityLogAlert", f"{INSIGHTS}/activityLogAlerts/al-mutant",
        {"activityLogAlertName": "al-mutant", "scopes": [external.SUBSCRIPTION],
         "condition": {"allOf": [{"field": "category", "equals": "Administrative"}]},
         "actions": {"actionGroups": [{"actionGroupId": f"{external.PROVIDERS}/{INSIGHTS}/actionGroups/x"}]}})),
    Addition("collection of data files", COPY, added_to_group(
        "monitor:DataCollectionRule", f"{INSIGHTS}/dataCollectionRules/dcr-mutant",
        {"dataCollectionRuleName": "dcr-mutant", "dataSources": FILES, "destinations": TO_WORKSPACE})),
    Addition("a public endpoint for logs", "logs could be forged from any network", added_to_group(
        "monitor:DataCollectionEndpoint", f"{INSIGHTS}/dataCollectionEndpoints/dce-mutant",
        {"dataCollectionEndpointName": "dce-mutant", "networkAcls": {"publicNetworkAccess": "Enabled"}})),
    Addition("a desk that collects logs by another's rule", COPY, added_child(
        "monitor:DataCollectionRuleAssociation", "compute:VirtualMachine",
        f"providers/{INSIGHTS}/dataCollectionRuleAssociations/mutant", {"dataCollectionRuleId": RULE}, {})),
    Addition("a desk in another's patch window", UNPATCHED, added_child(
        "maintenance:ConfigurationAssignment", "compute:VirtualMachine",
        "providers/Microsoft.Maintenance/configurationAssignments/mutant", {"maintenanceConfigurationId": WINDOW},
        {"location": MACHINE["location"]})),
    Addition("a patch window that never restarts", UNPATCHED, added_to_group(
        "maintenance:MaintenanceConfiguration", "Microsoft.Maintenance/maintenanceConfigurations/mc-mutant",
        {"resourceName": "mc-mutant", "maintenanceScope": "InGuestPatch",
         "installPatches": {"rebootSetting": "Never"}})),
    Addition("a backup in another's vault", COPY, added_to_group(
        "dataprotection:BackupInstance", "Microsoft.DataProtection/backupVaults/bv/backupInstances/mutant",
        {"vaultName": "bv", "backupInstanceName": "mutant", "properties": INSTANCE}, tagged=False)),
    Addition("a backup policy that keeps a day", "damage is noticed later", added_to_group(
        "recoveryservices:ProtectionPolicy", "Microsoft.RecoveryServices/vaults/rv/backupPolicies/mutant",
        {"vaultName": "rv", "policyName": "mutant", "properties": {
            "backupManagementType": "AzureIaasVM", "retentionPolicy": {
                "retentionPolicyType": "LongTermRetentionPolicy",
                "dailySchedule": {"retentionDuration": {"count": 1, "durationType": "Days"}}}}}, tagged=False)),
    Addition("a Defender plan that is off", "attacks would not be detected", added_to_group(
        "security:Pricing", "Microsoft.Security/pricings/StorageAccounts",
        {"pricingName": "StorageAccounts", "pricingTier": "Free", "scopeId": external.SUBSCRIPTION[1:]}, tagged=False)),
    Addition("a security contact outside of the organisation", "findings would leave the estate", added_to_group(
        "security:SecurityContact", "Microsoft.Security/securityContacts/default",
        {"securityContactName": "default", "emails": "mutant@elsewhere.example"}, tagged=False)),
    Addition("a DNS filter that allows every name", "data could leave in the names of queries", added_to_group(
        "dnsresolver:DnsSecurityRule", f"{NETWORK}/dnsResolverPolicies/dns/dnsSecurityRules/mutant",
        {"dnsResolverPolicyName": "dns", "dnsSecurityRuleName": "mutant", "priority": 100,
         "action": {"actionType": "Allow"}, "dnsResolverDomainLists": [
             {"id": f"{external.PROVIDERS}/{NETWORK}/dnsResolverDomainLists/all"}]})),
    Addition("a DNS policy on another's network", "another's filter would be replaced", added_to_group(
        "dnsresolver:DnsResolverPolicyVirtualNetworkLink", f"{NETWORK}/dnsResolverPolicies/dns/virtualNetworkLinks/m",
        {"dnsResolverPolicyName": "dns", "dnsResolverPolicyVirtualNetworkLinkName": "m",
         "virtualNetwork": {"id": external.NETWORK}})),
    Addition("a perimeter that lets everybody in", "a service would be public", added_to_group(
        "network:NetworkSecurityPerimeterAccessRule", f"{PERIMETER}/profiles/p/accessRules/m",
        {"networkSecurityPerimeterName": "nsp", "profileName": "p", "accessRuleName": "m", "direction": "Inbound",
         "addressPrefixes": ["0.0.0.0/0"]})),
    Addition("a perimeter that only learns", "the service's own rules would let in as before", added_child(
        "network:NetworkSecurityPerimeterAssociation", "resources:ResourceGroup",
        f"providers/{PERIMETER}/resourceAssociations/m",
        {"networkSecurityPerimeterName": "nsp", "associationName": "m", "accessMode": "Learning",
         "privateLinkResource": {"id": external.STORE}}, {**IN_GROUP, "location": "location", "tags": "tags"})),
    Addition("an assignment that deploys", "Azure Policy would deploy a template past every check", added_to_group(
        "authorization:PolicyAssignment", "Microsoft.Authorization/policyAssignments/mutant",
        {"policyAssignmentName": "mutant", "policyDefinitionId": DEPLOYS, "scope": external.SUBSCRIPTION,
         "identity": {"type": "SystemAssigned"}}, tagged=False)),
)  # fmt: skip
