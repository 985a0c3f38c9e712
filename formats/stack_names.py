"""The names of stacks, the prefixes of those that several share, and words that Azure refuses in names."""

from __future__ import annotations

PLATFORM, JUNCTION_ZONE, SAFE_HAVEN, TENANCY = "platform", "junction-zone", "safe-haven", "tre-"
SHARED = "shared-"
"""A shared tenancy's stack."""
RESERVED = ("microsoft", "windows", "login")
"""Trademarks that Azure refuses in names that are part of an address (error ReservedResourceName)."""
RENDERED = "SDE_RENDERED"
"""The environment variable that is set if `sde` has just rendered the configurations."""
