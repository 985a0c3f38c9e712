"""Which program brings up which kind of stack."""

from __future__ import annotations

from infra.cloud import refuse_the_wrong_cloud
from infra.config import JunctionZoneConfig, PlatformConfig, SafeHavenConfig, StackConfig, TenancyConfig
from infra.stacks.junction_zone import junction_zone
from infra.stacks.platform import platform
from infra.stacks.safe_haven import safe_haven
from infra.stacks.tenancy import tenancy


def bring_up(config: StackConfig) -> None:
    """Declares everything that a stack so configured consists of, once the right Azure answers."""
    refuse_the_wrong_cloud(config)
    match config:
        case PlatformConfig():
            platform(config)
        case JunctionZoneConfig():
            junction_zone(config)
        case SafeHavenConfig():
            safe_haven(config)
        case TenancyConfig():
            tenancy(config)
        case _:
            raise TypeError(f"no program brings up {type(config).__name__}")
