"""The run after one that was killed at any step completes it: nothing is lost or created twice."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pulumi
import pytest

from formats.errors import Failed
from operations.engine.embedded.backend import Backend
from operations.engine.embedded.journal import Journal
from tests.operations.engine.embedded.fake_cloud import Lab, Slot, Thing

STRIDE = int(os.environ.get("SDE_RESUMED_STRIDE", "3"))
"""A resumed run is killed at each third moment, and at each one by `scripts/soak`."""


class Killed(BaseException):
    """The process was killed."""


def before() -> None:
    """The program before the killed run."""
    first = Thing("replaced", fixed="one", name="replaced-1")
    Thing("user", link=first.address, name="user")
    slot = Slot("slot", name="slot", fixed="one")
    Slot("slot-user", name="slot-user", fixed=slot.address)
    Thing("updated", name="updated", tags={"owner": "ann"})
    gone = Thing("gone", name="gone")
    Thing("gone-too", name="gone-too", link=gone.address)


def after() -> None:
    """The program of the killed run, with every kind of step."""
    first = Thing("replaced", fixed="two", name="replaced-2")
    Thing("user", link=first.address, name="user")
    slot = Slot("slot", name="slot", fixed="two")
    Slot("slot-user", name="slot-user", fixed=slot.address)
    Thing("updated", name="updated", tags={"owner": "ben"})
    new = Thing("new", name="new")
    Thing("new-too", name="new-too", secret=pulumi.Output.secret("s3cret-word"), link=new.address)
    pulumi.export("address", new.address)


def content(lab: Lab) -> tuple[Any, Any]:
    """Return the state, without times, provider ids and ciphertexts, and the cloud's resources."""
    kept = {}
    for resource in lab.resources():
        kept[(resource["urn"], resource.get("delete", False))] = (
            resource.get("id") if not resource["type"].startswith("pulumi:providers") else "",
            sorted(resource.get("inputs", {})),
            resource.get("dependencies"),
            resource.get("pendingReplacement"),
        )
    return kept, lab.cloud.things


class Fault:
    """Kill the run at the n-th moment: before and after each provider call and each journal line."""

    def __init__(self, at: int) -> None:
        self.at, self.seen, self.dead = at, 0, False

    def __call__(self, _where: str) -> None:
        if self.dead or self.seen == self.at:
            self.dead = True
            raise Killed
        self.seen += 1


def kill_at(lab: Lab, monkeypatch: pytest.MonkeyPatch, moment: int, program: Callable[[], None]) -> bool:
    """Run the program and kill it at that moment; return False if the run ended before."""
    fault = Fault(moment)
    lab.cloud.fault = fault
    append, save, finish = Journal._append, Backend._save, Backend.finish

    def appended(self: Journal, content: Any) -> None:
        fault("before the journal")
        append(self, content)
        fault("after the journal")

    def saved(self: Backend, *arguments: Any) -> str:
        fault("before the checkpoint")
        result = save(self, *arguments)
        fault("after the checkpoint")
        return result

    def finished(self: Backend, *arguments: Any) -> None:
        if fault.dead:
            raise Killed
        finish(self, *arguments)

    with monkeypatch.context() as patched:
        patched.setattr(Journal, "_append", appended)
        patched.setattr(Backend, "_save", saved)
        patched.setattr(Backend, "finish", finished)
        try:
            lab.up(program)
        except (Killed, Failed):
            assert fault.dead
    lab.cloud.fault = lambda _where: None
    lab.engine(None).cancel("dev")
    return fault.dead


def copied(lab: Lab, folder: Path) -> Lab:
    """Return a lab whose state and cloud are as those of another."""
    shutil.copytree(lab.folder, folder)
    copy = Lab(folder)
    copy.cloud.things, copy.cloud.calls = deepcopy(lab.cloud.things), list(lab.cloud.calls)
    return copy


@pytest.fixture
def first(tmp_path: Path) -> Lab:
    """A lab in which the first program was deployed."""
    (tmp_path / "first").mkdir()
    lab = Lab(tmp_path / "first")
    lab.up(before)
    return lab


def test_update_killed_at_every_moment_can_be_resumed(
    first: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = copied(first, tmp_path / "whole")
    whole.up(after)
    wanted = content(whole)
    moment = 0
    while moment < 200:
        lab = copied(first, tmp_path / str(moment))
        if not kill_at(lab, monkeypatch, moment, after):
            break
        lab.up(after)
        assert content(lab) == wanted, f"killed at moment {moment}"
        assert lab.up(after).counts == {"same": 7}, f"killed at moment {moment}"
        moment += 1
    assert moment > 60


def test_first_run_killed_at_every_moment_can_be_resumed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    moment = 0
    while moment < 200:
        (tmp_path / str(moment)).mkdir()
        lab = Lab(tmp_path / str(moment))
        if not kill_at(lab, monkeypatch, moment, before):
            break
        lab.up(before)
        assert len(lab.cloud.things) == 7
        made = [c for c in lab.cloud.calls if c.startswith("create")]
        assert len(lab.cloud.things) == len(set(made))
        assert lab.engine(None).destroy(lab.stack).resources == 0
        assert lab.cloud.things == {}
        moment += 1
    assert moment > 30


@pytest.mark.parametrize("request_", ["create /things/replaced-2", "update /things/updated", "delete /slots/slot"])
def test_resumed_run_killed_at_any_moment_can_be_resumed(
    first: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request_: str
) -> None:
    whole = copied(first, tmp_path / "whole")
    whole.up(after)
    wanted = content(whole)

    def kill(where: str) -> None:
        if where == f"after {request_}":
            raise Killed

    first.cloud.fault = kill
    with monkeypatch.context() as patched:
        patched.setattr(Backend, "finish", lambda *_: None)
        with pytest.raises(Killed):
            first.up(after)
    first.engine(None).cancel("dev")
    killed, moment = True, 0
    while killed:
        lab = copied(first, tmp_path / str(moment))
        killed = kill_at(lab, monkeypatch, moment, after)
        lab.up(after)
        assert content(lab) == wanted, f"killed again at moment {moment}"
        moment += STRIDE
    assert moment > 20


def test_killed_create_of_an_unregistered_resource_is_deleted(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    def one() -> None:
        Thing("t", name="t")

    lab.cloud.fault = lambda where: (_ for _ in ()).throw(Killed()) if where.startswith("after create") else None
    with monkeypatch.context() as patched:
        patched.setattr(Backend, "finish", lambda *_: None)
        with pytest.raises(BaseException):  # noqa: B017
            lab.up(one)
    lab.cloud.fault = lambda _where: None
    lab.engine(None).cancel("dev")
    assert lab.cloud.things
    lab.up(lambda: None)
    assert lab.cloud.things == {}


def test_resource_created_by_others_is_not_adopted(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    def one() -> None:
        Thing("t", name="t", tags={"owner": "us"})

    lab.cloud.fault = lambda where: (_ for _ in ()).throw(Killed()) if where.startswith("before create") else None
    with monkeypatch.context() as patched:
        patched.setattr(Backend, "finish", lambda *_: None)
        with pytest.raises(BaseException):  # noqa: B017
            lab.up(one)
    lab.cloud.fault = lambda _where: None
    lab.engine(None).cancel("dev")
    lab.cloud.things["/things/t"] = {"name": "t", "tags": {"owner": "them"}, "address": "x"}
    with pytest.raises(Failed, match=r"differs in tags\.owner"):
        lab.up(one)
    assert lab.cloud.things["/things/t"]["tags"] == {"owner": "them"}


@pytest.mark.parametrize("gone", [False, True])
def test_pending_create_of_a_recorded_resource_creates_nothing(lab: Lab, gone: bool) -> None:
    """The CLI keeps a pending create in the state after its next run has created the resource."""

    def one(owner: str = "us") -> None:
        Thing("t", name="t", tags={"owner": owner})

    lab.up(one)
    begun = {k: v for k, v in lab.resource("t").items() if k not in ("id", "outputs")}
    lab.up(lambda: one("them"))
    file = lab.folder / "state" / ".pulumi" / "stacks" / "lab" / "dev.json"
    state = json.loads(file.read_text())
    state["checkpoint"]["latest"]["pending_operations"] = [{"resource": begun, "type": "creating"}]
    file.write_text(json.dumps(state))
    if gone:
        lab.cloud.things.clear()
    assert lab.up(lambda: one("them")).resources == 1
    assert list(lab.cloud.things) == ["/things/t"]
    assert "pending_operations" not in lab.engine(None).export_state("dev")["deployment"]
