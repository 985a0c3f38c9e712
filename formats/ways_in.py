"""The ways into the estate for people: providers that upload, sites that connect, and recipients that fetch results.

The same models validate the estate, its requests and each stack's configuration.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from ipaddress import IPv4Address, IPv4Network
from itertools import combinations
from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from formats.addresses import PRIVATE, StaffRole
from formats.egress import ALLOWED_RANGE, Addresses, EgressRule
from formats.input_model import Guid, Model, Slug
from formats.validation import InvalidValue, refuse_duplicates

CARRIER_GRADE_NAT = IPv4Network("100.64.0.0/10")
"""Shared by the customers of a network provider (RFC 6598), so no address in it is one organisation's."""
SMALLEST_IP_RULE = 30
"""The longest prefix of a range in a storage account's IP rules."""
GUID = r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
NETWORK = rf"^/subscriptions/{GUID}/resourceGroups/[A-Za-z0-9_.()-]{{1,90}}/providers/Microsoft\.Network"
EndpointId = Annotated[
    str,
    StringConstraints(max_length=300, pattern=rf"{NETWORK}/privateEndpoints/[\w.-]{{1,80}}$"),
]
"""The ARM id of a private endpoint."""
ConnectionName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{1,127}$")]


def _not_public(value: IPv4Network | IPv4Address) -> bool:
    range_ = IPv4Network(value)
    return any(range_.overlaps(one) for one in (*PRIVATE, CARRIER_GRADE_NAT))


def _public_ranges(ranges: tuple[IPv4Network, ...]) -> tuple[IPv4Network, ...]:
    """Refuse private ranges: Azure refuses them in the network rules of a storage account."""
    for index, one in enumerate(ranges):
        if _not_public(one):
            raise InvalidValue(f"{ALLOWED_RANGE}, and public", problem="The range is not public.", at=(index,),
                               found=str(one), fix="Name the public addresses from which the computers reach the "
                               "Internet.")  # fmt: skip
    return ranges


def _public_address(address: IPv4Address) -> IPv4Address:
    if _not_public(address):
        raise InvalidValue("a public IPv4 address", fix="Name the address of the device on the Internet.")
    return address


PublicRanges = Annotated[Addresses, AfterValidator(_public_ranges)]
"""Public addresses of people's computers: 1 to 16 ranges of /28 or narrower."""
PublicAddress = Annotated[IPv4Address, AfterValidator(_public_address)]


def storage_ip_rules(ranges: Iterable[IPv4Network]) -> tuple[str, ...]:
    """Return ranges as the IP rules of a storage account: Azure refuses /31 and /32 there, and takes single addresses
    instead (learn.microsoft.com, "Configure Azure Storage firewalls and virtual networks": restrictions for IP network
    rules)."""
    return tuple(
        str(one) for range_ in ranges for one in (range_ if range_.prefixlen > SMALLEST_IP_RULE else (range_,))
    )


class ApprovedConnection(Model):
    """A private endpoint in a provider's own network, and its connection, which the junction zone approves."""

    endpoint: EndpointId
    """The provider's private endpoint."""
    connection: ConnectionName
    """The name of the connection at the provider's inbox, which Azure makes when the provider creates the endpoint."""


class WayIn(Model):
    """How a provider reaches its inbox: exactly one of three."""

    private_endpoint: ApprovedConnection | None = None
    site: Slug | None = None
    """The name of one of the estate's sites."""
    public_ranges: PublicRanges | None = None
    """The public addresses of its computers."""

    @model_validator(mode="after")
    def _one(self) -> Self:
        found = [name for name in type(self).model_fields if getattr(self, name) is not None]
        if len(found) != 1:
            raise InvalidValue("one of private_endpoint, site and public_ranges",
                               found=" and ".join(found) or "nothing",
                               problem="A provider has one way in.")  # fmt: skip
        return self


def _vpn(gateway: str) -> str:
    if gateway == "expressroute":
        raise InvalidValue("vpn", problem="An ExpressRoute circuit does not lead to the inboxes.", fix="Use a VPN. A "
                           "circuit learns the ranges of peered networks by gateway transit alone, which is off: "
                           "it leads past the firewall.")  # fmt: skip
    if gateway != "vpn":
        raise InvalidValue("vpn")
    return gateway


class SiteSpec(Model):
    """A network outside Azure that is connected to the hub, such as HSCN."""

    name: Slug
    gateway: Annotated[str, AfterValidator(_vpn)]
    """`vpn`, the one kind of gateway."""
    device: PublicAddress
    """The public address of the site's VPN device."""
    ranges: Addresses
    """The computers of the site from which data is uploaded."""
    key_renewals: Annotated[int, Field(ge=0, le=1000)] = 0
    """Raised by one to replace the shared key of the connection."""


def refuse_common_sites(sites: Sequence[SiteSpec], internal: Iterable[IPv4Network]) -> None:
    """Raise `InvalidValue` for two sites of one name or with a common address, and for one inside the estate.

    A site is one provider's part of a network: what the firewall allows is decided by its ranges.
    """
    refuse_duplicates((((i, "name"), site.name) for i, site in enumerate(sites)), "Two sites have the same name.")
    networks = tuple(internal)
    found = [((i, "ranges", j), range_) for i, site in enumerate(sites) for j, range_ in enumerate(site.ranges)]
    for at, range_ in found:
        if inside := next((network for network in networks if network.overlaps(range_)), None):
            raise InvalidValue(f"addresses outside {inside}", at=at, found=str(range_),
                               problem="The site's range is inside the estate.")  # fmt: skip
    for (_, one), (at, other) in combinations(found, 2):
        if one.overlaps(other):
            raise InvalidValue(f"ranges that share no address; {one} is named before", at=at, found=str(other),
                               problem="Two ranges of sites overlap.")  # fmt: skip


def refuse_egress_to_sites(sites: Sequence[SiteSpec], egress: Mapping[Any, Sequence[EgressRule]]) -> None:
    """Raise `InvalidValue` for a range that an egress rule names: the gateway would be a way out of tenancies."""
    allowed = [address for rules in egress.values() for rule in rules for address in rule.addresses]
    for i, site in enumerate(sites):
        for j, range_ in enumerate(site.ranges):
            if rule := next((one for one in allowed if one.overlaps(range_)), None):
                raise InvalidValue(f"addresses outside {rule}, which an egress rule allows", at=(i, "ranges", j),
                                   found=str(range_), problem="Desks could send data to the site.",
                                   fix="Remove the egress rule: a site is for uploads alone.")  # fmt: skip


class Recipients(Model):
    """Who fetches a project's released results, and from where."""

    group: Guid
    """The Entra group that reads them."""
    ranges: PublicRanges
    """The public addresses of its computers."""


SHARED_ROLES = (
    frozenset({StaffRole.ENGINEERS, StaffRole.ZONE_STEWARDS}),
    frozenset({StaffRole.ENGINEERS, StaffRole.RESULTS}),
    frozenset({StaffRole.CHECKERS, StaffRole.RESULTS}),
)
"""The roles that may share a virtual machine. Others may not: what a steward or a checker reads there, another one
writes, so that data could pass staging, go from one project to another, or leave with released results, on that machine
alone. And engineers reach the subnet of the logs as a whole: a private endpoint that is added there by mistake would
lead a project's data out."""


def _staff_roles(roles: tuple[StaffRole, ...]) -> tuple[StaffRole, ...]:
    if len(set(roles)) < len(roles):
        raise InvalidValue("roles, each named once")
    if len(roles) > 1 and not any(shared.issuperset(roles) for shared in SHARED_ROLES):
        raise InvalidValue("one role; " + "; ".join(" and ".join(sorted(shared)) for shared in SHARED_ROLES),
                           found=", ".join(roles), problem="These roles would move data past a control together.",
                           fix="Give each of them its own virtual machine.")  # fmt: skip
    return roles


StaffRoles = Annotated[tuple[StaffRole, ...], AfterValidator(_staff_roles)]
