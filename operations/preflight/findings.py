"""The result of one check."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """The result of one check. `fix` is a command, or a request to make, if the check failed."""

    subscription: str
    what: str
    holds: bool
    found: str
    fix: str = ""


def finding(subscription: str, what: str, holds: bool, found: str, fix: str) -> Finding:
    """Return a finding, with the fix only if the check failed."""
    return Finding(subscription, what, holds, found, "" if holds else fix)
