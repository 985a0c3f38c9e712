"""What a test run leaves out, because other tests walk the same way: `scripts/soak` runs it."""

from __future__ import annotations

import os

import pytest

IS_SOAK = os.environ.get("SDE_SOAK") == "all"
in_soak_alone = pytest.mark.skipif(not IS_SOAK, reason="in scripts/soak alone: SDE_SOAK=all")
