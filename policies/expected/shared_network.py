"""The network of a shared tenancy, in which each of its projects has subnets: the one that a project's stack may use.

Its name follows from the estate's files, so that a stack is compared with them and not with what it says itself. A test
compares it with the program's.
"""

from __future__ import annotations

from formats.stack_config import StackConfig, TenancyConfig


def shared_network_id(config: StackConfig | None) -> str:
    """Return the id of the network in lower case; empty for a stack that has its own networks only."""
    if not isinstance(config, TenancyConfig) or config.shared_tenancy is None:
        return ""
    name = f"{config.estate}-{config.shared_tenancy}"
    group = f"/subscriptions/{config.subscription}/resourcegroups/rg-{name}-tenancy"
    return f"{group}/providers/microsoft.network/virtualnetworks/vnet-{name}-net"
