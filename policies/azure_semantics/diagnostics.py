"""Diagnostic settings: the types that write resource logs, with their categories, and a subscription's activity log.

Sources: learn.microsoft.com, "Supported resource log categories for Azure Monitor"; "Azure activity log event schema".
Left out are types with metrics only: network interfaces, private endpoints, and storage accounts (their services write
logs).
"""

from __future__ import annotations

from collections.abc import Iterable

from policies.azure_semantics import ids
from policies.azure_semantics.properties import entries, lower_text
from policies.model import PolicyContext, Resource

SETTING = "monitor:DiagnosticSetting"
ACTIVITY = "monitor:SubscriptionDiagnosticSetting"
"""The setting that sends the activity log of its subscription."""
CONTROL_PLANE = ("Administrative", "Alert", "Policy", "Security")
"""The categories of the activity log for changes and attacks (CIS 6.1.1.2). The others are health and advice."""
WORKSPACE = "operationalinsights:Workspace"
LOGS = tuple(f"logs[*].{name}" for name in ("category", "categoryGroup", "enabled"))
"""The properties that `missing` reads."""
ALL = "alllogs"
"""The category group of all categories, including future ones."""
AUDIT = "audit"
"""The category group of the categories that Azure selects for audits."""
AUDIT_SUFFICES = ("keyvault:Vault", "keyvault:ManagedHsm")
"""Types whose group `audit` has each access and each change (learn.microsoft.com, "Enable Key Vault logging")."""

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
    "dnsresolver:DnsResolverPolicy": ("DnsResponse",),
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
    "network:NetworkSecurityPerimeter": ("NspPublicInboundPerimeterRulesAllowed",
                                         "NspPublicInboundPerimeterRulesDenied",
                                         "NspPublicOutboundPerimeterRulesAllowed",
                                         "NspPublicOutboundPerimeterRulesDenied"),
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
"""The required categories of each type, if a setting does not record the group of all categories."""
STORAGE_ACCOUNT = "storage:StorageAccount"
"""A storage account writes no log itself. Its blob service does, even if no template declares that."""


def target(resource: Resource) -> str:
    """Return the id that a resource's diagnostic settings must name. Raises `Unknown` if its own id is unknown."""
    own = ids.own(resource)
    return f"{own}/blobservices/default" if resource.type == STORAGE_ACCOUNT else own


def settings_of(resource: Resource, context: PolicyContext) -> list[Resource]:
    """Return the diagnostic settings of this resource, without those of child resources."""
    wanted = target(resource)
    return [
        s for s in context.referencing(SETTING, "resourceUri", resource) if ids.plain(s.at("resourceUri")) == wanted
    ]


def is_activity_log_exported(subscription: str, context: PolicyContext) -> bool:
    """True if the activity log of a subscription is sent to a workspace in the context. Raises `Unknown` if the id or
    the workspace of a setting is unknown."""
    settings = [setting for setting in context.of(ACTIVITY) if ids.subscription(ids.own(setting)) == subscription]
    workspaces = [context.get(ids.plain(setting.at("workspaceId"))) for setting in settings]
    return any(workspace is not None and workspace.type == WORKSPACE for workspace in workspaces)


def missing(setting: Resource, wanted: Iterable[str], type_: str = "") -> list[str]:
    """Return the required categories that a setting does not record. `type_`: that of the resource with the logs."""
    is_enabled: dict[str, bool] = {}
    for entry in entries(setting, "logs"):
        name = lower_text(setting, f"{entry}.categoryGroup") or lower_text(setting, f"{entry}.category")
        is_enabled[name] = setting.at(f"{entry}.enabled") is True
    complete = is_enabled.get(ALL) or (type_ in AUDIT_SUFFICES and is_enabled.get(AUDIT))
    return [] if complete else [category for category in wanted if not is_enabled.get(category.lower())]


def categories_of(type_: str) -> tuple[str, ...]:
    """Return the required categories of a type; for a storage account, those of its blob service."""
    return CATEGORIES["storage:BlobServiceProperties" if type_ == STORAGE_ACCOUNT else type_]
