"""Microsoft.EventGrid: system topics and event subscriptions. Sources: azure-facts 1.1, 3; Event Grid's documents."""

from __future__ import annotations

from collections.abc import Mapping

from local_azure.declare import AzureType, Change, Json, Name
from local_azure.types.common import (
    arm_type,
    guid,
    identity_outputs,
    one,
    place,
    refuse,
    region_of,
    same,
    scope_exists,
    upto,
    user_identities,
)

TOPIC = "azure-native:eventgrid:SystemTopic"
TOPIC_SUBSCRIPTION = "azure-native:eventgrid:SystemTopicEventSubscription"
SUBSCRIPTION = "azure-native:eventgrid:EventSubscription"

SOURCES = {
    "microsoft.storage.storageaccounts": "microsoft.storage/storageaccounts",
    "microsoft.keyvault.vaults": "microsoft.keyvault/vaults",
}
"""Topic types known here, each with the ARM type that its source must be."""
SUBSCRIPTION_NAME = Name(r"[A-Za-z0-9-]{3,64}", "3-64 letters, digits and -", scope="parent")


def _source_is_of_its_type(change: Change) -> None:
    kind, source = str(change.new.get("topicType", "")).lower(), str(change.new.get("source", ""))
    if kind not in SOURCES:
        text = f"topicType {change.new.get('topicType')} is not known here; known: {', '.join(sorted(SOURCES))}."
        refuse("LocalAzureNotImplemented", text, target="topicType")
    if arm_type(source) != SOURCES[kind]:
        refuse(
            "InvalidRequest", f"Source {source} is not of topic type {change.new.get('topicType')}.", target="source"
        )


def _stands_where_its_source_does(change: Change) -> None:
    source = str(change.new.get("source", ""))
    where = region_of(change.cloud, source)
    if where and place(where) != place(change.location):
        text = f"System topic's location {change.location} must match with location of the source resource {where}."
        refuse("InvalidRequest", text, target="location")


def _one_for_a_source(change: Change) -> None:
    for user in change.cloud.users(str(change.new.get("source", ""))):
        alike = user.token == TOPIC and same(user.properties.get("source"), change.new.get("source"))
        if alike and not same(user.id, change.id):
            text = f"Only one system topic is allowed per source: {user.id} already has {change.new.get('source')}."
            refuse("InvalidRequest", text, target=user.id)


def _delivers_somewhere(change: Change) -> None:
    """Directly, or with the topic's identity, and not both."""
    direct, by_identity = change.new.get("destination"), change.new.get("deliveryWithResourceIdentity")
    if bool(direct) == bool(by_identity):
        refuse("InvalidRequest", "An event subscription takes one of destination and deliveryWithResourceIdentity.")
    target = one(by_identity, "destination.resourceId") or one(direct, "resourceId")
    if target and change.cloud.get(target) is None:
        refuse("InvalidRequest", f"The destination resource {target} was not found.", target=target)


def _delivering_identity_is_the_topics(change: Change) -> None:
    kind = one(change.new, "deliveryWithResourceIdentity.identity.type")
    topic = change.cloud.get(str(upto(change.id, "systemTopics") or ""))
    if kind is None or topic is None:
        return
    chosen = one(change.new, "deliveryWithResourceIdentity.identity.userAssignedIdentity")
    held = user_identities(topic.properties)
    system = "SystemAssigned" in str(one(topic.properties, "identity.type", ""))
    if not (system if kind == "SystemAssigned" else any(same(chosen, id_) for id_ in held)):
        text = f"The system topic {topic.id} does not have the {kind} identity that delivers."
        refuse("InvalidRequest", text, target=topic.id)


def _retries_in_range(change: Change) -> None:
    attempts = one(change.new, "retryPolicy.maxDeliveryAttempts", 30)
    minutes = one(change.new, "retryPolicy.eventTimeToLiveInMinutes", 1440)
    if not 1 <= attempts <= 30 or not 1 <= minutes <= 1440:
        refuse("InvalidRequest", "retryPolicy takes 1 to 30 attempts and 1 to 1440 minutes.", target="retryPolicy")


def _topic_outputs(change: Change) -> Mapping[str, Json]:
    outputs: dict[str, Json] = {"provisioningState": "Succeeded", "metricResourceId": guid(change.id, "metric")}
    return {**outputs, **identity_outputs(change)}


def _subscription_outputs(change: Change) -> Mapping[str, Json]:
    topic = upto(change.id, "systemTopics") or str(change.new.get("scope", ""))
    return {"provisioningState": "Succeeded", "topic": topic}


DEFAULTS = {
    "eventDeliverySchema": "EventGridSchema",
    "retryPolicy.maxDeliveryAttempts": 30,
    "retryPolicy.eventTimeToLiveInMinutes": 1440,
}

TYPES = (
    AzureType(
        token=TOPIC,
        name=Name(r"[A-Za-z0-9-]{3,128}", "3-128 letters, digits and -"),
        references={"source": ()},
        fixed=("source", "topicType"),
        computed=_topic_outputs,
        rules=(_source_is_of_its_type, _stands_where_its_source_does, _one_for_a_source),
    ),
    AzureType(
        token=TOPIC_SUBSCRIPTION,
        name=SUBSCRIPTION_NAME,
        location="none",
        defaults=DEFAULTS,
        computed=_subscription_outputs,
        rules=(_delivers_somewhere, _delivering_identity_is_the_topics, _retries_in_range),
    ),
    AzureType(
        token=SUBSCRIPTION,
        path="/{scope}/providers/Microsoft.EventGrid/eventSubscriptions/{eventSubscriptionName}",
        name=SUBSCRIPTION_NAME,
        location="none",
        defaults=DEFAULTS,
        fixed=("scope",),
        computed=_subscription_outputs,
        rules=(scope_exists("scope"), _delivers_somewhere, _retries_in_range),
    ),
)
