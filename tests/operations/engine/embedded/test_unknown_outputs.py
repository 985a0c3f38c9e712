"""Outputs that a run with targets leaves without a value: told, kept as unknown, and never taken for a value."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pulumi
import pytest

from formats.errors import Failed, InputError
from formats.plan import UNKNOWN as SHOWN
from formats.property_values import UNKNOWN
from tests.operations.engine.embedded.fake_cloud import Group, Lab, Thing, steps

ONE = "urn:pulumi:dev::lab::cloud:index:Thing::one"


def two() -> None:
    one, other = Thing("one", name="one"), Thing("two", name="two")
    Group("group").register_outputs({"other": other.address})
    pulumi.export("one", one.address)
    pulumi.export("nested", {"deep": [other.address]})
    pulumi.export("hidden", pulumi.Output.secret(other.address))


@pytest.fixture
def partial(lab: Lab) -> Lab:
    """A stack of which only a part was made."""
    lab.up(two, targets=[ONE])
    return lab


def test_the_run_warns_of_them(partial: Lab) -> None:
    warned = [e.message for e in partial.events if e.severity == "warning"]
    assert warned == [
        "No value yet for the stack's outputs hidden, nested: what they come from is not among the targets"
    ]


def test_the_state_keeps_them_as_the_official_engine_does(partial: Lab) -> None:
    outputs = partial.resource("lab-dev")["outputs"]
    assert outputs["one"] == "at /things/one"
    assert outputs["nested"] == {"deep": [UNKNOWN]}


def test_a_component_that_was_not_made_is_not_in_the_state(partial: Lab) -> None:
    assert not [r for r in partial.resources() if "Group" in r["urn"]]


def test_they_are_shown_as_unknown(partial: Lab) -> None:
    for shown in (True, False):
        outputs = partial.engine(None).outputs("dev", show_secrets=shown)
        assert outputs["nested"] == {"deep": [SHOWN]}
    assert partial.engine(None).outputs("dev", show_secrets=True)["hidden"] == SHOWN


def by_resource() -> None:
    Thing("user", link=pulumi.StackReference("organization/lab/dev").get_output("one"))


def by_function() -> None:
    told = pulumi.runtime.invoke("pulumi:pulumi:readStackOutputs", {"name": "organization/lab/dev"})
    Thing("user", link=told.value["outputs"]["one"])


@pytest.mark.parametrize(("user", "error"), [(by_resource, InputError), (by_function, Failed)])
def test_a_stack_that_reads_them_is_stopped_with_their_names(
    partial: Lab, user: Callable[[], Any], error: type[Exception]
) -> None:
    engine, stack = partial.engine(user), partial.named("user")
    for run in (engine.preview, engine.up):
        with pytest.raises(error, match=r"no value yet for hidden, nested\n +fix: +`sde up dev` without targets"):
            run(stack)
    assert "/things/user" not in partial.cloud.things


def test_a_whole_run_completes_them(partial: Lab) -> None:
    partial.up(two)
    assert partial.resource("lab-dev")["outputs"]["nested"] == {"deep": ["at /things/two"]}
    partial.engine(by_resource).up(partial.named("user"))
    assert steps(partial.preview(two)) == {"one": "same", "two": "same", "group": "same"}


def test_a_component_is_not_told_what_it_registered_in_the_last_run(lab: Lab) -> None:
    told: list[Any] = []

    def program() -> None:
        group: Any = Group("group", word=None)
        group.register_outputs({"word": "of the last run"})
        group.word.apply(told.append)

    lab.up(program)
    lab.up(program)
    assert told == [None, None]
