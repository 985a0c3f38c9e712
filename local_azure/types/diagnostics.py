"""Microsoft.Insights: diagnostic settings of resources, and of subscriptions for their activity logs. Sources:
azure-facts 1.1, 2.7; categories from Azure Monitor's list of supported resource log categories, and "Azure activity log
event schema"."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from local_azure.declare import AzureType, Change, Json, Name, Stored
from local_azure.types.common import arm_type, every, refuse, same, scope_exists

SETTING = "azure-native:monitor:DiagnosticSetting"
SUBSCRIPTION_SETTING = "azure-native:monitor:SubscriptionDiagnosticSetting"
WORKSPACE = "azure-native:operationalinsights:Workspace"
STORAGE = "azure-native:storage:StorageAccount"
LIMIT = 5  # azure-facts 2.7
DESTINATIONS = ("workspaceId", "storageAccountId", "eventHubAuthorizationRuleId", "marketplacePartnerId")


@dataclass(frozen=True)
class Emits:
    """What a resource type sends: log categories, category groups, metric categories."""

    logs: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ("AllMetrics",)


ACTIVITY = Emits(
    ("Administrative", "Security", "ServiceHealth", "Alert", "Recommendation", "Policy", "Autoscale", "ResourceHealth"),
    metrics=(),
)
"""What a subscription's activity log has; Azure knows no groups of these."""
ALL, AUDIT = ("allLogs",), ("audit", "allLogs")
STORAGE_SERVICE = Emits(
    ("StorageRead", "StorageWrite", "StorageDelete"), AUDIT, ("AllMetrics", "Transaction", "Capacity")
)
METRICS = Emits()
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

EMITS: Mapping[str, Emits] = {
    "microsoft.network/virtualnetworks": Emits(("VMProtectionAlerts",), ALL),
    "microsoft.network/networksecuritygroups": Emits(
        ("NetworkSecurityGroupEvent", "NetworkSecurityGroupRuleCounter"), ALL, ()
    ),
    "microsoft.network/publicipaddresses": Emits(
        ("DDoSProtectionNotifications", "DDoSMitigationFlowLogs", "DDoSMitigationReports"), AUDIT
    ),
    "microsoft.network/azurefirewalls": Emits(tuple(FIREWALL_LOGS.split()), ALL),
    "microsoft.network/bastionhosts": Emits(("BastionAuditLogs",), ALL),
    "microsoft.network/networkinterfaces": METRICS,
    "microsoft.network/privateendpoints": METRICS,
    "microsoft.network/natgateways": METRICS,
    "microsoft.network/privatednszones": METRICS,
    "microsoft.keyvault/vaults": Emits(("AuditEvent", "AzurePolicyEvaluationDetails"), AUDIT),
    "microsoft.storage/storageaccounts": Emits((), (), ("AllMetrics", "Transaction", "Capacity")),
    **{
        f"microsoft.storage/storageaccounts/{service}services": STORAGE_SERVICE
        for service in ("blob", "file", "queue", "table")
    },
    # One category and no group ("Set up logging for malware scanning").
    "microsoft.security/defenderforstoragesettings": Emits(("ScanResults",), (), ()),
    "microsoft.operationalinsights/workspaces": Emits(("Audit", "SummaryLogs"), AUDIT),
    "microsoft.compute/virtualmachines": METRICS,
    "microsoft.eventgrid/systemtopics": Emits(("DeliveryFailures",), ALL),
    "microsoft.dataprotection/backupvaults": Emits(tuple(BACKUP_LOGS.split()), ALL, ("Health", "AllMetrics")),
    "microsoft.insights/datacollectionrules": Emits(("LogErrors", "LogTroubleshooting"), ALL),
}


def _target(change: Change) -> str:
    """What the setting is on: the resource that it names, or the subscription that it is made in."""
    if change.token == SUBSCRIPTION_SETTING:
        return _extended(change.id)
    return f"/{str(change.new.get('resourceUri', '')).strip('/')}"


def _emits(change: Change) -> Emits:
    return ACTIVITY if change.token == SUBSCRIPTION_SETTING else EMITS[arm_type(_target(change))]


def _extended(setting_id: str) -> str:
    """The id of the resource that a setting is on."""
    return setting_id[: setting_id.lower().rindex("/providers/microsoft.insights/diagnosticsettings/")]


def _siblings(change: Change) -> Iterator[Stored]:
    """The other settings on the very same resource, and not on what lies below it."""
    for setting in change.cloud.children(_target(change), change.token):
        if same(_extended(setting.id), _target(change)) and not same(setting.id, change.id):
            yield setting


def _target_emits_something(change: Change) -> None:
    if arm_type(_target(change)) not in EMITS:
        text = f"The resource type '{arm_type(_target(change))}' does not support diagnostic settings."
        refuse("ResourceTypeNotSupported", text, target=_target(change))


def _has_a_destination(change: Change) -> None:
    if not any(change.new.get(path) for path in DESTINATIONS):
        text = "At least one data sink needs to be specified: " + ", ".join(DESTINATIONS)
        refuse("BadRequest", text)


def _sends_something(change: Change) -> None:
    if not change.new.get("logs") and not change.new.get("metrics"):
        refuse("BadRequest", "At least one log or metric category must be specified.")


def _category_or_group(change: Change) -> None:
    for log in every(change.new, "logs[*]"):
        if bool(log.get("category")) == bool(log.get("categoryGroup")):
            refuse("BadRequest", "Each log takes exactly one of category and categoryGroup.")
    if any(not metric.get("category") for metric in every(change.new, "metrics[*]")):
        refuse("BadRequest", "Each metric needs a category.")


def _groups_stand_alone(change: Change) -> None:
    """A group and single categories do not mix in one setting."""
    if every(change.new, "logs[*].category") and every(change.new, "logs[*].categoryGroup"):
        refuse("BadRequest", "Diagnostic settings cannot hold both log categories and log category groups.")


def _categories_are_the_targets(change: Change) -> None:
    emits = _emits(change)
    for path, known, words in (
        ("logs[*].category", emits.logs, "Category"),
        ("logs[*].categoryGroup", emits.groups, "Category group"),
        ("metrics[*].category", emits.metrics, "Metric category"),
    ):
        for category in every(change.new, path):
            if not any(same(str(category), name) for name in known):
                text = f"{words} '{category}' is not supported, supported are: {', '.join(known) or 'none'}"
                refuse("BadRequest", text, target=_target(change))


def _at_most_five(change: Change) -> None:
    if change.old is None and sum(1 for _ in _siblings(change)) >= LIMIT:
        text = f"The limit of {LIMIT} diagnostic settings was reached. To create new diagnostic setting for this "
        refuse("BadRequest", text + "resource, delete an existing one.")


def _categories(properties: Mapping[str, Json], emits: Emits) -> set[str]:
    groups = every(properties, "logs[*].categoryGroup")
    named = every(properties, "logs[*].category") + every(properties, "metrics[*].category")
    return {str(name).lower() for name in named} | ({name.lower() for name in emits.logs} if groups else set())


def _no_sink_twice(change: Change) -> None:
    """Two settings may not send one category to one place (azure-facts 2.7)."""
    emits = _emits(change)
    for sibling in _siblings(change):
        shared = _categories(change.new, emits) & _categories(sibling.properties, emits)
        for path in DESTINATIONS:
            sink = change.new.get(path)
            if sink and shared and same(sink, sibling.properties.get(path)):
                refuse(
                    "Conflict",
                    f"Data sink '{sink}' is already used in diagnostic setting '{sibling.name}' for category "
                    f"'{min(shared)}'. Data sinks can't be reused in different settings on the same category for the "
                    "same resource.",
                    status=409,
                    target=sibling.id,
                )


def _no_retention_of_its_own(change: Change) -> None:
    """Retention by diagnostic setting ended on 30 September 2025; lifecycles took its place."""
    for item in every(change.new, "logs[*]") + every(change.new, "metrics[*]"):
        policy = item.get("retentionPolicy") or {}
        if policy.get("enabled") is True or policy.get("days"):
            refuse("BadRequest", "Diagnostic settings does not support retention for new diagnostic settings.")


NAME = Name(r"[A-Za-z0-9 ._-]{1,260}", "1-260 letters, digits, spaces, ., _ or -", scope="parent")
COMMON = (
    _has_a_destination,
    _sends_something,
    _category_or_group,
    _groups_stand_alone,
    _categories_are_the_targets,
    _at_most_five,
    _no_sink_twice,
    _no_retention_of_its_own,
)
REFERENCES: Mapping[str, tuple[str, ...]] = {"workspaceId": (WORKSPACE,), "storageAccountId": (STORAGE,)}

TYPES = (
    AzureType(
        token=SETTING,
        name=NAME,
        location="none",
        references=REFERENCES,
        fixed=("resourceUri",),
        rules=(_target_emits_something, scope_exists("resourceUri"), *COMMON),
    ),
    AzureType(token=SUBSCRIPTION_SETTING, name=NAME, location="none", references=REFERENCES, rules=COMMON),
)
