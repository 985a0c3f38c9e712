"""The outputs in plans: both engines show the same added, changed and removed ones, and apply no others."""

from __future__ import annotations

import pytest

from formats.plan import SECRET, UNKNOWN, Operation, Plan
from tests.parity.small import Pair
from tests.pulumi_cli import needs_cli

pytestmark = needs_cli

HOME = """
    home = group(tags={{"owner": "{owner}"}})
    def later(v): return home.id.apply(lambda _: v)
"""
BEFORE = (
    HOME.format(owner="ann")
    + """
    pulumi.export("same", home.name)
    pulumi.export("gone", "/old")
    pulumi.export("word", "one")
    pulumi.export("secret", Output.secret("old"))
    pulumi.export("secret_too", later(Output.secret("kept")))
    pulumi.export("nested", {"a": Output.secret("x"), "b": [home.name, 1.0, True, None], "c": "one"})
    pulumi.export("opened", Output.secret("short"))
"""
)
AFTER = (
    HOME.format(owner="ann")
    + """
    pulumi.export("same", home.name)
    pulumi.export("word", "two")
    pulumi.export("secret", Output.secret("new"))
    pulumi.export("secret_too", later(Output.secret("kept")))
    pulumi.export("nested", {"a": Output.secret("x"), "b": [home.name, 1.0, True, None], "c": "two"})
    pulumi.export("opened", "short")
    pulumi.export("new", home.name)
    pulumi.export("nothing", None)
"""
)


def operations(plan: Plan) -> dict[str, str]:
    return {output.name: output.operation.value for output in plan.outputs}


def test_outputs_of_a_new_stack_are_added(pair: Pair) -> None:
    pair.program(BEFORE)
    found = pair.preview().value
    assert set(operations(found).values()) == {"create"}
    values = {o.name: o.after for o in found.outputs}
    assert values["secret"] == SECRET
    assert values["nested"] == {"a": SECRET, "b": ["rg-g", 1, True, None], "c": "one"}


def test_outputs_change_though_no_resource_does(pair: Pair) -> None:
    pair.deployed(BEFORE)
    assert set(operations(pair.preview().value).values()) == {"same"}
    pair.program(AFTER)
    run = pair.preview()
    assert run.plan == {}
    assert operations(run.value) == {
        "gone": "delete", "nested": "update", "new": "create", "opened": "update", "same": "same",
        "secret": "update", "secret_too": "same", "word": "update",
    }  # fmt: skip
    pair.swap()
    pair.up(plan=None)
    assert pair.outputs()["word"] == "two"
    assert "gone" not in pair.outputs()


def test_a_plan_of_output_changes_alone_is_applied(pair: Pair) -> None:
    pair.deployed(BEFORE)
    pair.program(AFTER)
    assert pair.up(plan=pair.preview().value).done == {}
    assert pair.outputs()["new"] == "rg-g"


def test_outputs_that_are_not_in_the_plan_are_refused(pair: Pair) -> None:
    pair.deployed(BEFORE)
    plan = pair.preview().value
    pair.program(AFTER)
    assert "outputs differ" in pair.up(plan=plan, ends="Refused").message


def test_an_output_of_a_replaced_resource_is_unknown(pair: Pair) -> None:
    program = """
    home = group()
    who = identity("who", home, options=Options(delete_before_replace=True), location="{place}")
    pulumi.export("principal", who.principal_id)
    pulumi.export("both", Output.secret(who.client_id))
    pulumi.export("map", {{"id": who.principal_id}})
"""
    pair.program(program.format(place="uksouth"))
    plan = pair.preview().value
    assert {o.name: o.after for o in plan.outputs} == {"principal": UNKNOWN, "both": SECRET, "map": {"id": UNKNOWN}}
    pair.up(plan=plan)
    pair.program(program.format(place="ukwest"))
    plan = pair.preview().value
    assert set(operations(plan).values()) == {"update"}
    pair.up(plan=plan)
    assert set(operations(pair.preview().value).values()) == {"same"}


@pytest.mark.parametrize("whole", [True, False])
def test_destroy_removes_the_outputs_with_the_whole_stack(pair: Pair, whole: bool) -> None:
    pair.deployed(BEFORE)
    targets = [] if whole else ["urn:pulumi:small::sde::azure-native:resources:ResourceGroup::g"]
    plans = [w.engine.preview_destroy(pair.stack(), targets=targets) for w in pair.worlds.values()]
    assert plans[0].outputs == plans[1].outputs
    assert {o.operation for o in plans[0].outputs} == {Operation.DELETE if whole else Operation.SAME}


def test_current_state_has_the_outputs_as_they_are(pair: Pair) -> None:
    pair.deployed(BEFORE)
    found = [w.engine.current_state([pair.stack()])["small"].outputs for w in pair.worlds.values()]
    assert found[0] == found[1] == tuple(o for o in pair.preview().value.outputs)


def test_targets_leave_outputs_of_new_resources_unknown(pair: Pair) -> None:
    pair.deployed(BEFORE)
    pair.program(
        BEFORE
        + """
    other = group("other")
    pulumi.export("other", other.id)
"""
    )
    target = "urn:pulumi:small::sde::azure-native:resources:ResourceGroup::g"
    plans = [w.engine.preview(pair.stack(), targets=[target]) for w in pair.worlds.values()]
    assert plans[0].outputs == plans[1].outputs
    assert {o.name: o.after for o in plans[0].outputs}["other"] == UNKNOWN
