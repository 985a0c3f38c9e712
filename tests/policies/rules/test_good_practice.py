"""Good practice passes, and a weak variant of each of its properties is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest

from formats.plan import UNKNOWN
from policies.model import Verdict
from policies.rules.governance.known_types import known_types
from tests.policies.rules.cases import GONE, changed, findings, made, verdict, without
from tests.policies.rules.good_practice import INSIGHTS, MACHINE, STORE, VAULTS, at, world

FOREIGN = "/subscriptions/e15e0000-0000-4000-8000-00000000000e"
ELSEWHERE = f"{FOREIGN}/resourceGroups/rg/providers"
OUTSIDE = ("sde@example.com", "a@nhs.net.example.com", "a@evilnhs.net", "a@nhs.net@example.com", "nhs.net", "", GONE)
RULE, KEEP = "properties.policyRules[0]", "properties.policyRules[1]"
KEPT = f"{KEEP}.lifecycles[0]"
SCHEDULED = f"{RULE}.trigger.schedule.repeatingTimeIntervals"
YEARLY = "properties.retentionPolicy"
PATCHES = "osProfile.linuxConfiguration.patchSettings.automaticByPlatformSettings"
LINUX = "installPatches.linuxParameters"
SHARED = "/providers/Microsoft.Authorization"
IDENTITY = {"type": "SystemAssigned"}
RECEIVERS = ("automationRunbook", "azureAppPush", "azureFunction", "eventHub", "incident", "itsm", "logicApp", "sms",
             "voice", "webhook")  # fmt: skip
WEAK: dict[str, list[tuple[str, str, tuple[object, ...]]]] = {
    "MO1": [
        ("alert", "enabled", (False,)),
        ("alert", "scopes", ([], GONE)),
        ("alert", "scopes[0]", (FOREIGN, at(STORE))),
        ("alert", "actions.actionGroups", ([], GONE)),
        ("alert", "actions.actionGroups[0].actionGroupId", (f"{ELSEWHERE}/{INSIGHTS}/actionGroups/x", at(STORE), GONE)),
        ("alert", "actions.actionGroups[0].webhookProperties", ({"to": "https://example.com"},)),
        ("alert", "condition.allOf", ([], GONE)),
        ("alert", "condition.allOf[0]", ({"field": "operationName", "equals": "x"}, {})),
        ("alert", "condition.allOf[0].equals", ("Recommendation", "None", GONE)),
        ("alert", "condition.allOf[1].anyOf[0].field", ("caller", "resourceId", GONE)),
        ("alert", "condition.allOf[1].anyOf[1].containsAny", ([], GONE)),
        ("alert", "condition.allOf[2].equals", ("Never",)),
    ],
    "MO2": [
        ("team", "enabled", (False,)),
        ("team", "identity", (IDENTITY,)),
        ("team", "emailReceivers[0].emailAddress", OUTSIDE),
        ("team", "armRoleReceivers[0].roleId", ("f58310d9-a9f6-439a-9e8d-f62e7b41a168", "", GONE)),
        *(("team", f"{kind}Receivers", ([{"name": "out"}],)) for kind in RECEIVERS),
    ],
    "MO3": [
        ("rule", "destinations.logAnalytics", ([], GONE)),
        ("rule", "destinations.logAnalytics[0].workspaceResourceId", (f"{ELSEWHERE}/x/workspaces/y", at(STORE), GONE)),
        *(("rule", f"destinations.{kind}", ([{"name": "out"}],))
          for kind in ("eventHubs", "eventHubsDirect", "monitoringAccounts", "storageAccounts", "storageBlobsDirect",
                       "storageTablesDirect")),
        *(("rule", f"dataSources.{kind}", ([{"name": "in"}],))
          for kind in ("dataImports", "extensions", "platformTelemetry", "prometheusForwarder")),
        ("rule", "dataSources.logFiles[0].filePatterns[0]", ("/data/*.csv", "/var/log/../../data/x", "C:\\data\\*")),
        ("rule", "dataSources.iisLogs[0].logDirectories", (["C:\\data"],)),
        ("rule", "dataFlows[0].transformKql", ("source | where 1 == 2", "source | project TimeGenerated")),
        ("rule", "dataFlows[0].builtInTransform", ("minimal",)),
        ("rule", "identity", (IDENTITY,)),
    ],
    "MO4": [
        ("endpoint", "networkAcls", (GONE, {})),
        ("endpoint", "networkAcls.publicNetworkAccess", ("Enabled", "SecuredByPerimeter", GONE)),
        ("endpoint", "identity", (IDENTITY,)),
    ],
    "MO5": [
        ("collect", "resourceUri", (f"{ELSEWHERE}/{MACHINE}", at(STORE), GONE)),
        ("collect", "dataCollectionRuleId", (f"{ELSEWHERE}/{INSIGHTS}/dataCollectionRules/rule", at(STORE), GONE)),
        ("configure", "dataCollectionEndpointId", (f"{ELSEWHERE}/x", at(STORE), GONE)),
    ],
    "MD1": [
        ("plan", "pricingTier", ("Free", GONE)),
        ("plan", "scopeId", (FOREIGN, at(MACHINE), GONE)),
        ("plan", "enforce", ("False",)),
        ("plan", "subPlan", ("P0",)),
        ("plan", "extensions[0].name", ("Unheard", GONE)),
        ("plan", "extensions[0].isEnabled", ("False", GONE)),
        ("plan", "extensions[1].additionalExtensionProperties.ExclusionTags", ('[{"key":"x"}]',)),
        ("plan", "extensions[1].additionalExtensionProperties.Workspace", (ELSEWHERE,)),
    ],
    "MD2": [
        ("contact", "emails", tuple(one for one in OUTSIDE if one not in ("", GONE))),
        ("contact", "isEnabled", (False,)),
        ("contact", "notificationsByRole.state", ("Off",)),
        ("contact", "notificationsByRole.roles[0]", ("Reader",)),
        ("contact", "notificationsSources[0].sourceType", ("Nothing", GONE)),
        ("contact", "notificationsSources[0].minimalSeverity", ("Never",)),
        ("contact", "notificationsSources[1].minimalRiskLevel", ("Never",)),
    ],
    "BK4": [
        ("blobs", "properties.policyRules", ([], GONE)),
        ("blobs", f"{KEEP}.objectType", ("AzureBackupRule", "Other", GONE)),
        ("blobs", f"{KEEP}.lifecycles", ([], GONE)),
        ("blobs", f"{KEPT}.sourceDataStore.dataStoreType", ("OperationalStore", GONE)),
        ("blobs", f"{KEPT}.deleteAfter.duration", ("P34D", "PT12H", "", GONE)),
        ("blobs", f"{KEPT}.deleteAfter.objectType", ("Other", GONE)),
        ("blobs", f"{KEPT}.targetDataStoreCopySettings[0].dataStore.dataStoreType", ("OperationalStore",)),
        ("blobs", f"{RULE}.dataStore.dataStoreType", ("OperationalStore", GONE)),
        ("blobs", f"{RULE}.trigger.objectType", ("AdhocBasedTriggerContext", GONE)),
        ("blobs", SCHEDULED, ([], GONE)),
        ("blobs", f"{SCHEDULED}[0]", ("R/2026-11-01T02:00:00+00:00/P1M", "never")),
        ("machines", "properties.backupManagementType", ("MAB", "AzureStorage", GONE)),
        ("machines", "properties.resourceGuardOperationRequests", ([at("x")],)),
        ("machines", f"{YEARLY}.retentionPolicyType", ("SimpleRetentionPolicy", GONE)),
        ("machines", YEARLY, ({"retentionPolicyType": "LongTermRetentionPolicy"}, GONE)),
        ("machines", f"{YEARLY}.dailySchedule.retentionDuration.count", (34, GONE)),
        ("machines", f"{YEARLY}.dailySchedule.retentionDuration.durationType", ("Invalid", GONE)),
        ("machines", f"{YEARLY}.yearlySchedule.retentionDuration.durationType", ("Days",)),
        ("machines", "properties.schedulePolicy.scheduleRunFrequency", ("Invalid", GONE)),
    ],
    "BK5": [
        ("instance", "properties.objectType", ("Other", GONE)),
        ("instance", "properties.dataSourceInfo.resourceID", (f"{ELSEWHERE}/{STORE}", at(VAULTS), GONE)),
        ("instance", "properties.dataSourceSetInfo.resourceID", (f"{ELSEWHERE}/{STORE}",)),
        ("instance", "properties.dataSourceInfo.resourceUri", (f"{ELSEWHERE}/{STORE}",)),
        ("instance", "properties.dataSourceSetInfo.resourceUri", ("https://elsewhere.example",)),
        ("instance", "properties.policyInfo.policyId", (f"{ELSEWHERE}/{VAULTS}/backupPolicies/blobs", at(STORE), GONE)),
        ("instance", "properties.policyInfo.policyParameters.dataStoreParametersList",
         ([{"dataStoreType": "OperationalStore", "resourceGroupId": ELSEWHERE}],)),
        ("instance", "properties.datasourceAuthCredentials", ({"secretStoreResource": {"uri": "https://x"}},)),
        ("instance", "properties.identityDetails.userAssignedIdentityArmUrl", (at("x"),)),
        ("instance", "properties.resourceGuardOperationRequests", ([at("x")],)),
        ("item", "properties.protectedItemType", ("AzureVmWorkloadSQLDatabase", "AzureFileShareProtectedItem", GONE)),
        ("item", "properties.sourceResourceId", (f"{ELSEWHERE}/{MACHINE}", at(VAULTS), GONE)),
        ("item", "properties.policyId", (f"{ELSEWHERE}/x", at(f"{VAULTS}/backupPolicies/blobs"), GONE)),
        ("item", "properties.protectionState", ("ProtectionStopped", "BackupsSuspended")),
        ("item", "properties.createMode", ("Recover",)),
        ("item", "properties.isScheduledForDeferredDelete", (True,)),
        ("item", "properties.extendedProperties.diskExclusionProperties", ({"diskLunList": [0]},)),
        ("item", "properties.resourceGuardOperationRequests", ([at("x")],)),
    ],
    "MT1": [
        ("window", "maintenanceScope", ("Host", "OSImage", GONE)),
        ("window", "extensionProperties", ({"InGuestPatchMode": "Platform"}, GONE)),
        ("window", "installPatches.rebootSetting", ("Never",)),
        ("window", f"{LINUX}.classificationsToInclude", (["Critical"], ["Other"], [], GONE)),
        ("window", f"{LINUX}.packageNameMasksToExclude", (["*"],)),
        ("window", "installPatches.windowsParameters.classificationsToInclude", (["Definition"],)),
        ("window", "installPatches.windowsParameters.kbNumbersToExclude", (["123456"],)),
        ("window", "installPatches.windowsParameters.excludeKbsRequiringReboot", (True,)),
        ("window", "installPatches.tasks", ({"preTasks": [{"source": at("x")}]},)),
        ("window", "recurEvery", ("2Months", "5Weeks", "0Days", "Year", "", GONE)),
        ("window", "duration", ("01:29", "00:00", "long", GONE)),
        ("window", "startDateTime", ("2099-01-01 00:00", "soon", GONE)),
        ("window", "expirationDateTime", ("2026-12-31 00:00",)),
        ("window", "visibility", ("Public",)),
        ("window", "namespace", ("Microsoft.Sql",)),
        ("window", "overrides", ([{"startDateTime": "2099-01-01 00:00"}],)),
    ],
    "MT3": [
        ("machine", f"{PATCHES}.rebootSetting", ("Never", "Unknown")),
        ("machine", f"{PATCHES}.bypassPlatformSafetyChecksOnUserSchedule", ("yes",)),
    ],
    "MT2": [
        ("patched", "maintenanceConfigurationId", (f"{ELSEWHERE}/x", at(STORE), GONE)),
        ("patched", "resourceId", (f"{ELSEWHERE}/{MACHINE}",)),
        ("patched", "filter", ({"osTypes": ["Linux"]},)),
    ],
    "DN1": [
        ("allow", "action", (GONE, {})),
        ("allow", "action.actionType", ("Forward", GONE)),
        ("block", "action.actionType", ("Allow", "Alert")),
        ("block", "action.blockResponseCode", ("NOERROR",)),
        ("allow", "dnsResolverDomainLists", ([], GONE)),
        ("allow", "dnsResolverDomainLists[0].id", (f"{ELSEWHERE}/x", at(STORE), GONE)),
        ("allow", "dnsSecurityRuleState", ("Disabled",)),
        ("all", "domains", (["archive.ubuntu.com."], [], GONE)),
        ("allowed", "domains", (["archive.ubuntu.com."], ["."], ["core.windows.net.", "net."], [], GONE)),
    ],
    "DN2": [("link", "virtualNetwork.id", (f"{ELSEWHERE}/Microsoft.Network/virtualNetworks/x", at(STORE), GONE))],
    "NP1": [
        ("associated", "accessMode", ("Learning", "Audit", GONE)),
        ("associated", "privateLinkResource.id", (f"{ELSEWHERE}/{STORE}", at(MACHINE), GONE)),
        ("associated", "profile.id", (f"{ELSEWHERE}/networkSecurityPerimeters/x/profiles/y", at(STORE), GONE)),
    ],
    "NP2": [
        ("inbound", "direction", ("Outbound", GONE)),
        ("inbound", "subscriptions", ([], GONE)),
        ("inbound", "subscriptions[0].id", (FOREIGN, at(STORE))),
        ("inbound", "addressPrefixes", (["0.0.0.0/0"],)),
        ("inbound", "fullyQualifiedDomainNames", (["example.com"],)),
        ("inbound", "emailAddresses", (["a@nhs.net"],)),
        ("inbound", "phoneNumbers", (["+44"],)),
        ("inbound", "serviceTags", (["Internet"],)),
    ],
    "GD2": [
        ("uk-nhs", "policyDefinitionId",
         (f"{SHARED}/policySetDefinitions/00000000-0000-4000-8000-000000000000",
          f"{SHARED}/policyDefinitions/b2982f36-99f2-4db5-8eff-283140c09693",
          f"{FOREIGN}/providers/x/policySetDefinitions/3937f550-eedd-4639-9c5e-294358be442e", GONE)),
        ("uk-nhs", "identity", (IDENTITY, {"type": "UserAssigned"})),
        ("uk-nhs", "enforcementMode", ("Enroll",)),
        ("uk-nhs", "assignmentType", ("SystemHidden",)),
        ("uk-nhs", "overrides", ([{"kind": "policyEffect", "value": "modify"}],)),
        ("uk-nhs", "notScopes", ([at(STORE)],)),
        ("uk-nhs", "parameters.tlsEffect.value", ("DeployIfNotExists", "modify", "[parameters('x')]")),
        ("uk-nhs", "parameters.listOfAllowedLocations.value", (["Modify"], {"effect": "append"})),
        ("tls-everywhere", "enforcementMode", ("DoNotEnforce",)),
        ("tls-everywhere", "identity", (IDENTITY,)),
        ("tls-everywhere", "parameters.effect.value", ("Modify",)),
    ],
    "GD4": [
        ("tls", "mode", ("Microsoft.Network.Data", GONE)),
        ("tls", "policyType", ("BuiltIn",)),
        ("tls", "policyRule", (GONE, {}, "deny")),
        ("tls", "policyRule.if", ({}, GONE)),
        ("tls", "policyRule.then.effect", ("modify", "deployIfNotExists", "append", "denyAction", GONE)),
        ("tls", "policyRule.then.details", ({"roleDefinitionIds": ["x"]}, {"deployment": {}}, {"operations": []}, "x")),
        ("tls", "policyRule.then.more", ("x",)),
        ("tls", "parameters", ({"other": {}}, GONE)),
        ("tls", "parameters.effect.allowedValues", (["Deny", "Modify"], [], GONE)),
        ("tls", "parameters.effect.defaultValue", ("DeployIfNotExists",)),
    ],
}  # fmt: skip


def test_each_type_of_good_practice_is_known() -> None:
    assert not {resource.type for resource in world().values()} - known_types()


@pytest.mark.parametrize(("policy", "removed", "checked"), [
    ("MO4", "member", "endpoint"), ("DN2", "link", "dns"), ("NP1", "associated", "perimeter"),
    ("BK5", "vault", "instance"), ("MT3", "patched", "machine"), ("BK5", "recovery", "item"),
    ("MT2", "machine", "patched"),     ("MO1", "team", "alert"), ("DN1", "allowed", "allow"),
    ("DN1", "allow", "allowed"), ("DN1", "block", "all"),
])  # fmt: skip
def test_a_missing_counterpart_is_refused(policy: str, removed: str, checked: str) -> None:
    assert verdict(without(world(), removed), policy, checked) is Verdict.FAIL


@pytest.mark.parametrize(("policy", "name", "other"), [
    ("BK5", "instance", "vault"), ("BK5", "instance", "store"), ("BK5", "item", "machine"), ("DN2", "link", "net"),
    ("DN1", "allow", "allowed"), ("NP1", "associated", "store"), ("MO5", "collect", "machine"),
    ("MT2", "patched", "machine"),
])  # fmt: skip
def test_a_counterpart_of_another_stack_is_refused(policy: str, name: str, other: str) -> None:
    moved = world() | {other: replace(world()[other], stack="tre-lungs")}
    assert verdict(moved, policy, name) is Verdict.FAIL


@pytest.mark.parametrize(("policy", "name", "path", "value"), [
    ("MO1", "alert", "condition.allOf", [{"field": "category", "equals": "ServiceHealth"},
                                         {"field": "properties.incidentType", "containsAny": ["Incident"]}]),
    ("MO2", "team", "emailReceivers", GONE),
    ("MO2", "team", "webhookReceivers", []),
    ("MO3", "rule", "destinations.azureMonitorMetrics", {"name": "metrics"}),
    ("MD1", "plan", "enforce", GONE),
    ("MD2", "contact", "emails", GONE),
    ("BK4", "blobs", f"{SCHEDULED}[0]", "R/2026-11-01T02:00:00+00:00/PT6H"),
    ("BK4", "machines", f"{YEARLY}.dailySchedule", GONE),
    ("MT1", "window", "recurEvery", "Month Second Tuesday"),
    ("MT1", "window", "recurEvery", "1Day"),
    ("DN1", "allow", "dnsSecurityRuleState", GONE),
    ("GD2", "uk-nhs", "enforcementMode", "Default"),
    ("GD2", "uk-nhs", "definitionVersion", "9.*.*"),
    ("GD4", "tls", "policyRule.then", {"effect": "auditIfNotExists", "details": {"type": "x"}}),
    ("GD4", "tls", "policyRule.then.effect", "deny"),
    ("GD4", "tls", "policyRule.then.effect", "Audit"),
])  # fmt: skip
def test_other_forms_of_good_practice_pass(policy: str, name: str, path: str, value: object) -> None:
    assert verdict(changed(world(), name, path, value), policy, name) is Verdict.PASS


@pytest.mark.parametrize("value", [UNKNOWN, {"value": UNKNOWN}, {"value": [UNKNOWN]}])
def test_an_unknown_parameter_of_an_assignment_does_not_pass(value: object) -> None:
    assert verdict(changed(world(), "uk-nhs", "parameters", {"size": value}), "GD2", "uk-nhs").blocks


class TestPerimeter:
    """ST1 and KV3: `SecuredByPerimeter` counts with an enforced perimeter of the stack alone."""

    secured = changed(world(), "store", "publicNetworkAccess", "SecuredByPerimeter")

    def test_an_enforced_perimeter_closes_a_store(self) -> None:
        assert verdict(self.secured, "ST1", "store") is Verdict.PASS

    @pytest.mark.parametrize("mode", ["Learning", "Audit", GONE])
    def test_a_perimeter_in_another_mode_does_not(self, mode: object) -> None:
        assert verdict(changed(self.secured, "associated", "accessMode", mode), "ST1", "store") is Verdict.FAIL

    def test_a_store_in_no_perimeter_is_refused(self) -> None:
        assert verdict(without(self.secured, "associated"), "ST1", "store") is Verdict.FAIL

    def test_a_perimeter_of_another_stack_does_not_count(self) -> None:
        moved = self.secured | {"associated": replace(self.secured["associated"], stack="tre-lungs")}
        assert verdict(moved, "ST1", "store") is Verdict.FAIL

    def test_a_vault_needs_an_enforced_perimeter_too(self) -> None:
        closed = {"publicNetworkAccess": "SecuredByPerimeter", "networkAcls": {"defaultAction": "Deny",
                                                                              "bypass": "None"}}  # fmt: skip
        vault = made("keyvault:Vault", "kv", "Microsoft.KeyVault/vaults/kv", properties=closed)
        there = world() | {"kv": vault}
        assert verdict(there, "KV3", "kv") is Verdict.FAIL
        assert verdict(changed(there, "associated", "privateLinkResource.id", vault.id), "KV3", "kv") is Verdict.PASS


def test_less_sensitive_data_has_shorter_backups() -> None:
    for data_class, days in (("synthetic", 7), ("de-identified", 14), ("identifiable", 35)):
        path = f"{KEPT}.deleteAfter.duration"
        assert verdict(changed(world(data_class), "blobs", path, f"P{days}D"), "BK4", "blobs") is Verdict.PASS
        assert verdict(changed(world(data_class), "blobs", path, f"P{days - 1}D"), "BK4", "blobs") is Verdict.FAIL


def test_messages_name_the_found_and_the_permitted_value() -> None:
    (said,) = findings(changed(world(), "team", "emailReceivers[0].emailAddress", "a@example.com"), "MO2", "team")
    assert said.path == "emailReceivers[0].emailAddress"
    assert said.message == "is a@example.com; it must be in nhs.net or nhs.uk"


def test_a_machine_without_a_schedule_may_leave_restarts_to_people() -> None:
    unscheduled = changed(world(), "machine", PATCHES, {"rebootSetting": "Never"})
    assert {one.verdict for one in findings(unscheduled, "MT3", "machine")} == {Verdict.PASS}
