"""The current state of stacks: read from the state only, and refused during a run."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pulumi
import pytest

from formats.deployed_stack import DeployedStack
from formats.errors import InputError
from formats.plan import SECRET, Operation
from operations.engine import locks
from operations.engine.embedded import state
from operations.engine.embedded.backend import Backend
from operations.engine.port import StackSettings
from tests.operations.engine.embedded.fake_cloud import Lab, Thing

DYING = """
import os, sys
from pathlib import Path
from operations.engine import locks
with locks.hold(Path(sys.argv[1]), "dev"):
    os._exit(9)
"""


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path)


def two() -> None:
    Thing("one", name="one", tags={"owner": "ann"})
    Thing("two", name="two", secret=pulumi.Output.secret("hunter2-hunter2"))


def lock_folder(lab: Lab) -> Path:
    return lab.folder / "state/.pulumi/locks/organization/lab/dev"


def test_current_state_is_an_unchanged_plan_without_secrets(lab: Lab) -> None:
    lab.up(two)
    found = lab.engine(None).current_state([lab.stack])["dev"]
    assert {r.urn: r for r in found.resources} == {r.urn: r for r in lab.preview(two).resources}
    assert {r.operation for r in found.resources} == {Operation.SAME}
    assert next(r for r in found.resources if r.name == "two").inputs["secret"] == SECRET
    assert "hunter2" not in str(found)


def test_undeployed_stacks_have_no_current_state(lab: Lab) -> None:
    assert lab.engine(None).current_state([lab.stack, lab.named("other")]) == {}
    lab.up(two)
    lab.engine(None).destroy(lab.stack)
    assert lab.engine(None).current_state([lab.stack]) == {}


def test_passphrase_is_not_requested(lab: Lab) -> None:
    lab.up(two)
    engine = lab.engine(None)
    engine.passphrase = lambda: pytest.fail("it was asked for")
    assert engine.current_state([lab.stack])


def test_current_state_during_a_run_is_refused(lab: Lab) -> None:
    lab.up(two)
    with locks.hold(lock_folder(lab), "dev"), pytest.raises(InputError, match=r"(?s)dev is locked by .*sde cancel dev"):
        lab.engine(None).current_state([lab.stack])
    with locks.hold(lock_folder(lab), "dev"):
        assert lab.engine(None).current_state([lab.stack], being_updated=["dev"])


def test_lock_of_a_run_killed_here_is_ignored(lab: Lab) -> None:
    lab.up(two)
    subprocess.run([sys.executable, "-c", DYING, str(lock_folder(lab))], check=False)
    assert list(lock_folder(lab).iterdir())
    assert lab.engine(None).current_state([lab.stack])


@pytest.mark.parametrize("content", ["", "{", '{"version": 9, "checkpoint": {}}', '{"version": 3}'])
def test_a_damaged_state_is_an_error(lab: Lab, content: str) -> None:
    lab.up(two)
    (lab.folder / "state/.pulumi/stacks/lab/dev.json").write_text(content)
    with pytest.raises(InputError):
        lab.engine(None).current_state([lab.stack])


def deployed(lab: Lab, stack: StackSettings | None = None) -> DeployedStack:
    found = lab.engine(None).deployed([stack or lab.stack])
    return found["dev"]


def test_deployed_stacks_have_the_plans_of_their_current_states(lab: Lab) -> None:
    lab.up(two)
    found = lab.engine(None).deployed([lab.stack, lab.named("other")])
    assert {name: one.load() for name, one in found.items()} == lab.engine(None).current_state([lab.stack])


def test_the_digest_changes_with_the_state_and_the_settings_only(lab: Lab) -> None:
    lab.up(two)
    first = deployed(lab)
    assert deployed(lab) == first
    moved = lab.named("dev", **{"azure-native:subscriptionId": "10ca1000-0000-4000-8000-000000000001"})
    lab.up(lambda: Thing("one", name="one", tags={"owner": "eve"}))
    assert len({first.digest, deployed(lab).digest, deployed(lab, moved).digest}) == 3


def test_a_deployed_stack_is_not_parsed_until_it_is_loaded(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    lab.up(two)
    with monkeypatch.context() as patched:
        patched.setattr(state, "read_checkpoint", lambda *_, **__: pytest.fail("it was parsed"))
        found = deployed(lab)
    assert found.load().stack == "dev"


def test_a_stack_with_only_a_pending_operation_is_not_deployed(lab: Lab) -> None:
    lab.up(two)
    file = lab.folder / "state/.pulumi/stacks/lab/dev.json"
    document = json.loads(file.read_text())
    latest = document["checkpoint"]["latest"]
    one = {**latest["resources"][-1], "inputs": {"resources": [{"name": "nested"}]}, "dependencies": [], "parent": ""}
    latest |= {"resources": [], "pending_operations": [{"resource": one, "type": "creating"}]}
    file.write_text(json.dumps(document))
    assert lab.engine(None).deployed([lab.stack]) == {}


def test_a_state_that_changed_meanwhile_is_not_loaded(lab: Lab) -> None:
    lab.up(two)
    found = deployed(lab)
    lab.up(lambda: Thing("one", name="one", tags={"owner": "eve"}))
    with pytest.raises(InputError, match="The state of dev changed while this command was running"):
        found.load()


def test_the_steps_of_a_killed_run_change_the_digest(lab: Lab) -> None:
    lab.up(two)
    first = deployed(lab)
    engine = lab.engine(lambda: Thing("one", name="one", tags={"owner": "eve"}))
    with pytest.MonkeyPatch.context() as killed:
        killed.setattr(Backend, "finish", lambda *_: None)  # as if the process had ended before
        engine.up(lab.stack)
    assert (lab.folder / "state/.pulumi/sde-journal/lab/dev.jsonl").exists()
    after = deployed(lab)
    assert after.digest != first.digest
    assert [r.inputs["tags"] for r in after.load().resources if r.name == "one"] == [{"owner": "eve"}]


def test_a_summary_is_read_once_for_each_state(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    lab.up(two)
    engine = lab.engine(None)
    before = engine.state("dev")
    with monkeypatch.context() as patched:
        patched.setattr(state, "read_checkpoint", lambda *_, **__: pytest.fail("it was parsed again"))
        with locks.hold(lock_folder(lab), "dev"):
            locked = engine.state("dev")
        assert engine.state("dev") == before
    lab.up(lambda: Thing("one", name="one"))
    after = engine.state("dev")
    assert before and locked and after
    assert (before.resources, locked.resources, after.resources) == (2, 2, 1)
    assert (before.locked_by, bool(locked.locked_by)) == (None, True)
