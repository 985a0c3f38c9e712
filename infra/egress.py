"""Egress: what desks may reach outside the estate, by address: for the firewall, and for both groups of a desk.

All three must let a connection through. None goes by name: a name is whatever its owner says today, and a firewall that
permits one takes the packet there, wherever the security groups thought it went. One model serves the estate and each
stack's configuration: neither is trusted until validated.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Network
from itertools import combinations
from typing import Annotated, Self

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, model_validator

from infra.addresses import PRIVATE
from infra.model import Model, Slug
from infra.validation import Unusable

WIDEST = 28
"""The largest range of addresses that a rule may name: 16 of them. What is larger is somebody's network, not a host."""
MOST_RANGES, MOST_RULES = 16, 50
NEVER: tuple[tuple[IPv4Network, str], ...] = tuple(
    (IPv4Network(text), whose)
    for text, whose in (
        ("0.0.0.0/8", "no host's"),
        ("127.0.0.0/8", "the desk's own"),
        ("169.254.0.0/16", "Azure's own, where a computer's identity is handed out"),
        ("168.63.129.16/32", "Azure's own"),
        ("224.0.0.0/4", "for multicast"),
        ("240.0.0.0/4", "kept by IANA"),
    )
)
"""What no rule may name, and whose it is (RFC 6890; learn.microsoft.com, "What is IP address 168.63.129.16?")."""
SHAPE = f"an IPv4 range of /{WIDEST} or narrower, such as 203.0.113.16/29 or 203.0.113.20"
URL = r"^https?://[a-z0-9.-]+(/[A-Za-z0-9._~-]+)*/?$"
Url = Annotated[str, StringConstraints(max_length=200, pattern=URL)]
"""Where packages lie: scheme, host and path, without port, user, query or fragment."""


def _range(value: object) -> IPv4Network:
    """A range as somebody wrote it. One of our own, read back, is a text too."""
    if not isinstance(value, str | IPv4Network):
        raise Unusable(SHAPE)
    try:
        network = IPv4Network(value)
    except ValueError:
        raise Unusable(SHAPE, fix="Write the range's first address and its length; only IPv4 is routed.") from None
    if network.prefixlen < WIDEST:
        raise Unusable(SHAPE, fix="Name the hosts that are meant, or split the range; larger ones are whole networks.")
    for never, whose in NEVER:
        if network.overlaps(never):
            raise Unusable(f"{SHAPE}; {never} is {whose}", fix="Name the addresses of the host that is meant.")
    return network


def _disjoint(ranges: tuple[IPv4Network, ...]) -> tuple[IPv4Network, ...]:
    """Azure refuses a security rule in which one range holds another."""
    for one, other in combinations(ranges, 2):
        if one.overlaps(other):
            raise Unusable(f"ranges that share no address; {one} and {other} do", fix="Remove the narrower of the two.")
    return ranges


Addresses = Annotated[
    tuple[Annotated[IPv4Network, BeforeValidator(_range)], ...],
    Field(min_length=1, max_length=MOST_RANGES),
    AfterValidator(_disjoint),
]


class EgressRule(Model):
    """One permitted way out, for a whole kind of tenancy: the addresses of a host that the organisation runs."""

    name: Slug
    addresses: Addresses
    """Public or private. Firewall and security groups admit these and nothing else outside."""
    plain_http: bool = False
    """Over HTTP too: for archives that sign what they hold and speak nothing else, as Ubuntu's do."""
    apt: Url | None = None
    """Where desks look for Ubuntu's packages: on a host at these addresses."""
    pip: Url | None = None
    """Where desks look for Python's packages: an index on a host at these addresses."""

    @property
    def hosts(self) -> tuple[str, ...]:
        """The addresses, as rules name them: what is public by its range, what is private address by address, as
        everything private is named."""
        private = [any(one.subnet_of(whole) for whole in PRIVATE) for one in self.addresses]
        return tuple(
            str(part)
            for one, inside in zip(self.addresses, private, strict=True)
            for part in (one.subnets(new_prefix=32) if inside else (one,))
        )

    @model_validator(mode="after")
    def _packages_come_signed_or_encrypted(self) -> Self:
        for key in ("apt", "pip"):
            url = getattr(self, key)
            if url is not None:
                self._comes_safely(key, url)
        return self

    def _comes_safely(self, key: str, url: str) -> None:
        if url.startswith("http://") and not (key == "apt" and self.plain_http):
            raise Unusable(f"for `{key}` an address that begins with https://",
                           fix=f"Write https:// in `{key}`. Only an apt archive, which is signed, may go without: "
                           "where the rule has `plain_http: true`.")  # fmt: skip


def _one_answer(rules: tuple[EgressRule, ...]) -> tuple[EgressRule, ...]:
    """Desks ask one place for each kind of package."""
    for key in ("apt", "pip"):
        saying = [rule.name for rule in rules if getattr(rule, key) is not None]
        if len(saying) > 1:
            raise Unusable(f"one rule of a kind with `{key}`; {' and '.join(saying)} have it",
                           fix=f"Keep `{key}` in the rule of the place that desks are to ask.")  # fmt: skip
    return rules


Egress = Annotated[tuple[EgressRule, ...], Field(max_length=MOST_RULES), AfterValidator(_one_answer)]
"""All that a kind of tenancy may reach."""


def refuse_inside(rules: Iterable[EgressRule], ours: Iterable[IPv4Network]) -> None:
    """`Unusable` if a rule names addresses of networks that are the estate's own: egress leads out of it."""
    own = tuple(ours)
    for rule in rules:
        for address in rule.addresses:
            inside = next((network for network in own if network.overlaps(address)), None)
            if inside is not None:
                raise Unusable(f"addresses outside the estate's own {inside}; {rule.name} names {address}",
                               fix="Name where the host outside is; what is inside has private endpoints.")  # fmt: skip
