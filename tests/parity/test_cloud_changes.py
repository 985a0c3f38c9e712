"""Both engines agree on drift and on imports."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest

from formats.errors import Failed
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
    pair.program(ROOM)
    pair.up()
    drift(pair, "UPDATE resource SET properties = json_set(properties, '$.tags.owner', 'eve') WHERE name = 'rg-g'")
    drift(pair, "DELETE FROM resource WHERE name = 'id-who'")
    assert pair.preview().plan == {}
    pair.refresh()
    assert "who" not in pair.state()
    assert pair.preview().plan == {"g": "update", "who": "create"}
    pair.swap()
    assert pair.up().done == {"g": "update", "who": "create"}
    pair.carry_on()


def test_refresh_without_drift_changes_nothing(pair: Pair) -> None:
    pair.program(ROOM)
    pair.up()
    pair.refresh()
    pair.carry_on()


def test_destroy_ignores_resources_deleted_in_the_cloud(pair: Pair) -> None:
    pair.program(ROOM)
    pair.up()
    drift(pair, "DELETE FROM resource WHERE name = 'id-who'")
    pair.destroy()
    assert pair.cloud() == []


def test_import_option_adopts_an_existing_resource(pair: Pair) -> None:
    pair.program("group()")
    pair.up()
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
    pair.program("group()")
    pair.up()
    pair.forget_state()
    pair.program(f"group(options=Options(import_='{GROUP}'), tags={{'owner': 'ann'}})")
    with pytest.raises(Failed, match="differs from the existing resource in tags"):
        pair.worlds["embedded"].engine.up(pair.stack())
    assert pair.worlds["pulumi"].engine.up(pair.stack()).counts == {"update": 1}


def test_import_command_adopts_and_protects(pair: Pair) -> None:
    pair.program("group()")
    pair.up()
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
