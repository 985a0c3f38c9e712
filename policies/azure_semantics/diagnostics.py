"""Diagnostic settings: the types that write logs, with their categories, and the activity log of a subscription.

Sources: learn.microsoft.com, "Supported resource log categories for Azure Monitor"; "Azure activity log event schema".
Types with metrics alone, such as network interfaces, private endpoints and storage accounts themselves (their services
write logs), are left out.
"""

from __future__ import annotations

from collections.abc import Iterable

from policies.azure_semantics import ids
from policies.azure_semantics.properties import entries, lower_text
from policies.model import PolicyContext, Resource

SETTING = "monitor:DiagnosticSetting"
ACTIVITY = "monitor:SubscriptionDiagnosticSetting"
"""Sends the activity log of the subscription that it is in."""
CONTROL_PLANE = ("Administrative", "Alert", "Policy", "Security")
"""The categories of the activity log that record who changed what, and attacks (CIS 6.1.1.2); the others are health and
advice."""
WORKSPACE = "operationalinsights:Workspace"
ALL = "alllogs"
"""The group of every category, future ones included."""

CATEGORIES = {
    "apimanagement:ApiManagementService": ("GatewayLogs",),
    "appconfiguration:ConfigurationStore": ("Audit", "HttpRequest"),
    "automation:AutomationAccount": ("AuditEvent", "JobLogs", "JobStreams"),
    "batch:BatchAccount": ("AuditLog", "ServiceLog"),
    "cognitiveservices:Account": ("Audit", "RequestResponse"),
    "containerinstance:ContainerGroup": ("ContainerInstanceLog", "ContainerEvent"),
    "containerregistry:Registry": ("ContainerRegistryLoginEvents", "ContainerRegistryRepositoryEvents"),
    "containerservice:ManagedCluster": ("kube-audit", "kube-audit-admin", "guard"),
    "cosmosdb:DatabaseAccount": ("ControlPlaneRequests", "DataPlaneRequests"),
    "databricks:Workspace": ("accounts", "clusters", "jobs", "notebook", "secrets", "sqlPermissions", "workspace"),
    "datafactory:Factory": ("ActivityRuns", "PipelineRuns", "TriggerRuns"),
    "dataprotection:BackupVault": ("AddonAzureBackupJobs", "AddonAzureBackupPolicy", "CoreAzureBackup"),
    "dbformysql:Server": ("MySqlAuditLogs",),
    "dbforpostgresql:Server": ("PostgreSQLLogs",),
    "desktopvirtualization:ApplicationGroup": ("Checkpoint", "Error", "Management"),
    "desktopvirtualization:HostPool": ("Checkpoint", "Connection", "Error", "HostRegistration", "Management"),
    "desktopvirtualization:Workspace": ("Checkpoint", "Error", "Feed", "Management"),
    "eventgrid:Domain": ("DataPlaneRequests", "DeliveryFailures", "PublishFailures"),
    "eventgrid:SystemTopic": ("DeliveryFailures",),
    "eventgrid:Topic": ("DataPlaneRequests", "DeliveryFailures", "PublishFailures"),
    "eventhub:Namespace": ("OperationalLogs", "RuntimeAuditLogs", "EventHubVNetConnectionEvent"),
    "healthcareapis:FhirService": ("AuditLogs",),
    "keyvault:ManagedHsm": ("AuditEvent",),
    "keyvault:Vault": ("AuditEvent", "AzurePolicyEvaluationDetails"),
    "kusto:Cluster": ("Command", "Query"),
    "logic:Workflow": ("WorkflowRuntime",),
    "machinelearningservices:Workspace": ("AmlComputeJobEvent", "AmlRunStatusChangedEvent", "ModelsChangeEvent"),
    "network:ApplicationGateway": ("ApplicationGatewayAccessLog", "ApplicationGatewayFirewallLog"),
    "network:AzureFirewall": ("AZFWApplicationRule", "AZFWDnsQuery", "AZFWIdpsSignature", "AZFWNatRule",
                              "AZFWNetworkRule", "AZFWThreatIntel", "AZFWFlowTrace", "AZFWFatFlow"),
    "network:BastionHost": ("BastionAuditLogs",),
    "network:LoadBalancer": ("LoadBalancerHealthEvent",),
    "network:NetworkSecurityGroup": ("NetworkSecurityGroupEvent", "NetworkSecurityGroupRuleCounter"),
    "network:PublicIPAddress": ("DDoSMitigationFlowLogs", "DDoSMitigationReports", "DDoSProtectionNotifications"),
    "network:VirtualNetwork": ("VMProtectionAlerts",),
    "network:VirtualNetworkGateway": ("GatewayDiagnosticLog", "IKEDiagnosticLog", "TunnelDiagnosticLog"),
    "operationalinsights:Workspace": ("Audit",),
    "purview:Account": ("DataSensitivityLogEvent", "ScanStatusLogEvent", "Security"),
    "recoveryservices:Vault": ("AddonAzureBackupJobs", "AddonAzureBackupPolicy", "CoreAzureBackup"),
    "redis:Redis": ("ConnectedClientList", "MSEntraAuthenticationAuditLog"),
    "search:Service": ("OperationLogs",),
    "security:DefenderForStorage": ("ScanResults",),
    "servicebus:Namespace": ("OperationalLogs", "RuntimeAuditLogs", "VNetAndIPFilteringLogs"),
    "sql:Database": ("SQLSecurityAuditEvents", "Errors"),
    "sql:ManagedInstance": ("SQLSecurityAuditEvents",),
    "storage:BlobServiceProperties": ("StorageDelete", "StorageRead", "StorageWrite"),
    "storage:FileServiceProperties": ("StorageDelete", "StorageRead", "StorageWrite"),
    "storage:QueueServiceProperties": ("StorageDelete", "StorageRead", "StorageWrite"),
    "storage:TableServiceProperties": ("StorageDelete", "StorageRead", "StorageWrite"),
    "synapse:Workspace": ("GatewayApiRequests", "SQLSecurityAuditEvents", "SynapseRbacOperations"),
    "web:WebApp": ("AppServiceAuditLogs", "AppServiceHTTPLogs", "AppServiceIPSecAuditLogs"),
}  # fmt: skip
"""The categories that must be recorded of each type, where the group of all categories is not."""
BLOBS_OF = "storage:StorageAccount"
"""An account writes no log; its blob service does, whether a template declares that or not."""


def target(resource: Resource) -> str:
    """Return the id that a resource's diagnostic settings name. `Unknown` where its own id is unknown."""
    own = ids.own(resource)
    return f"{own}/blobservices/default" if resource.type == BLOBS_OF else own


def settings_of(resource: Resource, context: PolicyContext) -> list[Resource]:
    """Return the diagnostic settings of exactly this resource."""
    wanted = target(resource)
    return [
        s for s in context.referencing(SETTING, "resourceUri", resource) if ids.plain(s.at("resourceUri")) == wanted
    ]


def activity_is_kept(subscription: str, context: PolicyContext) -> bool:
    """True if the activity log of a subscription is sent to a workspace of the same context. `Unknown` where the id or
    the workspace of a setting is unknown."""
    settings = [setting for setting in context.of(ACTIVITY) if ids.subscription(ids.own(setting)) == subscription]
    workspaces = [context.get(ids.plain(setting.at("workspaceId"))) for setting in settings]
    return any(workspace is not None and workspace.type == WORKSPACE for workspace in workspaces)


def missing(setting: Resource, wanted: Iterable[str]) -> list[str]:
    """Return the required categories that a setting does not record."""
    said: dict[str, bool] = {}
    for entry in entries(setting, "logs"):
        name = lower_text(setting, f"{entry}.categoryGroup") or lower_text(setting, f"{entry}.category")
        said[name] = setting.at(f"{entry}.enabled") is True
    return [] if said.get(ALL) else [category for category in wanted if not said.get(category.lower())]


def categories_of(type_: str) -> tuple[str, ...]:
    """Return the categories that must be recorded of a type; for a storage account, those of its blob service."""
    return CATEGORIES["storage:BlobServiceProperties" if type_ == BLOBS_OF else type_]
