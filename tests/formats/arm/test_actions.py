"""The actions that a write needs."""

from __future__ import annotations

import pytest

from formats.arm.actions import action_on, delete_action, linked_actions, permits

GROUP = "/subscriptions/3c1f6f0e-0000-4000-8000-00000000abcd/resourceGroups/rg"
NETWORK = f"{GROUP}/providers/Microsoft.Network"
STORE = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/store"
IDENTITY = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/mover"


@pytest.mark.parametrize(
    ("id_", "action"),
    [
        (GROUP, "Microsoft.Resources/subscriptions/resourceGroups/write"),
        (f"{NETWORK}/virtualNetworks/hub/subnets/data", "Microsoft.Network/virtualNetworks/subnets/write"),
        (f"{STORE}/providers/Microsoft.Authorization/locks/keep", "Microsoft.Authorization/locks/write"),
    ],
)
def test_action_has_the_type_of_the_id(id_: str, action: str) -> None:
    assert action_on(id_, "write") == action


def test_child_without_a_delete_of_its_own_needs_no_right() -> None:
    assert delete_action(f"{GROUP}/providers/Microsoft.KeyVault/vaults/kv/keys/disks") is None
    assert delete_action(f"{STORE}/blobServices/default") is None
    assert delete_action(STORE) == "Microsoft.Storage/storageAccounts/delete"


def test_private_endpoint_needs_approval_on_its_target() -> None:
    subnet = f"{NETWORK}/virtualNetworks/hub/subnets/data"
    inputs = {"subnet": {"id": subnet}, "connections": [{"privateLinkServiceId": STORE}]}
    assert dict(linked_actions(f"{NETWORK}/privateEndpoints/one", inputs)) == {
        subnet: "Microsoft.Network/virtualNetworks/subnets/join/action",
        STORE: "Microsoft.Storage/storageAccounts/PrivateEndpointConnectionsApproval/action",
    }


def test_identity_in_a_map_needs_assign() -> None:
    inputs = {"identity": {"userAssignedIdentities": {IDENTITY: {}}}}
    assert [action for _, action in linked_actions(STORE, inputs)] == [
        "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action"
    ]


def test_scope_and_parent_are_no_references() -> None:
    subnet = f"{NETWORK}/virtualNetworks/hub/subnets/data"
    assert not list(linked_actions(f"{subnet}/providers/Microsoft.Authorization/locks/keep", {"scope": subnet}))
    assert not list(linked_actions(f"{STORE}/providers/Microsoft.Insights/diagnosticSettings/d", {"uri": STORE}))


def test_excluded_action_is_permitted_by_another_permission() -> None:
    contributor = {"actions": ["*"], "notActions": ["Microsoft.Authorization/*/Write"]}
    locks = {"actions": ["microsoft.authorization/locks/*"], "notActions": None}
    assert not permits([contributor], "Microsoft.Authorization/locks/write")
    assert permits([contributor, locks], "Microsoft.Authorization/locks/write")
