"""The connections that each stack may allow, as the address plan and the estate's files name them.

Security groups and the firewall allow the same ones, each on its own side, so that a connection needs both.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network

from formats.addresses import (
    SOURCE_ZONE,
    HubRange,
    TenancyEndpoint,
    TenancyRange,
    ZoneEndpoint,
    ZoneName,
    ZoneRange,
    endpoint_addresses,
    first_usable,
    zone_in,
)
from formats.computers import OperatingSystem
from formats.egress import EgressRule
from formats.stack_config import (
    JunctionZoneConfig,
    PlatformConfig,
    SafeHavenConfig,
    SharedTenancyConfig,
    StackConfig,
    TenancyConfig,
)
from policies.expected.sign_in import ADDRESS as SIGN_IN
from policies.expected.staff import addresses, archives_of, destinations, machines

Ports = frozenset[tuple[int, int]]
HTTPS, SSH, DNS, RDP = (frozenset({(port, port)}) for port in (443, 22, 53, 3389))
HTTP_TOO: Ports = frozenset({(443, 443), (80, 80)})
TCP = frozenset({"tcp"})
ANY = frozenset({"tcp", "udp", "any", "*"})
AIRLOCK_ENDPOINTS = (
    TenancyEndpoint.IMPORT_PENDING, TenancyEndpoint.IMPORT_APPROVED, TenancyEndpoint.EXPORT_PENDING,
    TenancyEndpoint.EXPORT_APPROVED,
)  # fmt: skip
"""The stores that staging and staff reach through the firewall."""
DESK_ENDPOINTS = (
    TenancyEndpoint.KEYS, TenancyEndpoint.DATA, TenancyEndpoint.IMPORT_APPROVED, TenancyEndpoint.EXPORT_PENDING,
    TenancyEndpoint.REGISTRY, TenancyEndpoint.REGISTRY_DATA,
)  # fmt: skip
"""Those that exist. Desks have no role on the other two stores of the airlocks."""


@dataclass(frozen=True)
class Connection:
    """Connections from a range to some addresses."""

    source: IPv4Network
    destinations: frozenset[IPv4Network]
    ports: Ports = HTTPS
    protocols: frozenset[str] = TCP


def connections(config: StackConfig, configs: Mapping[str, StackConfig]) -> tuple[Connection, ...] | None:
    """Return the connections that a stack may allow; None if the configuration of its platform is not known."""
    if isinstance(config, PlatformConfig):
        return tuple(_of_platform(config))
    if isinstance(config, SharedTenancyConfig):
        return ()  # its network has no subnet of its own
    hub = (
        configs.get(config.platform)
        if isinstance(config, JunctionZoneConfig | SafeHavenConfig | TenancyConfig)
        else None
    )
    if not isinstance(hub, PlatformConfig):
        return None
    if isinstance(config, TenancyConfig):
        return tuple(_of_tenancy(config, HubRange(hub.addresses)))
    if isinstance(config, JunctionZoneConfig):
        inboxes = any(provider.inbox for provider in config.providers)
        return tuple(_of_zone(ZoneName.JUNCTION, config.zone.addresses, hub, inboxes=inboxes))
    zones = [name for name in ZoneName if name is not ZoneName.JUNCTION]
    return tuple(one for name in zones for one in _of_zone(name, getattr(config, name).addresses, hub))


def _of_platform(hub: PlatformConfig) -> Iterator[Connection]:
    for zone in SOURCE_ZONE:
        yield from _between_zones(zone, zone_in(hub.zone_range, zone).compute, hub)
    for kind, range_ in hub.tenancy_ranges.items():
        yield from _of_rules(range_, hub.egress.get(kind, ()))
    for site in hub.sites:
        yield from (Connection(range_, _hosts(site.inboxes)) for range_ in site.ranges)
    yield from _of_staff(hub)


def _of_staff(hub: PlatformConfig) -> Iterator[Connection]:
    """Yield the connections of staff machines, of which each has one address."""
    own, known = HubRange(hub.addresses), machines(hub)
    for name, address in addresses(hub).items():
        source = IPv4Network(address)
        yield Connection(own.bastion, frozenset({source}), SSH)
        yield Connection(source, _hosts([first_usable(own.firewall)]), DNS, ANY)
        for reached in destinations(known[name], hub):
            yield Connection(source, reached)
        yield from _egress(source, archives_of(hub) or ())


def _of_zone(
    name: ZoneName, range_: IPv4Network, hub: PlatformConfig, *, inboxes: bool = False
) -> Iterator[Connection]:
    zone, own = ZoneRange(range_), HubRange(hub.addresses)
    keys = zone.address(ZoneEndpoint.KEYS)
    stores = [zone.address(ZoneEndpoint.STORE), *(zone.inbox_addresses() if inboxes else ())]
    yield Connection(zone.compute, _hosts([*stores, keys]))
    yield Connection(zone.compute, _hosts([first_usable(own.firewall)]), DNS, ANY)
    yield Connection(own.firewall, _hosts(stores))
    yield from _between_zones(name, zone.compute, hub)


def _between_zones(name: ZoneName, compute: IPv4Network, hub: PlatformConfig) -> Iterator[Connection]:
    """Yield the connections with which a zone fetches data, and with which staging hands it over. Landing fetches from
    every inbox too."""
    if source := SOURCE_ZONE.get(name):
        zone = zone_in(hub.zone_range, source)
        inboxes = zone.inbox_addresses() if source is ZoneName.JUNCTION else ()
        yield Connection(compute, _hosts([zone.address(ZoneEndpoint.STORE), *inboxes]))
    if name is ZoneName.STAGING:
        pending = TenancyEndpoint.IMPORT_PENDING
        yield Connection(
            compute,
            _hosts(one for range_ in hub.tenancy_ranges.values() for one in endpoint_addresses(range_, pending)),
        )


def desk_endpoints(config: TenancyConfig) -> list[TenancyEndpoint]:
    """Return the endpoints that the desks of a tenancy reach."""
    return [one for one in DESK_ENDPOINTS if one in config.endpoints]


def _of_tenancy(config: TenancyConfig, hub: HubRange) -> Iterator[Connection]:
    tenancy = TenancyRange(config.addresses)
    for system in {desk.os for desk in config.desks}:
        yield Connection(hub.bastion, frozenset({tenancy.desks}), RDP if system is OperatingSystem.WINDOWS else SSH)
    yield Connection(tenancy.desks, _hosts(map(tenancy.address, desk_endpoints(config))))
    yield Connection(hub.firewall, _hosts(tenancy.address(one) for one in AIRLOCK_ENDPOINTS if one in config.endpoints))
    yield from _egress(tenancy.desks, config.egress)


def _egress(source: IPv4Network, rules: Iterable[EgressRule]) -> Iterator[Connection]:
    """Yield the connections of computers to destinations outside the estate. The firewall allows sign-in by name."""
    yield Connection(source, frozenset({SIGN_IN}))
    yield from _of_rules(source, rules)


def _of_rules(source: IPv4Network, rules: Iterable[EgressRule]) -> Iterator[Connection]:
    for rule in rules:
        yield Connection(source, frozenset(rule.addresses), HTTP_TOO if rule.plain_http else HTTPS)


def _hosts(addresses: Iterable[IPv4Address]) -> frozenset[IPv4Network]:
    return frozenset(IPv4Network(one) for one in addresses)
