"""A sample configuration of each kind of stack, all in one cell."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import Any

from formats.addresses import CellRange, TenancyKind, ZoneName
from formats.stack_config import JunctionZoneConfig, PlatformConfig, SafeHavenConfig, TenancyConfig
from tests.infra.mock_stack import SUBSCRIPTION

CELL = CellRange(IPv4Network("10.64.0.0/15"))
EGRESS = [{"name": "packages", "addresses": ["203.0.113.16/29", "192.168.40.8/32"]}]  # fmt: skip
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJx2kuBlkQ0GzqYTLCXYXgKz0VbZtUH9TLCmNn9yHdVE breakglass"


def group(number: int) -> str:
    """Return an Entra group's object id."""
    return f"00000000-0000-4000-8000-{number:012d}"


def _common(**more: Any) -> dict[str, Any]:
    return {"cloud": "local", "estate": "wmsde", "region": "uksouth", "subscription": SUBSCRIPTION,
            "data_class": "de-identified", "tags": {"project": "sde", "controller": "ics"}} | more  # fmt: skip


def platform(**more: Any) -> PlatformConfig:
    """Return the configuration of a cell's hub."""
    settings = _common(
        cell="first",
        addresses=CELL.hub.network,
        zone_range=CELL.zone_range,
        tenancy_ranges={kind.value: CELL.tenancies(kind) for kind in TenancyKind},
        egress={"bespoke": EGRESS},
        platform_team=group(1),
        log_retention_days=365,
        subscriptions=[more.get("subscription", SUBSCRIPTION)],
        desk_users=group(2),
    )
    return PlatformConfig.model_validate(settings | more)


ARCHIVES = [{"name": "packages", "addresses": ["203.0.113.16/29"], "apt": "https://ubuntu.mirror.example/ubuntu",
             "pip": "https://python.mirror.example/simple"}]  # fmt: skip
"""Egress rules that name both kinds of package archive."""


def machine(name: str, *roles: str, users: int, **more: Any) -> dict[str, Any]:
    """Return a staff machine."""
    return {"name": name, "roles": list(roles), "users": group(users), "size": "Standard_D2as_v5",
            "admin_public_key": KEY} | more  # fmt: skip


STAFF = [
    machine("logs", "engineers", users=40),
    machine("zones", "zone-stewards", users=41),
    machine("projects", "project-stewards", users=42),
    machine("checks", "checkers", "results", users=43),
]


def staffed_platform(**more: Any) -> PlatformConfig:
    """Return the configuration of a cell's hub with a virtual machine for each role of staff."""
    settings = {"staff_range": str(CELL.staff.network), "staff": STAFF, "egress": {"bespoke": ARCHIVES}}
    return platform(**settings | more)


def zone(name: ZoneName, **more: Any) -> dict[str, Any]:
    """Return the configuration of one of the five zones."""
    return {"addresses": str(CELL.zone(name).network), "stewards": group(10), "redundancy": "Standard_GRS",
            "tiers": {"cool_after_days": 30, "archive_after_days": 180}} | more  # fmt: skip


def junction_zone(**more: Any) -> JunctionZoneConfig:
    """Return the configuration of a junction zone with two providers."""
    providers = [{"code": "rrk", "name": "University Hospitals", "group": group(20)},
                 {"code": "m85001", "name": "A practice", "group": group(21)}]  # fmt: skip
    settings = _common(platform="platform", zone=zone(ZoneName.JUNCTION), providers=providers)
    return JunctionZoneConfig.model_validate(settings | {"data_class": "identifiable"} | more)


def safe_haven(**more: Any) -> SafeHavenConfig:
    """Return the configuration of the safe haven; its archive is immutable for ten years."""
    settings = _common(
        platform="platform",
        junction_zone="junction-zone",
        landing=zone(ZoneName.LANDING),
        warehouse=zone(ZoneName.WAREHOUSE),
        staging=zone(ZoneName.STAGING, tiers={"delete_after_days": 60}),
        archive=zone(ZoneName.ARCHIVE, immutable_days=3650),
        secrets_expire="2027-06-30",
    )
    return SafeHavenConfig.model_validate(settings | {"data_class": "identifiable"} | more)


def tenancy(**more: Any) -> TenancyConfig:
    """Return the configuration of a bespoke tenancy whose desk has a graphics card."""
    settings = _common(
        project="hcm",
        title="Hypertrophic cardiomyopathy",
        request="DAR-0001",
        expires="2028-03-31",
        platform="platform",
        safe_haven="safe-haven",
        addresses=str(CELL.tenancy(TenancyKind.BESPOKE, 0).network),
        researchers=group(30),
        stewards=group(31),
        checkers=group(32),
        desks=[
            {
                "name": "main",
                "size": "Standard_NC24ads_A100_v4",
                "os_disk_gib": 128,
                "data_disk_gib": 1024,
                "admin_public_key": KEY,
            }
        ],
        redundancy="Standard_LRS",
        tiers={"cool_after_days": 90},
        egress=EGRESS,
    )
    return TenancyConfig.model_validate(settings | more)
