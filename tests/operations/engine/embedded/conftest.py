"""A lab for each test: an empty cloud, an empty state."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.operations.engine.embedded.fake_cloud import Lab


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path)
