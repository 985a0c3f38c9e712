"""ARM ids: build, parse and parent."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local_azure import ids
from local_azure.paths import PATHS

SUB = "10ca1000-0000-4000-8000-000000000001"
GROUP = f"/subscriptions/{SUB}/resourceGroups/rg-one"
names = st.text(st.sampled_from("abcXYZ019-_.()"), min_size=1, max_size=12)


@settings(max_examples=100)
@given(st.sampled_from(sorted(set(PATHS.values()))), st.data())
def test_build_and_parse_round_trip(path: str, data: st.DataObject) -> None:
    wanted = [part[1:-1] for part in path.split("/") if part.startswith("{") and part != "{subscriptionId}"]
    values = {name: GROUP if name in ("scope", "resourceUri", "resourceId") else data.draw(names) for name in wanted}
    assert ids.parse(path, ids.build(path, values, SUB)) == values


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
