"""Weaknesses of records: logs, who may query them, and flow logs.

Sources: learn.microsoft.com, "Diagnostic settings in Azure Monitor", "Use Azure Private Link to connect networks to
Azure Monitor", "Virtual network flow logs".
"""

from collections.abc import Iterator, Mapping

from formats.plan import UNKNOWN
from policies.azure_semantics.diagnostics import CONTROL_PLANE
from policies.model import PolicyContext, Resource
from policies.mutations.model import Harmless, Removal, Rework, Table, Value, Weakening
from policies.mutations.table import elsewhere

UNSEEN = "what is done there would leave no trace"
LOGS_OPEN = "logs could be read or forged from the public network"
COPIED = "a copy of the logs would go elsewhere"


def _logs(setting: Resource, _: PolicyContext) -> bool:
    """True if it sends logs; a storage account itself has only metrics, and its blob service the logs."""
    return bool(setting.at("logs"))


def _by_category(setting: Resource, _: PolicyContext) -> bool:
    """True if it names categories, since the type has no category group."""
    return bool(setting.each("logs[*].category"))


def _more_than_audit(setting: Resource, _: PolicyContext) -> bool:
    """True if the audit category group does not record all: that is required of a workspace."""
    return "/workspaces/" not in str(setting.at("resourceUri"))


SETTING = Table(
    "monitor:DiagnosticSetting",
    weakenings=(
        Weakening("workspaceId", (elsewhere.WORKSPACE,), UNSEEN),
        Weakening("resourceUri", (elsewhere.STORE,), UNSEEN, absent="Azure refuses a setting of nothing",
                  when=_logs),
        Weakening("logs", ([],), UNSEEN, when=_logs),
        Weakening("logs[*].enabled", (False,), UNSEEN),
        Weakening("logs[*].categoryGroup", ("audit",), "not all that is done there would leave a trace",
                  when=_more_than_audit),
        Weakening("logs[*].category", ("AnotherCategory",), "none of what is done there would leave a trace",
                  when=_by_category),
        Weakening("storageAccountId", (elsewhere.STORE,), COPIED),
        Weakening("eventHubAuthorizationRuleId", (elsewhere.EVENT_HUB,), COPIED),
        Weakening("marketplacePartnerId", (f"{elsewhere.PROVIDERS}/Microsoft.Datadog/monitors/elsewhere",), COPIED),
    ),
    harmless=(
        Harmless("logAnalyticsDestinationType", "which table of the same workspace"),
        Harmless("metrics", "figures say how much is done, not by whom"),
    ),
    removal=Removal(UNSEEN, when=_logs),
)  # fmt: skip


def _half_deaf(inputs: Mapping[str, Value]) -> Iterator[tuple[str, Mapping[str, Value]]]:
    """Yield a category of changes or attacks that is switched off, left out, or neither on nor off for certain."""
    told = inputs.get("logs")
    logs: list[Value] = list(told) if isinstance(told, list | tuple) else []
    for place, log in enumerate(logs):
        if isinstance(log, Mapping) and log.get("category") in CONTROL_PLANE:
            rest = [*logs[:place], *logs[place + 1 :]]
            yield f"{log['category']} left out", {**inputs, "logs": rest}
            for enabled in (False, UNKNOWN):
                one = {**log, "enabled": enabled}
                yield f"{log['category']}.enabled = {enabled}", {**inputs, "logs": [*rest, one]}


UNTOLD = "nobody could tell who changed what in the subscription"
ACTIVITY = Table(
    "monitor:SubscriptionDiagnosticSetting",
    weakenings=(
        Weakening("workspaceId", (elsewhere.WORKSPACE,), UNTOLD),
        Weakening("logs", ([],), UNTOLD),
        Rework(("logs[*].enabled", "logs[*].category"), _half_deaf, UNTOLD),
        Weakening("storageAccountId", (elsewhere.STORE,), COPIED),
        Weakening("eventHubAuthorizationRuleId", (elsewhere.EVENT_HUB,), COPIED),
        Weakening("marketplacePartnerId", (f"{elsewhere.PROVIDERS}/Microsoft.Datadog/monitors/elsewhere",), COPIED),
    ),
    removal=Removal(UNTOLD),
)
WORKSPACE = Table(
    "operationalinsights:Workspace",
    weakenings=(
        Weakening("publicNetworkAccessForIngestion", ("Enabled",), LOGS_OPEN),
        Weakening("publicNetworkAccessForQuery", ("Enabled",), LOGS_OPEN),
        Weakening("retentionInDays", (30, 364), "an attack would be found after its traces are gone"),
        Weakening("features", (None,), "logs could be forged with a key that names nobody"),
        Weakening("features.disableLocalAuth", (False,), "logs could be forged with a key that names nobody"),
        Weakening("features.enableDataExport", (True,), COPIED, absent="Azure's default is off"),
        Weakening("features.immediatePurgeDataOn30Days", (True,), "logs would be gone after 30 days",
                  absent="Azure's default is off"),
        Weakening("workspaceCapping.dailyQuotaGb", (0.1,), "who makes enough noise stops the log for the day",
                  absent="Azure's default is no limit"),
    ),
    harmless=(
        Harmless("features.enableLogAccessUsingOnlyResourcePermissions", "grants decide who reads, either way"),
        Harmless("sku", "Azure refuses a year's retention in lesser ones"),
    ),
)  # fmt: skip
SCOPE = Table(
    "monitor:PrivateLinkScope",
    weakenings=(
        Weakening("accessModeSettings.ingestionAccessMode", ("Open",), "logs could go to any workspace of anybody"),
        Weakening("accessModeSettings.queryAccessMode", ("Open",), "any workspace of anybody could be asked"),
        Weakening("accessModeSettings.exclusions",
                  ([{"privateEndpointConnectionName": "pep-wmsde-platform-logs-scope", "ingestionAccessMode": "Open",
                     "queryAccessMode": "Open"}],), "logs could go to any workspace of anybody"),
    ),
    removal=Removal("logs would go over the public network"),
)  # fmt: skip
SCOPED = Table(
    "monitor:PrivateLinkScopedResource",
    weakenings=(
        Weakening(
            "linkedResourceId",
            (elsewhere.WORKSPACE,),
            "logs could be sent to a foreign workspace",
            absent="Azure refuses a link to nothing",
        ),
    ),
    removal=Removal("logs would go over the public network"),
)
FLOWS = Table(
    "network:FlowLog",
    weakenings=(
        Weakening("enabled", (False,), UNSEEN),
        Weakening("retentionPolicy", (None,), "an attack would be found after its traces are gone"),
        Weakening("retentionPolicy.days", (1, 89), "an attack would be found after its traces are gone"),
        Weakening("storageId", (elsewhere.STORE,), "a foreign store would have the record of all traffic",
                  absent="Azure refuses a record without a store"),
        Weakening("targetResourceId", (elsewhere.NETWORK,), UNSEEN, absent="Azure refuses a record of nothing"),
        Weakening("enabledFilteringCriteria", ("dstport=443",), "not all traffic would leave a trace"),
    ),
    harmless=(
        Harmless("format", "how it is written"),
        Harmless("identity", "another identity cannot write: Azure says so"),
        Harmless("retentionPolicy.enabled", "off keeps the record for ever"),
    ),
    removal=Removal(UNSEEN),
)  # fmt: skip
TABLES = (SETTING, ACTIVITY, WORKSPACE, SCOPE, SCOPED, FLOWS)
