"""Microsoft.Insights: action groups, private link scopes, data collection. Sources: azure-facts 1.1, 2.7."""

from __future__ import annotations

import re
from collections.abc import Mapping

from local_azure.declare import AzureType, Change, Json, Name
from local_azure.types.common import (
    above,
    at_most,
    etag,
    every,
    guid,
    place,
    refuse,
    refuse_while_used,
    same,
    scope_exists,
)

ACTION_GROUP = "azure-native:monitor:ActionGroup"
LINK_SCOPE = "azure-native:monitor:PrivateLinkScope"
SCOPED = "azure-native:monitor:PrivateLinkScopedResource"
RULE = "azure-native:monitor:DataCollectionRule"
ENDPOINT = "azure-native:monitor:DataCollectionEndpoint"
ASSOCIATION = "azure-native:monitor:DataCollectionRuleAssociation"
WORKSPACE = "azure-native:operationalinsights:Workspace"

PRINTABLE = Name(
    r"(?=.{1,260}$)[^:<>+/&%\\?#|*]*[^:<>+/&%\\?#|*. ]", "1-260 characters, none of : < > + / & % \\ ? # |"
)
DCR_NAME = Name(r"[A-Za-z0-9][A-Za-z0-9_.-]{2,62}", "3-63 letters, digits, -, _ or .")
DCE_NAME = Name(r"[A-Za-z0-9][A-Za-z0-9-]{1,42}[A-Za-z0-9]", "3-44 letters, digits and -")


# Action groups -------------------------------------------------------------------------------------------------------


def _short_name_is_short(change: Change) -> None:
    if not 1 <= len(str(change.new.get("groupShortName", ""))) <= 12:
        refuse("InvalidActionGroupShortName", "groupShortName takes 1 to 12 characters.", target="groupShortName")


def _receivers_are_distinct(change: Change) -> None:
    names = [name for path in change.new if path.endswith("Receivers") for name in every(change.new, f"{path}[*].name")]
    if len(names) != len(set(names)):
        refuse("DuplicateReceiverName", f"The receivers of action group {change.name} must have names of their own.")


def _addresses_are_mail(change: Change) -> None:
    for address in every(change.new, "emailReceivers[*].emailAddress"):
        if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", str(address)):
            refuse("InvalidReceiverEmail", "An email receiver's address is not one.", target="emailReceivers")


# Private link scopes -------------------------------------------------------------------------------------------------


def _scope_outputs(_: Change) -> Mapping[str, Json]:
    return {"provisioningState": "Succeeded", "privateEndpointConnections": []}


def _resource_is_linked_once(change: Change) -> None:
    for other in change.cloud.children(above(change.id), SCOPED):
        linked = same(other.properties.get("linkedResourceId"), change.new.get("linkedResourceId"))
        if linked and not same(other.id, change.id):
            text = f"Resource {change.new.get('linkedResourceId')} is already linked by {other.name}."
            refuse("ScopedResourceAlreadyLinked", text, status=409, target=other.id)


def _names_what_it_links(change: Change) -> None:
    if not change.new.get("linkedResourceId"):
        refuse("BadRequest", f"Scoped resource {change.name} has no linkedResourceId.")


def _scoped_outputs(_: Change) -> Mapping[str, Json]:
    return {"provisioningState": "Succeeded"}


# Data collection -----------------------------------------------------------------------------------------------------


def _flows_reach_named_destinations(change: Change) -> None:
    destinations = change.new.get("destinations") or {}
    named = {
        str(item.get("name"))
        for group in destinations.values()
        for item in (group if isinstance(group, list) else [group])
        if isinstance(item, Mapping)
    }
    for flow in every(change.new, "dataFlows[*]"):
        strays = [name for name in flow.get("destinations") or [] if name not in named]
        if strays or not flow.get("destinations") or not flow.get("streams"):
            text = f"Data flow to {flow.get('destinations')} needs streams, and destinations among {sorted(named)}."
            refuse("InvalidPayload", text, target="dataFlows")


def _workspaces_are_near(change: Change) -> None:
    """A rule sends to workspaces of its own region."""
    for id_ in every(change.new, "destinations.logAnalytics[*].workspaceResourceId"):
        stored = change.cloud.get(str(id_))
        if stored and place(stored.location) != place(change.location):
            text = f"Data collection rule {change.name} and workspace {id_} must be in the same region."
            refuse("InvalidPayload", text, target=str(id_))


def _rule_outputs(change: Change) -> Mapping[str, Json]:
    outputs: dict[str, Json] = {
        "etag": etag(change),
        "provisioningState": "Succeeded",
        "immutableId": f"dcr-{guid(change.id, 'immutable').replace('-', '')}",
    }
    if change.new.get("destinations"):
        filled = dict(change.new["destinations"])
        filled["logAnalytics"] = [
            {**item, "workspaceId": guid(str(item.get("workspaceResourceId")), "customer")}
            for item in every(filled, "logAnalytics[*]")
        ]
        outputs["destinations"] = filled if filled["logAnalytics"] else change.new["destinations"]
    return outputs


def _endpoint_outputs(change: Change) -> Mapping[str, Json]:
    stem, tail = f"{change.name.lower()}-{guid(change.id)[:4]}.{place(change.location)}-1", "monitor.azure.com"
    return {
        "etag": etag(change),
        "provisioningState": "Succeeded",
        "immutableId": f"dce-{guid(change.id, 'immutable').replace('-', '')}",
        "configurationAccess": {"endpoint": f"https://{stem}.handler.control.{tail}"},
        "logsIngestion": {"endpoint": f"https://{stem}.ingest.{tail}"},
        "metricsIngestion": {"endpoint": f"https://{stem}.metrics.ingest.{tail}"},
    }


def _association_names_one(change: Change) -> None:
    """A rule under any name, or an endpoint under `configurationAccessEndpoint`."""
    rule, endpoint = change.new.get("dataCollectionRuleId"), change.new.get("dataCollectionEndpointId")
    named = change.name == "configurationAccessEndpoint"
    if bool(rule) == bool(endpoint) or bool(endpoint) != named:
        text = "An association takes a dataCollectionRuleId, or is named configurationAccessEndpoint and takes a "
        refuse("InvalidPayload", text + "dataCollectionEndpointId.")


def _association_outputs(change: Change) -> Mapping[str, Json]:
    return {"etag": etag(change), "provisioningState": "Succeeded"}


TYPES = (
    AzureType(
        token=ACTION_GROUP,
        name=PRINTABLE,
        location="global",
        rules=(_short_name_is_short, _receivers_are_distinct, _addresses_are_mail),
    ),
    AzureType(
        token=LINK_SCOPE,
        name=Name(
            r"(?=.{1,255}$)[A-Za-z0-9()_.-]*[A-Za-z0-9()_-]",
            "1-255 letters, digits, (, ), -, _ or ., not ending with .",
        ),
        location="global",
        computed=_scope_outputs,
        delete_rules=(
            refuse_while_used("PrivateLinkScopeInUse", "Private link scope {name} is in use by {user}.", status=409),
        ),
    ),
    AzureType(
        token=SCOPED,
        name=Name(
            r"(?=.{1,255}$)[A-Za-z0-9()_.-]*[A-Za-z0-9()_-]", "1-255 letters, digits, (, ), -, _ or .", scope="parent"
        ),
        location="none",
        references={"linkedResourceId": (WORKSPACE, ENDPOINT)},
        fixed=("linkedResourceId",),
        computed=_scoped_outputs,
        rules=(
            _names_what_it_links,
            _resource_is_linked_once,
            at_most(300, SCOPED, "BadRequest", "A scope takes {limit} resources.", siblings=True),  # azure-facts 2.7
        ),
    ),
    AzureType(
        token=RULE,
        name=DCR_NAME,
        references={
            "dataCollectionEndpointId": (ENDPOINT,),
            "destinations.logAnalytics[*].workspaceResourceId": (WORKSPACE,),
        },
        fixed=("kind",),
        computed=_rule_outputs,
        rules=(_flows_reach_named_destinations, _workspaces_are_near),
        delete_rules=(
            refuse_while_used("AssociationExists", "Rule {name} still has the association {user}.", status=409),
        ),
    ),
    AzureType(
        token=ENDPOINT,
        name=DCE_NAME,
        defaults={"networkAcls.publicNetworkAccess": "Enabled"},
        computed=_endpoint_outputs,
        delete_rules=(
            refuse_while_used("DataCollectionEndpointInUse", "Endpoint {name} is in use by {user}.", status=409),
        ),
    ),
    AzureType(
        token=ASSOCIATION,
        name=Name(r"[^<>%&:?/\\]{1,64}", "1-64 characters, none of < > % & : ? / \\", scope="parent"),
        location="none",
        references={"dataCollectionRuleId": (RULE,), "dataCollectionEndpointId": (ENDPOINT,)},
        fixed=("resourceUri",),
        computed=_association_outputs,
        rules=(_association_names_one, scope_exists("resourceUri")),
    ),
)
