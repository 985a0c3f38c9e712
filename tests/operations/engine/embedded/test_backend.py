"""The file backend: layout, locks, history, invalid files and killed runs."""

from __future__ import annotations

import errno
import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from formats import property_values
from formats.errors import InputError
from operations.engine import locks
from operations.engine.embedded.backend import Backend
from operations.engine.embedded.journal import Change, Journal
from operations.engine.embedded.model import Resource
from operations.settings import ROOT as ROOT_FOLDER
from tests.operations.engine.embedded.things import PHRASE, ROOT, thing, urn


def registered(name: str, alias: str = "", **fields: Any) -> Change:
    return Change("registered", thing(name, **fields), alias)


def replaced(name: str, old: str, new: str) -> list[Change]:
    """Return the changes of a replacement that is created before the old resource is deleted."""
    return [registered(name, id=new), Change("updated", thing(name, id=old, delete=True))]


def deleted(name: str, **fields: Any) -> Change:
    return Change("deleted", thing(name, **fields))


def resources(backend: Backend, stack: str = "platform") -> list[Resource]:
    snapshot, _ = backend.load(stack)
    assert snapshot is not None
    return snapshot.resources


def names(backend: Backend, stack: str = "platform") -> list[str]:
    return [r.urn.rsplit("::", 1)[-1] for r in resources(backend, stack)]


def run(backend: Backend, *changes: Change, stack: str = "platform") -> None:
    _, journal = backend.begin(stack)
    journal.end(None, changes)
    backend.finish(stack, journal)


def killed(backend: Backend, *changes: Change, stack: str = "platform") -> Journal:
    """Start a run that never ends."""
    _, journal = backend.begin(stack)
    if changes:
        journal.end(None, changes)
    return journal


def test_stack_that_was_never_deployed_is_none(backend: Backend) -> None:
    assert backend.load("platform")[0] is None
    with pytest.raises(InputError, match="not been deployed"):
        backend.outputs("platform")


def test_a_run_leaves_pulumis_own_layout(backend: Backend) -> None:
    run(backend, registered("a"))
    run(backend, registered("b"))
    folder = backend.root / ".pulumi"
    files = sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())
    assert files == ["meta.yaml", "stacks/sde/platform.json", "stacks/sde/platform.json.bak"]
    assert (folder / "meta.yaml").read_text() == "version: 1\n"
    document = json.loads((folder / files[1]).read_text())
    assert document["version"] == 3
    assert document["checkpoint"]["stack"] == "organization/sde/platform"
    assert [r["urn"] for r in document["checkpoint"]["latest"]["resources"]] == [urn("b"), urn("a")]


def test_a_run_that_records_nothing_leaves_no_state(backend: Backend) -> None:
    _, journal = backend.begin("platform")
    backend.finish("platform", journal)
    assert [p.name for p in backend.root.rglob("*") if p.is_file()] == ["meta.yaml"]


def test_outputs_keep_their_secrets_secret(backend: Backend) -> None:
    root = thing("x", urn=ROOT, type="pulumi:pulumi:Stack", custom=False, id="")
    root.outputs = {"plain": 1, "key": property_values.secret("hunter2")}
    run(backend, Change("registered", root))
    assert backend.outputs("platform") == {"plain": 1, "key": property_values.secret("hunter2")}
    everything = b"".join(p.read_bytes() for p in backend.root.rglob("*") if p.is_file())
    assert b"hunter2" not in everything
    assert "hunter2" not in json.dumps(backend.export("platform"))


def test_load_without_decryption_needs_no_passphrase(backend: Backend) -> None:
    run(backend, registered("a", inputs={"k": property_values.secret("hunter2"), "plain": 1}))

    def nobody_asked() -> str:
        raise AssertionError("it asked for the passphrase")

    snapshot = Backend(backend.root, "sde", nobody_asked).load_encrypted("platform")
    assert snapshot
    assert property_values.mask(snapshot.resources[0].inputs) == {"k": "[secret]", "plain": 1}
    assert property_values.contains_secret(snapshot.resources[0].inputs)


def test_unchanged_resources_keep_their_ciphertexts(backend: Backend) -> None:
    run(backend, registered("a", inputs={"k": property_values.secret("hunter2")}))
    before = backend.export("platform")["deployment"]["resources"]
    run(backend, registered("b"))
    assert before[0] in backend.export("platform")["deployment"]["resources"]


def test_killed_run_is_restored_by_the_next(backend: Backend) -> None:
    told: list[str] = []
    journal = killed(backend)
    operation = journal.begin("creating", thing("a", id=""))
    journal.end(operation, [registered("a", inputs={"k": property_values.secret("hunter2")})])
    journal.begin("creating", thing("b", id=""))
    assert b"hunter2" not in b"".join(p.read_bytes() for p in backend.root.rglob("*") if p.is_file())
    snapshot, _ = backend.load("platform")
    assert snapshot is not None
    assert [r.inputs for r in snapshot.resources] == [{"k": property_values.secret("hunter2")}]
    assert [(p.type, p.resource.urn) for p in snapshot.pending] == [("creating", urn("b"))]
    _, again = backend.begin("platform", warn=told.append)
    assert backend.checkpoint("platform").exists()
    (pending,) = again.pending
    assert pending.resource.urn == urn("b")
    again.end(pending, [registered("b")])
    backend.finish("platform", again)
    assert names(backend) == ["b", "a"]
    assert "killed" in told[0]


def test_journal_of_an_older_checkpoint_is_set_aside(backend: Backend) -> None:
    told: list[str] = []
    run(backend, registered("a"))
    killed(backend, deleted("a"))
    file = backend.checkpoint("platform")
    file.write_bytes(file.read_bytes() + b"\n")  # the same state, written by another program
    assert names(backend) == ["a"]
    _, journal = backend.begin("platform", warn=told.append)
    backend.finish("platform", journal)
    assert names(backend) == ["a"]
    assert "set aside" in told[0]
    assert list((backend.root / ".pulumi" / "sde-journal" / "sde").glob("platform.set-aside-*"))


def test_checkpoint_that_another_program_wrote_during_the_run_is_kept(backend: Backend) -> None:
    run(backend, registered("a"))
    journal = killed(backend, registered("b"))
    file = backend.checkpoint("platform")
    file.write_bytes(file.read_bytes() + b"\n")
    backend.finish("platform", journal)
    assert names(backend) == ["a"]
    told: list[str] = []
    backend.begin("platform", warn=told.append)
    assert "set aside" in told[0]


def test_held_lock_is_refused_with_its_holder(backend: Backend) -> None:
    with backend.lock("platform"):
        (lock,) = (backend.root / ".pulumi/locks/organization/sde/platform").iterdir()
        content = json.loads(lock.read_text())
        assert {"hostname", "pid", "timestamp", "username"} <= content.keys()
        with (
            pytest.raises(InputError, match=rf"(?s)locked by .*@.*pid {os.getpid()}.*sde cancel"),
            backend.lock("platform"),
        ):
            pass
        assert backend.locked_by("platform")
        with backend.lock("safe-haven"):
            pass
    assert backend.locked_by("platform") is None


HOLD = """
import sys, time
from pathlib import Path
from operations.engine import locks
with locks.hold(Path(sys.argv[1]), "platform"):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.mark.skipif(not Path("/proc/self/ns/pid").exists(), reason="without /proc nobody can tell a dead run for sure")
def test_lock_of_a_run_killed_here_is_removed_with_a_warning(tmp_path: Path) -> None:
    told: list[str] = []
    backend = Backend(tmp_path, "sde", lambda: PHRASE)
    folder = tmp_path / ".pulumi/locks/organization/sde/platform"
    with subprocess.Popen([sys.executable, "-c", HOLD, folder], stdout=subprocess.PIPE, cwd=ROOT_FOLDER) as run_:
        assert run_.stdout
        assert run_.stdout.readline() == b"held\n"
        with pytest.raises(InputError, match=f"pid {run_.pid}"), backend.lock("platform"):
            pass
        run_.kill()
    with backend.lock("platform", told.append):
        assert len(list(folder.iterdir())) == 1
    assert len(told) == 1
    assert f"pid {run_.pid}" in told[0]


@pytest.mark.parametrize("world", ["another-boot pid:[1] 5", "", None])
def test_lock_of_another_boot_or_namespace_is_kept(backend: Backend, world: str | None) -> None:
    folder = backend.root / ".pulumi/locks/organization/sde/platform"
    folder.mkdir(parents=True)
    lock = {"pid": 2**22 + 1, "username": "ann", "hostname": socket.gethostname(), "timestamp": "2026-01-01T00:00:00Z"}
    (folder / "x.json").write_text(json.dumps(lock | ({"process": world} if world is not None else {})))
    with pytest.raises(InputError, match="sde cancel"), backend.lock("platform"):
        pass


def test_lock_of_a_dead_run_is_refused_until_cancelled(backend: Backend) -> None:
    folder = backend.root / ".pulumi/locks/organization/sde/platform"
    folder.mkdir(parents=True)
    lock = {"pid": 2**22 + 1, "username": "ann", "hostname": socket.gethostname(), "timestamp": "2026-01-01T00:00:00Z"}
    (folder / "x.json").write_text(json.dumps(lock))
    (folder / "y.json").write_text("not json")
    with pytest.raises(InputError, match="no longer running"), backend.lock("platform"):
        pass
    backend.cancel("platform")
    with backend.lock("platform"):
        pass


@pytest.mark.parametrize("name", ["../x", "a/b", "", "..", ".", "a" * 101, "a b"])
def test_names_outside_the_folder_are_refused(backend: Backend, name: str) -> None:
    with pytest.raises(InputError, match="name of a stack"):
        backend.load(name)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EACCES])
def test_disk_error_leaves_the_old_state_intact(backend: Backend, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    run(backend, registered("a"))
    before = backend.checkpoint("platform").read_bytes()
    journal = killed(backend)
    journal.end(None, [registered("b")])

    def refuse(_: int) -> None:
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", refuse)
        with pytest.raises(InputError, match=r"(?s)intact.*platform\.json"):
            backend.finish("platform", journal)
    assert backend.checkpoint("platform").read_bytes() == before
    assert names(backend) == ["b", "a"]  # the journal still has the steps that the checkpoint lacks
    assert not list(backend.root.rglob("*.tmp"))


def test_full_disk_leaves_no_partial_journal_line(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = killed(backend)
    journal.end(None, [registered("a")])
    real = os.write

    def half(file: int, content: Any) -> int:
        real(file, bytes(content)[:10])
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", half)
        with pytest.raises(InputError, match="disk is full"):
            journal.end(None, [registered("b")])
    journal.end(None, [registered("c")])
    assert names(backend) == ["a", "c"]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("{", "truncated"),
        ("[]", "malformed"),
        ('{"version": 5, "checkpoint": {}}', "newer format"),
        ('{"version": 4, "features": ["hooks"], "checkpoint": {}}', "newer format"),
        ('{"version": 2, "checkpoint": {}}', "older format"),
        ('{"checkpoint": {}}', "version"),
        ('{"version": 3, "checkpoint": {"stack": "organization/sde/other"}}', "another stack"),
        ('{"version": 3, "checkpoint": {"stack": "platform", "latest": []}}', "malformed"),
    ],
)
def test_invalid_state_is_refused_and_kept(backend: Backend, content: str, problem: str) -> None:
    file = backend.checkpoint("platform")
    file.parent.mkdir(parents=True)
    file.write_text(content)
    with pytest.raises(InputError, match=problem) as caught:
        backend.begin("platform")
    assert caught.value.file == str(file)
    assert file.read_text() == content


def test_compressed_states_and_cli_journals_are_refused(backend: Backend) -> None:
    run(backend, registered("a"))
    theirs = backend.root / ".pulumi/journal/sde/platform/manifest.json"
    theirs.parent.mkdir(parents=True)
    theirs.write_text("{}")
    with pytest.raises(InputError, match="left a journal"):
        backend.load("platform")
    theirs.unlink()
    (backend.root / ".pulumi/stacks/sde/platform.json.gz").write_bytes(b"")
    with pytest.raises(InputError, match="compressed"):
        backend.load("platform")


@pytest.mark.parametrize("meta", ["version: 2\n", "version: [", "nothing"])
def test_unknown_layout_is_refused(tmp_path: Path, meta: str) -> None:
    (tmp_path / ".pulumi").mkdir()
    (tmp_path / ".pulumi/meta.yaml").write_text(meta)
    with pytest.raises(InputError, match="layout"):
        Backend(tmp_path, "sde", lambda: PHRASE)


def test_layout_without_projects_is_refused(tmp_path: Path) -> None:
    (tmp_path / ".pulumi/stacks").mkdir(parents=True)
    (tmp_path / ".pulumi/stacks/platform.json").write_text("{}")
    with pytest.raises(InputError, match="without projects"):
        Backend(tmp_path, "sde", lambda: PHRASE)


def test_history_has_the_run_and_its_checkpoint(backend: Backend) -> None:
    run(backend, registered("a"))
    config = {"sde:cloud": "local", "sde:n": 3, "sde:on": True, "sde:key": {"secure": "v1:x:y"}}
    backend.record_history("platform", kind="update", succeeded=True, start=10.7, changes={"create": 1}, config=config)
    checkpoint, history = sorted((backend.root / ".pulumi/history/sde/platform").iterdir())
    assert checkpoint.read_bytes() == backend.checkpoint("platform").read_bytes()
    entry = json.loads(history.read_text())
    assert (entry["kind"], entry["result"], entry["startTime"]) == ("update", "succeeded", 10)
    assert entry["endTime"] >= time.time() - 60
    assert entry["config"] == {"sde:cloud": "local", "sde:n": "3", "sde:on": "true", "sde:key": {"secure": "v1:x:y"}}
    assert entry["resourceChanges"] == {"create": 1}


def test_replaced_resource_follows_its_replacement(backend: Backend) -> None:
    run(backend, registered("a", id="/1"), registered("b", dependencies=[urn("a")]))
    run(backend, *replaced("a", "/1", "/2"))
    assert [(r.id, r.delete) for r in resources(backend) if r.urn == urn("a")] == [("/2", False), ("/1", True)]
    run(backend, deleted("a", id="/1", delete=True))
    assert names(backend) == ["a", "b"]


def test_alias_updates_dependants(backend: Backend) -> None:
    user = registered("b", dependencies=[urn("a")], property_dependencies={"p": [urn("a")]})
    run(backend, registered("a"), user)
    run(backend, registered("new", urn("a")))
    new, dependant = resources(backend)
    assert [new.urn, dependant.urn] == [urn("new"), urn("b")]
    assert dependant.dependencies == [urn("new")]
    assert dependant.property_dependencies == {"p": [urn("new")]}


def test_references_to_deleted_resources_are_dropped(backend: Backend) -> None:
    run(backend, registered("a"), registered("b", dependencies=[urn("a")]))
    run(backend, deleted("a"))
    assert resources(backend)[0].dependencies == []


@pytest.mark.parametrize("content", [b"", b"0000", b"00000000 {}\n", b"\x00" * 50])
def test_journal_without_an_intact_line_is_set_aside(tmp_path: Path, content: bytes) -> None:
    told: list[str] = []
    backend = Backend(tmp_path, "sde", lambda: "a passphrase")
    journal = tmp_path / ".pulumi/sde-journal/sde/platform.jsonl"
    journal.parent.mkdir(parents=True)
    journal.write_bytes(content)
    backend.begin("platform", warn=told.append)
    (aside,) = journal.parent.glob("platform.set-aside-*")
    assert aside.read_bytes() == content
    assert "set aside" in told[0]


def test_lock_of_a_zombie_process_is_dead(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # ended, and still in the process table
        holder = {"pid": process.pid, "username": "ann", "hostname": socket.gethostname(), "timestamp": "now"}
        (tmp_path / "lock.json").write_text(json.dumps(holder))
        assert "no longer running" in str(locks.refusal(tmp_path, "platform"))
