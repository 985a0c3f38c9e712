"""`up` revokes role assignments under a lock, and deletes nothing else that a lock protects."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from formats.errors import Failed
from formats.plan import Operation, Plan, PlannedResource
from operations.cli.locked_deletes import locked_deletes
from operations.cli.revocations import revocation_of
from operations.engine.port import StackSettings
from operations.settings import Settings
from tests.kept_hosts import main
from tests.made_once import deployed_estate
from tests.operations.cli.fakes import CliRunner
from tests.operations.cli.test_locked_deletes import GROUP, STORE, grant, lock, made, plan_of

CONTAINER = made("storage:BlobContainer", "data", Operation.DELETE, f"{STORE}/blobServices/default/containers/c")


def found_in(plan: Plan, *others: Plan) -> Any:
    return revocation_of(plan, locked_deletes(plan, lambda: others))


def test_a_replaced_assignment_under_a_lock_of_the_same_stack_is_a_revocation() -> None:
    found = found_in(plan_of(grant(STORE), lock(STORE)))
    assert [one.name for one in found.assignments] == ["stewards"]
    assert found.standing_locks == [lock(STORE).urn]


def test_a_lock_that_an_interrupted_run_took_away_is_not_deleted_again() -> None:
    assert found_in(plan_of(grant(STORE), lock(STORE, Operation.CREATE))).standing_locks == []


@pytest.mark.parametrize(
    "plan",
    [
        plan_of(grant(STORE), CONTAINER, lock(STORE)),
        plan_of(CONTAINER, lock(STORE)),
        plan_of(grant(STORE, Operation.CREATE), lock(STORE)),
        plan_of(lock(STORE)),
    ],
)
def test_a_plan_that_deletes_anything_else_under_a_lock_is_none(plan: Plan) -> None:
    assert found_in(plan) is None


def test_a_lock_of_another_stack_is_not_taken_away() -> None:
    theirs = GROUP.replace("rg-one", "rg-two")
    plan = plan_of(grant(f"{theirs}/providers/a/b/c"))
    assert found_in(plan, Plan("sde", "other", "local", (lock(theirs),))) is None


class Recording:
    """The engine's destroys, previews and ups of one stack, with what Azure refuses."""

    def __init__(self, sde: CliRunner, monkeypatch: pytest.MonkeyPatch, *, refuses: str = "") -> None:
        self.calls: list[tuple[str, tuple[str, ...]]] = []
        self.sde, self.refuses = sde, refuses
        self.plan: tuple[PlannedResource, ...] = (grant(STORE), lock(STORE))
        sde.engine.has["platform"] = ["a"]
        for name in ("destroy", "preview", "up"):
            monkeypatch.setattr(sde.engine, name, getattr(self, name))

    def destroy(self, stack: StackSettings, *, targets: Sequence[str] = (), **_: Any) -> Any:
        self.calls.append(("destroy", tuple(targets)))
        if self.refuses and any(self.refuses in urn for urn in targets):
            raise Failed("ScopeLocked")
        self.plan = tuple(replace(r, operation=Operation.CREATE, id=None) if r.urn in targets else r
                          for r in self.plan)  # fmt: skip
        return self.sde.engine._outcome(stack.name, {"delete": len(targets)})

    def preview(self, stack: StackSettings, *, targets: Sequence[str] = (), **_: Any) -> Plan:
        self.calls.append(("preview", tuple(targets)))
        kept = (r if not targets or r.urn in targets else replace(r, operation=Operation.SAME) for r in self.plan)
        return plan_of(*(r for r in kept if r.id or r.operation is Operation.CREATE))

    def up(self, stack: StackSettings, *, targets: Sequence[str] = (), plan: Plan | None = None, **_: Any) -> Any:
        assert plan
        changed = [f"{r.operation} {r.name}" for r in plan.changes if not r.type.endswith("ResourceGroup")]
        self.calls.append(("up", tuple(changed)))
        return self.sde.engine._outcome(stack.name, {})


def test_up_deletes_the_lock_then_the_assignment_and_applies_the_rest(
    sde: CliRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = Recording(sde, monkeypatch)
    assert sde("up", "platform", "--yes") == 0, sde.err
    assert engine.calls == [
        ("preview", ()),
        ("destroy", (lock(STORE).urn,)),
        ("destroy", (grant(STORE).urn,)),
        ("preview", ()),
        ("up", ("create stewards", "create keep")),
    ]
    assert "1 role assignment under a lock: stewards" in sde.out
    assert sde.gate
    assert sde.gate.evaluated == ["platform", "platform"]


def test_a_preview_says_so_and_does_nothing(sde: CliRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Recording(sde, monkeypatch)
    assert sde("preview", "platform") == 0, sde.err
    assert engine.calls == [("preview", ())]
    assert "up first deletes the lock keep, then these" in sde.out


def test_a_refused_revocation_makes_the_lock_again(sde: CliRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Recording(sde, monkeypatch, refuses="RoleAssignment")
    assert sde("up", "platform", "--yes") == 1
    assert engine.calls[-2:] == [("preview", (lock(STORE).urn,)), ("up", ("create keep",))]
    assert "ScopeLocked" in sde.err


def test_what_a_policy_refuses_is_not_begun(sde: CliRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Recording(sde, monkeypatch)
    assert sde.gate
    sde.gate.refuses = {"platform"}
    assert sde("up", "platform", "--yes") == 3
    assert engine.calls == [("preview", ())]


def test_with_targets_the_delete_is_refused_as_before(sde: CliRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Recording(sde, monkeypatch)
    assert sde("up", "platform", "--yes", "--target", grant(STORE).urn) == 3
    assert "Azure refuses to delete these while a lock exists" in sde.err
    assert engine.calls == [("preview", (grant(STORE).urn,))]


def test_the_ledger_of_a_change_of_stewards_verifies(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With the embedded engine and the local Azure: the state follows from the entries, and the right is its."""
    shutil.copytree(deployed_estate(), tmp_path / "copy")
    estate, new = tmp_path / "copy/estate", "99999999-0000-4000-8000-000000000001"
    file = estate / "estate.yaml"
    file.write_text(file.read_text().replace("b99a7d9c-86d7-59a4-9056-e899def1266a", new))
    settings = Settings.load({"SDE_HOME": str(tmp_path / "copy/home"), "PATH": "/nowhere"})

    def sde(*arguments: str) -> str:
        code = main(["--estate", str(estate), *arguments], settings=settings)
        captured = capsys.readouterr()
        assert code == 0, captured
        return captured.out

    assert "under a lock" in sde("up", "safe-haven", "--yes")
    assert sde("ledger", "verify").splitlines()[-1] == "The ledger verifies."
    last = [json.loads(line) for line in sde("history", "safe-haven", "--json").splitlines()][-1]
    assert last["result"] == "succeeded"
    assert {name for name, count in last["counts"].items() if count} == {"replace", "same"}, "the lock is as before"
    rows = [json.loads(line) for line in sde("access", "--person", new, "--json").splitlines()]
    found = {(row["since"][:10], row["change"]) for row in rows if row["event"] == "access" and row["assignments"]}
    assert found == {(last["time"][:10], f"change {last['change']}")}
