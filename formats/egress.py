"""Egress rules: the addresses outside the estate that desks may reach.

The rules of the firewall and of both NSGs of a desk (of its subnet, and of its interface) are generated from them, and
all three must allow a connection. Rules name addresses, never host names: the owner of a host name chooses its
address, and a firewall that allows the name sends the packet there, whatever address the NSGs evaluated.
The same model validates the estate and each stack's configuration.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network
from itertools import combinations
from typing import Annotated, Self, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, model_validator

from formats.addresses import PRIVATE
from formats.input_model import Model, Slug
from formats.locations import Location
from formats.validation import InvalidValue, refuse_duplicates

MIN_PREFIX_LENGTH = 28
"""The largest range that a rule may name: 16 addresses. A larger one is a network, not a host."""
MAX_RANGES, MAX_RULES = 16, 50
SIGN_IN_ADDRESS = IPv4Address("192.0.2.1")
"""The address at which computers know the hosts of sign-in. No network has it (RFC 5737), so it leads to the firewall
only, which ignores it and resolves the name (docs/decisions/0019-sign-in-by-name.md)."""
FORBIDDEN_RANGES: tuple[tuple[IPv4Network, str], ...] = tuple(
    (IPv4Network(text), owner)
    for text, owner in (
        ("0.0.0.0/8", "no host's"),
        ("127.0.0.0/8", "the desk's own"),
        ("169.254.0.0/16", "Azure's own, where a computer's identity is handed out"),
        ("168.63.129.16/32", "Azure's own"),
        ("224.0.0.0/4", "for multicast"),
        ("240.0.0.0/4", "kept by IANA"),
    )
)
"""The ranges that no rule may name, with their owner or use (RFC 6890; learn.microsoft.com, "What is IP address
168.63.129.16?")."""
ALLOWED_RANGE = f"an IPv4 range of /{MIN_PREFIX_LENGTH} or narrower, such as 203.0.113.16/29 or 203.0.113.20"
URL = r"^https?://[a-z0-9.-]+(/[A-Za-z0-9._~-]+)*/?$"
Url = Annotated[str, StringConstraints(max_length=200, pattern=URL)]
"""The URL of a package archive: scheme, host and path, without port, user, query or fragment."""
HostName = Annotated[
    str, StringConstraints(max_length=200, pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$")
]
"""The full name of a host, without a final dot."""
MAX_HOSTS = 16
NO_ARCHIVE = "none"
FormerArchive = Annotated[str, StringConstraints(max_length=200, pattern=rf"{URL}|^{NO_ARCHIVE}$")]
"""The URL of an archive that desks had before, or `none` if they had no archive."""


def _range(value: object) -> IPv4Network:
    """Parse and check one range, which is text or already parsed."""
    if not isinstance(value, str | IPv4Network):
        raise InvalidValue(ALLOWED_RANGE)
    return _checked_range(value)


@lru_cache(maxsize=4096)  # each tenancy has the ranges of its kind
def _checked_range(value: str | IPv4Network) -> IPv4Network:
    try:
        network = IPv4Network(value)
    except ValueError:
        raise InvalidValue(
            ALLOWED_RANGE, fix="Write the range's first address and its prefix length; only IPv4 is routed."
        ) from None
    if network.prefixlen < MIN_PREFIX_LENGTH:
        raise InvalidValue(ALLOWED_RANGE, fix="Name the hosts, or split the range; larger ranges are whole networks.")
    for forbidden, owner in FORBIDDEN_RANGES:
        if network.overlaps(forbidden):
            raise InvalidValue(f"{ALLOWED_RANGE}; {forbidden} is {owner}", fix="Name the addresses of the host.")
    return network


def _disjoint(ranges: tuple[IPv4Network, ...]) -> tuple[IPv4Network, ...]:
    """Refuse overlapping ranges: Azure refuses an NSG rule in which one range contains another."""
    for one, other in combinations(ranges, 2):
        if one.overlaps(other):
            raise InvalidValue(
                f"ranges that share no address; {one} and {other} do", fix="Remove the narrower of the two."
            )
    return ranges


Addresses = Annotated[
    tuple[Annotated[IPv4Network, BeforeValidator(_range)], ...],
    Field(min_length=1, max_length=MAX_RANGES),
    AfterValidator(_disjoint),
]


def _not_of_sign_in(ranges: tuple[IPv4Network, ...]) -> tuple[IPv4Network, ...]:
    """Refuse the address of sign-in: a rule by address would act before the one by name."""
    if any(SIGN_IN_ADDRESS in range_ for range_ in ranges):
        raise InvalidValue(f"{ALLOWED_RANGE}; {SIGN_IN_ADDRESS} is that of sign-in", fix="Name the host's addresses.")
    return ranges


class EgressRule(Model):
    """One egress rule of a kind of tenancy: the addresses of a host that the organisation runs."""

    name: Slug
    addresses: Annotated[Addresses, AfterValidator(_not_of_sign_in)]
    """The destination ranges, public or private."""
    plain_http: bool = False
    """Allow HTTP as well: for archives that sign their content and have no HTTPS, such as Ubuntu's."""
    apt: Url | None = None
    """The URL of the Ubuntu archive that desks use, on a host at these addresses."""
    pip: Url | None = None
    """The URL of the Python package index that desks use, on a host at these addresses."""
    wsus: Url | None = None
    """The URL of the update server (WSUS) that Windows desks use, on a host at these addresses."""
    hosts: Annotated[tuple[HostName, ...], Field(min_length=1, max_length=MAX_HOSTS)] | None = None
    """Further names of hosts at these addresses. Desks know no other names than those of rules: they have no DNS."""

    @property
    def destinations(self) -> tuple[str, ...]:
        """The destinations of firewall and NSG rules: public ranges as they are, private ranges as single addresses."""
        return tuple(str(part) for range_ in self.addresses for part in _split_if_private(range_))

    @model_validator(mode="after")
    def _packages_are_signed_or_encrypted(self) -> Self:
        for key in ("apt", "pip", "wsus"):
            url = getattr(self, key)
            if url is not None:
                self._require_https(key, url)
        return self

    def _require_https(self, key: str, url: str) -> None:
        if url.startswith("http://") and not (key == "apt" and self.plain_http):
            raise InvalidValue(f"for `{key}` a URL that begins with https://",
                               fix=f"Write https:// in `{key}`. Only an apt archive, which is signed, may use http://, "
                               "in a rule with `plain_http: true`.")  # fmt: skip


Rule = TypeVar("Rule", bound=EgressRule)


def _split_if_private(range_: IPv4Network) -> Iterable[IPv4Network]:
    is_private = any(range_.subnet_of(private) for private in PRIVATE)
    return range_.subnets(new_prefix=32) if is_private else (range_,)


def distinct_rules(rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
    """Refuse two rules of the same name, and two archives for the same kind of package."""
    refuse_duplicates(
        (((i, "name"), rule.name) for i, rule in enumerate(rules)), "Two egress rules have the same name."
    )
    for key in ("apt", "pip", "wsus"):
        names = [rule.name for rule in rules if getattr(rule, key) is not None]
        if len(names) > 1:
            raise InvalidValue(f"one rule of a kind with `{key}`; {' and '.join(names)} have it",
                               fix=f"Keep `{key}` in the rule of the archive that desks should use.")  # fmt: skip
    return rules


Egress = Annotated[tuple[EgressRule, ...], Field(max_length=MAX_RULES), AfterValidator(distinct_rules)]
"""The egress rules of one kind of tenancy."""


def refuse_internal_addresses(rules: Iterable[EgressRule], internal: Iterable[IPv4Network], at: Location = ()) -> None:
    """Raise `InvalidValue` if one of the rules, which are at the location `at`, names addresses of the estate."""
    networks = tuple(internal)
    for i, rule in enumerate(rules):
        for j, address in enumerate(rule.addresses):
            inside = next((network for network in networks if network.overlaps(address)), None)
            if inside:
                raise InvalidValue(
                    f"addresses outside {inside}",
                    problem="The egress rule names an address inside the estate.",
                    at=(*at, i, "addresses", j),
                    found=str(address),
                    fix="Name the host outside; services inside have private endpoints.",
                )
