"""What security groups let through, asked of the addresses and ports that a packet has on its whole way.

Where anything of many would do, such as any place on the Internet, candidates are tried one by one through all groups:
two groups that each admit something else let nothing through together.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Network

from infra.egress import MIN_PREFIX_LENGTH
from policies.azure_semantics.addresses import NEAR, PRIVATE_RANGES, Network, Span, span
from policies.azure_semantics.security_group import DEFAULTS, Rule, covers_ports, may_pass

NARROW = 1 << (32 - MIN_PREFIX_LENGTH)
"""As many addresses at most are a place that somebody named, as a domain name is (a /28). More are the Internet."""
HARMLESS = ("azureactivedirectory", "azureplatformdns", "azureplatformimds", "azureplatformlkm", "gatewaymanager")
"""Service tags behind which nobody can keep what was sent there: no store, site or computer of another tenant."""
ANYWHERE = span("Internet")
"""Any public address, of which nothing else is known."""
WHOLE_PORTS = (1, 65535)


@dataclass(frozen=True, eq=False)
class Nsg:
    """A security group in front of something. Rules None: not known, so open."""

    id: str
    rules: tuple[Rule, ...] | None

    def lets(self, *, inbound: bool, source: IPv4Network, to: IPv4Network, port: int) -> bool:
        """Whether some packet may pass from one network to a port in another."""
        if self.rules is None:
            return True
        found = may_pass(self.rules, inbound=inbound, source=source, destination=to, port=port)
        return found is not None

    def lets_out(self, source: IPv4Network, to: Span, port: int | None = None) -> bool:
        """Whether something may leave for what a text stands for. No port: by any. Asked of the narrowest that any
        group on the way names, since two groups let through together what the narrower of two texts stands for."""
        if self.rules is None:
            return True
        for rule in (rule for rule in (*self.rules, *DEFAULTS) if not rule.inbound):
            if rule.allows and _may_leave(rule, source, to, port):
                return True
            if not rule.allows and _must_stay(rule, source, to, port):
                return False
        return False

    @property
    def wide_sources(self) -> Iterable[IPv4Network]:
        """The ranges from which its rules let anything in, but for the places that somebody named."""
        ends = (s for r in self.rules or () if r.inbound and r.allows for s in r.sources)
        return (n for s in ends for n in s.networks if isinstance(n, IPv4Network) and n.num_addresses > NARROW)

    @property
    def allowed_out(self) -> Iterable[tuple[Span, int]]:
        """Where its rules let anything go, each with the first of its ports."""
        for rule in (r for r in self.rules or () if not r.inbound and r.allows):
            yield from ((far, low) for far in rule.destinations for low, _ in rule.ports)

    def ports_in_rules(self, *, inbound: bool) -> Iterable[int]:
        """The ports at which its rules begin and cease to say something."""
        for rule in (r for r in self.rules or () if r.inbound is inbound):
            yield from (port for low, high in rule.ports for port in (low, high + 1))


def is_internet(far: Span) -> bool:
    """Whether somebody elsewhere could keep what is sent to these addresses."""
    if far.tag:
        return far.tag not in (*NEAR, *HARMLESS)
    return any(network.num_addresses > NARROW and _is_public(network) for network in far.networks)


def is_wide(far: Span) -> bool:
    """Whether a network that is none of the estate's could take some of these addresses for its own."""
    return is_internet(far) or far.tag == "virtualnetwork" or any(n.num_addresses > NARROW for n in far.networks)


def meets(far: Span, to: Span) -> bool:
    """Whether two texts may stand for one address."""
    ranges = any(_meet(one, other) for one in far.networks for other in to.networks)
    return ranges or _holds(far, to) or _holds(to, far)


def covers(one: Span, other: Span) -> bool:
    """Whether every address of the second is one of the first, as far as can be told."""
    if one.everywhere or one.tag == other.tag != "":
        return True
    if other.tag:
        return one.tag == ANYWHERE.tag and other.tag not in NEAR
    return bool(other.networks) and all(one.covers(network) for network in other.networks)


def _may_leave(rule: Rule, source: IPv4Network, to: Span, port: int | None) -> bool:
    near = rule.by_group or any(s.overlaps(source) for s in rule.sources)
    fits = port is None or any(low <= port <= high for low, high in rule.ports)
    return near and fits and (rule.by_group or any(_holds(far, to) for far in rule.destinations))


def _holds(far: Span, to: Span) -> bool:
    """Whether what a rule lets out to may be all that something goes to. `VirtualNetwork`, beside a default route,
    stands for every address; a service's tag for addresses that nobody can tell."""
    if far.everywhere or far.tag == "virtualnetwork":
        return True
    if to.tag == ANYWHERE.tag:
        return far.internet
    if to.tag:
        wide = far.internet or far.tag == "azurecloud" or (not far.tag and is_internet(far))
        return far.tag == to.tag or (wide and to.tag not in NEAR)
    if far.tag:
        return far.tag not in NEAR and to.public
    return any(_inside(one, other) for one in to.networks for other in far.networks)


def _must_stay(rule: Rule, source: IPv4Network, to: Span, port: int | None) -> bool:
    wanted = WHOLE_PORTS if port is None else (port, port)
    whole = covers_ports(rule.ports, wanted) and covers_ports(rule.source_ports, WHOLE_PORTS)
    protocols = rule.protocol == "*" or (port is not None and rule.protocol == "tcp")
    near = not rule.by_group and any(s.covers(source) for s in rule.sources)
    return whole and protocols and near and any(covers(far, to) for far in rule.destinations)


def _is_public(network: Network) -> bool:
    return not any(_inside(network, private) for private in PRIVATE_RANGES)


def _inside(inner: Network, outer: Network) -> bool:
    return inner.version == outer.version and inner.subnet_of(outer)  # type: ignore[arg-type]


def _meet(one: Network, other: Network) -> bool:
    return one.version == other.version and one.overlaps(other)
