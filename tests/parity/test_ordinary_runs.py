"""Both engines agree on ordinary runs: a first run, a change, a replacement and a delete."""

from __future__ import annotations

from tests.parity.small import Pair
from tests.pulumi_cli import needs_cli
from tests.soak import in_soak_alone

pytestmark = needs_cli

ROOM = """
    home = group(tags={"owner": "ann"})
    who = identity("who", home)
    pulumi.export("principal", who.principal_id)
"""


def test_first_preview_and_up_then_nothing_to_change(pair: Pair) -> None:
    pair.program(ROOM)
    assert pair.preview().plan == {"g": "create", "who": "create"}
    assert pair.up().done == {"g": "create", "who": "create"}
    assert pair.preview().plan == {}
    assert pair.up().done == {}
    pair.carry_on()


def test_a_changed_tag_is_one_update_of_one_path(pair: Pair) -> None:
    pair.deployed(ROOM)
    pair.program(ROOM.replace("ann", "ben"))
    preview = pair.preview()
    assert preview.plan == {"g": "update"}
    assert preview.planned("g").changed == ("tags.owner",)
    assert pair.up().done == {"g": "update"}
    pair.carry_on()


def test_unregistered_resources_are_deleted_dependants_first(pair: Pair) -> None:
    pair.deployed(ROOM)
    pair.program('group(tags={"owner": "ann"})')
    assert pair.preview().plan == {"who": "delete"}
    assert pair.up().done == {"who": "delete"}
    assert pair.outputs() == {}
    assert pair.cloud() == ["rg-g"]
    pair.carry_on()


MOVED = """
    home = group()
    who = identity("who", home, resource_name_="id-{name}")
    pulumi.export("id", who.id)
"""


def test_replacement_creates_the_new_resource_first(pair: Pair) -> None:
    pair.program(MOVED.format(name="old"))
    pair.up()
    pair.program(MOVED.format(name="new"))
    preview = pair.preview()
    assert preview.plan == {"who": "replace"}
    assert preview.planned("who").replaces == ("resourceName",)
    assert pair.up().done == {"who": "replace"}
    assert pair.cloud() == ["id-new", "rg-g"]
    pair.carry_on()


KEPT_NAME = """
    home = group(resource_group_name="rg-home")
    away = group("away")
    identity("who", home, Options(delete_before_replace=True), location="{place}")
"""


@in_soak_alone
def test_replacement_with_the_same_name_deletes_first(pair: Pair) -> None:
    pair.program(KEPT_NAME.format(place="uksouth"))
    pair.up()
    pair.program(KEPT_NAME.format(place="ukwest"))
    assert pair.preview().plan == {"who": "replace"}
    assert pair.up().done == {"who": "replace"}
    pair.carry_on()


OWN_NAME = """
    home = group()
    account = store("rooms", home, location="{place}")
    storage.BlobContainer("box", resource_group_name=home.name, account_name=account.name, container_name="box")
"""


@in_soak_alone
def test_provider_requests_delete_before_replace(pair: Pair) -> None:
    pair.program(OWN_NAME.format(place="uksouth"))
    pair.up()
    pair.program(OWN_NAME.format(place="ukwest"))
    assert pair.preview().plan == {"rooms": "replace", "box": "replace"}
    assert pair.up().done == {"rooms": "replace", "box": "replace"}
    pair.carry_on()


TWO = """
    home = group(tags={{"owner": "{owner}"}})
    identity("one", home, tags={{"owner": "{owner}"}})
    identity("two", home, tags={{"owner": "{owner}"}})
"""


def test_only_targets_change_and_the_rest_follows(pair: Pair) -> None:
    pair.program(TWO.format(owner="ann"))
    pair.up()
    pair.program(TWO.format(owner="ben"))
    one = "urn:pulumi:small::sde::azure-native:managedidentity:UserAssignedIdentity::one"
    assert pair.preview(targets=[one]).plan == {"one": "update"}
    assert pair.up(targets=[one]).done == {"one": "update"}
    assert pair.preview().plan == {"g": "update", "two": "update"}
    assert pair.destroy(targets=[one]).done == {"one": "delete"}
    assert pair.preview().plan == {"g": "update", "one": "create", "two": "update"}
    pair.swap()
    assert pair.up().done == {"g": "update", "one": "create", "two": "update"}


def test_each_engine_executes_its_plan(pair: Pair) -> None:
    pair.program(ROOM)
    plan = pair.preview().value
    assert pair.up(plan=plan).done == {"g": "create", "who": "create"}


def test_step_that_is_not_in_the_plan_is_refused(pair: Pair) -> None:
    pair.deployed(ROOM)
    pair.program(ROOM.replace("ann", "ben"))
    plan = pair.preview().value
    pair.program(ROOM.replace("ann", "eve"))
    assert "differs from the checked plan" in pair.up(plan=plan, ends="Refused").message
    assert pair.state()["g"]["inputs"]["tags"] == {"owner": "ann"}
