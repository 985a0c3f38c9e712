"""Both engines agree on drift and on imports."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest

from formats.errors import Failed, InputError
from tests.parity.small import SUBSCRIPTION, Pair
from tests.pulumi_cli import needs_cli

pytestmark = needs_cli

ROOM = """
    home = group(tags={"owner": "ann"})
    identity("who", home)
    identity("other", home)
"""
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-g"


def drift(pair: Pair, statement: str, *values: Any) -> None:
    """Change both clouds directly."""
    for world in pair.worlds.values():
        with sqlite3.connect(world.database) as database:
            assert database.execute(statement, values).rowcount == 1
        database.close()


def test_refresh_records_changed_and_deleted_resources(pair: Pair) -> None:
    pair.deployed(ROOM)
    drift(pair, "UPDATE resource SET properties = json_set(properties, '$.tags.owner', 'eve') WHERE name = 'rg-g'")
    drift(pair, "DELETE FROM resource WHERE name = 'id-who'")
    assert pair.preview().plan == {}
    pair.refresh()
    assert "who" not in pair.state()
    assert pair.preview().plan == {"g": "update", "who": "create"}
    pair.swap()
    assert pair.up().done == {"g": "update", "who": "create"}
    pair.carry_on()


def test_drift_is_shown_without_a_change_and_undone_by_the_plan_after_a_refresh(pair: Pair) -> None:
    pair.deployed(ROOM)
    assert pair.preview_refresh().plan == {}
    drift(pair, "UPDATE resource SET properties = json_set(properties, '$.tags.owner', 'eve') WHERE name = 'rg-g'")
    drift(pair, "DELETE FROM resource WHERE name = 'id-who'")
    found = pair.preview_refresh()
    assert found.plan == {"g": "update", "who": "delete"}
    group = found.planned("g")
    assert (group.changed, group.old_inputs["tags"], group.inputs["tags"]) == (
        ("tags.owner",), {"owner": "ann"}, {"owner": "eve"},
    )  # fmt: skip
    assert pair.preview().plan == {}
    planned = pair.preview(refresh=True)
    assert planned.plan == {"g": "update", "who": "create"}
    assert planned.planned("g").old_inputs["tags"] == {"owner": "eve"}
    pair.refresh()
    assert pair.preview_refresh().plan == {}
    assert pair.preview().plan == planned.plan


def test_a_secret_that_differs_in_the_cloud_is_not_shown(pair: Pair) -> None:
    pair.program("group(tags={'word': Output.secret('swordfish'), 'plain': 'herring'})")
    pair.up()
    statement = "UPDATE resource SET properties = json_set(properties, '$.tags.word', 'pilchard')"
    drift(pair, f"{statement}, secrets = '[]' WHERE name = 'rg-g'")
    found = pair.preview_refresh()
    group = found.planned("g")
    assert group.changed
    assert "swordfish" not in str(found.value) + str(found.events)
    assert "pilchard" not in str(found.value) + str(found.events)


def test_a_stack_that_is_not_up_has_no_drift(pair: Pair) -> None:
    pair.program("group()")
    pair.preview()
    for world in pair.worlds.values():
        with pytest.raises(InputError, match="Stack small is not up"):
            world.engine.preview_refresh(pair.stack())


def test_refresh_without_drift_changes_nothing(pair: Pair) -> None:
    pair.deployed(ROOM)
    pair.refresh()
    pair.carry_on()


def test_destroy_ignores_resources_deleted_in_the_cloud(pair: Pair) -> None:
    pair.deployed(ROOM)
    drift(pair, "DELETE FROM resource WHERE name = 'id-who'")
    pair.destroy()
    assert pair.cloud() == []


def test_import_option_adopts_an_existing_resource(pair: Pair) -> None:
    pair.deployed("group()")
    pair.forget_state()
    pair.program(f"group(options=Options(import_='{GROUP}'))")
    assert pair.preview().plan == {"g": "import"}
    assert pair.up().done == {"g": "import"}
    assert pair.cloud() == ["rg-g"]
    assert pair.preview().plan == {}
    pair.program("group()")
    pair.carry_on()


def test_import_option_with_different_inputs_fails_in_the_embedded_engine(pair: Pair) -> None:
    """An accepted difference: the CLI imports and updates in one run, and its preview shows the import only."""
    pair.deployed("group()")
    pair.forget_state()
    pair.program(f"group(options=Options(import_='{GROUP}'), tags={{'owner': 'ann'}})")
    with pytest.raises(Failed, match="differs from the existing resource in tags"):
        pair.worlds["embedded"].engine.up(pair.stack())
    assert pair.worlds["pulumi"].engine.up(pair.stack()).counts == {"update": 1}


def test_import_command_adopts_and_protects(pair: Pair) -> None:
    pair.deployed("group()")
    pair.forget_state()
    pair.program("group(options=Options(protect=True))")
    pair.import_resource("azure-native:resources:ResourceGroup", "g", GROUP)
    assert pair.state()["g"]["protect"]
    assert pair.preview().plan == {}
    pair.carry_on()


def test_import_command_of_a_missing_resource_fails(pair: Pair) -> None:
    pair.program("")
    pair.up()
    pair.import_resource("azure-native:resources:ResourceGroup", "g", GROUP, ends="Failed")
