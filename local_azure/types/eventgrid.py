"""Microsoft.EventGrid: system topics and event subscriptions.

Facts: docs/azure-facts.md#names-of-event-grid-resources, #event-grid, #fixed-properties.
"""

from __future__ import annotations

from collections.abc import Mapping

from local_azure.locations import normal_location
from local_azure.model import AzureType, Json, NameRule, Request
from local_azure.types.common import (
    ancestor_id,
    arm_type,
    guid,
    identity_outputs,
    refuse,
    region_of,
    same,
    scope_exists,
    user_assigned_identity_ids,
    value_at,
)

TOPIC = "azure-native:eventgrid:SystemTopic"
TOPIC_SUBSCRIPTION = "azure-native:eventgrid:SystemTopicEventSubscription"
SUBSCRIPTION = "azure-native:eventgrid:EventSubscription"

SOURCE_TYPES = {
    "microsoft.storage.storageaccounts": "microsoft.storage/storageaccounts",
    "microsoft.keyvault.vaults": "microsoft.keyvault/vaults",
}
"""The supported topic types, each with the ARM type of its source."""
SUBSCRIPTION_NAME = NameRule(r"[A-Za-z0-9-]{3,64}", "3-64 letters, digits and -")


def _source_fits_topic_type(request: Request) -> None:
    kind, source = str(request.new.get("topicType", "")).lower(), str(request.new.get("source", ""))
    if kind not in SOURCE_TYPES:
        supported = ", ".join(sorted(SOURCE_TYPES))
        text = f"topicType {request.new.get('topicType')} is not supported here; supported: {supported}."
        refuse("LocalAzureNotImplemented", text, target="topicType")
    if arm_type(source) != SOURCE_TYPES[kind]:
        refuse(
            "InvalidRequest", f"Source {source} is not of topic type {request.new.get('topicType')}.", target="source"
        )


def _is_in_source_region(request: Request) -> None:
    source = str(request.new.get("source", ""))
    where = region_of(request.cloud, source)
    if where and normal_location(where) != normal_location(request.location):
        text = f"System topic's location {request.location} must match with location of the source resource {where}."
        refuse("InvalidRequest", text, target="location")


def _one_topic_per_source(request: Request) -> None:
    for user in request.cloud.referencing(str(request.new.get("source", ""))):
        equal = user.token == TOPIC and same(user.properties.get("source"), request.new.get("source"))
        if equal and not same(user.id, request.id):
            text = f"Only one system topic is allowed per source: {user.id} already has {request.new.get('source')}."
            refuse("InvalidRequest", text, target=user.id)


def _has_one_destination(request: Request) -> None:
    """One of a direct destination and a delivery with the topic's identity."""
    direct, by_identity = request.new.get("destination"), request.new.get("deliveryWithResourceIdentity")
    if bool(direct) == bool(by_identity):
        refuse("InvalidRequest", "An event subscription takes one of destination and deliveryWithResourceIdentity.")
    target = value_at(by_identity, "destination.resourceId") or value_at(direct, "resourceId")
    if target and request.cloud.get(target) is None:
        refuse("InvalidRequest", f"The destination resource {target} was not found.", target=target)


def _delivery_identity_is_assigned(request: Request) -> None:
    kind = value_at(request.new, "deliveryWithResourceIdentity.identity.type")
    topic = request.cloud.get(str(ancestor_id(request.id, "systemTopics") or ""))
    if kind is None or topic is None:
        return
    chosen = value_at(request.new, "deliveryWithResourceIdentity.identity.userAssignedIdentity")
    held = user_assigned_identity_ids(topic.properties)
    system = "SystemAssigned" in str(value_at(topic.properties, "identity.type", ""))
    if not (system if kind == "SystemAssigned" else any(same(chosen, id_) for id_ in held)):
        text = f"The system topic {topic.id} does not have the {kind} identity that delivers."
        refuse("InvalidRequest", text, target=topic.id)


def _retries_in_range(request: Request) -> None:
    attempts = value_at(request.new, "retryPolicy.maxDeliveryAttempts", 30)
    minutes = value_at(request.new, "retryPolicy.eventTimeToLiveInMinutes", 1440)
    if not 1 <= attempts <= 30 or not 1 <= minutes <= 1440:
        refuse("InvalidRequest", "retryPolicy takes 1 to 30 attempts and 1 to 1440 minutes.", target="retryPolicy")


def _topic_outputs(request: Request) -> Mapping[str, Json]:
    outputs: dict[str, Json] = {"provisioningState": "Succeeded", "metricResourceId": guid(request.id, "metric")}
    return {**outputs, **identity_outputs(request)}


def _subscription_outputs(request: Request) -> Mapping[str, Json]:
    topic = ancestor_id(request.id, "systemTopics") or str(request.new.get("scope", ""))
    return {"provisioningState": "Succeeded", "topic": topic}


DEFAULTS = {
    "eventDeliverySchema": "EventGridSchema",
    "retryPolicy.maxDeliveryAttempts": 30,
    "retryPolicy.eventTimeToLiveInMinutes": 1440,
}

TYPES = (
    AzureType(
        token=TOPIC,
        name=NameRule(r"[A-Za-z0-9-]{3,128}", "3-128 letters, digits and -"),
        references={"source": ()},
        immutable=dict.fromkeys(("source", "topicType"), "BadRequest"),
        computed=_topic_outputs,
        constraints=(_source_fits_topic_type, _is_in_source_region, _one_topic_per_source),
    ),
    AzureType(
        token=TOPIC_SUBSCRIPTION,
        name=SUBSCRIPTION_NAME,
        location="none",
        defaults=DEFAULTS,
        computed=_subscription_outputs,
        constraints=(_has_one_destination, _delivery_identity_is_assigned, _retries_in_range),
    ),
    AzureType(
        token=SUBSCRIPTION,
        name=SUBSCRIPTION_NAME,
        location="none",
        defaults=DEFAULTS,
        computed=_subscription_outputs,
        constraints=(scope_exists("scope"), _has_one_destination, _retries_in_range),
    ),
)
