"""The stack's outputs in the embedded engine's plans."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pulumi
import pytest

from formats.errors import Refused
from formats.plan import SECRET, UNKNOWN, Plan
from tests.operations.engine.embedded.fake_cloud import Lab, Thing

BEFORE = {"gone": "/old", "same": 1}, {"secret": "old", "kept": "kept"}
AFTER = {"same": 1, "new": True}, {"secret": "new", "kept": "kept"}
NONE: tuple[dict[str, Any], dict[str, str]] = {}, {}


def exporting(outputs: tuple[dict[str, Any], dict[str, str]]) -> Callable[[], None]:
    """Return a program that exports plain outputs, secret ones, and the address of its resource."""

    def program() -> None:
        plain, secret = outputs
        hidden = {name: pulumi.Output.secret(value) for name, value in secret.items()}
        for name, value in {"address": Thing("one", name="one").address, **plain, **hidden}.items():
            pulumi.export(name, value)

    return program


def operations(plan: Plan) -> dict[str, str]:
    return {output.name: output.operation.value for output in plan.outputs}


def test_outputs_of_a_new_stack_are_added(lab: Lab) -> None:
    outputs = {o.name: o.after for o in lab.preview(exporting(BEFORE)).outputs}
    assert outputs == {"address": UNKNOWN, "gone": "/old", "same": 1, "secret": SECRET, "kept": SECRET}


def test_outputs_are_compared_with_those_of_the_state(lab: Lab) -> None:
    lab.up(exporting(BEFORE))
    assert set(operations(lab.preview(exporting(BEFORE))).values()) == {"same"}
    plan = lab.preview(exporting(AFTER))
    assert not plan.changes
    assert operations(plan) == {
        "address": "same", "gone": "delete", "kept": "same", "new": "create", "same": "same", "secret": "update",
    }  # fmt: skip
    lab.up(exporting(AFTER), plan=plan)
    assert set(operations(lab.preview(exporting(AFTER))).values()) == {"same"}


def test_a_run_stores_no_other_outputs_than_planned(lab: Lab) -> None:
    lab.up(exporting(BEFORE))
    plan = lab.preview(exporting(BEFORE))
    with pytest.raises(Refused, match="its outputs differ: gone, new"):
        lab.up(exporting(AFTER), plan=plan)
    assert lab.resource("lab-dev")["outputs"]["gone"] == "/old"


def test_an_output_that_was_unknown_may_have_any_value(lab: Lab) -> None:
    lab.up(exporting(NONE), plan=lab.preview(exporting(NONE)))
    assert lab.resource("lab-dev")["outputs"] == {"address": "at /things/one"}
