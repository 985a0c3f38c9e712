"""ARM ids: build, parse and parent."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local_azure import ids
from local_azure.paths import PATHS

SUB = "10ca1000-0000-4000-8000-000000000001"
GROUP = f"/subscriptions/{SUB}/resourceGroups/rg-one"
LOCK = PATHS["azure-native:authorization:ManagementLockAtResourceLevel"]
names = st.text(st.sampled_from("abcXYZ019-_.()"), min_size=1, max_size=12)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(sorted(set(PATHS.values()) - {LOCK})), st.data())
def test_build_and_parse_round_trip(path: str, data: st.DataObject) -> None:
    wanted = [part[1:-1] for part in path.split("/") if part.startswith("{") and part != "{subscriptionId}"]
    values = {name: GROUP if name.startswith(("scope", "resourceUri")) else data.draw(names) for name in wanted}
    if "scopeName" in values:
        values["scopeName"] = "one"
    assert ids.parse(path, ids.build(path, values, SUB)) == values


@pytest.mark.parametrize("above", ["", "virtualNetworks/hub"])
def test_lock_on_a_resource_at_any_depth(above: str) -> None:
    values = {
        "resourceGroupName": "rg-one", "resourceProviderNamespace": "Microsoft.Network", "parentResourcePath": above,
        "resourceType": "subnets", "resourceName": "a", "lockName": "keep",
    }  # fmt: skip
    id_ = ids.build(LOCK, values, SUB)
    assert "//" not in id_
    assert ids.parse(LOCK, id_) == values
    parent = ids.parent(LOCK, values, SUB)
    assert parent is not None
    assert parent[1] == id_.split("/providers/Microsoft.Authorization")[0]


@pytest.mark.parametrize(
    ("token", "values", "parent"),
    [
        ("resources:ResourceGroup", {}, None),
        ("network:VirtualNetwork", {"virtualNetworkName": "v"}, ("resourceGroupName", GROUP)),
        ("storage:BlobContainer", {"accountName": "a", "containerName": "c"},
         ("accountName", f"{GROUP}/providers/Microsoft.Storage/storageAccounts/a")),
        ("privatedns:PrivateRecordSet", {"privateZoneName": "z", "recordType": "A", "relativeRecordSetName": "www"},
         ("privateZoneName", f"{GROUP}/providers/Microsoft.Network/privateDnsZones/z")),
        ("authorization:ManagementLockByScope", {"scope": GROUP, "lockName": "l"}, ("scope", GROUP)),
    ],
)  # fmt: skip
def test_parent_of_each_kind_of_resource(token: str, values: dict[str, str], parent: tuple[str, str] | None) -> None:
    path = PATHS[f"azure-native:{token}"]
    assert ids.parent(path, {"resourceGroupName": "rg-one", **values}, SUB) == parent


def test_id_of_another_type_parses_to_none() -> None:
    path = PATHS["azure-native:network:Subnet"]
    assert ids.parse(path, f"{GROUP}/providers/Microsoft.Network/virtualNetworks/hub") is None
    assert ids.parse(path, f"{GROUP}/providers/Microsoft.Network/routeTables/hub/routes/a") is None


def test_literal_segments_are_case_insensitive() -> None:
    path = PATHS["azure-native:network:VirtualNetwork"]
    id_ = f"/subscriptions/{SUB}/resourcegroups/RG/PROVIDERS/microsoft.network/virtualnetworks/Hub"
    assert ids.parse(path, id_) == {"resourceGroupName": "RG", "virtualNetworkName": "Hub"}
