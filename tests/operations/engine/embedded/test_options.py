"""Resource options in the embedded engine."""

from __future__ import annotations

import json
import re
from typing import Any

import pulumi
import pytest
from pulumi import Alias, ResourceOptions
from pulumi.resource import DependencyResource

from formats.errors import Failed, InputError, Refused
from formats.plan import SECRET
from operations.engine import permitted_requests
from operations.engine.embedded.engine import EmbeddedEngine
from tests.operations.engine.embedded.fake_cloud import Group, Lab, Slot, Thing, steps


def thing(logical: str, /, opts: ResourceOptions | None = None, **props: Any) -> Any:
    def program() -> None:
        Thing(logical, opts=opts, **props)

    return program


def test_an_alias_keeps_a_renamed_resource(lab: Lab) -> None:
    lab.up(thing("old", name="x"))
    plan = lab.preview(thing("new", name="x", opts=ResourceOptions(aliases=[Alias(name="old")])))
    assert steps(plan) == {"new": "same"}
    renamed = thing("new", name="x", opts=ResourceOptions(aliases=[Alias(name="old")]))
    lab.up(renamed)
    assert [r["urn"].split("::")[-1] for r in lab.resources() if "Thing" in r["urn"]] == ["new"]
    assert lab.up(renamed).counts == {"same": 1}


def test_an_alias_may_be_a_whole_urn(lab: Lab) -> None:
    lab.up(thing("old", name="x"))
    urn = lab.resource("old")["urn"]
    assert steps(lab.preview(thing("new", name="x", opts=ResourceOptions(aliases=[urn])))) == {"new": "same"}


def test_children_follow_a_renamed_parent(lab: Lab) -> None:
    def program(parent: str, aliases: list[Any]) -> Any:
        def run() -> None:
            group = Group(parent, opts=ResourceOptions(aliases=aliases))
            Thing(f"{parent}-child", name="x", opts=ResourceOptions(parent=group))

        return run

    lab.up(program("one", []))
    renamed = program("two", [Alias(name="one")])
    assert steps(lab.preview(renamed)) == {"two": "same", "two-child": "same"}
    lab.up(renamed)
    assert lab.up(renamed).counts == {"same": 2}


def test_dependency_on_an_alias_uses_the_current_urn(lab: Lab) -> None:
    lab.up(thing("old", name="x"))
    old = lab.resource("old")["urn"]

    def program() -> None:
        Thing("new", name="x", opts=ResourceOptions(aliases=[Alias(name="old")]))
        Thing("fresh", name="fresh", opts=ResourceOptions(depends_on=[DependencyResource(old)]))

    for _ in range(2):
        lab.up(program)
        assert lab.resource("fresh")["dependencies"] == [lab.resource("new")["urn"]]
    assert lab.up(program).counts == {"same": 2}
    lab.cloud.calls.clear()
    lab.engine(None).destroy(lab.stack)
    assert lab.cloud.changes() == ["delete /things/fresh", "delete /things/x"]


def test_dependency_on_its_own_alias_is_dropped(lab: Lab) -> None:
    lab.up(thing("old", name="x"))
    old = lab.resource("old")["urn"]

    def program() -> None:
        opts = ResourceOptions(aliases=[Alias(name="old")], depends_on=[DependencyResource(old)])
        Thing("new", name="x", opts=opts)

    lab.up(program)
    assert "dependencies" not in lab.resource("new")


def test_a_resource_may_move_under_a_parent(lab: Lab) -> None:
    lab.up(thing("x", name="x"))

    def moved() -> None:
        parent = Group("g")
        Thing("x", name="x", opts=ResourceOptions(parent=parent, aliases=[Alias(parent=pulumi.ROOT_STACK_RESOURCE)]))

    assert steps(lab.preview(moved)) == {"g": "create", "x": "same"}


@pytest.mark.parametrize("path", ["tags", "tags.owner", 'tags["owner"]', "tags[*]", "*"])
def test_ignored_changes_keep_the_old_values(lab: Lab, path: str) -> None:
    lab.up(thing("t", tags={"owner": "ann"}))
    changed = thing("t", tags={"owner": "ben"}, opts=ResourceOptions(ignore_changes=[path]))
    assert steps(lab.preview(changed)) == {"t": "same"}
    lab.up(changed)
    assert lab.resource("t")["inputs"]["tags"] == {"owner": "ann"}


def test_changes_that_cannot_be_ignored_are_reported(lab: Lab) -> None:
    lab.up(thing("t", rules=[{"n": "a", "w": 1}]))
    opts = ResourceOptions(ignore_changes=["rules[*].w"])
    lab.up(thing("t", rules=[{"n": "a", "w": 9}, {"n": "b", "w": 9}], opts=opts))
    assert lab.resource("t")["inputs"]["rules"] == [{"n": "a", "w": 1}, {"n": "b", "w": 9}]
    assert any(re.search(r"cannot be ignored.*rules\[\*\]\.w", e.message or "") for e in lab.events)


def test_a_replacement_ignores_nothing(lab: Lab) -> None:
    lab.up(thing("t", fixed="1", tags={"owner": "ann"}))
    lab.up(thing("t", fixed="2", tags={"owner": "ben"}, opts=ResourceOptions(ignore_changes=["tags"])))
    assert lab.resource("t")["inputs"]["tags"] == {"owner": "ben"}


def test_only_ignored_paths_are_ignored(lab: Lab) -> None:
    lab.up(thing("t", tags={"owner": "ann", "cost": "1"}))
    changed = thing("t", tags={"owner": "ben", "cost": "2"}, opts=ResourceOptions(ignore_changes=["tags.owner"]))
    assert lab.preview(changed).changes[0].changed == ("tags.cost",)


def test_deleted_with_deletes_only_the_container(lab: Lab) -> None:
    def program() -> None:
        whole = Thing("whole", name="whole")
        Thing("part", name="part", opts=ResourceOptions(deleted_with=whole))

    lab.up(program)
    lab.up(lambda: None)
    assert [c for c in lab.cloud.changes() if c.startswith("delete")] == ["delete /things/whole"]


def test_resources_deleted_with_a_replaced_one_are_recreated(lab: Lab) -> None:
    def program(fixed: str) -> Any:
        def run() -> None:
            whole = Slot("whole", name="whole", fixed=fixed)
            Thing("part", name="part", opts=ResourceOptions(deleted_with=whole))

        return run

    lab.up(program("1"))
    assert steps(lab.preview(program("2"))) == {"whole": "replace", "part": "replace"}
    lab.cloud.calls.clear()
    lab.cloud.things.pop("/things/part")  # the cloud deleted it with its container
    lab.up(program("2"))
    assert lab.cloud.changes() == ["delete /slots/whole", "create /slots/whole", "create /things/part"]


def test_protected_dependant_prevents_every_delete(lab: Lab, monkeypatch: Any) -> None:
    def program(fixed: str) -> Any:
        def run() -> None:
            slot = Slot("slot", name="slot", fixed=fixed)
            Thing("held", fixed=slot.address, opts=ResourceOptions(protect=True))
            Thing("free", fixed=slot.address)

        return run

    lab.up(program("1"))
    lab.cloud.calls.clear()
    monkeypatch.setattr(EmbeddedEngine, "_preview_protected", lambda *_: None)
    with pytest.raises(Refused, match="Thing held would be replaced together with"):
        lab.up(program("2"))
    assert lab.cloud.changes() == []


def test_an_output_made_secret_later_is_secret_in_the_state(lab: Lab) -> None:
    lab.up(thing("t", name="t"))
    lab.up(thing("t", name="t", opts=ResourceOptions(additional_secret_outputs=["address"])))
    assert "ciphertext" in lab.resource("t")["outputs"]["address"]


def test_secrets_are_in_no_plan_event_outcome_or_state(lab: Lab) -> None:
    def program() -> None:
        word = pulumi.Output.secret("hunter2-hunter2")
        one = Thing("t", secret=word, opts=ResourceOptions(additional_secret_outputs=["address"]))
        Thing("user", link=one.address)
        told = pulumi.Output.all(word, one.name)
        told.apply(lambda both: pulumi.log.info(f"the word is {both[0]}"))
        told.apply(lambda both: print(f"printed {both[0]}"))
        pulumi.export("word", word)

    plan = lab.preview(program)
    outcome = lab.up(program)
    state = json.dumps(lab.resources())
    for text in (json.dumps(plan.to_json()), repr(outcome), repr(lab.events), state):
        assert "hunter2" not in text
    assert outcome.outputs == {"word": SECRET}
    assert any(e.message == f"printed {SECRET}" for e in lab.events)
    assert "ciphertext" in lab.resource("t")["outputs"]["address"]
    assert lab.engine(None).outputs("dev", show_secrets=True) == {"word": "hunter2-hunter2"}
    assert lab.up(program).counts == {"same": 2}


def test_provider_error_masks_secrets(lab: Lab) -> None:
    lab.cloud.fails["create"] = "the password hunter2-hunter2 is too weak"
    with pytest.raises(Failed) as caught:
        lab.up(lambda: Thing("t", secret=pulumi.Output.secret("hunter2-hunter2")) and None)
    assert "hunter2" not in str(caught.value) and SECRET in str(caught.value)


def test_import_adopts_an_existing_resource(lab: Lab) -> None:
    lab.cloud.things["/things/x"] = {"name": "x", "tags": {"owner": "ann"}, "address": "there"}
    imported = thing("t", name="x", tags={"owner": "ann"}, opts=ResourceOptions(import_="/things/x"))
    assert steps(lab.preview(imported)) == {"t": "import"}
    assert lab.up(imported).counts == {"import": 1}
    assert lab.up(imported).counts == {"same": 1}
    assert lab.up(thing("t", name="x", tags={"owner": "ann"})).counts == {"same": 1}
    assert lab.cloud.changes() == []


def test_imported_resource_is_not_replaced(lab: Lab) -> None:
    lab.cloud.things["/things/x"] = {"name": "x", "fixed": "1", "address": "there"}
    lab.up(thing("t", name="x", fixed="1", opts=ResourceOptions(import_="/things/x")))
    with pytest.raises(Failed, match=r"imported and would be replaced, because of fixed: remove its `import_` option"):
        lab.up(thing("t", name="x", fixed="2", opts=ResourceOptions(import_="/things/x")))
    lab.preview(thing("t", name="x", fixed="2"))


def test_import_with_different_inputs_fails(lab: Lab) -> None:
    lab.cloud.things["/things/x"] = {"name": "x", "tags": {"owner": "ann"}, "address": "there"}
    with pytest.raises(Failed, match=r"tags\.owner"):
        lab.up(thing("t", name="x", tags={"owner": "ben"}, opts=ResourceOptions(import_="/things/x")))
    with pytest.raises(Failed, match="nothing to import"):
        lab.up(thing("t", name="y", opts=ResourceOptions(import_="/things/y")))


def test_external_resource_is_never_deleted(lab: Lab) -> None:
    lab.cloud.things["/things/x"] = {"name": "x", "address": "there"}

    def program() -> None:
        pulumi.export("address", Thing("r", opts=ResourceOptions(id="/things/x")).address)

    assert steps(lab.preview(program)) == {"r": "read"}
    lab.events.clear()
    assert lab.up(program).outputs == {"address": "there"}
    assert [e.kind for e in lab.events if e.operation == "read"] == ["step-started", "step-done"]
    assert lab.resource("r")["external"] is True
    lab.engine(None).destroy(lab.stack)
    assert "/things/x" in lab.cloud.things


def test_a_stack_reference_reads_another_stacks_outputs(lab: Lab) -> None:
    def source() -> None:
        pulumi.export("open", "door")
        pulumi.export("word", pulumi.Output.secret("hunter2-hunter2"))

    def user() -> None:
        other = pulumi.StackReference("organization/lab/source")
        Thing("t", link=other.require_output("open"), secret=other.require_output("word"))

    with pytest.raises(InputError, match=r"Stack source has not been deployed yet(.|\n)*sde up source"):
        lab.preview(user)
    lab.engine(source).up(lab.named("source"))
    plan = lab.preview(user)
    assert plan.resources[-1].inputs["link"] == "door"
    assert plan.resources[-1].inputs["secret"] == SECRET
    lab.up(user)
    assert lab.up(user).counts == {"same": 1}
    reference = lab.resource("organization/lab/source")
    assert reference["outputs"]["secretOutputNames"] == ["word"]
    assert "hunter2" not in json.dumps(lab.resources())


def test_a_permitted_function_of_the_provider_is_answered(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(permitted_requests, "FUNCTIONS", ("cloud:index:echo",))

    def program() -> None:
        answer = pulumi.runtime.invoke("cloud:index:echo", {"say": "hello"})
        pulumi.export("said", answer.value["said"])

    assert lab.up(program).outputs == {"said": "hello"}


def three() -> None:
    one = Thing("one", name="one", size=1)
    two = Thing("two", name="two", link=one.address)
    Thing("three", name="three", link=two.address)


def urn(name: str) -> str:
    return f"urn:pulumi:dev::lab::cloud:index:Thing::{name}"


def test_targets_limit_a_run_and_keep_the_rest(lab: Lab) -> None:
    lab.up(three, targets=[urn("one")])
    assert set(lab.cloud.things) == {"/things/one"}
    with pytest.raises(InputError, match="not among the targets"):
        lab.up(three, targets=[urn("three")])
    lab.up(three, targets=["**::t*"])
    assert len(lab.cloud.things) == 3
    assert steps(lab.preview(lambda: None, targets=[urn("three")])) == {"three": "delete"}
    with pytest.raises(Refused, match="add those as targets"):
        lab.up(lambda: None, targets=[urn("one")])
    with pytest.raises(InputError, match="names no resource"):
        lab.preview(three, targets=[urn("four")])
    lab.engine(None).destroy(lab.stack, targets=[urn("three")])
    assert len(lab.cloud.things) == 2


def test_refresh_updates_changed_and_drops_deleted_resources(lab: Lab) -> None:
    lab.up(three)
    lab.cloud.things["/things/one"]["size"] = 5
    del lab.cloud.things["/things/three"]
    assert lab.engine(None).refresh(lab.stack).counts == {"update": 1, "same": 1, "delete": 1}
    assert steps(lab.preview(three)) == {"one": "update", "two": "same", "three": "create"}
    lab.up(three)
    assert lab.cloud.things["/things/one"]["size"] == 1


def test_import_by_command_is_protected_and_needs_no_program(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("operations.engine.embedded.engine.sdk_version", lambda _package: "1.2.3")
    lab.cloud.things["/things/x"] = {"name": "x", "address": "there"}
    outcome = lab.engine(None).import_resource(lab.stack, "cloud:index:Thing", "t", "/things/x")
    assert outcome.counts == {"import": 1}
    assert lab.resource("t")["protect"] is True
    assert lab.up(thing("t", name="x", opts=ResourceOptions(protect=True))).counts == {"same": 1}


@pytest.mark.parametrize(
    ("path", "changed", "operation"),
    [
        ("tags", {"tags": {"owner": "ben"}}, "replace"),
        ("tags.owner", {"tags": {"owner": "ben"}}, "replace"),
        ("tags[*]", {"tags": {"owner": "ben"}}, "replace"),
        ("*", {"tags": {"owner": "ben"}}, "replace"),
        ("tags.cost", {"tags": {"owner": "ben"}}, "update"),
        ("tags.owner", {"tags": {"owner": "ann"}, "size": 2}, "update"),
        ("rules[*].n", {"rules": [{"n": "a"}]}, "update"),
        ("rules", {"rules": [{"n": "a"}]}, "replace"),
    ],
)
def test_replace_on_changes_covers_paths_and_below(lab: Lab, path: str, changed: Any, operation: str) -> None:
    before = {"tags": {"owner": "ann"}}
    lab.up(thing("t", **before))
    opts = ResourceOptions(replace_on_changes=[path])
    assert steps(lab.preview(thing("t", opts=opts, **before | changed))) == {"t": operation}
    assert lab.up(thing("t", opts=opts, **before | changed)).counts[operation] == 1
    assert lab.resource("t")["replaceOnChanges"] == [path]
    assert lab.up(thing("t", opts=opts, **before | changed)).counts == {"same": 1}


def test_replace_on_changes_follows_delete_before_replace(lab: Lab) -> None:
    def program(owner: str, *, first: bool) -> Any:
        opts = ResourceOptions(replace_on_changes=["tags"], delete_before_replace=first)
        return thing("t", opts=opts, name=None if not first else "t", tags={"owner": owner})

    lab.up(program("ann", first=True))
    lab.cloud.calls.clear()
    lab.up(program("ben", first=True))
    assert lab.cloud.changes() == ["delete /things/t", "create /things/t"]


def test_replace_on_changes_is_refused_for_a_protected_resource(lab: Lab) -> None:
    opts = ResourceOptions(replace_on_changes=["tags"], protect=True)
    lab.up(thing("t", opts=opts, tags={"owner": "ann"}))
    for run in (lab.preview, lab.up):
        with pytest.raises(Refused, match="Thing t would be replaced"):
            run(thing("t", opts=opts, tags={"owner": "ben"}))


@pytest.mark.parametrize(("path", "operation"), [("link", "replace"), ("tags", "update")])
def test_replace_on_changes_counts_for_dependants(lab: Lab, path: str, operation: str) -> None:
    def program(fixed: str) -> Any:
        def run() -> None:
            slot = Slot("slot", name="slot", fixed=fixed)
            Thing("user", name="user", link=slot.address, opts=ResourceOptions(replace_on_changes=[path]))

        return run

    lab.up(program("1"))
    assert steps(lab.preview(program("2"))) == {"slot": "replace", "user": operation}
    lab.cloud.calls.clear()
    lab.up(program("2"))
    deleted = ["delete /things/user"] if operation == "replace" else []
    assert lab.cloud.changes()[: len(deleted) + 2] == [*deleted, "delete /slots/slot", "create /slots/slot"]


def test_replace_on_changes_with_ignored_changes_keeps(lab: Lab) -> None:
    opts = ResourceOptions(replace_on_changes=["tags"], ignore_changes=["tags"])
    lab.up(thing("t", opts=opts, tags={"owner": "ann"}))
    assert lab.up(thing("t", opts=opts, tags={"owner": "ben"})).counts == {"same": 1}
