"""Refresh and drift in the embedded engine: what counts as different, and what a state keeps."""

from __future__ import annotations

import json
from typing import Any

import pulumi
import pytest
from pulumi import Output, ResourceOptions

from formats import property_values
from formats.errors import Failed, InputError
from formats.plan import SECRET, Operation
from tests.operations.engine.embedded.fake_cloud import Lab, Thing, steps


def stored(lab: Lab) -> dict[str, bytes]:
    return {str(file): file.read_bytes() for file in lab.folder.rglob("*") if file.is_file()}


def drift(lab: Lab) -> Any:
    return lab.engine(None).preview_refresh(lab.stack, on_event=lab.events.append)


def two() -> None:
    Thing("a", name="a", tags={"owner": "ann"}, secret=Output.secret("hunter2-hunter2"))
    Thing("b", name="b", tags={"owner": "bob"})


def test_drift_has_the_state_on_one_side_and_the_cloud_on_the_other(lab: Lab) -> None:
    lab.up(two)
    lab.cloud.things["/things/a"]["tags"] = {"owner": "eve"}
    del lab.cloud.things["/things/b"]
    before = stored(lab)
    plan = drift(lab)
    assert steps(plan) == {"a": "update", "b": "delete"}
    (changed,) = [r for r in plan.resources if r.operation is Operation.UPDATE]
    assert changed.changed == ("tags.owner",)
    assert (changed.old_inputs["tags"], changed.inputs["tags"]) == ({"owner": "ann"}, {"owner": "eve"})
    assert stored(lab) == before


def test_nothing_differs_after_a_refresh_and_the_preview_says_how_to_get_back(lab: Lab) -> None:
    lab.up(two)
    lab.cloud.things["/things/a"]["tags"] = {"owner": "eve"}
    del lab.cloud.things["/things/b"]
    before = stored(lab)
    planned = lab.preview(two, refresh=True)
    assert steps(planned) == {"a": "update", "b": "create"}
    assert stored(lab) == before
    assert lab.engine(None).refresh(lab.stack).counts == {"update": 1, "delete": 1}
    assert drift(lab).changes == ()
    assert steps(lab.preview(two)) == steps(planned)
    assert lab.up(two).counts == {"update": 1, "create": 1}
    assert drift(lab).changes == ()


def test_what_the_cloud_computes_is_updated_and_is_no_drift(lab: Lab) -> None:
    lab.up(two)
    lab.cloud.things["/things/a"]["address"] = "elsewhere"
    assert drift(lab).changes == ()
    assert lab.engine(None).refresh(lab.stack).counts == {"same": 2}
    assert lab.resource("a")["outputs"]["address"] == "elsewhere"


def test_a_secret_that_comes_back_without_a_mark_stays_secret(lab: Lab) -> None:
    def program() -> None:
        rules = [{"psk": Output.secret("hunter2-hunter2")}, {"psk": "plain"}]
        Thing("a", name="a", rules=rules, secret=Output.secret("hunter2-hunter2"))
        Thing("b", name="b", opts=ResourceOptions(additional_secret_outputs=["address"]))

    lab.up(program)
    for thing in lab.cloud.things.values():
        thing |= {key: property_values.unwrap(value) for key, value in thing.items()}
    lab.cloud.things["/things/a"]["tags"] = {"owner": "eve"}
    lab.events.clear()
    shown = [drift(lab), lab.engine(None).refresh(lab.stack, on_event=lab.events.append), lab.preview(program)]
    written = json.dumps(lab.resources())
    for text in (str(shown), str(lab.events), written):
        assert "hunter2-hunter2" not in text
    assert "at /things/b" not in written
    assert drift(lab).changes == ()


def test_what_becomes_secret_is_masked_in_the_plan_as_it_was(lab: Lab) -> None:
    lab.up(lambda: Thing("a", name="a", secret="hunter2-hunter2", size=1))

    def program() -> None:
        Thing("a", name="a", secret=Output.secret("hunter2-hunter2"), size=2)
        pulumi.export("word", Output.secret("x"))

    (changed,) = lab.preview(program).changes
    assert changed.old_inputs is not None
    assert (changed.old_inputs["secret"], changed.inputs["secret"]) == (SECRET, SECRET)
    lab.up(program)
    (same,) = [r for r in lab.preview(program).resources if r.name == "a"]
    assert (same.operation, same.old_inputs) == (Operation.SAME, None)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), Failed("AuthorizationFailed: no right to read")])
def test_a_read_that_ends_early_leaves_the_state_as_it_is(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    lab.up(two)
    before = stored(lab)

    def read(*_: object) -> None:
        raise error

    monkeypatch.setattr("tests.operations.engine.embedded.fake_cloud.FakeProvider.Read", read)
    with pytest.raises(type(error)):
        drift(lab)
    with pytest.raises(type(error)):
        lab.preview(two, refresh=True)
    assert stored(lab) == before


def test_a_stack_that_a_run_is_changing_is_not_compared(lab: Lab) -> None:
    lab.up(two)

    def program() -> None:
        two()
        with pytest.raises(InputError, match="Stack dev is locked"):
            drift(lab)

    lab.up(program)


def test_a_preview_with_targets_refreshes_only_these(lab: Lab) -> None:
    lab.up(two)
    for name in ("a", "b"):
        lab.cloud.things[f"/things/{name}"]["tags"] = {"owner": "eve"}
    assert steps(lab.preview(two, refresh=True, targets=["**::b"])) == {"a": "same", "b": "update"}
    assert [call for call in lab.cloud.calls if call.startswith("read")] == ["read /things/b"]
