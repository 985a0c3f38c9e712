"""Network security groups on a path, evaluated for a packet's own addresses and ports.

If there are several possible destinations, such as the Internet, each candidate is evaluated by all NSGs on the path,
because two NSGs that allow different destinations allow nothing together.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from ipaddress import IPv4Network

from policies.azure_semantics.addresses import PRIVATE_RANGES, Span
from policies.azure_semantics.security_group import NsgRule, may_leave, may_pass
from policies.azure_semantics.spans import MAX_HOSTS


@dataclass(frozen=True, eq=False)
class Nsg:
    """The NSG of a subnet or interface. Rules None: unknown, so everything is allowed."""

    id: str
    rules: tuple[NsgRule, ...] | None
    _known: dict[tuple[object, ...], bool] = field(default_factory=dict, init=False, repr=False)
    _allowed: dict[Callable[[Span], bool], frozenset[Span]] = field(default_factory=dict, init=False, repr=False)

    def allows(self, *, inbound: bool, source: IPv4Network, to: IPv4Network, port: int, protocol: str = "tcp") -> bool:
        """True if some packet may pass from one network to a port in another."""
        if self.rules is None:
            return True
        key = (inbound, port, protocol, *self.place(source), *self.place(to))
        if key not in self._known:
            self._known[key] = may_pass(
                self.rules, inbound=inbound, source=source, destination=to, port=port, protocol=protocol
            )
        return self._known[key]

    def place(self, network: IPv4Network) -> tuple[int, int]:
        """Return the place of a network among the bounds of all ranges. Networks with one place are in the same ranges,
        and share addresses with the same ones, so that no rule tells them apart."""
        first = int(network.network_address)
        last = first + (1 << (32 - network.prefixlen)) - 1
        return bisect_right(self._bounds, first), bisect_right(self._bounds, last)

    @cached_property
    def _bounds(self) -> list[int]:
        """The first address of each range that a rule compares with, and the first one after it."""
        spans = (span for rule in self.rules or () for span in (*rule.sources, *rule.destinations))
        ranges = {*PRIVATE_RANGES, *(range_ for span in spans for range_ in span.networks)}
        known = [range_ for range_ in ranges if isinstance(range_, IPv4Network)]
        bounds = ((int(n.network_address), int(n.network_address) + (1 << (32 - n.prefixlen))) for n in known)
        return sorted({bound for pair in bounds for bound in pair})

    def allows_to(self, source: IPv4Network, to: Span, port: int | None = None) -> bool:
        """True if some packet may leave for a span of addresses. Without a port: for any port."""
        if self.rules is None:
            return True
        return may_leave(self.rules, source, to, port)

    @property
    def wide_sources(self) -> Iterable[IPv4Network]:
        """The source ranges of its rules that allow inbound traffic, without small ranges."""
        sources = (source for rule in self.rules or () if rule.inbound and rule.allows for source in rule.sources)
        networks = (n for source in sources for n in source.networks if isinstance(n, IPv4Network))
        return (network for network in networks if network.num_addresses > MAX_HOSTS)

    @property
    def allowed_destinations(self) -> Iterable[tuple[Span, int]]:
        """The destinations of its rules that allow outbound traffic, each with the first port of each range."""
        yield from self._destinations_of(self.rules or ())

    def allowed_destinations_that(self, fit: Callable[[Span], bool]) -> frozenset[Span]:
        """Return those of these destinations that meet a condition. They are hundreds, and are tested once for each."""
        if fit not in self._allowed:
            self._allowed[fit] = frozenset(found for found, _ in self.allowed_destinations if fit(found))
        return self._allowed[fit]

    def destinations_from(self, source: IPv4Network) -> Iterable[tuple[Span, int]]:
        """Yield those of its rules that may match packets from a network."""
        yield from self._destinations_of(
            r for r in self.rules or () if r.has_application_group or r.source_index.overlaps(source)
        )

    def _destinations_of(self, rules: Iterable[NsgRule]) -> Iterable[tuple[Span, int]]:
        for rule in (r for r in rules if not r.inbound and r.allows):
            yield from ((destination, low) for destination in rule.destinations for low, _ in rule.ports)

    def ports_in_rules(self, *, inbound: bool) -> Iterable[int]:
        """Yield the ports at which the result of its rules can change: the bounds of their port ranges."""
        for rule in (r for r in self.rules or () if r.inbound is inbound):
            yield from (port for low, high in rule.ports for port in (low, high + 1))
