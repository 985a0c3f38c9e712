"""The addresses of a stack's networks, subnets and private endpoints, as the address plan divides the estate's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network

from formats.addresses import (
    PRIVATE,
    REGISTRY_ENDPOINTS,
    HubEndpoint,
    HubRange,
    StaffEndpoint,
    StaffRange,
    TenancyEndpoint,
    TenancyRange,
    ZoneEndpoint,
    ZoneName,
    ZoneRange,
)
from formats.stack_config import (
    JunctionZoneConfig,
    PlatformConfig,
    SafeHavenConfig,
    SharedTenancyConfig,
    StackConfig,
    TenancyConfig,
)
from policies.expected import staff

NONE: Mapping[str, IPv4Address] = {}


@dataclass(frozen=True)
class NetworkAddresses:
    """The addresses of one virtual network."""

    space: IPv4Network
    subnets: tuple[IPv4Network, ...]
    """The ranges in which subnets may be."""
    reserved: Mapping[str, IPv4Network]
    """The ranges of subnets whose name Azure prescribes, by the name in lower case."""
    endpoints: Mapping[str, tuple[IPv4Address, ...]]
    """The addresses of the private endpoints that a network of this kind may have, by logical name."""
    interfaces: Mapping[str, IPv4Address] = field(default_factory=dict)
    """The addresses of the interfaces of staff machines, by logical name; Azure assigns those of desks."""


def networks(config: StackConfig) -> Mapping[str, NetworkAddresses]:
    """Return the networks that a stack may have, by logical name."""
    return dict(_networks(config))


def part_of_shared_network(config: StackConfig) -> NetworkAddresses | None:
    """Return the addresses of a project in the network of its shared tenancy; None for any other stack."""
    if not isinstance(config, TenancyConfig) or config.shared_tenancy is None:
        return None
    return _tenancy(config)


def estate_ranges(config: StackConfig) -> tuple[IPv4Network, ...]:
    """Return the ranges of the estate: all private ones for a configuration from before `estate_addresses`."""
    return (config.estate_addresses,) if config.estate_addresses else PRIVATE


def _networks(config: StackConfig) -> Iterator[tuple[str, NetworkAddresses]]:
    if isinstance(config, PlatformConfig):
        yield "hub", _hub(HubRange(config.addresses))
        if config.staff and config.staff_range:
            yield "staff", _staff(StaffRange(config.staff_range), staff.addresses(config))
    elif isinstance(config, JunctionZoneConfig):
        inboxes = {one.inbox_name: one.inbox for one in config.providers if one.inbox}
        yield ZoneName.JUNCTION, _zone(ZoneName.JUNCTION, config.zone.addresses, inboxes)
    elif isinstance(config, SafeHavenConfig):
        for name in ZoneName:
            if name is not ZoneName.JUNCTION:
                yield name, _zone(name, getattr(config, name).addresses)
    elif isinstance(config, SharedTenancyConfig):
        yield "net", NetworkAddresses(config.addresses, (), {}, {})
    elif isinstance(config, TenancyConfig) and config.shared_tenancy is None:
        yield "net", _tenancy(config)


def _hub(hub: HubRange) -> NetworkAddresses:
    return NetworkAddresses(
        hub.network,
        (hub.endpoints, hub.monitoring, hub.agents),
        {
            "azurefirewallsubnet": hub.firewall,
            "azurefirewallmanagementsubnet": hub.firewall_management,
            "azurebastionsubnet": hub.bastion,
            "gatewaysubnet": hub.gateway,
        },
        {endpoint.value: (hub.address(endpoint),) for endpoint in HubEndpoint},
    )


def _staff(plan: StaffRange, machines: Mapping[str, IPv4Address]) -> NetworkAddresses:
    endpoints = {f"staff-{endpoint}": (plan.address(endpoint),) for endpoint in StaffEndpoint}
    return NetworkAddresses(plan.network, (plan.endpoints, plan.machines), {}, endpoints, machines)


def _zone(name: ZoneName, network: IPv4Network, inboxes: Mapping[str, IPv4Address] = NONE) -> NetworkAddresses:
    zone = ZoneRange(network)
    endpoints = {name.value: ZoneEndpoint.STORE, f"{name}-keys": ZoneEndpoint.KEYS}
    addresses = {logical: (zone.address(endpoint),) for logical, endpoint in endpoints.items()}
    subnets = (zone.endpoints, *([zone.inboxes] if inboxes else []), zone.compute)
    return NetworkAddresses(network, subnets, {}, addresses | {name: (one,) for name, one in inboxes.items()})


def _tenancy(config: TenancyConfig) -> NetworkAddresses:
    tenancy = TenancyRange(config.addresses)
    single = config.endpoints.difference(REGISTRY_ENDPOINTS)
    endpoints: dict[str, tuple[IPv4Address, ...]] = {one.value: (tenancy.address(one),) for one in single}
    if TenancyEndpoint.REGISTRY in config.endpoints:  # one private endpoint with two addresses
        endpoints[TenancyEndpoint.REGISTRY.value] = tuple(map(tenancy.address, REGISTRY_ENDPOINTS))
    return NetworkAddresses(tenancy.network, (tenancy.endpoints, tenancy.services, tenancy.desks), {}, endpoints)
