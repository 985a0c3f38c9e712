"""A room: its group, and its locks when it is left."""

from __future__ import annotations

import pytest
from pulumi_azure_native import storage

from infra.components.grants import Principal
from infra.components.key_vault import KeyVault
from infra.components.room import SAID_FIRST, Room
from infra.roles import Role
from tests.infra import samples
from tests.infra.components.conftest import DOOR, Build
from tests.infra.world import run


def test_has_a_group_with_the_stacks_name_place_and_tags(build: Build) -> None:
    (group,) = build(lambda room: None).of("ResourceGroup")
    assert group.inputs == {"resourceGroupName": "rg-wmsde-tre-hcm-project", "location": "uksouth",
                            "tags": {"project": "sde", "controller": "ics"}}  # fmt: skip


def test_locks_what_holds_data_after_all_that_lies_inside_it(build: Build) -> None:
    def inside(room: Room) -> None:
        account = storage.StorageAccount("a", kind="StorageV2", resource_group_name="g", sku={"name": "Standard_LRS"})
        room.hold("a", account)
        container = storage.BlobContainer("c", account_name=account.name, resource_group_name="g")
        room.inside(account, container)

    world = build(inside)
    (lock,) = world.of("ManagementLockByScope")
    assert lock.inputs["level"] == "CanNotDelete"
    assert {world.one("StorageAccount", "a").urn, world.one("BlobContainer", "c").urn} <= lock.depends_on


def test_sight_of_a_room_is_the_readers_role_on_its_group(build: Build) -> None:
    world = build(lambda room: room.grant_look("team", Principal.service("p")))
    (grant,) = world.of("RoleAssignment")
    assert grant.inputs["scope"].endswith("/ResourceGroup/project")
    assert grant.inputs["roleDefinitionId"].endswith(str(Role.READER.value))


def test_without_a_log_sink_nothing_can_report() -> None:
    def program() -> None:
        with Room("hub", samples.platform(), "hub") as room, pytest.raises(LookupError, match="no log sink yet"):
            _ = room.logs

    run(program)


def test_what_takes_few_tags_keeps_those_that_say_whose_it_is(build: Build) -> None:
    """Azure takes 15 on keys, secrets and DNS zones."""
    tags = {f"a-{place:02}": "more" for place in range(30)} | dict.fromkeys(SAID_FIRST, "said")
    config = samples.tenancy(tags=tags)

    def inside(room: Room) -> None:
        KeyVault("keys", room, DOOR).encrypts("data")

    world = build(inside, config)
    assert world.one("Vault", "keys").inputs["tags"] == tags
    few = world.one("Key", "keys-data").inputs["tags"]
    assert len(few) == 15
    assert set(SAID_FIRST) < few.keys()
