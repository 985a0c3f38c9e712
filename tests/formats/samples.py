"""Settings of a stack, as an engine passes them to the program."""

from __future__ import annotations

import json
from typing import Any

GROUPS = [f"1111111{n}-2222-4333-8444-555555555555" for n in range(3)]
SUBSCRIPTION = "10ca1000-0000-4000-8000-000000000001"


def tenancy_settings() -> dict[str, str]:
    """Return a tenancy's settings, as either engine passes them to the program."""
    values: dict[str, Any] = {
        "cloud": "local", "estate": "wmsde", "region": "uksouth", "subscription": SUBSCRIPTION, "generation": "1",
        "data_class": "de-identified", "tags": {"project": "hcm"}, "project": "hcm", "title": "123",
        "request": "DAR-1", "expires": "2028-09-30", "platform": "platform", "safe_haven": "safe-haven",
        "addresses": "10.65.0.0/24", "researchers": GROUPS[0], "stewards": GROUPS[1], "checkers": GROUPS[2],
        "desks": [{"name": "main", "size": "Standard_D4s_v5", "os_disk_gib": 128, "data_disk_gib": 64,
                   "admin_public_key": "ssh-ed25519 A"}],
        "redundancy": "Standard_LRS", "tiers": {"cool_after_days": 30}, "egress": [],
    }  # fmt: skip
    return _settings(values)


def platform_settings() -> dict[str, str]:
    """Return a hub's settings."""
    values: dict[str, Any] = {
        "cloud": "local", "estate": "wmsde", "region": "uksouth", "subscription": SUBSCRIPTION,
        "data_class": "de-identified", "tags": {}, "cell": "first", "addresses": "10.64.0.0/22",
        "zone_range": "10.64.8.0/21", "tenancy_ranges": {"bespoke": "10.65.0.0/16"}, "egress": {},
        "platform_team": GROUPS[0], "log_retention_days": "365", "subscriptions": [SUBSCRIPTION],
    }  # fmt: skip
    return _settings(values)


def _settings(values: dict[str, Any]) -> dict[str, str]:
    return {f"sde:{k}": v if isinstance(v, str) else json.dumps(v) for k, v in values.items()}
