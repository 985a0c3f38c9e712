from __future__ import annotations

from tests.local_azure.types.support import SUBSCRIPTION, World, refused

PRINCIPAL = "6b0c4e55-5d0f-4a53-9c3b-6f2f0f6f0001"
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg"


def test_one_assignment_for_each_principal_role_and_scope(world: World) -> None:
    world.grant(PRINCIPAL, GROUP)
    with refused("RoleAssignmentExists"):
        world.grant(PRINCIPAL, GROUP, name="2")
    world.grant(PRINCIPAL, f"/subscriptions/{SUBSCRIPTION}", name="3")


def test_guid_of_an_assignment_cannot_be_reused(world: World) -> None:
    world.grant(PRINCIPAL, GROUP)
    with refused("RoleAssignmentUpdateNotPermitted"):
        world.grant(PRINCIPAL, f"/subscriptions/{SUBSCRIPTION}")


def test_only_description_of_an_assignment_can_change(world: World) -> None:
    existing = world.grant(PRINCIPAL, GROUP)
    with refused("RoleAssignmentUpdateNotPermitted"):
        world.change(existing, principalId="6b0c4e55-5d0f-4a53-9c3b-6f2f0f6f0002")
    world.change(existing, description="reads the landing zone")


def test_principal_role_and_scope_must_exist(world: World) -> None:
    with refused("InvalidPrincipalId"):
        world.grant("not-a-guid", GROUP)
    with refused("RoleDefinitionDoesNotExist"):
        world.grant(PRINCIPAL, GROUP, role="00000000-0000-4000-8000-00000000dead")
    with refused("ResourceNotFound"):
        world.grant(PRINCIPAL, f"{GROUP}/providers/Microsoft.KeyVault/vaults/nowhere")


def test_custom_role_has_a_unique_name_and_no_assignments_on_delete(world: World) -> None:
    name = "00000000-0000-4000-8000-00000000beef"
    made = {
        "scope": f"/subscriptions/{SUBSCRIPTION}",
        "roleName": "steward",
        "assignableScopes": [f"/subscriptions/{SUBSCRIPTION}"],
        "permissions": [{"actions": ["*/read"]}],
    }
    with refused("InvalidRoleDefinition"):
        world.make("authorization:RoleDefinition", roleDefinitionId=name, **(made | {"permissions": []}))
    role = world.make("authorization:RoleDefinition", roleDefinitionId=name, **made)
    with refused("RoleDefinitionWithSameNameExists"):
        world.make("authorization:RoleDefinition", roleDefinitionId=name.replace("beef", "feed"), **made)
    world.grant(PRINCIPAL, GROUP, role=name)
    with refused("RoleDefinitionHasAssignments"):
        world.remove(role)


def test_lock_needs_its_scope_and_blocks_its_deletion(world: World) -> None:
    with refused("ResourceNotFound"):
        world.make(
            "authorization:ManagementLockByScope",
            scope=f"{GROUP}/providers/Microsoft.KeyVault/vaults/none",
            level="CanNotDelete",
            lockName="keep",
        )
    account = world.account()
    lock = world.make("authorization:ManagementLockByScope", scope=account, level="CanNotDelete", lockName="keep")
    grant = world.grant(PRINCIPAL, account)
    for locked in (account, grant):
        with refused("ScopeLocked"):
            world.remove(locked)
    world.remove(lock)
    world.remove(grant)
    world.remove(account)


def test_lock_notes_have_a_maximum_length(world: World) -> None:
    with refused("InvalidLockNotes"):
        world.make(
            "authorization:ManagementLockByScope", scope=GROUP, level="CanNotDelete", lockName="keep", notes="x" * 513
        )
