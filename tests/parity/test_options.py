"""Both engines agree on Pulumi's resource options, on components and on secrets."""

from __future__ import annotations

from contextlib import ExitStack

from operations.cli.data_changes import unlocked_change
from operations.cli.locked_deletes import locked_deletes
from operations.engine.port import Engine, OnEvent, Outcome
from tests.parity.small import Pair
from tests.pulumi_cli import needs_cli
from tests.soak import in_soak_alone

pytestmark = needs_cli


def test_an_alias_keeps_the_resource_under_its_new_name(pair: Pair) -> None:
    pair.program("identity('old', group())")
    pair.up()
    pair.program("""
        identity('new', group(), Options(aliases=[Alias(name='old')]), resource_name_='id-old')
    """)
    assert pair.preview().plan == {}
    assert pair.up().done == {}
    assert "old" not in pair.state()
    pair.carry_on()


IGNORING = """
    group(options=Options(ignore_changes=["tags.owner"]), tags={{"owner": "{owner}", "ward": "{ward}"}})
"""


def test_ignored_change_is_skipped(pair: Pair) -> None:
    pair.program(IGNORING.format(owner="ann", ward="7"))
    pair.up()
    pair.program(IGNORING.format(owner="ben", ward="7"))
    assert pair.preview().plan == {}
    pair.up()
    pair.program(IGNORING.format(owner="ben", ward="8"))
    preview = pair.preview()
    assert preview.planned("g").changed == ("tags.ward",)
    assert preview.planned("g").inputs["tags"] == {"owner": "ann", "ward": "8"}
    pair.up()
    pair.carry_on()


ORDERED = """
    home = group()
    first = identity("first", home)
    second = identity("second", home, Options(depends_on=[first]))
    identity("third", home, Options(depends_on=[second, home]))
"""


def test_depends_on_orders_creates_and_deletes(pair: Pair) -> None:
    pair.program(ORDERED)
    pair.up()
    assert {d.split("::")[-1] for d in pair.state()["third"]["dependencies"]} == {"g", "second"}
    pair.carry_on()


LEFT = """
    home = group()
    identity("who", home, Options(deleted_with=home))
"""


def test_deleted_with_skips_the_delete(pair: Pair) -> None:
    pair.program(LEFT)
    pair.up()
    pair.program("")
    assert pair.preview().plan == {"g": "delete", "who": "delete"}
    pair.up()
    assert pair.cloud() == []


ROOM_OF_TWO = """
    class Room(pulumi.ComponentResource):
        def __init__(self, name, options=None):
            super().__init__("sde:index:Room", name, {}, options)
            own = Options(parent=self)
            self.home = group(name, own, tags={"owner": "OWNER"})
            self.who = identity(name + "-who", self.home, own)
            self.register_outputs({"home": self.home.name, "who": self.who.principal_id})

    room = Room("ward")
    pulumi.export("home", room.home.name)
"""


@in_soak_alone
def test_component_has_children_and_outputs(pair: Pair) -> None:
    pair.program(ROOM_OF_TWO)
    assert pair.preview().plan == {"ward": "create", "ward-who": "create"}
    pair.up()
    pair.program(ROOM_OF_TWO.replace("OWNER", "ann"))
    pair.preview()
    pair.up()
    pair.carry_on()


def test_removed_component_is_deleted_with_its_children(pair: Pair) -> None:
    pair.program(ROOM_OF_TWO)
    pair.up()
    pair.program("")
    pair.preview()
    pair.up()
    assert pair.cloud() == []


EXPLICIT = """
    other = Provider("other", location="{place}", subscription_id="10ca1000-0000-4000-8000-000000000002")
    home = group(options=Options(provider=other), location="uksouth")
    identity("who", home, Options(provider=other), location="uksouth")
"""


def test_explicit_provider_is_created_and_changed(pair: Pair) -> None:
    pair.program(EXPLICIT.format(place="uksouth"))
    pair.preview()
    pair.up()
    assert pair.preview().plan == {}
    pair.program(EXPLICIT.format(place="ukwest"))
    pair.preview()
    pair.up()
    pair.carry_on()


REPLACING = """
    home = group(tags={{"owner": "{owner}"}}, options=Options(replace_on_changes=["{path}"], {more}))
    identity("who", home)
"""


@in_soak_alone
def test_replace_on_changes_replaces_with_dependants(pair: Pair) -> None:
    pair.program(REPLACING.format(owner="ann", path="tags.owner", more="delete_before_replace=True"))
    pair.up()
    pair.program(REPLACING.format(owner="ben", path="tags.owner", more="delete_before_replace=True"))
    preview = pair.preview()
    assert preview.plan == {"g": "replace", "who": "replace"}
    assert preview.planned("g").replaces == ("tags.owner",)
    assert pair.up().done == {"g": "replace", "who": "replace"}
    assert pair.state()["g"]["replaceOnChanges"] == ["tags.owner"]
    pair.carry_on()


@in_soak_alone
def test_replace_on_changes_without_a_change_is_recorded(pair: Pair) -> None:
    pair.program(REPLACING.format(owner="ann", path="tags", more=""))
    pair.up()
    pair.program(REPLACING.format(owner="ann", path="location", more=""))
    assert pair.preview().plan == {}
    pair.up()
    assert pair.state()["g"]["replaceOnChanges"] == ["location"]
    pair.carry_on()


def test_replace_on_changes_is_refused_for_a_protected_resource(pair: Pair) -> None:
    pair.program(REPLACING.format(owner="ann", path="tags", more="protect=True"))
    pair.up()
    pair.program(REPLACING.format(owner="ben", path="tags", more="protect=True"))
    assert not pair.preview(ends="Refused").done
    assert not pair.up(ends="Refused").done


DEPENDING = """
    home = group()
    account = store("rooms", home, location="{place}")
    identity("who", home, Options(replace_on_changes=["tags.{key}"], delete_before_replace=True),
             tags={{"account": account.primary_location}})
"""


def test_replace_on_changes_counts_for_dependants(pair: Pair) -> None:
    for key, told in (("account", "replace"), ("other", "update")):
        pair.program(DEPENDING.format(place="uksouth", key=key))
        pair.up()
        pair.program(DEPENDING.format(place="ukwest", key=key))
        assert pair.preview().plan == {"rooms": "replace", "who": told}
        assert pair.up().done == {"rooms": "replace", "who": told}
        pair.destroy()


PROTECTED = """
    home = group()
    data = store("data", home, Options(protect=True), is_hns_enabled={hns})
    storage.BlobContainer("files", account_name=data.name, container_name="files", resource_group_name=home.name,
                          opts=Options(protect=True))
"""


def test_released_resources_are_replaced_and_protected_again(pair: Pair) -> None:
    pair.program(PROTECTED.format(hns=False))
    pair.up()
    before = pair.state()
    pair.program(PROTECTED.format(hns=True))
    assert "data would be replaced" in pair.preview(ends="Refused").message
    urns = [before[name]["urn"] for name in ("data", "files")]
    engines = [world.engine for world in pair.worlds.values()]
    records = [engine.state_record("small") for engine in engines]
    with ExitStack() as released:
        for engine in engines:
            released.enter_context(engine.release(pair.stack(), urns[:1]))
        assert "files would be" in pair.preview(ends="Refused").message, "what it is not named with stays protected"
    assert [engine.state_record("small") for engine in engines] == records
    with ExitStack() as released:
        for engine in engines:
            released.enter_context(engine.release(pair.stack(), urns))
        assert pair.preview().plan == {"data": "replace", "files": "replace"}
        assert pair.up().done == {"data": "replace", "files": "replace"}
    assert pair.state()["data"]["protect"] is pair.state()["files"]["protect"] is True
    pair.carry_on()


LOCKED = """
    home = group()
    data = store("data", home, Options(protect=True))
    names = {names}
    made = [storage.BlobContainer(name, account_name=data.name, container_name=name, resource_group_name=home.name,
                                  opts=Options(protect=True)) for name in names]
    authorization.ManagementLockByScope("kept", lock_name="kept", scope=data.id, level="CanNotDelete",
                                        opts=Options(depends_on=made))
    if {names!r} == ["one", "two"]:
        gone = store("gone", home, Options(protect=True))
        authorization.ManagementLockByScope("left", lock_name="left", scope=gone.id, level="CanNotDelete")
"""


def test_permitted_data_under_a_lock_is_deleted_and_the_lock_is_made_again(pair: Pair) -> None:
    pair.program(LOCKED.format(names=["one", "two"]))
    pair.up()
    urns = [pair.state()[name]["urn"] for name in ("two", "gone")]
    pair.program(LOCKED.format(names=["one"]))
    pair.swap()  # what one engine has written, the other takes the protection from

    def change(engine: Engine, heard: OnEvent) -> Outcome:
        before = engine.state_record("small")
        with engine.release(pair.stack(), urns):
            plan = engine.preview(pair.stack())
        assert engine.state_record("small") == before
        found = unlocked_change(plan, locked_deletes(plan, lambda: ()), set(urns))
        assert found
        found.run(engine, pair.stack(), heard)
        return engine.up(pair.stack(), plan=engine.preview(pair.stack()), on_event=heard)

    pair._both(change, "done")  # not the events: the CLI reports the lock that is not a target as unchanged
    assert pair.state()["kept"]
    assert {"two", "left", "stgone"}.isdisjoint(pair.cloud())
    assert {"one", "kept", "stdata"} <= set(pair.cloud())
    pair.carry_on()
