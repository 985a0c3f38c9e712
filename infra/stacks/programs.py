"""The choice of the program for a stack's configuration."""

from __future__ import annotations

from formats.stack_config import JunctionZoneConfig, PlatformConfig, SafeHavenConfig, StackConfig, TenancyConfig
from infra.cloud import require_configured_cloud
from infra.stacks.junction_zone import junction_zone
from infra.stacks.platform import platform
from infra.stacks.safe_haven import safe_haven
from infra.stacks.tenancy import tenancy


def declare_stack(config: StackConfig) -> None:
    """Declare all resources of a stack, after checking that the provider's cloud is the configured one."""
    require_configured_cloud(config)
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
            raise TypeError(f"there is no program for {type(config).__name__}")
