"""The stacks that read a removed or changed output."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from formats.plan import SECRET, UNKNOWN, Operation, Plan, PlannedResource, planned_outputs
from formats.stack_reads import READS, REFERENCE, affected_outputs


def platform(before: dict[str, Any], after: dict[str, Any], *changed: str) -> Plan:
    return Plan("sde", "platform", "local", (), outputs=planned_outputs(before, after, changed))


def reader(name: str, *paths: str, of: str = "platform", record: Any = None) -> Plan:
    """Return the state of a stack that refers to another, with its record."""
    reference = PlannedResource(f"urn:pulumi:{name}::sde::{REFERENCE}::{of}", REFERENCE, Operation.READ,
                                inputs={"name": f"organization/sde/{of}"})  # fmt: skip
    outputs = {READS: {of: list(paths)} if record is None else record}
    return Plan("sde", name, "local", (reference,), outputs=planned_outputs(outputs, outputs))


def found(plan: Plan, *others: Plan) -> dict[str, tuple[str, tuple[str, ...]]]:
    return {one.path: (one.effect.value, one.readers) for one in affected_outputs(plan, others)}


def test_readers_of_removed_and_changed_outputs_are_named() -> None:
    plan = platform({"hub": "/h", "vault": "a", "same": 1, "free": 1}, {"vault": "b", "same": 1, "new": 1})
    others = reader("tre-y", "vault", "hub"), reader("tre-x", "hub", "same"), reader("tre-z", "same", "new")
    assert found(plan, *others) == {"hub": ("removed", ("tre-x", "tre-y")), "vault": ("changed", ("tre-y",))}


def test_only_readers_of_the_changed_part_of_an_output_are_named() -> None:
    plan = platform({"zones": {"a.b": "1", "c": "1", "d": "1"}}, {"zones": {"a.b": "2", "d": "1"}})
    others = reader("x", 'zones["a.b"]'), reader("y", "zones.c"), reader("z", "zones.d")
    assert found(plan, *others) == {'zones["a.b"]': ("changed", ("x",)), "zones.c": ("removed", ("y",))}


@pytest.mark.parametrize(("after", "effect"), [
    (UNKNOWN, "changed"), (SECRET, "changed"), ({"a": UNKNOWN}, "changed"), ({"a": ""}, "removed"), ("text", "removed"),
])  # fmt: skip
def test_an_output_that_cannot_be_read_any_more(after: Any, effect: str) -> None:
    assert found(platform({"zones": {"a": "1"}}, {"zones": after}), reader("x", "zones.a")) == {
        "zones.a": (effect, ("x",))
    }


def test_a_secret_that_changes_affects_its_readers() -> None:
    assert found(platform({"key": SECRET}, {"key": SECRET}, "key"), reader("x", "key")) == {"key": ("changed", ("x",))}


def test_a_planned_stack_reads_what_it_reads_now_and_then() -> None:
    then = reader("x", "new").outputs[0].after
    planned = reader("x", "old")
    planned = replace(planned, outputs=planned_outputs({READS: planned.outputs[0].after}, {READS: then}))
    assert found(platform({"old": 1, "new": 1}, {}), planned) == {
        "new": ("removed", ("x",)),
        "old": ("removed", ("x",)),
    }


@pytest.mark.parametrize("record", ["text", {"platform": "hub"}, {"platform": [1]}, UNKNOWN])
def test_a_stack_without_a_usable_record_reads_every_output(record: Any) -> None:
    plan = platform({"hub": {"my.id": "/h", "a": 1, "same": 1}}, {"hub": {"a": 2, "same": 1}})
    without = replace(reader("x"), outputs=())
    every = {'hub["my.id"]': ("removed", ("x",)), "hub.a": ("changed", ("x",))}
    assert found(plan, reader("x", record=record)) == found(plan, without) == every


def test_stacks_that_refer_to_another_stack_are_no_readers() -> None:
    plan = platform({"hub": "/h"}, {})
    neither = replace(reader("y"), resources=(), outputs=())
    assert found(plan, reader("x", "hub", of="other"), neither, replace(reader("z", of="other"), outputs=())) == {}
