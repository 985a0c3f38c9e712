from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.local_azure.types.support import SUBSCRIPTION, World, refused

SCOPE = f"/subscriptions/{SUBSCRIPTION}"


def setting(world: World, target: str, name: str = "to-logs", **more: Any) -> str:
    more = {"logs": [{"categoryGroup": "allLogs", "enabled": True}]} | more
    return world.make("monitor:DiagnosticSetting", resourceUri=target, name=name, **more)


def test_setting_needs_a_category_and_a_destination(world: World) -> None:
    vnet, logs = world.vnet(), world.workspace()
    with refused("BadRequest"):
        setting(world, vnet)
    with refused("BadRequest"):
        setting(world, vnet, workspaceId=logs, logs=[])
    with refused("InvalidResourceReference"):
        setting(world, vnet, workspaceId=logs.replace("/logs", "/nowhere"))
    setting(world, vnet, workspaceId=logs)


@pytest.mark.parametrize(
    "log",
    [
        {"category": "AuditEvent"},
        {"categoryGroup": "audit"},
        {"category": "VMProtectionAlerts", "categoryGroup": "allLogs"},
        {},
    ],
)
def test_category_must_be_one_of_the_resource_type(world: World, log: dict[str, Any]) -> None:
    vnet, logs = world.vnet(), world.workspace()
    with refused("BadRequest"):
        setting(world, vnet, workspaceId=logs, logs=[log | {"enabled": True}])


def test_types_with_metrics_only_or_without_categories(world: World) -> None:
    world.vnet()
    nic, logs = world.nic(subnet=world.subnet()), world.workspace()
    with refused("BadRequest"):
        setting(world, nic, workspaceId=logs)
    setting(world, nic, workspaceId=logs, logs=[], metrics=[{"category": "AllMetrics", "enabled": True}])
    with refused("ResourceTypeNotSupported"):
        setting(world, world.make("network:RouteTable", routeTableName="rt"), workspaceId=logs)


def test_blob_service_supports_settings_without_a_declaration(world: World) -> None:
    account, logs = world.account(), world.workspace()
    setting(world, f"{account}/blobServices/default", workspaceId=logs)
    with refused("BadRequest"):
        setting(world, account, workspaceId=logs)


def test_category_has_one_setting_for_each_destination(world: World) -> None:
    vault, logs, store = world.vault(), world.workspace(), world.account()
    setting(world, vault, workspaceId=logs)
    with refused("Conflict"):
        setting(world, vault, "again", workspaceId=logs, logs=[{"category": "AuditEvent", "enabled": True}])
    setting(world, vault, "kept", storageAccountId=store)


def test_resource_has_at_most_five_settings(world: World) -> None:
    vault = world.vault()
    for number in range(5):
        setting(world, vault, f"s{number}", workspaceId=world.workspace(f"logs-{number}"))
    with refused("BadRequest"):
        setting(world, vault, "s5", workspaceId=world.workspace("logs-5"))


def test_retention_in_a_setting_is_refused(world: World) -> None:
    logs = [{"categoryGroup": "allLogs", "enabled": True, "retentionPolicy": {"enabled": True, "days": 30}}]
    with refused("BadRequest"):
        setting(world, world.vnet(), workspaceId=world.workspace(), logs=logs)


ACTIVITY = ("Administrative", "Security", "ServiceHealth", "Alert", "Recommendation", "Policy", "Autoscale",
            "ResourceHealth")  # fmt: skip


def activity(world: World, name: str = "to-logs", *, categories: tuple[str, ...] = ACTIVITY, **more: Any) -> str:
    logs = [{"category": category, "enabled": True} for category in categories]
    return world.make("monitor:SubscriptionDiagnosticSetting", name=name, **{"logs": logs} | more)


def test_activity_log_is_sent_to_a_workspace(world: World) -> None:
    made = activity(world, workspaceId=world.workspace())
    assert made == f"{SCOPE}/providers/Microsoft.Insights/diagnosticSettings/to-logs"
    assert [log["category"] for log in world.read(made)["logs"]] == list(ACTIVITY)
    world.change(made, workspaceId=world.workspace("other"))


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({}, "BadRequest"),
        ({"workspaceId": "/nowhere"}, "InvalidResourceReference"),
        ({"logs": []}, "BadRequest"),
        ({"categories": ("Administrative", "allLogs")}, "BadRequest"),
        ({"categories": ("AuditEvent",)}, "BadRequest"),
        ({"logs": [{"categoryGroup": "allLogs", "enabled": True}]}, "BadRequest"),
    ],
)
def test_invalid_activity_log_setting_is_refused(world: World, more: dict[str, Any], code: str) -> None:
    logs = world.workspace()
    nowhere = {"workspaceId": logs.replace("/logs", "/nowhere")}
    given = {"workspaceId": logs} | more if more else {}
    with refused(code):
        activity(world, **given | (nowhere if more.get("workspaceId") else {}))


def test_subscription_has_at_most_five_settings_of_its_own(world: World) -> None:
    setting(world, world.vault(), workspaceId=world.workspace())
    for number in range(5):
        activity(world, f"s{number}", workspaceId=world.workspace(f"logs-{number}"))
    with refused("BadRequest"):
        activity(world, "s5", workspaceId=world.workspace("logs-5"))


def test_settings_of_a_subscription_have_different_destinations(world: World) -> None:
    logs = world.workspace()
    activity(world, "one", workspaceId=logs)
    with refused("Conflict"):
        activity(world, "two", categories=("Policy",), workspaceId=logs)
    activity(world, "two", workspaceId=world.workspace("other"))


@pytest.mark.parametrize("days", [29, 731])
def test_workspace_retention_is_in_range(world: World, days: int) -> None:
    with refused("InvalidParameter"):
        world.workspace(retentionInDays=days)
    found = world.read(world.workspace(retentionInDays=365))
    assert found["publicNetworkAccessForQuery"] == "Enabled"
    assert len(found["customerId"]) == 36


def test_workspace_sku_is_available(world: World) -> None:
    with refused("InvalidParameter"):
        world.workspace(sku={"name": "Standard"})
    with refused("InvalidParameter"):
        world.workspace(sku={"name": "CapacityReservation", "capacityReservationLevel": 150})
    world.workspace(sku={"name": "CapacityReservation", "capacityReservationLevel": 100})


def test_create_recovers_a_deleted_workspace(world: World) -> None:
    first = world.workspace()
    before = world.read(first)["customerId"]
    world.remove(first)
    assert world.read(world.workspace())["customerId"] == before


def test_invalid_action_group_is_refused(world: World) -> None:
    made = {"enabled": True, "actionGroupName": "alarm"}
    with refused("InvalidActionGroupShortName"):
        world.make("monitor:ActionGroup", groupShortName="much-too-long-a-name", **made)
    receiver = {"name": "stewards", "emailAddress": "nobody"}
    with refused("InvalidReceiverEmail"):
        world.make("monitor:ActionGroup", groupShortName="alarm", emailReceivers=[receiver], **made)
    receiver["emailAddress"] = "stewards@example.org"
    with refused("DuplicateReceiverName"):
        world.make("monitor:ActionGroup", groupShortName="alarm", emailReceivers=[receiver, receiver], **made)
    world.make("monitor:ActionGroup", groupShortName="alarm", emailReceivers=[receiver], **made)


def test_private_link_scope_links_a_workspace_once(world: World) -> None:
    modes = {"ingestionAccessMode": "PrivateOnly", "queryAccessMode": "PrivateOnly"}
    world.make("monitor:PrivateLinkScope", scopeName="ampls", accessModeSettings=modes)
    logs = world.workspace()
    world.make("monitor:PrivateLinkScopedResource", scopeName="ampls", name="logs", linkedResourceId=logs)
    with refused("ScopedResourceAlreadyLinked"):
        world.make("monitor:PrivateLinkScopedResource", scopeName="ampls", name="again", linkedResourceId=logs)


def test_data_flow_needs_a_declared_destination(world: World) -> None:
    logs = world.workspace()
    made = {
        "dataCollectionRuleName": "dcr",
        "destinations": {"logAnalytics": [{"name": "central", "workspaceResourceId": logs}]},
    }
    flow = {"streams": ["Microsoft-Syslog"], "destinations": ["elsewhere"]}
    with refused("InvalidPayload"):
        world.make("monitor:DataCollectionRule", dataFlows=[flow], **made)
    rule = world.make("monitor:DataCollectionRule", dataFlows=[flow | {"destinations": ["central"]}], **made)
    assert world.read(rule)["immutableId"].startswith("dcr-")


def test_budget_needs_a_valid_start_and_recipients(world: World) -> None:
    made = {"scope": SCOPE, "budgetName": "b", "amount": 100, "category": "Cost", "timeGrain": "Monthly"}
    first = {"startDate": f"{datetime.now(UTC).date().replace(day=1)}T00:00:00Z"}
    with refused("400"):
        world.make("consumption:Budget", timePeriod={"startDate": "2026-04-01T00:00:00Z"}, **made)
    with refused("400"):
        world.make("consumption:Budget", timePeriod={"startDate": "2026-04-02T00:00:00Z"}, **made)
    notice = {"enabled": True, "operator": "GreaterThan", "threshold": 80, "contactEmails": []}
    with refused("400"):
        world.make("consumption:Budget", timePeriod=first, notifications={"n": notice}, **made)
    notice["contactEmails"] = ["stewards@example.org"]
    world.make("consumption:Budget", timePeriod=first, notifications={"n": notice}, **made)


def test_source_has_one_system_topic_in_its_region(world: World) -> None:
    account = world.account()
    made = {"source": account, "topicType": "Microsoft.Storage.StorageAccounts"}
    with refused("InvalidRequest"):
        world.make("eventgrid:SystemTopic", systemTopicName="far", location="ukwest", **made)
    with refused("InvalidRequest"):
        world.make(
            "eventgrid:SystemTopic", systemTopicName="bad", **(made | {"topicType": "Microsoft.KeyVault.vaults"})
        )
    topic = world.make("eventgrid:SystemTopic", systemTopicName="intake", identity={"type": "SystemAssigned"}, **made)
    with refused("InvalidRequest"):
        world.make("eventgrid:SystemTopic", systemTopicName="again", **made)
    assert world.read(topic)["identity"]["principalId"]
    queue = {"endpointType": "StorageQueue", "resourceId": account, "queueName": "intake"}
    sub = {"systemTopicName": "intake", "eventSubscriptionName": "new-blobs"}
    with refused("InvalidRequest"):
        world.make("eventgrid:SystemTopicEventSubscription", **sub)
    world.make("eventgrid:SystemTopicEventSubscription", destination=queue, **sub)


def test_backup_vault_is_locked_only_from_unlocked(world: World) -> None:
    def properties(state: str, days: int = 14) -> dict[str, Any]:
        soft = {"state": "AlwaysOn", "retentionDurationInDays": days}
        security = {"immutabilitySettings": {"state": state}, "softDeleteSettings": soft}
        store = [{"datastoreType": "VaultStore", "type": "ZoneRedundant"}]
        return {"storageSettings": store, "securitySettings": security}

    with refused("BMSUserErrorImmutabilityStateTransition"):
        world.make("dataprotection:BackupVault", vaultName="bv-1", properties=properties("Locked"))
    with refused("BMSUserErrorInvalidInput"):
        world.make("dataprotection:BackupVault", vaultName="bv-1", properties=properties("Unlocked", 7))
    vault = world.make("dataprotection:BackupVault", vaultName="bv-1", properties=properties("Unlocked"))
    world.change(vault, properties=properties("Locked"))
    with refused("BMSUserErrorImmutabilityStateTransition"):
        world.change(vault, properties=properties("Unlocked"))
