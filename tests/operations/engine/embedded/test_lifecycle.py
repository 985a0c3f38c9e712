"""Create, update, both kinds of replacement and delete, in previews and runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pulumi
import pytest

from formats.errors import Failed, InputError, Refused
from formats.plan import Operation
from tests.operations.engine.embedded.fake_cloud import CloudProvider, Group, Lab, Slot, Thing, steps


def two(owner: str = "ann", fixed: str = "one") -> Any:
    def program() -> None:
        first = Thing("first", fixed=fixed, tags={"owner": owner})
        Thing("second", link=first.address)
        pulumi.export("address", first.address)

    return program


def test_a_first_preview_creates_everything_and_changes_nothing(lab: Lab) -> None:
    plan = lab.preview(two())
    assert steps(plan) == {"first": "create", "second": "create"}
    assert plan.resources[0].type == "pulumi:pulumi:Stack"
    second = plan.resources[-1]
    assert second.inputs["link"] == "[unknown]"
    assert second.property_dependencies == {"link": (plan.resources[-2].urn,)}
    assert lab.cloud.changes() == []
    assert lab.engine(None).state("dev") is None


def test_up_executes_the_preview_and_a_second_up_changes_nothing(lab: Lab) -> None:
    outcome = lab.up(two())
    assert outcome.counts == {"create": 2}
    assert outcome.resources == 2
    assert outcome.outputs == {"address": f"at {lab.resource('first')['id']}"}
    before = lab.cloud.changes()
    assert lab.up(two()).counts == {"same": 2}
    assert lab.cloud.changes() == before


def test_names_are_the_same_in_preview_and_up(lab: Lab) -> None:
    planned = {r.name: r.inputs.get("name") for r in lab.preview(two()).resources}
    assert lab.preview(two()).digest == lab.preview(two()).digest
    lab.up(two())
    assert lab.resource("first")["inputs"]["name"] == planned["first"]


def test_an_update_names_the_changed_path_and_nothing_else(lab: Lab) -> None:
    lab.up(two())
    plan = lab.preview(two(owner="ben"))
    assert [(r.name, r.operation, r.changed, r.replaces) for r in plan.changes] == [
        ("first", Operation.UPDATE, ("tags.owner",), ())
    ]
    assert plan.changes[0].old_inputs["tags"] == {"owner": "ann"}
    assert lab.up(two(owner="ben")).counts == {"update": 1, "same": 1}


def test_replacement_is_created_before_the_delete(lab: Lab) -> None:
    lab.up(two())
    old = lab.resource("first")["id"]
    plan = lab.preview(two(fixed="two"))
    assert steps(plan) == {"first": "replace", "second": "update"}
    assert plan.changes[0].replaces == ("fixed",)
    lab.up(two(fixed="two"))
    new = lab.resource("first")["id"]
    assert new != old
    assert [c.split(" ")[0] for c in lab.cloud.changes()[-3:]] == ["create", "update", "delete"]
    assert lab.cloud.changes()[-1] == f"delete {old}"
    assert not any(r.get("delete") for r in lab.resources())


def slots(fixed: str, *, by_property: bool = True) -> Any:
    def program() -> None:
        first = Slot("first", name="a", fixed=fixed)
        Slot("user", name="b", fixed=first.address if by_property else None)
        Slot("after", name="c", opts=pulumi.ResourceOptions(depends_on=[first]))

    return program


def test_delete_before_replace_replaces_dependants_by_property(lab: Lab) -> None:
    lab.up(slots("one"))
    assert steps(lab.preview(slots("two"))) == {"first": "replace", "user": "replace", "after": "same"}
    lab.up(slots("two"))
    assert lab.cloud.changes()[-4:] == ["delete /slots/b", "delete /slots/a", "create /slots/a", "create /slots/b"]
    assert lab.up(slots("two")).counts == {"same": 3}


def test_dependant_without_property_stays(lab: Lab) -> None:
    lab.up(slots("one", by_property=False))
    plan = lab.preview(slots("two", by_property=False))
    assert steps(plan) == {"first": "replace", "user": "same", "after": "same"}


def test_delete_before_replace_option_decides_the_order(lab: Lab) -> None:
    def program(fixed: str) -> Any:
        return lambda: Thing("t", name="t" + fixed, opts=pulumi.ResourceOptions(delete_before_replace=True)) and None

    lab.up(program("1"))
    lab.up(program("2"))
    assert lab.cloud.changes()[-2:] == ["delete /things/t1", "create /things/t2"]


def test_unregistered_resources_are_deleted_dependants_first(lab: Lab) -> None:
    lab.up(two())
    first, second = lab.resource("first")["id"], lab.resource("second")["id"]
    plan = lab.preview(lambda: None)
    assert [(r.name, r.operation) for r in plan.changes] == [("second", "delete"), ("first", "delete")]
    lab.up(lambda: None)
    assert lab.cloud.changes()[-2:] == [f"delete {second}", f"delete {first}"]
    assert lab.cloud.things == {}


def test_destroy_leaves_nothing(lab: Lab) -> None:
    lab.up(two())
    assert [r.operation for r in lab.engine(None).preview_destroy(lab.stack).resources] == ["delete"] * 3
    outcome = lab.engine(None).destroy(lab.stack)
    assert (outcome.counts, outcome.resources) == ({"delete": 2}, 0)
    assert lab.cloud.things == {}
    assert lab.resources() == []


def test_failed_create_stops_the_run_and_keeps_created_resources(lab: Lab) -> None:
    lab.cloud.fails["create /things/second"] = "quota is used up"
    with pytest.raises(Failed, match=r"cloud:index:Thing second: quota is used up"):
        lab.up(two())
    assert lab.resource("first")["id"] in lab.cloud.things
    lab.cloud.fails.clear()
    assert lab.up(two()).counts == {"same": 1, "create": 1}


FAILING_STEPS: dict[str, tuple[Callable[[], object], str]] = {
    "create": (lambda: Thing("t", name="new"), "quota is used up"),
    "update": (lambda: Thing("t", name="old", size=2), "quota is used up"),
    "delete": (lambda: None, "quota is used up"),
    "import": (lambda: Thing("t", pulumi.ResourceOptions(import_="/no")), "there is nothing to import with the id /no"),
    "read": (lambda: Thing("t", pulumi.ResourceOptions(id="/no")), "there is nothing to read with the id /no"),
}


@pytest.mark.parametrize("operation", FAILING_STEPS)
def test_only_the_final_error_of_a_failed_step_names_its_resource(lab: Lab, operation: str) -> None:
    program, message = FAILING_STEPS[operation]
    if operation in ("update", "delete"):
        lab.up(lambda: Thing("t", name="old"))
    lab.cloud.fails[f"{operation} "] = "quota is used up"
    with pytest.raises(Failed) as caught:
        lab.up(program)
    assert str(caught.value) == f"cloud:index:Thing t: {message}"
    assert [(e.operation, e.message) for e in lab.events if e.kind == "step-failed"] == [(operation, message)]


def test_a_wrong_property_is_bad_input(lab: Lab) -> None:
    def program() -> None:
        pulumi.CustomResource("cloud:index:Thing", "t", {"colour": "red"})

    with pytest.raises(InputError, match="colour: is not a property"):
        lab.preview(program)


def test_failing_program_reports_its_location(lab: Lab) -> None:
    def program() -> None:
        Thing("t")
        raise ValueError("no such zone")

    with pytest.raises(Failed) as caught:
        lab.up(program)
    text = str(caught.value)
    assert "ValueError: no such zone" in text
    assert "test_lifecycle.py" in text
    assert "site-packages" not in text and "embedded/program.py" not in text


def test_failing_apply_reports_its_location(lab: Lab) -> None:
    def program() -> None:
        Thing("t").address.apply(lambda address: {}[address])

    with pytest.raises(Failed, match="KeyError") as caught:
        lab.up(program)
    assert "site-packages" not in str(caught.value)


def test_bad_input_in_a_program_stays_bad_input(lab: Lab) -> None:
    def program() -> None:
        raise InputError("The zone is unknown", key="zone")

    with pytest.raises(InputError, match="The zone is unknown"):
        lab.preview(program)


def test_duplicate_urn_is_refused(lab: Lab) -> None:
    def program() -> None:
        Thing("t")
        Thing("t")

    with pytest.raises(InputError, match="same type and name"):
        lab.preview(program)


def test_children_have_their_parents_type_and_components_outputs(lab: Lab) -> None:
    def program() -> None:
        group = Group("g")
        child = Thing("c", opts=pulumi.ResourceOptions(parent=group))
        group.register_outputs({"child": child.address})

    lab.up(program)
    assert lab.resource("c")["urn"] == "urn:pulumi:dev::lab::cloud:index:Group$cloud:index:Thing::c"
    assert lab.resource("g")["outputs"] == {"child": f"at {lab.resource('c')['id']}"}


def test_a_default_provider_has_its_configuration_and_version(lab: Lab, tmp_path: Any) -> None:
    stack = lab.named("other", **{"cloud:account": "a1"})
    lab.engine(two()).up(stack)
    provider = lab.resources("other")[1]
    assert provider["urn"] == "urn:pulumi:other::lab::pulumi:providers:cloud::default_1_2_3"
    assert provider["inputs"] == {"__internal": {}, "account": "a1", "version": "1.2.3"}
    assert provider["outputs"] == {"account": "a1", "version": "1.2.3"}
    assert len(provider["id"]) == 36


def test_replaced_provider_replaces_its_resources(lab: Lab) -> None:
    def program(account: str) -> Any:
        def run() -> None:
            provider = CloudProvider("p", account)
            Thing("t", opts=pulumi.ResourceOptions(provider=provider))

        return run

    lab.up(program("a"))
    assert steps(lab.preview(program("a"))) == {"t": "same"}
    assert steps(lab.preview(program("b"))) == {"t": "replace"}
    lab.up(program("b"))
    assert lab.up(program("b")).counts == {"same": 1}


def test_previews_are_independent(lab: Lab) -> None:
    def reads() -> None:
        pulumi.export("x", pulumi.Config("sde").get("flavour") or "none")
        Thing(pulumi.get_stack())

    one = lab.engine(reads).preview(lab.named("one", **{"sde:flavour": "mint"}))
    other = lab.engine(reads).preview(lab.named("two"))
    assert (one.resources[-1].name, other.resources[-1].name) == ("one", "two")
    assert pulumi.runtime.get_root_resource() is None


def test_a_run_with_deletes_alone_deletes_beside_protected_resources(lab: Lab) -> None:
    def program(*names: str) -> Any:
        def run() -> None:
            Thing("held", name="held", opts=pulumi.ResourceOptions(protect=True))
            for name in names:
                Thing(name, name=name)

        return run

    lab.up(program("one", "two"))
    assert lab.up(program("two")).counts == {"same": 2, "delete": 1}
    assert len(lab.cloud.things) == 2
    assert lab.engine(program("two")).preview(lab.stack).counts == {"same": 2}


def test_all_protected_resources_are_named_before_any_change(lab: Lab) -> None:
    def program(fixed: str, *, third: bool = True) -> Any:
        def run() -> None:
            keep = pulumi.ResourceOptions(protect=True)
            Thing("free", size=1 if fixed == "one" else 2)
            Thing("one", fixed=fixed, opts=keep)
            if third:
                Thing("three", opts=keep)

        return run

    lab.up(program("one"))
    before = lab.cloud.changes()
    with pytest.raises(Refused) as caught:
        lab.up(program("two", third=False))
    assert "Thing one would be replaced" in str(caught.value)
    assert "Thing three would be deleted" in str(caught.value)
    assert lab.cloud.changes() == before
    with pytest.raises(Refused):
        lab.engine(None).destroy(lab.stack)
    assert lab.cloud.changes() == before
    lab.engine(None).destroy(lab.stack, release_protected=True)
    assert lab.cloud.things == {}
