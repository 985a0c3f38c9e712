"""Both engines agree on what was changed behind their backs, and on what they take over."""

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
    """Change both clouds by hand."""
    for world in pair.worlds.values():
        with sqlite3.connect(world.database) as database:
            assert database.execute(statement, values).rowcount == 1
        database.close()


def test_refresh_takes_a_changed_tag_and_a_lost_resource_into_the_state(pair: Pair) -> None:
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


def test_refresh_of_what_is_as_it_was_changes_nothing(pair: Pair) -> None:
    pair.program(ROOM)
    pair.up()
    pair.refresh()
    pair.carry_on()


def test_a_lost_resource_is_no_fault_of_a_destroy(pair: Pair) -> None:
    pair.program(ROOM)
    pair.up()
    drift(pair, "DELETE FROM resource WHERE name = 'id-who'")
    pair.destroy()
    assert pair.cloud() == []


def test_import_by_option_takes_over_what_is_there(pair: Pair) -> None:
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


def test_import_by_option_of_what_the_program_says_otherwise_fails_in_the_embedded_engine(pair: Pair) -> None:
    """A difference that stays: the CLI imports and updates in one run, and its preview tells the import alone."""
    pair.program("group()")
    pair.up()
    pair.forget_state()
    pair.program(f"group(options=Options(import_='{GROUP}'), tags={{'owner': 'ann'}})")
    with pytest.raises(Failed, match="differs from the existing resource in tags"):
        pair.worlds["embedded"].engine.up(pair.stack())
    assert pair.worlds["pulumi"].engine.up(pair.stack()).counts == {"update": 1}


def test_import_by_command_takes_over_and_protects(pair: Pair) -> None:
    pair.program("group()")
    pair.up()
    pair.forget_state()
    pair.program("group(options=Options(protect=True))")
    pair.import_resource("azure-native:resources:ResourceGroup", "g", GROUP)
    assert pair.state()["g"]["protect"]
    assert pair.preview().plan == {}
    pair.carry_on()


def test_import_by_command_of_what_is_not_there_fails(pair: Pair) -> None:
    pair.program("")
    pair.up()
    pair.import_resource("azure-native:resources:ResourceGroup", "g", GROUP, ends="Failed")
