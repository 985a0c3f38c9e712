"""The staff network: its virtual machines, what each role of them may connect to, and who signs in.

A person works on a virtual machine with their own rights, which the stacks of zones and tenancies assign.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from ipaddress import IPv4Address, IPv4Network

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
from formats.computers import ComputerConfig, StaffMachine
from formats.egress import EgressRule
from formats.stack_config import JunctionZoneConfig, PlatformConfig, SafeHavenConfig, StackConfig, TenancyConfig

ZONES = (ZoneName.LANDING, ZoneName.WAREHOUSE, ZoneName.STAGING, ZoneName.ARCHIVE)
"""The zones of the safe haven."""
STORES: Mapping[StaffRole, tuple[TenancyEndpoint, ...]] = {
    StaffRole.PROJECT_STEWARDS: (TenancyEndpoint.IMPORT_PENDING, TenancyEndpoint.IMPORT_APPROVED),
    StaffRole.CHECKERS: (TenancyEndpoint.EXPORT_PENDING, TenancyEndpoint.EXPORT_APPROVED),
    StaffRole.RESULTS: (TenancyEndpoint.EXPORT_APPROVED,),
}
"""The stores of every project that a role works with."""


def machines(config: StackConfig) -> Mapping[str, StaffMachine]:
    """Return the virtual machines of a platform's staff network, by their logical names."""
    staff = config.staff if isinstance(config, PlatformConfig) else ()
    return {machine.logical_name: machine for machine in staff}


def desk_of(name: str, config: StackConfig) -> ComputerConfig | None:
    """Return the configuration of a virtual machine with this logical name; None for one that nobody requested."""
    if isinstance(config, TenancyConfig):
        return next((desk for desk in config.desks if desk.logical_name == name), None)
    return machines(config).get(name)


def archives_of(config: StackConfig) -> tuple[EgressRule, ...] | None:
    """Return the egress rules that may name package archives of a stack's virtual machines; None where it has none."""
    if isinstance(config, TenancyConfig):
        return config.egress
    return _archives(config) if isinstance(config, PlatformConfig) else None


def _archives(config: PlatformConfig) -> tuple[EgressRule, ...]:
    """Return the rules of bespoke tenancies that name an archive: the only ones for staff."""
    return tuple(rule for rule in config.egress.get(TenancyKind.BESPOKE, ()) if rule.apt or rule.pip)


def addresses(config: StackConfig) -> Mapping[str, IPv4Address]:
    """Return the address of each staff machine, by its logical name."""
    if not isinstance(config, PlatformConfig) or config.staff_range is None:
        return {}
    plan = StaffRange(config.staff_range)
    return {name: plan.machine_address(machine.roles) for name, machine in machines(config).items()}


def destinations(machine: StaffMachine, hub: PlatformConfig) -> Iterator[frozenset[IPv4Network]]:
    """Yield the addresses that each role of a virtual machine may connect to."""
    for role in machine.roles:
        if role is StaffRole.ENGINEERS:
            yield frozenset({HubRange(hub.addresses).monitoring})
        elif role is StaffRole.ZONE_STEWARDS:
            junction = zone_in(hub.zone_range, ZoneName.JUNCTION)
            stores = [zone_in(hub.zone_range, zone).address(ZoneEndpoint.STORE) for zone in ZoneName]
            yield frozenset(map(IPv4Network, (*stores, *junction.inbox_addresses())))
        else:
            yield frozenset(
                IPv4Network(address)
                for range_ in hub.tenancy_ranges.values()
                for endpoint in STORES[role]
                for address in endpoint_addresses(range_, endpoint)
            )


def members(configs: Mapping[str, StackConfig]) -> Mapping[str, frozenset[str]]:
    """Return the members of each group that signs in to staff machines: the groups of their roles.

    Entra has the memberships, which no plan shows; the estate states them, and the flow analysis relies on them.
    """
    groups = dict[StaffRole, set[str]]({role: set() for role in StaffRole})
    for config in configs.values():
        for role, group in _groups(config):
            groups[role].add(str(group).lower())
    found: dict[str, set[str]] = {}
    for config in configs.values():
        for machine in machines(config).values():
            found.setdefault(str(machine.users).lower(), set()).update(*(groups[role] for role in machine.roles))
    return {users: frozenset(inner) for users, inner in found.items()}


def _groups(config: StackConfig) -> Iterator[tuple[StaffRole, object]]:
    if isinstance(config, PlatformConfig):
        yield StaffRole.ENGINEERS, config.platform_team
    elif isinstance(config, JunctionZoneConfig):
        yield StaffRole.ZONE_STEWARDS, config.zone.stewards
    elif isinstance(config, SafeHavenConfig):
        for zone in ZONES:
            yield StaffRole.ZONE_STEWARDS, getattr(config, zone).stewards
    elif isinstance(config, TenancyConfig):
        yield StaffRole.PROJECT_STEWARDS, config.stewards
        yield StaffRole.RESULTS, config.stewards
        yield StaffRole.CHECKERS, config.checkers
