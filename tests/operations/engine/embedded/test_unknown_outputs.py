"""Outputs without a value after a run with targets: reported, kept as unknown, and never used as a value."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

from formats.errors import InputError
from formats.plan import UNKNOWN as SHOWN
from formats.property_values import UNKNOWN
from tests.operations.engine.embedded.fake_cloud import Group, Lab, Thing, steps

ONE = "urn:pulumi:dev::lab::cloud:index:Thing::one"


def two() -> None:
    one, other = Thing("one", name="one"), Thing("two", name="two")
    Group("group").register_outputs({"other": other.address})
    pulumi.export("one", one.address)
    pulumi.export("nested", {"deep": [other.address]})
    pulumi.export("hidden", pulumi.Output.secret(other.address.apply(len)))


@pytest.fixture
def partial(lab: Lab) -> Lab:
    """A stack of which only a part was created."""
    lab.up(two, targets=[ONE])
    return lab


def test_run_warns_of_unknown_outputs(partial: Lab) -> None:
    warned = [e.message for e in partial.events if e.severity == "warning"]
    assert warned == [
        "No value yet for the stack's outputs hidden, nested: what they come from is not among the targets"
    ]


def test_state_keeps_unknown_outputs_like_the_cli(partial: Lab) -> None:
    outputs = partial.resource("lab-dev")["outputs"]
    assert outputs["one"] == "at /things/one"
    assert outputs["nested"] == {"deep": [UNKNOWN]}


def test_component_that_was_not_created_is_not_in_the_state(partial: Lab) -> None:
    assert not [r for r in partial.resources() if "Group" in r["urn"]]


def test_unknown_outputs_are_shown_as_unknown(partial: Lab) -> None:
    for shown in (True, False):
        outputs = partial.engine(None).outputs("dev", show_secrets=shown)
        assert outputs["nested"] == {"deep": [SHOWN]}
    assert partial.engine(None).outputs("dev", show_secrets=True)["hidden"] == SHOWN


def by_resource() -> None:
    Thing("user", link=pulumi.StackReference("organization/lab/dev").get_output("one"))


def test_stack_that_reads_unknown_outputs_is_refused(partial: Lab) -> None:
    engine, stack = partial.engine(by_resource), partial.named("user")
    for run in (engine.preview, engine.up):
        with pytest.raises(InputError, match=r"no value yet for hidden, nested\n +fix: +`sde up dev` without targets"):
            run(stack)
    assert "/things/user" not in partial.cloud.things


def test_full_run_completes_the_outputs(partial: Lab) -> None:
    partial.up(two)
    assert partial.resource("lab-dev")["outputs"]["nested"] == {"deep": ["at /things/two"]}
    partial.engine(by_resource).up(partial.named("user"))
    assert steps(partial.preview(two)) == {"one": "same", "two": "same", "group": "same"}


def test_component_does_not_get_outputs_of_the_last_run(lab: Lab) -> None:
    told: list[Any] = []

    def program() -> None:
        group: Any = Group("group", word=None)
        group.register_outputs({"word": "of the last run"})
        group.word.apply(told.append)

    lab.up(program)
    lab.up(program)
    assert told == [None, None]
