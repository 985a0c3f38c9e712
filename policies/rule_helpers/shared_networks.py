"""The subnets of projects in the network of their shared tenancy."""

from __future__ import annotations

from policies.azure_semantics.network import SubnetDeclaration
from policies.expected.addresses import NetworkAddresses, part_of_shared_network
from policies.expected.shared_network import shared_network_id
from policies.model import PolicyContext


def shared_network_part(subnet: SubnetDeclaration, context: PolicyContext) -> NetworkAddresses | None:
    """Return the addresses of a project, for its subnet in the network of its shared tenancy; None for any other
    subnet."""
    config = context.configs.get(subnet.resource.stack)
    part = part_of_shared_network(config) if config else None
    return part if part and subnet.network_id == shared_network_id(config) else None
