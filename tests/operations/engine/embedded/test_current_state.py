"""The current state of stacks: read from the state only, and refused during a run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pulumi
import pytest

from formats.errors import InputError
from formats.plan import SECRET, Operation
from operations.engine import locks
from tests.operations.engine.embedded.fake_cloud import Lab, Thing

DYING = """
import os, sys
from pathlib import Path
from operations.engine import locks
with locks.held(Path(sys.argv[1]), "dev"):
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
    with locks.held(lock_folder(lab), "dev"), pytest.raises(InputError, match=r"(?s)dev is locked by .*sde cancel dev"):
        lab.engine(None).current_state([lab.stack])
    with locks.held(lock_folder(lab), "dev"):
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
