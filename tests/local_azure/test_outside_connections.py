"""Connections of private endpoints in other organisations' networks: requested, approved, rejected and denied."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.guardrails import own_connections
from local_azure.model import AzureError, StoredResource
from local_azure.outside_connections import ACCOUNT, APPROVED, REJECTED, decide, request
from local_azure.store import Store

SUBSCRIPTION = "10ca1000-0000-4000-8000-000000000001"
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-junction"
STORE = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/stinbox"
OTHER = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/stother"
ENDPOINT = "/subscriptions/5ca1ab1e/resourceGroups/rg-trust/providers/Microsoft.Network/privateEndpoints/pep-sde"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A resource group with two storage accounts."""
    azure = Store(tmp_path / "azure.db")
    for id_, token in ((GROUP, "azure-native:resources:ResourceGroup"), (STORE, ACCOUNT), (OTHER, ACCOUNT)):
        azure.put(StoredResource(id_, token, id_.rpartition("/")[2], {}), SUBSCRIPTION)
    yield azure
    azure.close()


def guarded(store: Store, named: dict[str, str]) -> None:
    """Assign the guardrail with these exceptions."""
    definition = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Authorization/policyDefinitions/own"
    rule = {"policyRule": own_connections(named).policy_rule, "mode": "All"}
    assigned = {"policyDefinitionId": definition, "enforcementMode": "Default"}
    token = "azure-native:authorization:Policy"
    store.put(StoredResource(definition, f"{token}Definition", "own", rule), SUBSCRIPTION)
    assignment = f"{GROUP}/providers/Microsoft.Authorization/policyAssignments/own"
    store.put(StoredResource(assignment, f"{token}Assignment", "own", assigned), SUBSCRIPTION)


def status(connection: StoredResource) -> object:
    return connection.properties["privateLinkServiceConnectionState"]["status"]


def test_a_requested_connection_is_pending_until_it_is_approved(store: Store) -> None:
    made = request(store, STORE, ENDPOINT)
    assert status(made) == "Pending"
    assert status(decide(store, made.id, APPROVED)) == "Approved"
    assert status(decide(store, made.id, REJECTED)) == "Rejected"


def test_a_connection_is_approved_once(store: Store) -> None:
    made = request(store, STORE, ENDPOINT)
    decide(store, made.id, APPROVED)
    with pytest.raises(AzureError, match="parameters are invalid"):
        decide(store, made.id, APPROVED)


def test_an_endpoint_has_one_connection_to_a_store(store: Store) -> None:
    request(store, STORE, ENDPOINT)
    with pytest.raises(AzureError, match="already has a connection"):
        request(store, STORE, ENDPOINT)


def test_a_connection_needs_its_store(store: Store) -> None:
    with pytest.raises(AzureError, match="was not found"):
        request(store, GROUP, ENDPOINT)
    with pytest.raises(AzureError, match="was not found"):
        decide(store, f"{STORE}/privateEndpointConnections/none", APPROVED)


def test_the_guardrail_permits_exactly_the_named_endpoint(store: Store) -> None:
    made = request(store, STORE, ENDPOINT)
    guarded(store, {f"stinbox/{made.name}": ENDPOINT})
    assert status(decide(store, made.id, APPROVED)) == "Approved"


@pytest.mark.parametrize("named", [
    {}, {"stinbox/another": ENDPOINT}, {"stinbox/{name}": f"{ENDPOINT}-2"}, {"stother/{name}": ENDPOINT},
], ids=["none", "another connection", "another endpoint", "another store"])  # fmt: skip
def test_the_guardrail_denies_every_other_connection(store: Store, named: dict[str, str]) -> None:
    made = request(store, STORE, ENDPOINT)
    guarded(store, {key.format(name=made.name): endpoint for key, endpoint in named.items()})
    with pytest.raises(AzureError) as refused:
        decide(store, made.id, APPROVED)
    assert refused.value.code == "RequestDisallowedByPolicy"
    assert status(decide(store, made.id, REJECTED)) == "Rejected"


def test_the_guardrail_permits_endpoints_of_the_same_resource_group(store: Store) -> None:
    guarded(store, {})
    made = request(store, STORE, f"{GROUP}/providers/Microsoft.Network/privateEndpoints/pep-own")
    assert status(decide(store, made.id, APPROVED)) == "Approved"
