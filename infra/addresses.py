"""The address plan: the estate's space to cells, a cell to its hub, zones and tenancies, and each of these to subnets.

Every range follows from its cell's range and a slot number alone, so that adding or removing a tenancy moves no other.

A cell of /15, in networks of /24:

      0 -   3   hub
      8 -  15   zones: five, room for eight
    128 - 255   shared tenancies     (a quarter of the cell)
    256 - 511   bespoke tenancies    (half of the cell)

Smaller and larger cells (/18 to /14) are cut in the same proportions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, ip_network
from itertools import pairwise

from infra.errors import BadInput

PRIVATE = tuple(IPv4Network(r) for r in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))
"""RFC 1918: nothing else is routed inside a network alone."""
CELL_PREFIXES = range(14, 19)
TENANCY_PREFIX = 24
HUB_PREFIX = 22
ZONES_PREFIX = 21
AZURE_KEEPS = 4
"""How many addresses Azure keeps at the beginning of a subnet (learn.microsoft.com, "Virtual Network FAQ")."""


class ZoneName(StrEnum):
    """The zones, in the order in which data passes them; the order also fixes their ranges, so only append."""

    JUNCTION = "junction"
    LANDING = "landing"
    WAREHOUSE = "warehouse"
    STAGING = "staging"
    ARCHIVE = "archive"


STAGE_BEFORE: Mapping[ZoneName, ZoneName] = {
    ZoneName.LANDING: ZoneName.JUNCTION,
    ZoneName.WAREHOUSE: ZoneName.LANDING,
    ZoneName.STAGING: ZoneName.WAREHOUSE,
    ZoneName.ARCHIVE: ZoneName.WAREHOUSE,
}
"""Where each zone fetches its data: a zone reaches that store, and no other of another zone's."""


class TenancyKind(StrEnum):
    """The kinds of tenancy that a cell keeps ranges for."""

    BESPOKE = "bespoke"
    SHARED = "shared"


class HubSeat(StrEnum):
    """Whose endpoint has which place in the hub's endpoints subnet. The order fixes the addresses: only append."""

    KEYS = "keys"
    FLOWS = "flows"


class ZoneSeat(StrEnum):
    """Whose endpoint has which place in a zone's endpoints subnet. The order fixes the addresses: only append."""

    STORE = "store"
    KEYS = "keys"


class TenancySeat(StrEnum):
    """Whose endpoint has which place in a tenancy's endpoints subnet. The order fixes the addresses: only append."""

    KEYS = "keys"
    DATA = "data"
    IMPORT_ASKED = "import-asked"
    IMPORT_RELEASED = "import-released"
    EXPORT_ASKED = "export-asked"
    EXPORT_RELEASED = "export-released"


@dataclass(frozen=True)
class HubRange:
    """A hub's /22. Azure asks at least /26 for the firewall's and Bastion's subnets."""

    whole: IPv4Network

    @property
    def firewall(self) -> IPv4Network:
        """For `AzureFirewallSubnet`."""
        return part(self.whole, 26, 0)

    @property
    def firewall_management(self) -> IPv4Network:
        """Kept for `AzureFirewallManagementSubnet`, which forced tunnelling needs."""
        return part(self.whole, 26, 1)

    @property
    def bastion(self) -> IPv4Network:
        """For `AzureBastionSubnet`."""
        return part(self.whole, 26, 2)

    @property
    def gateway(self) -> IPv4Network:
        """Kept for `GatewaySubnet`."""
        return part(self.whole, 26, 3)

    @property
    def endpoints(self) -> IPv4Network:
        """Private endpoints of what the platform shares."""
        return part(self.whole, 24, 1)

    def address(self, seat: HubSeat) -> IPv4Address:
        """The address of one of those endpoints."""
        return _seated(self.endpoints, seat)

    @property
    def monitoring(self) -> IPv4Network:
        """The private link scope of the logs takes about 11 addresses and grows with its members. They have no seats:
        an address can be chosen for each member by name, and the names hold ids that only the deployment tells."""
        return part(self.whole, 26, 8)

    @property
    def agents(self) -> IPv4Network:
        """Computers that deploy from inside the network."""
        return part(self.whole, 26, 9)


@dataclass(frozen=True)
class ZoneRange:
    """A zone's /24."""

    whole: IPv4Network

    @property
    def endpoints(self) -> IPv4Network:
        """Private endpoints of the zone's store and vault."""
        return part(self.whole, 26, 0)

    def address(self, seat: ZoneSeat) -> IPv4Address:
        """The address of one of those endpoints."""
        return _seated(self.endpoints, seat)

    @property
    def compute(self) -> IPv4Network:
        """What works on the zone's data."""
        return part(self.whole, 25, 1)


@dataclass(frozen=True)
class TenancyRange:
    """A tenancy's /24."""

    whole: IPv4Network

    @property
    def endpoints(self) -> IPv4Network:
        """Private endpoints of the project's store, vault and airlocks."""
        return part(self.whole, 26, 0)

    def address(self, seat: TenancySeat) -> IPv4Address:
        """The address of one of those endpoints."""
        return _seated(self.endpoints, seat)

    @property
    def services(self) -> IPv4Network:
        """Kept for services that want a subnet delegated to them, such as a database."""
        return part(self.whole, 26, 1)

    @property
    def desks(self) -> IPv4Network:
        """The workspace computers."""
        return part(self.whole, 25, 1)


@dataclass(frozen=True)
class CellRange:
    """A cell's range, cut. `parse_cell` makes it of what a person wrote."""

    whole: IPv4Network

    @property
    def hub(self) -> HubRange:
        """The hub's range."""
        return HubRange(part(self.whole, HUB_PREFIX, 0))

    @property
    def zone_range(self) -> IPv4Network:
        """The range that holds all zones."""
        return part(self.whole, ZONES_PREFIX, 1)

    def zone(self, name: ZoneName) -> ZoneRange:
        """The range of one zone."""
        return zone_in(self.zone_range, name)

    def tenancies(self, kind: TenancyKind) -> IPv4Network:
        """The one contiguous range of a kind of tenancy: egress rules are written over it."""
        halves, quarters = self.whole.prefixlen + 1, self.whole.prefixlen + 2
        return part(self.whole, halves, 1) if kind is TenancyKind.BESPOKE else part(self.whole, quarters, 1)

    def slots(self, kind: TenancyKind) -> int:
        """How many tenancies of a kind have an address range."""
        return 1 << (TENANCY_PREFIX - self.tenancies(kind).prefixlen)

    def tenancy(self, kind: TenancyKind, slot: int) -> TenancyRange:
        """The range of the tenancy in a slot, counted from 0. `IndexError` beyond the last."""
        return TenancyRange(part(self.tenancies(kind), TENANCY_PREFIX, slot))


def zone_in(zone_range: IPv4Network, name: ZoneName) -> ZoneRange:
    """The range of one zone in the range that holds all zones of a cell."""
    return ZoneRange(part(zone_range, 24, list(ZoneName).index(name)))


def first_usable(subnet: IPv4Network) -> IPv4Address:
    """A subnet's first address that something can have."""
    return subnet.network_address + AZURE_KEEPS


def _seated(subnet: IPv4Network, seat: HubSeat | ZoneSeat | TenancySeat) -> IPv4Address:
    return first_usable(subnet) + list(type(seat)).index(seat)


def seats_in(tenancies: IPv4Network, seat: TenancySeat) -> tuple[IPv4Address, ...]:
    """That endpoint's address in every tenancy for which a kind's range has room, deployed or not.

    A rule over them all names single addresses, and does not change when a tenancy comes or goes. Azure takes 4,000
    addresses in a security group's sources, and as many in its destinations ("Azure subscription limits"); the
    largest cell has room for 768 tenancies.
    """
    return tuple(TenancyRange(one).address(seat) for one in tenancies.subnets(new_prefix=TENANCY_PREFIX))


def part(whole: IPv4Network, prefix: int, index: int) -> IPv4Network:
    """The index-th network of that prefix within the whole. `IndexError` if it has not so many."""
    if not 0 <= index < 1 << (prefix - whole.prefixlen):
        raise IndexError(f"{whole} has no /{prefix} number {index}")
    return IPv4Network((int(whole.network_address) + (index << (32 - prefix)), prefix))


def parse_space(text: object, *, file: str, key: str) -> IPv4Network:
    """The whole space of an estate, as a person wrote it."""
    allowed = "a private IPv4 range (RFC 1918), /18 or larger, such as 10.64.0.0/10"
    network = _parse(text, file=file, key=key, allowed=allowed)
    if network.prefixlen > CELL_PREFIXES[-1]:
        raise BadInput("The address range is too small for a single cell.", file=file, key=key, found=str(network),
                       allowed=allowed, fix="Give the estate a larger range.")  # fmt: skip
    return network


def parse_cell(text: object, space: IPv4Network, *, file: str, key: str) -> CellRange:
    """The range of a cell inside the estate's space, as a person wrote it."""
    allowed = f"a range of /{CELL_PREFIXES[0]} to /{CELL_PREFIXES[-1]} inside {space}"
    network = _parse(text, file=file, key=key, allowed=allowed)
    if network.prefixlen not in CELL_PREFIXES:
        small = network.prefixlen > CELL_PREFIXES[-1]
        raise BadInput(f"The cell's address range is too {'small' if small else 'large'}.", file=file, key=key,
                       found=str(network), allowed=allowed)  # fmt: skip
    if not network.subnet_of(space):
        raise BadInput("The cell's address range lies outside the estate's.", file=file, key=key, found=str(network),
                       allowed=allowed, fix="Move the cell, or widen `addresses` of the estate.")  # fmt: skip
    return CellRange(network)


def refuse_overlaps(ranges: Iterable[tuple[str, IPv4Network]], *, file: str) -> None:
    """`BadInput` if two of the ranges, each with its key, share an address."""
    ordered = sorted(ranges, key=lambda pair: (pair[1].network_address, pair[1].prefixlen))
    for (first_key, first), (key, network) in pairwise(
        ordered
    ):  # in this order any overlap shows between two neighbours
        if first.overlaps(network):  # sorted so, any overlap shows between two neighbours
            raise BadInput(f"The address range overlaps that of {first_key}, {first}.", file=file, key=key,
                           found=str(network), allowed="ranges that share no address",
                           fix="Move one of the two.")  # fmt: skip


def _parse(text: object, *, file: str, key: str, allowed: str) -> IPv4Network:
    if not isinstance(text, str | IPv4Network):
        raise BadInput("This is not an address range.", file=file, key=key, found=text, allowed=allowed)
    try:
        network = ip_network(text, strict=True)
    except ValueError as error:
        problem = "The address range does not start at its own first address." if "host bits" in str(error) else (
            "This is not an address range.")  # fmt: skip
        raise BadInput(problem, file=file, key=key, found=text, allowed=allowed) from None
    if not isinstance(network, IPv4Network):
        raise BadInput("The address range is IPv6; the estate's networks are IPv4.", file=file, key=key,
                       found=str(text), allowed=allowed)  # fmt: skip
    if not any(network.subnet_of(private) for private in PRIVATE):
        raise BadInput("The address range is not private.", file=file, key=key, found=str(network), allowed=allowed)
    return network
