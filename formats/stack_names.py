"""The names of stacks, and how those of several begin."""

from __future__ import annotations

PLATFORM, JUNCTION_ZONE, SAFE_HAVEN, TENANCY = "platform", "junction-zone", "safe-haven", "tre-"
SHARED = "shared-"
"""A shared tenancy's stack."""
