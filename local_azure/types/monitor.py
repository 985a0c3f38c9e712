"""Microsoft.Insights: action groups, private link scopes and data collection.

Facts: docs/azure-facts.md#names-of-monitoring-resources, #action-groups, #azure-monitor-private-link-scopes,
#data-collection.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from local_azure.locations import normal_location
from local_azure.model import AzureType, Json, NameRule, Request
from local_azure.types.common import (
    at_most,
    etag,
    guid,
    parent_id,
    refuse,
    refuse_while_used,
    same,
    scope_exists,
    values_at,
)

ACTION_GROUP = "azure-native:monitor:ActionGroup"
PRIVATE_LINK_SCOPE = "azure-native:monitor:PrivateLinkScope"
SCOPED_RESOURCE = "azure-native:monitor:PrivateLinkScopedResource"
RULE = "azure-native:monitor:DataCollectionRule"
ENDPOINT = "azure-native:monitor:DataCollectionEndpoint"
ASSOCIATION = "azure-native:monitor:DataCollectionRuleAssociation"
WORKSPACE = "azure-native:operationalinsights:Workspace"

ACTION_GROUP_NAME = NameRule(
    r"(?=.{1,260}$)[^:<>+/&%\\?#|*]*[^:<>+/&%\\?#|*. ]", "1-260 characters, none of : < > + / & % \\ ? # |"
)
DCR_NAME = NameRule(r"[A-Za-z0-9][A-Za-z0-9_.-]{2,62}", "3-63 letters, digits, -, _ or .")
DCE_NAME = NameRule(r"[A-Za-z0-9][A-Za-z0-9-]{1,42}[A-Za-z0-9]", "3-44 letters, digits and -")


# Action groups -------------------------------------------------------------------------------------------------------


def _short_name_length_in_range(request: Request) -> None:
    if not 1 <= len(str(request.new.get("groupShortName", ""))) <= 12:
        refuse("InvalidActionGroupShortName", "groupShortName takes 1 to 12 characters.", target="groupShortName")


def _receiver_names_are_unique(request: Request) -> None:
    names = [
        name for path in request.new if path.endswith("Receivers") for name in values_at(request.new, f"{path}[*].name")
    ]
    if len(names) != len(set(names)):
        refuse("DuplicateReceiverName", f"The receivers of action group {request.name} must have unique names.")


def _email_addresses_are_valid(request: Request) -> None:
    for address in values_at(request.new, "emailReceivers[*].emailAddress"):
        if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", str(address)):
            refuse("InvalidReceiverEmail", "An email receiver has an invalid address.", target="emailReceivers")


# Private link scopes -------------------------------------------------------------------------------------------------


def _scope_outputs(_: Request) -> Mapping[str, Json]:
    return {"provisioningState": "Succeeded", "privateEndpointConnections": []}


def _resource_is_linked_once(request: Request) -> None:
    for other in request.cloud.children(parent_id(request.id), SCOPED_RESOURCE):
        linked = same(other.properties.get("linkedResourceId"), request.new.get("linkedResourceId"))
        if linked and not same(other.id, request.id):
            text = f"Resource {request.new.get('linkedResourceId')} is already linked by {other.name}."
            refuse("ScopedResourceAlreadyLinked", text, status=409, target=other.id)


def _has_linked_resource(request: Request) -> None:
    if not request.new.get("linkedResourceId"):
        refuse("BadRequest", f"Scoped resource {request.name} has no linkedResourceId.")


def _scoped_outputs(_: Request) -> Mapping[str, Json]:
    return {"provisioningState": "Succeeded"}


# Data collection -----------------------------------------------------------------------------------------------------


def _data_flows_are_valid(request: Request) -> None:
    destinations = request.new.get("destinations") or {}
    named = {
        str(item.get("name"))
        for group in destinations.values()
        for item in (group if isinstance(group, list) else [group])
        if isinstance(item, Mapping)
    }
    for flow in values_at(request.new, "dataFlows[*]"):
        unknown = [name for name in flow.get("destinations") or [] if name not in named]
        if unknown or not flow.get("destinations") or not flow.get("streams"):
            text = f"Data flow to {flow.get('destinations')} needs streams, and destinations among {sorted(named)}."
            refuse("InvalidPayload", text, target="dataFlows")


def _workspaces_are_in_region(request: Request) -> None:
    for id_ in values_at(request.new, "destinations.logAnalytics[*].workspaceResourceId"):
        stored = request.cloud.get(str(id_))
        if stored and normal_location(stored.location) != normal_location(request.location):
            text = f"Data collection rule {request.name} and workspace {id_} must be in the same region."
            refuse("InvalidPayload", text, target=str(id_))


def _rule_outputs(request: Request) -> Mapping[str, Json]:
    outputs: dict[str, Json] = {
        "etag": etag(request),
        "provisioningState": "Succeeded",
        "immutableId": f"dcr-{guid(request.id, 'immutable').replace('-', '')}",
    }
    if request.new.get("destinations"):
        filled = dict(request.new["destinations"])
        filled["logAnalytics"] = [
            {**item, "workspaceId": guid(str(item.get("workspaceResourceId")), "customer")}
            for item in values_at(filled, "logAnalytics[*]")
        ]
        outputs["destinations"] = filled if filled["logAnalytics"] else request.new["destinations"]
    return outputs


def _endpoint_outputs(request: Request) -> Mapping[str, Json]:
    stem, tail = (
        f"{request.name.lower()}-{guid(request.id)[:4]}.{normal_location(request.location)}-1",
        "monitor.azure.com",
    )
    return {
        "etag": etag(request),
        "provisioningState": "Succeeded",
        "immutableId": f"dce-{guid(request.id, 'immutable').replace('-', '')}",
        "configurationAccess": {"endpoint": f"https://{stem}.handler.control.{tail}"},
        "logsIngestion": {"endpoint": f"https://{stem}.ingest.{tail}"},
        "metricsIngestion": {"endpoint": f"https://{stem}.metrics.ingest.{tail}"},
    }


def _association_has_one_target(request: Request) -> None:
    """A rule, or under the name `configurationAccessEndpoint` an endpoint."""
    rule, endpoint = request.new.get("dataCollectionRuleId"), request.new.get("dataCollectionEndpointId")
    named = request.name == "configurationAccessEndpoint"
    if bool(rule) == bool(endpoint) or bool(endpoint) != named:
        text = "An association takes a dataCollectionRuleId, or is named configurationAccessEndpoint and takes a "
        refuse("InvalidPayload", text + "dataCollectionEndpointId.")


def _association_outputs(request: Request) -> Mapping[str, Json]:
    return {"etag": etag(request), "provisioningState": "Succeeded"}


TYPES = (
    AzureType(
        token=ACTION_GROUP,
        name=ACTION_GROUP_NAME,
        location="global",
        constraints=(_short_name_length_in_range, _receiver_names_are_unique, _email_addresses_are_valid),
    ),
    AzureType(
        token=PRIVATE_LINK_SCOPE,
        name=NameRule(
            r"(?=.{1,255}$)[A-Za-z0-9()_.-]*[A-Za-z0-9()_-]",
            "1-255 letters, digits, (, ), -, _ or ., not ending with .",
        ),
        location="global",
        computed=_scope_outputs,
        delete_constraints=(
            refuse_while_used("PrivateLinkScopeInUse", "Private link scope {name} is in use by {user}.", status=409),
        ),
    ),
    AzureType(
        token=SCOPED_RESOURCE,
        name=NameRule(r"(?=.{1,255}$)[A-Za-z0-9()_.-]*[A-Za-z0-9()_-]", "1-255 letters, digits, (, ), -, _ or ."),
        location="none",
        references={"linkedResourceId": (WORKSPACE, ENDPOINT)},
        immutable={"linkedResourceId": "BadRequest"},
        computed=_scoped_outputs,
        constraints=(
            _has_linked_resource,
            _resource_is_linked_once,
            at_most(300, SCOPED_RESOURCE, "BadRequest", "A scope takes {limit} resources.", per_parent=True),
        ),
    ),
    AzureType(
        token=RULE,
        name=DCR_NAME,
        references={
            "dataCollectionEndpointId": (ENDPOINT,),
            "destinations.logAnalytics[*].workspaceResourceId": (WORKSPACE,),
        },
        immutable={"kind": "BadRequest"},
        computed=_rule_outputs,
        constraints=(_data_flows_are_valid, _workspaces_are_in_region),
        delete_constraints=(
            refuse_while_used("AssociationExists", "Rule {name} still has the association {user}.", status=409),
        ),
    ),
    AzureType(
        token=ENDPOINT,
        name=DCE_NAME,
        defaults={"networkAcls.publicNetworkAccess": "Enabled"},
        computed=_endpoint_outputs,
        delete_constraints=(
            refuse_while_used("DataCollectionEndpointInUse", "Endpoint {name} is in use by {user}.", status=409),
        ),
    ),
    AzureType(
        token=ASSOCIATION,
        name=NameRule(r"[^<>%&:?/\\]{1,64}", "1-64 characters, none of < > % & : ? / \\"),
        location="none",
        references={"dataCollectionRuleId": (RULE,), "dataCollectionEndpointId": (ENDPOINT,)},
        computed=_association_outputs,
        constraints=(_association_has_one_target, scope_exists("resourceUri")),
    ),
)
