"""One estate, brought up once; each journey starts from a copy of it, in a folder of its own."""

from __future__ import annotations

import contextlib
import fcntl
import io
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from operations.cli.app import main
from operations.settings import ROOT, Settings

STACKS = ("platform", "junction-zone", "safe-haven", "tre-hcm-progression")
PASSING = ("-wal", "-shm")
"""What SQLite keeps beside a database while it is open, a mere look included."""


@dataclass
class Place:
    """A folder with an estate, and the home of what was made of it."""

    folder: Path
    environ: dict[str, str] = field(default_factory=dict)

    @property
    def estate(self) -> Path:
        return self.folder / "estate"

    @property
    def home(self) -> Path:
        return self.folder / "home"

    def sde(self, *arguments: str, code: int = 0) -> str:
        """Run a command as people do. It must end with that code; what it said, stdout before stderr."""
        environ = {"SDE_HOME": str(self.home), "PATH": "/nowhere", **self.environ}
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            ended = main([*arguments, "--estate", str(self.estate)], settings=Settings.load(environ))
        assert ended == code, (err.getvalue() + out.getvalue())[:2000]
        assert "Traceback" not in err.getvalue()
        return out.getvalue() + err.getvalue()

    def plans(self, *arguments: str) -> Mapping[str, list[dict[str, Any]]]:
        """What a preview would change, by stack."""
        records = [
            json.loads(line) for line in self.sde("preview", *arguments, "--json").splitlines() if line[:1] == "{"
        ]
        plans = [record["plan"] for record in records if record.get("event") == "plan"]
        return {p["stack"]: [r for r in p["resources"] if r["operation"] not in ("same", "read")] for p in plans}

    def edit(self, file: str, old: str, new: str) -> None:
        """Change one line of the estate, as with an editor."""
        path = self.estate / file
        before = path.read_text()
        assert old in before
        path.write_text(before.replace(old, new, 1))

    def bytes(self) -> Mapping[str, bytes]:
        """Every file of estate, state and cloud."""
        files = (f for f in sorted(self.folder.rglob("*")) if f.is_file() and not f.name.endswith(PASSING))
        return {str(f.relative_to(self.folder)): f.read_bytes() for f in files}

    def checkpoint(self, stack: str) -> Path:
        return self.home / "state/.pulumi/stacks/sde" / f"{stack}.json"


@pytest.fixture(scope="session")
def _standing(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Place:
    """Brought up once for all of the run's processes."""
    base = tmp_path_factory.getbasetemp()
    place = Place((base if worker_id == "master" else base.parent) / "standing")
    with (place.folder.parent / "standing.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not place.home.exists():
            shutil.copytree(ROOT / "estate", place.estate)
            place.sde("up", "--all", "--yes")
    return place


@pytest.fixture
def standing(_standing: Place, tmp_path: Path) -> Place:
    """A whole estate that is up."""
    place = Place(tmp_path / "place")
    shutil.copytree(_standing.folder, place.folder)
    place.sde("render")  # the copy's configuration files have a folder of their own
    return place


@pytest.fixture
def bare(tmp_path: Path) -> Place:
    """An estate of which nothing is up."""
    place = Place(tmp_path / "place")
    shutil.copytree(ROOT / "estate", place.estate)
    return place
