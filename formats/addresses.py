"""The address plan: divides the estate's address space into cells, a cell into hub, zones and tenancies, and each of
these into subnets.

Every range is a function of its cell's range and a slot number, so adding or removing a tenancy moves no other.

A cell of /15, in networks of /24:

      0 -   3   hub
      4         staff
      8 -  15   zones: five used, eight reserved
    128 - 255   shared tenancies     (a quarter of the cell)
    256 - 511   bespoke tenancies    (half of the cell)

Other cell sizes (/18 to /14) are divided in the same proportions.

A shared tenancy is a /20 of its range: one virtual network with 16 slots of /24, one for each of its projects.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, ip_network
from itertools import pairwise

from formats.validation import InvalidValue

PRIVATE = tuple(IPv4Network(r) for r in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))
"""The private address ranges of RFC 1918."""
CELL_PREFIXES = range(14, 19)
TENANCY_PREFIX = 24
SHARED_PREFIX = 20
PROJECTS_PER_SHARED_TENANCY = 1 << (TENANCY_PREFIX - SHARED_PREFIX)
HUB_PREFIX = 22
ZONES_PREFIX = 21
AZURE_RESERVED_ADDRESSES = 4
"""Addresses that Azure reserves at the start of each subnet (learn.microsoft.com, "Virtual Network FAQ")."""


class ZoneName(StrEnum):
    """The zones, in the order in which data passes through them. The order fixes their ranges: only append."""

    JUNCTION = "junction"
    LANDING = "landing"
    WAREHOUSE = "warehouse"
    STAGING = "staging"
    ARCHIVE = "archive"


SOURCE_ZONE: Mapping[ZoneName, ZoneName] = {
    ZoneName.LANDING: ZoneName.JUNCTION,
    ZoneName.WAREHOUSE: ZoneName.LANDING,
    ZoneName.STAGING: ZoneName.WAREHOUSE,
    ZoneName.ARCHIVE: ZoneName.WAREHOUSE,
}
"""The zone from which each zone fetches its data. A zone reaches the store of its source zone and of no other."""


class TenancyKind(StrEnum):
    """The kinds of tenancy that a cell reserves ranges for. Only append: firewall priorities follow the order."""

    BESPOKE = "bespoke"
    SHARED = "shared"


class StaffRole(StrEnum):
    """The roles of staff: a virtual machine reaches what its roles need. The order fixes addresses: only append."""

    ENGINEERS = "engineers"
    """They search logs."""
    ZONE_STEWARDS = "zone-stewards"
    """They manage the data in the zones."""
    PROJECT_STEWARDS = "project-stewards"
    """They approve data for projects."""
    CHECKERS = "checkers"
    """They check results and release them."""
    RESULTS = "results"
    """The stewards of projects, where they read released results."""


class HubEndpoint(StrEnum):
    """The private endpoints in the hub's endpoint subnet. The order fixes their addresses: only append."""

    KEYS = "keys"
    FLOWS = "flows"


class StaffEndpoint(StrEnum):
    """The private endpoints in the staff network's endpoint subnet. The order fixes their addresses: only append."""

    KEYS = "keys"


class ZoneEndpoint(StrEnum):
    """The private endpoints in a zone's endpoint subnet. The order fixes their addresses: only append."""

    STORE = "store"
    KEYS = "keys"


class TenancyEndpoint(StrEnum):
    """The private endpoints in a tenancy's endpoint subnet. The order fixes their addresses: only append."""

    KEYS = "keys"
    DATA = "data"
    IMPORT_PENDING = "import-asked"
    IMPORT_APPROVED = "import-released"
    EXPORT_PENDING = "export-asked"
    EXPORT_APPROVED = "export-released"
    REGISTRY = "registry"
    REGISTRY_DATA = "registry-data"
    """The layers of images, in the endpoint of the registry."""


IMPORT_ENDPOINTS = frozenset({TenancyEndpoint.IMPORT_PENDING, TenancyEndpoint.IMPORT_APPROVED})
"""The endpoints of the import airlock."""
REGISTRY_ENDPOINTS = (TenancyEndpoint.REGISTRY, TenancyEndpoint.REGISTRY_DATA)
"""The endpoint of the container registry, which has two addresses."""


@dataclass(frozen=True)
class HubRange:
    """A hub's /22. Azure requires at least /26 for the subnets of the firewall and of Bastion."""

    network: IPv4Network

    @property
    def firewall(self) -> IPv4Network:
        """The range of `AzureFirewallSubnet`."""
        return subnet_at(self.network, 26, 0)

    @property
    def firewall_management(self) -> IPv4Network:
        """The range reserved for `AzureFirewallManagementSubnet`, which forced tunnelling requires."""
        return subnet_at(self.network, 26, 1)

    @property
    def bastion(self) -> IPv4Network:
        """The range of `AzureBastionSubnet`."""
        return subnet_at(self.network, 26, 2)

    @property
    def gateway(self) -> IPv4Network:
        """The range reserved for `GatewaySubnet`."""
        return subnet_at(self.network, 26, 3)

    @property
    def endpoints(self) -> IPv4Network:
        """The subnet of the private endpoints of the platform's shared services."""
        return subnet_at(self.network, 24, 1)

    def address(self, endpoint: HubEndpoint) -> IPv4Address:
        """Return the address of one of these private endpoints."""
        return _endpoint_address(self.endpoints, endpoint)

    @property
    def monitoring(self) -> IPv4Network:
        """The subnet of the Azure Monitor private link scope, which takes about 11 addresses and grows with its
        members. These have no fixed addresses: Azure assigns one to each member by a name that contains ids known only
        after deployment."""
        return subnet_at(self.network, 26, 8)

    @property
    def agents(self) -> IPv4Network:
        """The range reserved for deployment agents inside the network."""
        return subnet_at(self.network, 26, 9)


@dataclass(frozen=True)
class ZoneRange:
    """A zone's /24."""

    network: IPv4Network

    @property
    def endpoints(self) -> IPv4Network:
        """The subnet of the private endpoints of the zone's store and key vault."""
        return subnet_at(self.network, 26, 0)

    def address(self, endpoint: ZoneEndpoint) -> IPv4Address:
        """Return the address of one of these private endpoints."""
        return _endpoint_address(self.endpoints, endpoint)

    @property
    def inboxes(self) -> IPv4Network:
        """The subnet of the private endpoints of providers' inboxes, in the junction zone alone."""
        return subnet_at(self.network, 26, 1)

    def inbox_addresses(self) -> tuple[IPv4Address, ...]:
        """Return the address of the inbox in every slot, used or not, so that rules over all of them do not change when
        a provider comes or goes."""
        return tuple(self.inboxes.hosts())[AZURE_RESERVED_ADDRESSES - 1 :]

    @property
    def compute(self) -> IPv4Network:
        """The subnet of the compute resources that process the zone's data."""
        return subnet_at(self.network, 25, 1)


@dataclass(frozen=True)
class StaffRange:
    """The staff network's /24."""

    network: IPv4Network

    @property
    def endpoints(self) -> IPv4Network:
        """The subnet of the private endpoint of the staff network's key vault."""
        return subnet_at(self.network, 26, 0)

    def address(self, endpoint: StaffEndpoint) -> IPv4Address:
        """Return the address of one of these private endpoints."""
        return _endpoint_address(self.endpoints, endpoint)

    @property
    def machines(self) -> IPv4Network:
        """The subnet of the virtual machines."""
        return subnet_at(self.network, 26, 1)

    def machine_address(self, roles: Sequence[StaffRole]) -> IPv4Address:
        """Return the address of the virtual machine with these roles: that of the first of them in `StaffRole`."""
        return first_usable(self.machines) + min(list(StaffRole).index(role) for role in roles)


@dataclass(frozen=True)
class TenancyRange:
    """A tenancy's /24."""

    network: IPv4Network

    @property
    def endpoints(self) -> IPv4Network:
        """The subnet of the private endpoints of the project's store, key vault and airlocks."""
        return subnet_at(self.network, 26, 0)

    def address(self, endpoint: TenancyEndpoint) -> IPv4Address:
        """Return the address of one of these private endpoints."""
        return _endpoint_address(self.endpoints, endpoint)

    @property
    def services(self) -> IPv4Network:
        """The range reserved for services that require a delegated subnet, such as a database."""
        return subnet_at(self.network, 26, 1)

    @property
    def desks(self) -> IPv4Network:
        """The subnet of the desks."""
        return subnet_at(self.network, 25, 1)


@dataclass(frozen=True)
class CellRange:
    """A cell's range and its parts. `parse_cell` makes one from input."""

    network: IPv4Network

    @property
    def hub(self) -> HubRange:
        """The hub's range."""
        return HubRange(subnet_at(self.network, HUB_PREFIX, 0))

    @property
    def staff(self) -> StaffRange:
        """The staff network's range."""
        return StaffRange(subnet_at(self.network, TENANCY_PREFIX, 1 << (TENANCY_PREFIX - HUB_PREFIX)))

    @property
    def zone_range(self) -> IPv4Network:
        """The range that contains all zones."""
        return subnet_at(self.network, ZONES_PREFIX, 1)

    def zone(self, name: ZoneName) -> ZoneRange:
        """Return the range of one zone."""
        return zone_in(self.zone_range, name)

    def tenancies(self, kind: TenancyKind) -> IPv4Network:
        """Return the contiguous range of a kind of tenancy. Egress rules have it as their source."""
        halves, quarters = self.network.prefixlen + 1, self.network.prefixlen + 2
        return (
            subnet_at(self.network, halves, 1) if kind is TenancyKind.BESPOKE else subnet_at(self.network, quarters, 1)
        )

    def slots(self, kind: TenancyKind) -> int:
        """Return the number of tenancies of a kind that have an address range."""
        return 1 << (TENANCY_PREFIX - self.tenancies(kind).prefixlen)

    @property
    def shared_tenancies(self) -> int:
        """The number of shared tenancies that have an address range."""
        return 1 << (SHARED_PREFIX - self.tenancies(TenancyKind.SHARED).prefixlen)

    def shared_tenancy(self, block: int) -> IPv4Network:
        """Return the range of the shared tenancy in a block, counted from 0. Raise `IndexError` past the last one."""
        return subnet_at(self.tenancies(TenancyKind.SHARED), SHARED_PREFIX, block)

    def tenancy(self, kind: TenancyKind, slot: int) -> TenancyRange:
        """Return the range of the tenancy in a slot, counted from 0. Raise `IndexError` past the last slot."""
        return TenancyRange(subnet_at(self.tenancies(kind), TENANCY_PREFIX, slot))


def shared_range(project: IPv4Network) -> IPv4Network:
    """Return the range of the shared tenancy that a project's range is in."""
    return project.supernet(new_prefix=SHARED_PREFIX)


def staff_beside(hub: HubRange) -> StaffRange:
    """Return the staff network's range in the plan of a hub's cell, used or not: the first after the hub."""
    return StaffRange(IPv4Network((hub.network.broadcast_address + 1, TENANCY_PREFIX)))


def zone_in(zone_range: IPv4Network, name: ZoneName) -> ZoneRange:
    """Return the range of one zone, given the range that contains all zones of the cell."""
    return ZoneRange(subnet_at(zone_range, 24, list(ZoneName).index(name)))


def first_usable(subnet: IPv4Network) -> IPv4Address:
    """Return the first address of a subnet that Azure does not reserve."""
    return subnet.network_address + AZURE_RESERVED_ADDRESSES


def _endpoint_address(
    subnet: IPv4Network, endpoint: HubEndpoint | StaffEndpoint | ZoneEndpoint | TenancyEndpoint
) -> IPv4Address:
    return first_usable(subnet) + list(type(endpoint)).index(endpoint)


def endpoint_addresses(tenancies: IPv4Network, endpoint: TenancyEndpoint) -> tuple[IPv4Address, ...]:
    """Return the address of this endpoint in every slot of the range of a kind of tenancy, deployed or not.

    A rule over all of them names single addresses and does not change when a tenancy is added or removed. Azure accepts
    4,000 addresses as a security group's sources, and as many as its destinations ("Azure subscription limits"); the
    largest cell has 768 slots.
    """
    return tuple(TenancyRange(one).address(endpoint) for one in tenancies.subnets(new_prefix=TENANCY_PREFIX))


def subnet_at(network: IPv4Network, prefix: int, index: int) -> IPv4Network:
    """Return the subnet with this prefix length and index (from 0). Raise `IndexError` if the network has fewer."""
    if not 0 <= index < 1 << (prefix - network.prefixlen):
        raise IndexError(f"{network} has no /{prefix} number {index}")
    return IPv4Network((int(network.network_address) + (index << (32 - prefix)), prefix))


def private_range(value: object) -> IPv4Network:
    """Parse a private range, which may be text."""
    allowed = "a private IPv4 range (RFC 1918), such as 10.64.0.0/10"
    if not isinstance(value, str | IPv4Network):
        raise InvalidValue(allowed, problem="This is not an address range.")
    try:
        network = ip_network(value, strict=True)
    except ValueError as error:
        host_bits = "host bits" in str(error)
        problem = "The address range does not start at its own first address." if host_bits else (
            "This is not an address range.")  # fmt: skip
        raise InvalidValue(allowed, problem=problem) from None
    if not isinstance(network, IPv4Network):
        raise InvalidValue(allowed, problem="The address range is IPv6; the estate's networks are IPv4.")
    if not any(network.subnet_of(private) for private in PRIVATE):
        raise InvalidValue(allowed, problem="The address range is not private.")
    return network


def space_for_cells(network: IPv4Network) -> IPv4Network:
    """Refuse an address space of an estate that has no room for a cell."""
    if network.prefixlen > CELL_PREFIXES[-1]:
        raise InvalidValue(f"a range of /{CELL_PREFIXES[-1]} or larger", fix="Give the estate a larger range.",
                           problem="The address range is too small for a single cell.")  # fmt: skip
    return network


def cell_sized(network: IPv4Network) -> IPv4Network:
    """Refuse a range that is too small or too large for a cell."""
    if network.prefixlen not in CELL_PREFIXES:
        size = "small" if network.prefixlen > CELL_PREFIXES[-1] else "large"
        raise InvalidValue(f"a range of /{CELL_PREFIXES[0]} to /{CELL_PREFIXES[-1]}",
                           problem=f"The cell's address range is too {size}.")  # fmt: skip
    return network


def refuse_misplaced_cells(cells: Sequence[IPv4Network], space: IPv4Network) -> None:
    """Refuse ranges of cells outside the estate's address space, and two that share an address.

    The ranges are those at `[index].addresses` in the estate's cells.
    """
    for index, network in enumerate(cells):
        if not network.subnet_of(space):
            raise InvalidValue(f"a range inside {space}", at=(index, "addresses"), found=str(network),
                               problem="The cell's address range is outside the estate's.",
                               fix="Move the cell, or widen `addresses` of the estate.")  # fmt: skip
    ordered = sorted(enumerate(cells), key=lambda pair: (pair[1].network_address, pair[1].prefixlen))
    # In this order, any overlap shows between two neighbours.
    for (first, before), (index, network) in pairwise(ordered):
        if before.overlaps(network):
            raise InvalidValue("ranges that share no address", at=(index, "addresses"), found=str(network),
                               problem=f"The address range overlaps that of cells[{first}].addresses, {before}.",
                               fix="Move one of the two.")  # fmt: skip
