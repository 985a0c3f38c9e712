"""Weaknesses of logs: diagnostic settings, workspaces, access to them, and flow logs.

Sources: learn.microsoft.com, "Diagnostic settings in Azure Monitor", "Use Azure Private Link to connect networks to
Azure Monitor", "Virtual network flow logs".
"""

from collections.abc import Iterator, Mapping

from formats.plan import UNKNOWN
from policies.azure_semantics.diagnostics import CONTROL_PLANE
from policies.model import PolicyContext, Resource
from policies.mutations.model import Harmless, Removal, Rework, Table, Value, Weakening
from policies.mutations.table import external

UNLOGGED = "operations there would not be logged"
LOGS_OPEN = "logs could be read or forged from the public network"
COPIED = "a copy of the logs would leave the estate"


def _logs(setting: Resource, _: PolicyContext) -> bool:
    """True if it sends logs; a storage account itself has only metrics, and its blob service the logs."""
    return bool(setting.at("logs"))


def _by_category(setting: Resource, _: PolicyContext) -> bool:
    """True if it names categories, since the type has no category group."""
    return bool(setting.each("logs[*].category"))


def _more_than_audit(setting: Resource, _: PolicyContext) -> bool:
    """True if the audit category group does not record everything; workspaces and key vaults require no other."""
    return not any(kind in str(setting.at("resourceUri")) for kind in ("/workspaces/", "/vaults/"))


SETTING = Table(
    "monitor:DiagnosticSetting",
    weakenings=(
        Weakening("workspaceId", (external.WORKSPACE,), UNLOGGED),
        Weakening("resourceUri", (external.STORE,), UNLOGGED, missing_ok="Azure refuses a setting without a resource",
                  when=_logs),
        Weakening("logs", ([],), UNLOGGED, when=_logs),
        Weakening("logs[*].enabled", (False,), UNLOGGED),
        Weakening("logs[*].categoryGroup", ("audit",), "not every operation there would be logged",
                  when=_more_than_audit),
        Weakening("logs[*].category", ("AnotherCategory",), "no operation there would be logged",
                  when=_by_category),
        Weakening("storageAccountId", (external.STORE,), COPIED),
        Weakening("eventHubAuthorizationRuleId", (external.EVENT_HUB,), COPIED),
        Weakening("marketplacePartnerId", (f"{external.PROVIDERS}/Microsoft.Datadog/monitors/elsewhere",), COPIED),
    ),
    harmless=(
        Harmless("logAnalyticsDestinationType", "selects a table of the same workspace"),
        Harmless("metrics", "metrics do not identify the caller"),
    ),
    removal=Removal(UNLOGGED, when=_logs),
)  # fmt: skip


def _fewer_categories(inputs: Mapping[str, Value]) -> Iterator[tuple[str, Mapping[str, Value]]]:
    """Yield a category of changes or attacks that is disabled, left out, or unknown."""
    found = inputs.get("logs")
    logs: list[Value] = list(found) if isinstance(found, list | tuple) else []
    for place, log in enumerate(logs):
        if isinstance(log, Mapping) and log.get("category") in CONTROL_PLANE:
            rest = [*logs[:place], *logs[place + 1 :]]
            yield f"{log['category']} left out", {**inputs, "logs": rest}
            for enabled in (False, UNKNOWN):
                one = {**log, "enabled": enabled}
                yield f"{log['category']}.enabled = {enabled}", {**inputs, "logs": [*rest, one]}


UNRECORDED = "changes in the subscription would not be recorded"
ACTIVITY = Table(
    "monitor:SubscriptionDiagnosticSetting",
    weakenings=(
        Weakening("workspaceId", (external.WORKSPACE,), UNRECORDED),
        Weakening("logs", ([],), UNRECORDED),
        Rework(("logs[*].enabled", "logs[*].category"), _fewer_categories, UNRECORDED),
        Weakening("storageAccountId", (external.STORE,), COPIED),
        Weakening("eventHubAuthorizationRuleId", (external.EVENT_HUB,), COPIED),
        Weakening("marketplacePartnerId", (f"{external.PROVIDERS}/Microsoft.Datadog/monitors/elsewhere",), COPIED),
    ),
    removal=Removal(UNRECORDED),
)
WORKSPACE = Table(
    "operationalinsights:Workspace",
    weakenings=(
        Weakening("publicNetworkAccessForIngestion", ("Enabled",), LOGS_OPEN),
        Weakening("publicNetworkAccessForQuery", ("Enabled",), LOGS_OPEN),
        Weakening("retentionInDays", (30, 364), "logs would be deleted before an attack is found"),
        Weakening("features", (None,), "logs could be forged with a shared key"),
        Weakening("features.disableLocalAuth", (False,), "logs could be forged with a shared key"),
        Weakening("features.enableLogAccessUsingOnlyResourcePermissions", (True,),
                  "researchers would read the logs of everybody's connections"),
        Weakening("features.enableDataExport", (True,), COPIED, missing_ok="Azure's default is off"),
        Weakening("features.immediatePurgeDataOn30Days", (True,), "logs would be deleted after 30 days",
                  missing_ok="Azure's default is off"),
        Weakening("workspaceCapping.dailyQuotaGb", (0.1,), "a large number of events would stop the log for the day",
                  missing_ok="Azure's default is no limit"),
    ),
    harmless=(
        Harmless("sku", "Azure refuses a retention of one year in cheaper ones"),
    ),
)  # fmt: skip
SCOPE = Table(
    "monitor:PrivateLinkScope",
    weakenings=(
        Weakening("accessModeSettings.ingestionAccessMode", ("Open",), "logs could be sent to any tenant's workspace"),
        Weakening("accessModeSettings.queryAccessMode", ("Open",), "any tenant's workspace could be queried"),
        Weakening("accessModeSettings.exclusions",
                  ([{"privateEndpointConnectionName": "pep-wmsde-platform-logs-scope", "ingestionAccessMode": "Open",
                     "queryAccessMode": "Open"}],), "logs could be sent to any tenant's workspace"),
    ),
    removal=Removal("logs would be sent over the public network"),
)  # fmt: skip
SCOPED = Table(
    "monitor:PrivateLinkScopedResource",
    weakenings=(
        Weakening(
            "linkedResourceId",
            (external.WORKSPACE,),
            "logs could be sent to a foreign workspace",
            missing_ok="Azure refuses a link to nothing",
        ),
    ),
    removal=Removal("logs would be sent over the public network"),
)
FLOWS = Table(
    "network:FlowLog",
    weakenings=(
        Weakening("enabled", (False,), UNLOGGED),
        Weakening("retentionPolicy", tuple({"enabled": True, "days": days} for days in (1, 89)),
                  "logs would be deleted before an attack is found",
                  missing_ok="without retention of its own, the lifecycle of its account decides"),
        Weakening("storageId", (external.STORE,), "an account outside of the estate would have the flow logs",
                  missing_ok="Azure refuses a flow log without an account"),
        Weakening("targetResourceId", (external.NETWORK,), UNLOGGED,
                  missing_ok="Azure refuses a log without a target"),
        Weakening("enabledFilteringCriteria", ("dstport=443",), "not all traffic would be logged"),
    ),
    harmless=(
        Harmless("format", "the format only"),
        Harmless("identity", "another identity cannot write, and Azure reports that"),
        Harmless("retentionPolicy.enabled", "on with 0 days keeps the records; on with days is weakened above"),
        Harmless("retentionPolicy.days", "without effect while it is off"),
    ),
    removal=Removal(UNLOGGED),
)  # fmt: skip
BUDGET = Table(
    "consumption:Budget",
    weakenings=(
        Weakening("amount", (10_000_000,), "nobody would be told what a project costs"),
        Weakening("notifications.*.contactEmails", (["someone@elsewhere.example"],),
                  "people whom nobody named would be told what a project costs"),
    ),
    harmless=(
        Harmless("category", "costs alone: Azure has budgets for reservations that are no resource group's"),
        Harmless("notifications", "alerts stop nothing"),
        Harmless("timeGrain", "the period of the amount only"),
        Harmless("timePeriod.startDate", "the month in which it was made"),
    ),
)  # fmt: skip
TABLES = (BUDGET, SETTING, ACTIVITY, WORKSPACE, SCOPE, SCOPED, FLOWS)
