"""ARM ids, made and read back."""

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
def test_an_id_reads_back_as_what_made_it(path: str, data: st.DataObject) -> None:
    wanted = [part[1:-1] for part in path.split("/") if part.startswith("{") and part != "{subscriptionId}"]
    values = {name: GROUP if name.startswith(("scope", "resourceUri")) else data.draw(names) for name in wanted}
    if "scopeName" in values:
        values["scopeName"] = "one"
    assert ids.parse(path, ids.build(path, values, SUB)) == values


@pytest.mark.parametrize("above", ["", "virtualNetworks/hub"])
def test_a_lock_on_a_resource_at_any_depth(above: str) -> None:
    values = {
        "resourceGroupName": "rg-one", "resourceProviderNamespace": "Microsoft.Network", "parentResourcePath": above,
        "resourceType": "subnets", "resourceName": "a", "lockName": "keep",
    }  # fmt: skip
    id_ = ids.build(LOCK, values, SUB)
    assert "//" not in id_
    assert ids.parse(LOCK, id_) == values
    held = ids.parent(LOCK, values, SUB)
    assert held is not None
    assert held[1] == id_.split("/providers/Microsoft.Authorization")[0]


@pytest.mark.parametrize(
    ("token", "values", "held"),
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
def test_what_a_resource_stands_in(token: str, values: dict[str, str], held: tuple[str, str] | None) -> None:
    path = PATHS[f"azure-native:{token}"]
    assert ids.parent(path, {"resourceGroupName": "rg-one", **values}, SUB) == held


def test_an_id_of_another_type_is_none() -> None:
    path = PATHS["azure-native:network:Subnet"]
    assert ids.parse(path, f"{GROUP}/providers/Microsoft.Network/virtualNetworks/hub") is None
    assert ids.parse(path, f"{GROUP}/providers/Microsoft.Network/routeTables/hub/routes/a") is None


def test_the_words_of_a_path_stand_in_any_case() -> None:
    path = PATHS["azure-native:network:VirtualNetwork"]
    id_ = f"/subscriptions/{SUB}/resourcegroups/RG/PROVIDERS/microsoft.network/virtualnetworks/Hub"
    assert ids.parse(path, id_) == {"resourceGroupName": "RG", "virtualNetworkName": "Hub"}
