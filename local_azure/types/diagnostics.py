"""Microsoft.Insights: diagnostic settings of resources, and of the activity logs of subscriptions.

Facts: docs/azure-facts.md#names-of-monitoring-resources, #diagnostic-settings, #log-categories, #fixed-properties.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from local_azure.model import AzureType, Json, NameRule, Request, StoredResource
from local_azure.types.common import arm_type, refuse, same, scope_exists, values_at

SETTING = "azure-native:monitor:DiagnosticSetting"
SUBSCRIPTION_SETTING = "azure-native:monitor:SubscriptionDiagnosticSetting"
WORKSPACE = "azure-native:operationalinsights:Workspace"
STORAGE = "azure-native:storage:StorageAccount"
MAX_SETTINGS = 5
DESTINATIONS = ("workspaceId", "storageAccountId", "eventHubAuthorizationRuleId", "marketplacePartnerId")


@dataclass(frozen=True)
class SupportedCategories:
    """The log categories, category groups and metric categories of a resource type."""

    logs: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ("AllMetrics",)


ACTIVITY = SupportedCategories(
    ("Administrative", "Security", "ServiceHealth", "Alert", "Recommendation", "Policy", "Autoscale", "ResourceHealth"),
    metrics=(),
)
"""The categories of a subscription's activity log, which has no groups."""
ALL_LOGS, AUDIT_AND_ALL_LOGS = ("allLogs",), ("audit", "allLogs")
STORAGE_SERVICE = SupportedCategories(
    ("StorageRead", "StorageWrite", "StorageDelete"), AUDIT_AND_ALL_LOGS, ("AllMetrics", "Transaction", "Capacity")
)
METRICS_ONLY = SupportedCategories()
FIREWALL_LOGS = (
    "AzureFirewallApplicationRule AzureFirewallNetworkRule AzureFirewallDnsProxy AZFWApplicationRule "
    "AZFWApplicationRuleAggregation AZFWDnsQuery AZFWDnsAdditional AZFWFatFlow AZFWFlowTrace AZFWFqdnResolveFailure "
    "AZFWIdpsSignature AZFWInternalFqdnResolutionFailure AZFWNatRule AZFWNatRuleAggregation AZFWNetworkRule "
    "AZFWNetworkRuleAggregation AZFWThreatIntel"
)
BACKUP_LOGS = (
    "CoreAzureBackup AddonAzureBackupJobs AddonAzureBackupPolicy "
    "AddonAzureBackupProtectedInstance AzureBackupOperations"
)

SUPPORTED: Mapping[str, SupportedCategories] = {
    "microsoft.network/dnsresolverpolicies": SupportedCategories(
        ("DnsResponse",), metrics=("ResolverPolicyRuleCount", "ResolverPolicyVNetLinksCount")
    ),
    "microsoft.network/virtualnetworks": SupportedCategories(("VMProtectionAlerts",), ALL_LOGS),
    "microsoft.network/networksecuritygroups": SupportedCategories(
        ("NetworkSecurityGroupEvent", "NetworkSecurityGroupRuleCounter"), ALL_LOGS, ()
    ),
    "microsoft.network/publicipaddresses": SupportedCategories(
        ("DDoSProtectionNotifications", "DDoSMitigationFlowLogs", "DDoSMitigationReports"), AUDIT_AND_ALL_LOGS
    ),
    "microsoft.network/azurefirewalls": SupportedCategories(tuple(FIREWALL_LOGS.split()), ALL_LOGS),
    "microsoft.network/bastionhosts": SupportedCategories(("BastionAuditLogs",), ALL_LOGS),
    "microsoft.network/virtualnetworkgateways": SupportedCategories(
        ("GatewayDiagnosticLog", "IKEDiagnosticLog", "P2SDiagnosticLog", "RouteDiagnosticLog", "TunnelDiagnosticLog"),
        ALL_LOGS,
    ),
    "microsoft.network/networkinterfaces": METRICS_ONLY,
    "microsoft.network/privateendpoints": METRICS_ONLY,
    "microsoft.network/natgateways": METRICS_ONLY,
    "microsoft.network/privatednszones": METRICS_ONLY,
    "microsoft.keyvault/vaults": SupportedCategories(
        ("AuditEvent", "AzurePolicyEvaluationDetails"), AUDIT_AND_ALL_LOGS
    ),
    "microsoft.storage/storageaccounts": SupportedCategories((), (), ("AllMetrics", "Transaction", "Capacity")),
    **{
        f"microsoft.storage/storageaccounts/{service}services": STORAGE_SERVICE
        for service in ("blob", "file", "queue", "table")
    },
    "microsoft.containerregistry/registries": SupportedCategories(
        ("ContainerRegistryLoginEvents", "ContainerRegistryRepositoryEvents"), AUDIT_AND_ALL_LOGS
    ),
    "microsoft.security/defenderforstoragesettings": SupportedCategories(("ScanResults",), (), ()),
    "microsoft.operationalinsights/workspaces": SupportedCategories(("Audit", "SummaryLogs"), AUDIT_AND_ALL_LOGS),
    "microsoft.compute/virtualmachines": METRICS_ONLY,
    "microsoft.eventgrid/systemtopics": SupportedCategories(("DeliveryFailures",), ALL_LOGS),
    "microsoft.dataprotection/backupvaults": SupportedCategories(
        tuple(BACKUP_LOGS.split()), ALL_LOGS, ("Health", "AllMetrics")
    ),
    "microsoft.insights/datacollectionrules": SupportedCategories(("LogErrors", "LogTroubleshooting"), ALL_LOGS),
}


def _target(request: Request) -> str:
    """Return the id of the resource, or of the subscription, that the setting extends."""
    if request.token == SUBSCRIPTION_SETTING:
        return _extended_resource(request.id)
    return f"/{str(request.new.get('resourceUri', '')).strip('/')}"


def _supported(request: Request) -> SupportedCategories:
    return ACTIVITY if request.token == SUBSCRIPTION_SETTING else SUPPORTED[arm_type(_target(request))]


def _extended_resource(setting_id: str) -> str:
    """Return the id of the resource that a setting extends, from the setting's id."""
    return setting_id[: setting_id.lower().rindex("/providers/microsoft.insights/diagnosticsettings/")]


def _siblings(request: Request) -> Iterator[StoredResource]:
    """Yield the other settings of the same resource."""
    for setting in request.cloud.children(_target(request), request.token):
        if same(_extended_resource(setting.id), _target(request)) and not same(setting.id, request.id):
            yield setting


def _target_is_supported(request: Request) -> None:
    if arm_type(_target(request)) not in SUPPORTED:
        text = f"The resource type '{arm_type(_target(request))}' does not support diagnostic settings."
        refuse("ResourceTypeNotSupported", text, target=_target(request))


def _has_a_destination(request: Request) -> None:
    if not any(request.new.get(path) for path in DESTINATIONS):
        text = "At least one data sink needs to be specified: " + ", ".join(DESTINATIONS)
        refuse("BadRequest", text)


def _has_categories(request: Request) -> None:
    if not request.new.get("logs") and not request.new.get("metrics"):
        refuse("BadRequest", "At least one log or metric category must be specified.")


def _category_or_group(request: Request) -> None:
    for log in values_at(request.new, "logs[*]"):
        if bool(log.get("category")) == bool(log.get("categoryGroup")):
            refuse("BadRequest", "Each log takes exactly one of category and categoryGroup.")
    if any(not metric.get("category") for metric in values_at(request.new, "metrics[*]")):
        refuse("BadRequest", "Each metric needs a category.")


def _groups_and_categories_not_mixed(request: Request) -> None:
    """A setting has category groups or single categories."""
    if values_at(request.new, "logs[*].category") and values_at(request.new, "logs[*].categoryGroup"):
        refuse("BadRequest", "Diagnostic settings cannot hold both log categories and log category groups.")


def _categories_are_supported(request: Request) -> None:
    supported = _supported(request)
    for path, known, words in (
        ("logs[*].category", supported.logs, "Category"),
        ("logs[*].categoryGroup", supported.groups, "Category group"),
        ("metrics[*].category", supported.metrics, "Metric category"),
    ):
        for category in values_at(request.new, path):
            if not any(same(str(category), name) for name in known):
                text = f"{words} '{category}' is not supported, supported are: {', '.join(known) or 'none'}"
                refuse("BadRequest", text, target=_target(request))


def _setting_limit(request: Request) -> None:
    if request.old is None and sum(1 for _ in _siblings(request)) >= MAX_SETTINGS:
        text = (
            f"The limit of {MAX_SETTINGS} diagnostic settings was reached. To create new diagnostic setting for this "
        )
        refuse("BadRequest", text + "resource, delete an existing one.")


def _categories(properties: Mapping[str, Json], supported: SupportedCategories) -> set[str]:
    groups = values_at(properties, "logs[*].categoryGroup")
    named = values_at(properties, "logs[*].category") + values_at(properties, "metrics[*].category")
    return {str(name).lower() for name in named} | ({name.lower() for name in supported.logs} if groups else set())


def _destination_is_not_duplicated(request: Request) -> None:
    """Two settings of a resource cannot send one category to one destination."""
    supported = _supported(request)
    for sibling in _siblings(request):
        shared = _categories(request.new, supported) & _categories(sibling.properties, supported)
        for path in DESTINATIONS:
            sink = request.new.get(path)
            if sink and shared and same(sink, sibling.properties.get(path)):
                refuse(
                    "Conflict",
                    f"Data sink '{sink}' is already used in diagnostic setting '{sibling.name}' for category "
                    f"'{min(shared)}'. Data sinks can't be reused in different settings on the same category for the "
                    "same resource.",
                    status=409,
                    target=sibling.id,
                )


def _no_retention_policy(request: Request) -> None:
    """Retention in a diagnostic setting ended on 30 September 2025."""
    for item in values_at(request.new, "logs[*]") + values_at(request.new, "metrics[*]"):
        policy = item.get("retentionPolicy") or {}
        if policy.get("enabled") is True or policy.get("days"):
            refuse("BadRequest", "Diagnostic settings does not support retention for new diagnostic settings.")


NAME = NameRule(r"[A-Za-z0-9 ._-]{1,260}", "1-260 letters, digits, spaces, ., _ or -")
COMMON_CONSTRAINTS = (
    _has_a_destination,
    _has_categories,
    _category_or_group,
    _groups_and_categories_not_mixed,
    _categories_are_supported,
    _setting_limit,
    _destination_is_not_duplicated,
    _no_retention_policy,
)
REFERENCES: Mapping[str, tuple[str, ...]] = {"workspaceId": (WORKSPACE,), "storageAccountId": (STORAGE,)}

TYPES = (
    AzureType(
        token=SETTING,
        name=NAME,
        location="none",
        references=REFERENCES,
        constraints=(_target_is_supported, scope_exists("resourceUri"), *COMMON_CONSTRAINTS),
    ),
    AzureType(
        token=SUBSCRIPTION_SETTING, name=NAME, location="none", references=REFERENCES, constraints=COMMON_CONSTRAINTS
    ),
)
