"""`sde provision` as processes of their own, which can be killed, and the local Azure's log of what it created."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

from operations.engine.embedded.backend import Backend
from operations.ledger.entry import Result
from operations.ledger.ledger import open_local
from operations.settings import ROOT, Settings
from scripts.approved_estates import approve_all
from scripts.processes import descendants
from tests.made_once import deployed_estate, made_once
from tests.operations.estates import add_request

STACKS = ("tre-heart", "tre-lung")
LOG = """
CREATE TABLE created (key TEXT);
CREATE TRIGGER log_created BEFORE INSERT ON resource WHEN NOT EXISTS (SELECT 1 FROM resource WHERE key = NEW.key)
BEGIN INSERT INTO created VALUES (NEW.key); END;
"""
"""The local Azure's log: what it creates, and not what it updates."""


def approved_estate() -> Path:
    """Return a folder with the deployed sample estate and two requests more, which are approved."""
    return made_once("approved", _approve)


def _approve(folder: Path) -> None:
    shutil.copytree(deployed_estate(), folder)
    for stack in STACKS:
        groups = {group: str(uuid4()) for group in ("researchers", "stewards", "checkers")}
        add_request(folder / "estate", stack.removeprefix("tre-"), **groups)
    approve_all(folder / "estate", Settings.load({"SDE_HOME": str(folder / "home")}), leave=("hcm-progression",))
    with closing(sqlite3.connect(folder / "home/local/azure.db")) as cloud:
        cloud.executescript(LOG)


@dataclass
class Site:
    """A copy of the approved estate, and the processes that work on it."""

    folder: Path
    environ: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        shutil.copytree(approved_estate(), self.folder)
        anchor = next((self.folder / "home/local/approvers").rglob("anchor"))  # the copy has another folder's name
        self.environ["SDE_APPROVERS_ANCHOR"] = anchor.read_text().strip()

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a command in a session of its own."""
        command = [sys.executable, "-m", "operations", "--engine", "embedded", "--estate", str(self.folder / "estate")]
        environ = {**os.environ, **self.environ, "SDE_HOME": str(self.folder / "home"), "PYTHONPATH": str(ROOT)}
        return subprocess.Popen([*command, *arguments], env=environ, cwd=ROOT, text=True, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)  # fmt: skip

    def run(self, *arguments: str) -> tuple[int, str]:
        process = self.start(*arguments)
        out, _ = process.communicate(timeout=600)
        return process.returncode, out

    @property
    def created(self) -> list[str]:
        """The ids that the local Azure created, in the order in which it did."""
        with closing(sqlite3.connect(self.folder / "home/local/azure.db", timeout=60)) as cloud:
            return [key for (key,) in cloud.execute("SELECT key FROM created ORDER BY rowid")]

    def await_creates(self, count: int, alive: Callable[[], bool]) -> None:
        """Wait until the local Azure has created this many resources."""
        end = time.monotonic() + 300
        while len(self.created) < count:
            assert alive(), "the run ended before that"
            assert time.monotonic() < end
            time.sleep(0.05)

    @property
    def deployed(self) -> list[str]:
        """The stacks of which the ledger has a change that succeeded."""
        ledger = open_local(Settings.load({"SDE_HOME": str(self.folder / "home")}))
        return sorted({name for _, entry in ledger.changes() if entry.result is Result.SUCCEEDED
                       for name in entry.stacks if name in STACKS})  # fmt: skip

    def assert_created_once(self) -> None:
        """Check that every resource of the new stacks was created once, and nothing besides."""
        backend = Backend(self.folder / "home/state", "sde", lambda: "")
        ids = list[str]()
        for stack in STACKS:
            found = backend.load_encrypted(stack)
            assert found
            assert not found.pending
            ids += [str(one.id).lower() for one in found.resources if one.custom and str(one.id).startswith("/")]
        assert sorted(self.created) == sorted(ids)


def family(process: int) -> list[int]:
    """Return a process and its descendants."""
    return [process, *descendants(process)]


def kill_all(processes: list[int]) -> None:
    """Kill processes, like a loss of power."""
    for one in processes:
        try:
            os.kill(one, signal.SIGKILL)
        except ProcessLookupError:
            continue


def events(out: str) -> list[dict[str, object]]:
    """Return the JSON lines of an output."""
    return [json.loads(line) for line in out.splitlines() if line.startswith("{")]
