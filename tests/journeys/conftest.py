"""A deployed estate, of which each test gets a copy in its own folder."""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from operations.cli.session import OpenGate
from operations.settings import ROOT, Settings
from tests.kept_hosts import main
from tests.made_once import deployed_estate
from tests.operations.cli.fakes import FakeGate
from tests.operations.estates import copy_estate

STACKS = ("platform", "junction-zone", "safe-haven", "tre-hcm-progression")
WITHOUT_POLICIES: OpenGate = lambda *_: FakeGate()  # type: ignore[return-value,arg-type]  # noqa: E731
"""Opens a gate that passes every plan, for tests that are not about the policies: they take a third of a command."""
SQLITE_FILES = ("-wal", "-shm")
"""The suffixes of the files that SQLite adds while a database is open."""


@dataclass
class Workspace:
    """A folder with an estate and its home."""

    folder: Path
    environ: dict[str, str] = field(default_factory=dict)
    project: Path = ROOT
    """The folder with Pulumi.yaml and the program."""
    open_gate: OpenGate | None = None
    """Set to deploy without the policies, where a test is not about them."""

    @property
    def estate(self) -> Path:
        return self.folder / "estate"

    @property
    def home(self) -> Path:
        return self.folder / "home"

    def sde(self, *arguments: str, code: int = 0) -> str:
        """Run a command, check its exit code, and return stdout followed by stderr."""
        environ = {"SDE_HOME": str(self.home), "PATH": "/nowhere", **self.environ}
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            settings = replace(Settings.load(environ), root=self.project)
            exit_code = main([*arguments, "--estate", str(self.estate)], settings=settings, open_gate=self.open_gate)
        assert exit_code == code, (err.getvalue() + out.getvalue())[:2000]
        assert "Traceback" not in err.getvalue()
        return out.getvalue() + err.getvalue()

    def plans(self, *arguments: str) -> Mapping[str, list[dict[str, Any]]]:
        """Return the changes of a preview by stack."""
        records = [
            json.loads(line) for line in self.sde("preview", *arguments, "--json").splitlines() if line[:1] == "{"
        ]
        plans = [record["plan"] for record in records if record.get("event") == "plan"]
        return {p["stack"]: [r for r in p["resources"] if r["operation"] not in ("same", "read")] for p in plans}

    def edit(self, file: str, old: str, new: str) -> None:
        """Replace text in a file of the estate."""
        path = self.estate / file
        before = path.read_text()
        assert old in before
        path.write_text(before.replace(old, new, 1))

    def bytes(self) -> Mapping[str, bytes]:
        """Return the content of every file of estate, state and cloud. The cache decides nothing, and the ledger
        records also what is refused."""
        others = {self.home / "cache", self.home / "ledger"}
        files = (f for f in sorted(self.folder.rglob("*")) if f.is_file() and not f.name.endswith(SQLITE_FILES))
        files = (f for f in files if not others.intersection(f.parents) and not f.name.startswith("ledger-"))
        return {str(f.relative_to(self.folder)): f.read_bytes() for f in files}

    def recorded(self) -> Mapping[str, bytes]:
        """Return the content of every file of the ledger, uncompressed."""
        files = (f for f in sorted((self.home / "ledger").rglob("*")) if f.is_file())
        return {f.name: gzip.decompress(f.read_bytes()) if f.suffix == ".gz" else f.read_bytes() for f in files}

    def checkpoint(self, stack: str) -> Path:
        return self.home / "state/.pulumi/stacks/sde" / f"{stack}.json"


@pytest.fixture
def deployed(tmp_path: Path) -> Workspace:
    """A copy of the deployed estate."""
    workspace = Workspace(tmp_path / "workspace")
    shutil.copytree(deployed_estate(), workspace.folder)
    workspace.sde("render")  # the copy has its own folder for configuration files
    return workspace


@pytest.fixture
def bare(tmp_path: Path) -> Workspace:
    """An estate without deployed stacks."""
    workspace = Workspace(tmp_path / "workspace")
    copy_estate(workspace.estate)
    return workspace
