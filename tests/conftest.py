"""The folder of a test run, and settings of property-based tests on any machine: how long an example takes says nothing
about the code."""

from __future__ import annotations

import gc
import os
import shutil
import tempfile

import pytest
from hypothesis import HealthCheck, settings

from operations.__main__ import COLLECT_AFTER
from tests.made_once import VARIABLE

if not os.environ.get("CI"):  # there Hypothesis loads its own profile, which has these settings too
    settings.register_profile("any-machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("any-machine")


def pytest_configure(config: pytest.Config) -> None:
    """Make the folder of the test run, of which the worker processes know by the environment."""
    if VARIABLE not in os.environ:
        os.environ[VARIABLE] = folder = tempfile.mkdtemp(prefix="sde-tests-")
        config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))


def pytest_runtest_setup() -> None:
    """Have no width of a terminal, which a process of pytest-xdist says: output is as wide as in a pipe."""
    os.environ.pop("COLUMNS", None)


def pytest_collection_finish() -> None:
    """Collect garbage as commands do, and never what collecting the tests has made."""
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)
