"""The custom role with which the users of a desk start and stop it: the only one that the estate may have."""

from __future__ import annotations

from formats.desk_operator import desk_operator_id
from formats.stack_config import PlatformConfig, StackConfig, TenancyConfig

ACTIONS = frozenset(
    {"Microsoft.Compute/virtualMachines/deallocate/action", "Microsoft.Compute/virtualMachines/start/action"}
)
"""The actions that it permits. Reader, which users have on their desk too, permits what the calls read."""


def desk_operator(stack: str, config: StackConfig) -> str:
    """Return the id of the role that a stack declares or assigns; empty for a stack that does neither."""
    if isinstance(config, PlatformConfig):
        platform = stack
    elif isinstance(config, TenancyConfig):
        platform = config.platform
    else:
        return ""
    return str(desk_operator_id(config.estate, config.home_tenant, platform))
