"""Resources that good practice adds to an estate: alerts, Defender, backups, patch windows, DNS filters, perimeters."""

from __future__ import annotations

from typing import Any

from tests.policies.rules.cases import GROUP, World, group, made

SUBSCRIPTION = GROUP.rpartition("/resourceGroups/")[0]
INSIGHTS, NETWORK, DNS = "Microsoft.Insights", "Microsoft.Network", "Microsoft.Network/dnsResolverPolicies/dns"
VAULTS, RECOVERY = "Microsoft.DataProtection/backupVaults/bv", "Microsoft.RecoveryServices/vaults/rv"
PERIMETER = f"{NETWORK}/networkSecurityPerimeters/nsp"
MACHINE, STORE = "Microsoft.Compute/virtualMachines/vm", "Microsoft.Storage/storageAccounts/st"
LIST, WORKSPACE = f"{NETWORK}/dnsResolverDomainLists/allowed", "Microsoft.OperationalInsights/workspaces/logs"
DEFINITION, TIERED = "Microsoft.Authorization/policyDefinitions/tls", "Microsoft.Authorization/policyAssignments"
UK_NHS = "/providers/Microsoft.Authorization/policySetDefinitions/3937f550-eedd-4639-9c5e-294358be442e"
OWNER = f"{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/8e3af657-a8ff-443c-a75c-2fe8c4bcb635"


def at(path: str) -> str:
    """Return the id of a resource of the group."""
    return f"{GROUP}/providers/{path}"


def alerts() -> World:
    conditions = [{"field": "category", "equals": "Administrative"},
                  {"anyOf": [{"field": "operationName", "equals": "Microsoft.Authorization/policyAssignments/write"},
                             {"field": "operationName", "containsAny": ["Microsoft.Network/routeTables/write"]}]},
                  {"field": "status", "equals": "Succeeded"}]  # fmt: skip
    return {
        "alert": made(
            "monitor:ActivityLogAlert", "alert", f"{INSIGHTS}/activityLogAlerts/alert", enabled=True,
            scopes=[SUBSCRIPTION], condition={"allOf": conditions}, location="global",
            actions={"actionGroups": [{"actionGroupId": at(f"{INSIGHTS}/actionGroups/team")}]},
        ),
        "team": made(
            "monitor:ActionGroup", "team", f"{INSIGHTS}/actionGroups/team", enabled=True, groupShortName="team",
            emailReceivers=[{"name": "desk", "emailAddress": "sde.alerts@nhs.net", "useCommonAlertSchema": True},
                            {"name": "trust", "emailAddress": "it@example-trust.nhs.uk"}],
            armRoleReceivers=[{"name": "owners", "roleId": OWNER.rpartition("/")[2], "useCommonAlertSchema": True}],
        ),
        "plan": made(
            "security:Pricing", "plan", pricingName="StorageAccounts", pricingTier="Standard", scopeId=SUBSCRIPTION[1:],
            enforce="True", subPlan="DefenderForStorageV2",
            extensions=[{"name": "OnUploadMalwareScanning", "isEnabled": "True",
                         "additionalExtensionProperties": {"CapGBPerMonthPerStorageAccount": "-1"}},
                        {"name": "AgentlessVmScanning", "isEnabled": "True",
                         "additionalExtensionProperties": {"ExclusionTags": "[]"}}],
        ),
        "contact": made(
            "security:SecurityContact", "contact", emails="sde.alerts@nhs.net; it@example-trust.nhs.uk",
            isEnabled=True, notificationsByRole={"roles": ["Owner"], "state": "On"}, phone="02000000000",
            notificationsSources=[{"sourceType": "Alert", "minimalSeverity": "Medium"},
                                  {"sourceType": "AttackPath", "minimalRiskLevel": "High"}],
        ),
    }  # fmt: skip


def collection() -> World:
    sources = {"syslog": [{"name": "auth", "facilityNames": ["auth"], "logLevels": ["*"]}],
               "iisLogs": [{"streams": ["Microsoft-W3CIISLog"]}],
               "logFiles": [{"name": "audit", "filePatterns": ["/var/log/audit/*.log"], "format": "text"}]}  # fmt: skip
    flow = {"streams": ["Microsoft-Syslog"], "destinations": ["logs"], "transformKql": "source"}
    return {
        "logs": made("operationalinsights:Workspace", "logs", WORKSPACE),
        "machine": made("compute:VirtualMachine", "machine", MACHINE, osProfile={"linuxConfiguration": {
            "patchSettings": {"automaticByPlatformSettings": {"bypassPlatformSafetyChecksOnUserSchedule": True}}}}),
        "rule": made(
            "monitor:DataCollectionRule", "rule", f"{INSIGHTS}/dataCollectionRules/rule", dataSources=sources,
            destinations={"logAnalytics": [{"name": "logs", "workspaceResourceId": at(WORKSPACE)}]}, dataFlows=[flow],
        ),
        "endpoint": made("monitor:DataCollectionEndpoint", "endpoint", f"{INSIGHTS}/dataCollectionEndpoints/endpoint",
                         networkAcls={"publicNetworkAccess": "Disabled"}),
        "member": made("monitor:PrivateLinkScopedResource", "member",
                       linkedResourceId=at(f"{INSIGHTS}/dataCollectionEndpoints/endpoint")),
        "collect": made("monitor:DataCollectionRuleAssociation", "collect", resourceUri=at(MACHINE),
                        dataCollectionRuleId=at(f"{INSIGHTS}/dataCollectionRules/rule")),
        "configure": made("monitor:DataCollectionRuleAssociation", "configure", resourceUri=at(MACHINE),
                          dataCollectionEndpointId=at(f"{INSIGHTS}/dataCollectionEndpoints/endpoint")),
    }  # fmt: skip


def backups() -> World:
    stored = {"dataStoreType": "VaultStore", "objectType": "DataStoreInfoBase"}
    keep = {"objectType": "AzureRetentionRule", "name": "Default", "isDefault": True, "lifecycles": [
        {"sourceDataStore": stored, "deleteAfter": {"objectType": "AbsoluteDeleteOption", "duration": "P90D"},
         "targetDataStoreCopySettings": [{"dataStore": {"dataStoreType": "ArchiveStore"}}]}]}  # fmt: skip
    weekly = {"objectType": "ScheduleBasedTriggerContext",
              "schedule": {"repeatingTimeIntervals": ["R/2026-11-01T02:00:00+00:00/P1W"]}}  # fmt: skip
    copy = {"objectType": "AzureBackupRule", "name": "BackupWeekly", "dataStore": stored, "trigger": weekly}
    daily = {"retentionDuration": {"count": 35, "durationType": "Days"}}
    yearly = {"retentionDuration": {"count": 1, "durationType": "Years"}}
    vm_policy = {"backupManagementType": "AzureIaasVM", "schedulePolicy": {"scheduleRunFrequency": "Daily"},
                 "retentionPolicy": {"retentionPolicyType": "LongTermRetentionPolicy", "dailySchedule": daily,
                                     "yearlySchedule": yearly}}  # fmt: skip
    instance = {"objectType": "BackupInstance", "policyInfo": {"policyId": at(f"{VAULTS}/backupPolicies/blobs")},
                "dataSourceInfo": {"resourceID": at(STORE)}, "dataSourceSetInfo": {"resourceID": at(STORE)},
                "identityDetails": {"useSystemAssignedIdentity": True}}  # fmt: skip
    item = {"protectedItemType": "Microsoft.Compute/virtualMachines", "sourceResourceId": at(MACHINE),
            "policyId": at(f"{RECOVERY}/backupPolicies/machines")}  # fmt: skip
    fabric = f"{RECOVERY}/backupFabrics/Azure/protectionContainers/c/protectedItems/vm"
    return {
        "store": made("storage:StorageAccount", "store", STORE, publicNetworkAccess="Disabled"),
        "vault": made("dataprotection:BackupVault", "vault", VAULTS),
        "blobs": made("dataprotection:BackupPolicy", "blobs", f"{VAULTS}/backupPolicies/blobs",
                      properties={"objectType": "BackupPolicy", "policyRules": [copy, keep]}),
        "instance": made("dataprotection:BackupInstance", "instance", f"{VAULTS}/backupInstances/st",
                         properties=instance),
        "recovery": made("recoveryservices:Vault", "recovery", RECOVERY),
        "machines": made("recoveryservices:ProtectionPolicy", "machines", f"{RECOVERY}/backupPolicies/machines",
                         properties=vm_policy),
        "item": made("recoveryservices:ProtectedItem", "item", fabric, properties=item),
    }  # fmt: skip


def windows() -> World:
    updates = {"rebootSetting": "IfRequired",
               "linuxParameters": {"classificationsToInclude": ["Critical", "Security", "Other"]}}  # fmt: skip
    patches = "Microsoft.Maintenance/maintenanceConfigurations/patches"
    return {
        "window": made(
            "maintenance:MaintenanceConfiguration", "window", patches, maintenanceScope="InGuestPatch",
            extensionProperties={"InGuestPatchMode": "User"}, installPatches=updates, visibility="Custom",
            recurEvery="Week Saturday,Sunday", duration="03:00", startDateTime="2026-11-07 02:00", timeZone="UTC",
        ),
        "patched": made(
            "maintenance:ConfigurationAssignment", "patched",
            f"{MACHINE}/providers/Microsoft.Maintenance/configurationAssignments/patched", resourceId=at(MACHINE),
            maintenanceConfigurationId=at(patches),
        ),
    }  # fmt: skip


def names_and_perimeters() -> World:
    return {
        "net": made("network:VirtualNetwork", "net", f"{NETWORK}/virtualNetworks/net"),
        "dns": made("dnsresolver:DnsResolverPolicy", "dns", DNS),
        "link": made("dnsresolver:DnsResolverPolicyVirtualNetworkLink", "link", f"{DNS}/virtualNetworkLinks/link",
                     virtualNetwork={"id": at(f"{NETWORK}/virtualNetworks/net")}),
        "allowed": made("dnsresolver:DnsResolverDomainList", "allowed", LIST, domains=["core.windows.net."]),
        "all": made("dnsresolver:DnsResolverDomainList", "all", f"{NETWORK}/dnsResolverDomainLists/all", domains=["."]),
        "allow": made("dnsresolver:DnsSecurityRule", "allow", f"{DNS}/dnsSecurityRules/allow", priority=100,
                      action={"actionType": "Allow"}, dnsResolverDomainLists=[{"id": at(LIST)}],
                      dnsSecurityRuleState="Enabled"),
        "block": made("dnsresolver:DnsSecurityRule", "block", f"{DNS}/dnsSecurityRules/block", priority=200,
                      action={"actionType": "Block", "blockResponseCode": "SERVFAIL"},
                      dnsResolverDomainLists=[{"id": at(f"{NETWORK}/dnsResolverDomainLists/all")}]),
        "ddos": made("network:DdosProtectionPlan", "ddos", f"{NETWORK}/ddosProtectionPlans/ddos"),
        "perimeter": made("network:NetworkSecurityPerimeter", "perimeter", PERIMETER),
        "profile": made("network:NetworkSecurityPerimeterProfile", "profile", f"{PERIMETER}/profiles/own"),
        "associated": made("network:NetworkSecurityPerimeterAssociation", "associated",
                           f"{PERIMETER}/resourceAssociations/st", accessMode="Enforced",
                           privateLinkResource={"id": at(STORE)}, profile={"id": at(f"{PERIMETER}/profiles/own")}),
        "inbound": made("network:NetworkSecurityPerimeterAccessRule", "inbound",
                        f"{PERIMETER}/profiles/own/accessRules/own", direction="Inbound",
                        subscriptions=[{"id": SUBSCRIPTION}]),
    }  # fmt: skip


def guardrails() -> World:
    rule: dict[str, Any] = {"if": {"field": "Microsoft.Storage/storageAccounts/minimumTlsVersion", "less": "TLS1_2"},
                            "then": {"effect": "[parameters('effect')]"}}  # fmt: skip
    effects = {"type": "String", "allowedValues": ["Audit", "Deny", "Disabled"], "defaultValue": "Deny"}
    return {
        "tls": made("authorization:PolicyDefinition", "tls", DEFINITION, mode="Indexed", policyType="Custom",
                    policyRule=rule, parameters={"effect": effects}),
        "tls-everywhere": made("authorization:PolicyAssignment", "tls-everywhere", f"{TIERED}/tls", scope=GROUP,
                               policyDefinitionId=at(DEFINITION), parameters={"effect": {"value": "Deny"}}),
        "uk-nhs": made("authorization:PolicyAssignment", "uk-nhs", f"{TIERED}/uk-nhs", scope=SUBSCRIPTION,
                       policyDefinitionId=UK_NHS, enforcementMode="DoNotEnforce",
                       parameters={"listOfAllowedLocations": {"value": ["uksouth", "ukwest"]},
                                   "tlsEffect": {"value": "AuditIfNotExists"}}),
    }  # fmt: skip


def world(data_class: str = "identifiable") -> World:
    """Return all of them, with the resources that they refer to."""
    parts = (alerts(), collection(), backups(), windows(), names_and_perimeters(), guardrails())
    return {"group": group(data_class), **{name: resource for part in parts for name, resource in part.items()}}
