"""What several worker processes of a test run need, made by the first that asks for it."""

from __future__ import annotations

import contextlib
import fcntl
import io
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from operations.settings import Settings

VARIABLE = "SDE_TEST_RUN"
"""The environment variable with the folder of the test run, which conftest.py makes and removes."""


def made_once(name: str, make: Callable[[Path], None]) -> Path:
    """Return a path in the folder of the test run, which `make` creates in the first process that asks for it."""
    run = Path(os.environ[VARIABLE])
    with (run / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (run / f"{name}.made").exists():
            make(run / name)
            (run / f"{name}.made").touch()
    return run / name


def deployed_estate() -> Path:
    """Return a folder with a copy of the sample estate (`copy_estate`), deployed, and its home folder `home`."""
    return made_once("deployed", _deploy)


def _deploy(folder: Path) -> None:
    from tests.kept_hosts import main  # every test run reads this file; few deploy
    from tests.operations.estates import copy_estate

    copy_estate(folder / "estate")
    settings = Settings.load({"SDE_HOME": str(folder / "home"), "PATH": "/nowhere"})
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        code = main(["up", "--all", "--yes", "--estate", str(folder / "estate")], settings=settings)
    assert code == 0, said.getvalue()[:2000]
    shutil.rmtree(folder / "home/config")  # it is of this folder: `sde render` writes a copy's own
