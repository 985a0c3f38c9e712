"""The connections of the staff machines: what each role reaches, by single addresses.

The firewall, both NSGs of a virtual machine and the subnet of the logs have the same connections.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address

from formats.addresses import (
    HubRange,
    StaffRange,
    StaffRole,
    TenancyEndpoint,
    TenancyKind,
    ZoneEndpoint,
    ZoneName,
    endpoint_addresses,
    zone_in,
)
from formats.computers import StaffMachine
from formats.egress import SIGN_IN_ADDRESS, EgressRule
from formats.stack_config import PlatformConfig
from infra.components.nsg_rules import host_range

STORES_OF_PROJECTS = {
    StaffRole.PROJECT_STEWARDS: (TenancyEndpoint.IMPORT_PENDING, TenancyEndpoint.IMPORT_APPROVED),
    StaffRole.CHECKERS: (TenancyEndpoint.EXPORT_PENDING, TenancyEndpoint.EXPORT_APPROVED),
    StaffRole.RESULTS: (TenancyEndpoint.EXPORT_APPROVED,),
}
"""The stores of each project that a role reads or writes."""


@dataclass(frozen=True)
class StaffConnection:
    """Connections that a staff machine may open."""

    name: str
    """Unique among the connections of all virtual machines of a cell: its parts have no underscores."""
    source: IPv4Address
    """The address of the virtual machine."""
    destinations: tuple[str, ...]
    """Single addresses, or approved public ranges."""
    description: str
    plain_http: bool = False
    """Allow HTTP as well."""
    in_hub: bool = False
    """True: to the hub's own network, which its peering reaches without the firewall."""
    by_name: bool = False
    """True: the firewall allows it by the names of the hosts, and not by address."""


def staff_range(config: PlatformConfig) -> StaffRange:
    """Return the range of a cell's staff network."""
    assert config.staff_range  # noqa: S101 - required by the configuration model
    return StaffRange(config.staff_range)


def archives_of_staff(config: PlatformConfig) -> tuple[EgressRule, ...]:
    """Return the egress rules of bespoke tenancies that name a package archive: staff install from the same ones."""
    return tuple(rule for rule in config.egress.get(TenancyKind.BESPOKE, ()) if rule.apt or rule.pip)


def connections_of(machine: StaffMachine, config: PlatformConfig) -> tuple[StaffConnection, ...]:
    """Return the connections of a virtual machine, apart from DNS."""
    return tuple(_connections(machine, config))


def all_connections(config: PlatformConfig) -> tuple[StaffConnection, ...]:
    """Return the connections of every staff machine in a cell."""
    return tuple(one for machine in config.staff for one in connections_of(machine, config))


def _connections(machine: StaffMachine, config: PlatformConfig) -> Iterator[StaffConnection]:
    source, name = staff_range(config).machine_address(machine.roles), machine.name
    for role in machine.roles:
        what = f"{name}_{role}"
        if role is StaffRole.RESULTS and StaffRole.CHECKERS in machine.roles:
            continue  # checkers reach the same stores
        if role is StaffRole.ENGINEERS:
            logs = (str(HubRange(config.addresses).monitoring),)
            yield StaffConnection(what, source, logs, "log queries over the private link", in_hub=True)
        elif role is StaffRole.ZONE_STEWARDS:
            yield StaffConnection(what, source, _texts(_zone_stores(config)), "the stores of zones, and inboxes")
        else:
            # Every slot of the plan, so that a new tenancy does not change the hub.
            yield StaffConnection(what, source, _texts(_project_stores(role, config)), "stores of projects' airlocks")
    yield StaffConnection(f"{name}_sign_in", source, (host_range(SIGN_IN_ADDRESS),), "sign-in with Entra", by_name=True)
    for rule in archives_of_staff(config):
        yield StaffConnection(f"{name}_{rule.name}_egress", source, rule.destinations, "a package archive",
                              plain_http=rule.plain_http)  # fmt: skip


def _zone_stores(config: PlatformConfig) -> Iterator[IPv4Address]:
    """Yield the addresses of the zones' stores, and of every provider's inbox, used or not."""
    for zone in ZoneName:
        yield zone_in(config.zone_range, zone).address(ZoneEndpoint.STORE)
    yield from zone_in(config.zone_range, ZoneName.JUNCTION).inbox_addresses()


def _project_stores(role: StaffRole, config: PlatformConfig) -> Iterator[IPv4Address]:
    for kind in sorted(config.tenancy_ranges):
        for endpoint in STORES_OF_PROJECTS[role]:
            yield from endpoint_addresses(config.tenancy_ranges[kind], endpoint)


def _texts(addresses: Iterator[IPv4Address]) -> tuple[str, ...]:
    return tuple(map(host_range, addresses))
