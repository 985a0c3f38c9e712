"""The refusals of requests in a subscription without the preconditions that every type has.

They are its state, the rights of the identity, and the registration of resource providers. Facts:
docs/azure-facts.md#disabled-subscriptions, #permissions-of-a-write, #registration-of-resource-providers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from formats.arm.actions import action_on, delete_action, linked_actions, permits, type_of
from local_azure.ids import subscription_of
from local_azure.model import CLIENT, OBJECT, AzureError, Cloud, Request


def refuse_unmet(cloud: Cloud, id_: str, verb: str, inputs: Mapping[str, Any]) -> None:
    """Refuse a write or a delete of a resource."""
    settings = cloud.settings(subscription_of(id_))
    if settings and settings.state != "Enabled":
        message = (
            f"The subscription '{subscription_of(id_)}' is disabled and therefore marked as read only. You cannot "
            "perform any write actions on this subscription until it is re-enabled."
        )
        raise AzureError("ReadOnlyDisabledSubscription", message, status=409)
    _require_rights(cloud, id_, verb, inputs)
    namespace = type_of(id_).partition("/")[0]
    if settings and settings.has("unregistered_providers", namespace):
        message = (
            f"The subscription is not registered to use namespace '{namespace}'. See https://aka.ms/rps-not-found for "
            "how to register subscriptions."
        )
        raise AzureError("MissingSubscriptionRegistration", message, status=409)


def _require_rights(cloud: Cloud, id_: str, verb: str, inputs: Mapping[str, Any]) -> None:
    action = delete_action(id_) if verb == "delete" else action_on(id_, verb)
    client = f"The client '{CLIENT}' with object id '{OBJECT}'"
    if action and not permitted(cloud, id_, action):
        message = (
            f"{client} does not have authorization to perform action '{action}' over scope '{id_}' or the scope is "
            "invalid. If access was recently granted, please refresh your credentials."
        )
        raise AzureError("AuthorizationFailed", message, status=403)
    for target, linked in linked_actions(id_, inputs) if verb == "write" else ():
        if not permitted(cloud, target, linked):
            message = (
                f"{client} has permission to perform action '{action}' on scope '{id_}'; however, it does not have "
                f"permission to perform action(s) '{linked}' on the linked scope(s) '{target}' (respectively) or the "
                "linked scope(s) are invalid."
            )
            raise AzureError("LinkedAuthorizationFailed", message, status=403)


def refuse_over_quota(request: Request) -> None:
    """Refuse a creation where the subscription has a limit for the type in the region, and has reached it."""
    settings, usage = request.cloud.settings(request.subscription), type_of(request.id).rpartition("/")[2]
    limit = settings.quota(request.location or "", usage) if settings else None
    used = request.cloud.count_of_type(request.token, request.subscription, request.location)
    if limit is not None and used >= limit:
        message = (
            f"Operation could not be completed as it results in exceeding approved {usage} quota. Additional details - "
            f"Location: {request.location}, Current Limit: {limit}, Current Usage: {used}, Additional Required: 1."
        )
        raise AzureError("QuotaExceeded", message, status=409)


def permitted(cloud: Cloud, id_: str, action: str) -> bool:
    """Return True if the identity that deploys may perform the action on the resource."""
    settings = cloud.settings(subscription_of(id_))
    if settings is None or settings.permissions is None:
        return True
    return permits((one.as_azure() for one in settings.permissions if one.holds_at(id_)), action)
