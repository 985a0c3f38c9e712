from __future__ import annotations

from tests.local_azure.types.support import SUBSCRIPTION, World, refused

SOMEBODY = "6b0c4e55-5d0f-4a53-9c3b-6f2f0f6f0001"
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg"


def test_one_assignment_for_a_principal_role_and_scope(world: World) -> None:
    world.grant(SOMEBODY, GROUP)
    with refused("RoleAssignmentExists"):
        world.grant(SOMEBODY, GROUP, name="2")
    world.grant(SOMEBODY, f"/subscriptions/{SUBSCRIPTION}", name="3")


def test_a_guid_names_one_assignment(world: World) -> None:
    world.grant(SOMEBODY, GROUP)
    with refused("RoleAssignmentUpdateNotPermitted"):
        world.grant(SOMEBODY, f"/subscriptions/{SUBSCRIPTION}")


def test_only_its_words_change(world: World) -> None:
    held = world.grant(SOMEBODY, GROUP)
    with refused("RoleAssignmentUpdateNotPermitted"):
        world.change(held, principalId="6b0c4e55-5d0f-4a53-9c3b-6f2f0f6f0002")
    world.change(held, description="reads the landing zone")


def test_principal_role_and_scope_are_real(world: World) -> None:
    with refused("InvalidPrincipalId"):
        world.grant("somebody", GROUP)
    with refused("RoleDefinitionDoesNotExist"):
        world.grant(SOMEBODY, GROUP, role="00000000-0000-4000-8000-00000000dead")
    with refused("ResourceNotFound"):
        world.grant(SOMEBODY, f"{GROUP}/providers/Microsoft.KeyVault/vaults/nowhere")


def test_a_custom_role_is_named_once_and_stays_while_held(world: World) -> None:
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
    world.grant(SOMEBODY, GROUP, role=name)
    with refused("RoleDefinitionHasAssignments"):
        world.remove(role)


def test_a_lock_needs_its_scope_and_holds_it(world: World) -> None:
    with refused("ResourceNotFound"):
        world.make(
            "authorization:ManagementLockByScope",
            scope=f"{GROUP}/providers/Microsoft.KeyVault/vaults/none",
            level="CanNotDelete",
            lockName="keep",
        )
    account = world.account()
    lock = world.make("authorization:ManagementLockByScope", scope=account, level="CanNotDelete", lockName="keep")
    with refused("ScopeLocked"):
        world.remove(account)
    world.remove(lock)
    world.remove(account)


def test_notes_are_short(world: World) -> None:
    with refused("InvalidLockNotes"):
        world.make(
            "authorization:ManagementLockByScope", scope=GROUP, level="CanNotDelete", lockName="keep", notes="x" * 513
        )
