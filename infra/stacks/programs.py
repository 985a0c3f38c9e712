"""The configuration of the running stack, and the choice of its program."""

from __future__ import annotations

import pulumi
from pulumi.runtime.config import CONFIG, get_config_env

from formats.stack_config import (
    JunctionZoneConfig,
    PlatformConfig,
    SafeHavenConfig,
    SharedTenancyConfig,
    StackConfig,
    TenancyConfig,
    parse,
)
from infra.cloud import require_configured_cloud
from infra.replacements import replace_what_is_fixed
from infra.stacks.junction_zone import junction_zone
from infra.stacks.platform import platform
from infra.stacks.safe_haven import safe_haven
from infra.stacks.shared_tenancy import shared_tenancy
from infra.stacks.tenancy import tenancy


def running_config(stack: str) -> StackConfig:
    """Return the configuration of the running stack. Raise `InputError` with file and key if it cannot be used."""
    return parse(stack, {**get_config_env(), **CONFIG.get()})


def declare_stack(config: StackConfig) -> None:
    """Declare all resources of a stack, after checking that the provider's cloud is the configured one."""
    require_configured_cloud(config)
    pulumi.runtime.register_stack_transformation(replace_what_is_fixed)
    match config:
        case PlatformConfig():
            platform(config)
        case JunctionZoneConfig():
            junction_zone(config)
        case SafeHavenConfig():
            safe_haven(config)
        case SharedTenancyConfig():
            shared_tenancy(config)
        case TenancyConfig():
            tenancy(config)
        case _:
            raise TypeError(f"there is no program for {type(config).__name__}")
