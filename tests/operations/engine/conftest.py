"""A small project for all tests of a file, run by the real Pulumi CLI."""

from __future__ import annotations

import pytest

from tests.operations.engine.pulumi_lab import Lab


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    return Lab(tmp_path_factory.mktemp("lab"))
