"""Tests that need a real Redis server."""

from __future__ import annotations

import shutil

import pytest

needs_redis = pytest.mark.skipif(
    not shutil.which("redis-server"), reason="there is no redis-server: apt-get install redis-server"
)
