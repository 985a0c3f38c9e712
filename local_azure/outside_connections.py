"""Connections of private endpoints in networks outside the estate, and the owner's decisions on them.

The stacks declare none: azure-native cannot approve one (docs/azure-facts.md#connections-of-private-endpoints).
"""

from __future__ import annotations

from local_azure.ids import name_of, subscription_of
from local_azure.model import AzureError, StoredResource
from local_azure.policy.enforcement import refuse_disallowed
from local_azure.policy.fields import PolicyTarget
from local_azure.store import Store
from local_azure.types.common import guid, same, value_at

ACCOUNT, CONNECTION = "azure-native:storage:StorageAccount", "azure-native:storage:PrivateEndpointConnection"
TYPE = "Microsoft.Storage/storageAccounts/privateEndpointConnections"
STATUS = "privateLinkServiceConnectionState.status"
PENDING, APPROVED, REJECTED = "Pending", "Approved", "Rejected"


def request(store: Store, account_id: str, endpoint_id: str) -> StoredResource:
    """Create the pending connection of another organisation's private endpoint to a storage account."""
    account = store.get(account_id)
    if account is None or account.token != ACCOUNT:
        raise AzureError("ResourceNotFound", f"The Resource '{account_id}' was not found.", status=404)
    if any(same(value_at(c.properties, "privateEndpoint.id"), endpoint_id) for c in store.children(account.id)):
        text = f"The private endpoint {endpoint_id} already has a connection."
        raise AzureError("PrivateEndpointConnectionExists", text, status=409)
    name = f"{account.name}.{guid(account.id, endpoint_id)}"
    connection = StoredResource(
        f"{account.id}/privateEndpointConnections/{name}", CONNECTION, name, _properties(endpoint_id, PENDING)
    )
    store.put(connection, subscription_of(account.id))
    return connection


def decide(store: Store, id_: str, status: str) -> StoredResource:
    """Approve or reject a connection, as the owner's PUT does: Azure Policy is evaluated, and a status cannot be set
    twice."""
    found = store.get(id_)
    if found is None or found.token != CONNECTION:
        raise AzureError("ResourceNotFound", f"The Resource '{id_}' was not found.", status=404)
    if value_at(found.properties, STATUS) == status:
        text = f"Values for request parameters are invalid: {STATUS}."
        raise AzureError("InvalidValuesForRequestParameters", text)
    properties = _properties(str(value_at(found.properties, "privateEndpoint.id")), status)
    refuse_disallowed(store, PolicyTarget(found.id, TYPE, properties, has_tags=False))
    decided = StoredResource(found.id, CONNECTION, name_of(found.id), properties)
    store.change(decided)
    return decided


def _properties(endpoint_id: str, status: str) -> dict[str, object]:
    return {
        "privateEndpoint": {"id": endpoint_id},
        "privateLinkServiceConnectionState": {"status": status, "actionRequired": "None"},
        "provisioningState": "Succeeded",
    }
