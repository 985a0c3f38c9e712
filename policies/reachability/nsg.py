"""Network security groups on a path, evaluated for a packet's own addresses and ports.

If there are several possible destinations, such as the Internet, each candidate is evaluated by all NSGs on the path,
because two NSGs that allow different destinations allow nothing together.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Network

from policies.azure_semantics.addresses import Span
from policies.azure_semantics.security_group import NsgRule, may_leave, may_pass
from policies.azure_semantics.spans import MAX_HOSTS


@dataclass(frozen=True, eq=False)
class Nsg:
    """The NSG of a subnet or interface. Rules None: unknown, so everything is allowed."""

    id: str
    rules: tuple[NsgRule, ...] | None

    def allows(self, *, inbound: bool, source: IPv4Network, to: IPv4Network, port: int) -> bool:
        """True if some packet may pass from one network to a port in another."""
        if self.rules is None:
            return True
        return may_pass(self.rules, inbound=inbound, source=source, destination=to, port=port)

    def allows_to(self, source: IPv4Network, to: Span, port: int | None = None) -> bool:
        """True if some packet may leave for a span of addresses. Without a port: for any port."""
        if self.rules is None:
            return True
        return may_leave(self.rules, source, to, port)

    @property
    def wide_sources(self) -> Iterable[IPv4Network]:
        """The source ranges of its rules that allow inbound traffic, without small ranges."""
        ends = (s for r in self.rules or () if r.inbound and r.allows for s in r.sources)
        return (n for s in ends for n in s.networks if isinstance(n, IPv4Network) and n.num_addresses > MAX_HOSTS)

    @property
    def allowed_destinations(self) -> Iterable[tuple[Span, int]]:
        """The destinations of its rules that allow outbound traffic, each with the first port of each range."""
        for rule in (r for r in self.rules or () if not r.inbound and r.allows):
            yield from ((far, low) for far in rule.destinations for low, _ in rule.ports)

    def ports_in_rules(self, *, inbound: bool) -> Iterable[int]:
        """Yield the ports at which the result of its rules can change: the bounds of their port ranges."""
        for rule in (r for r in self.rules or () if r.inbound is inbound):
            yield from (port for low, high in rule.ports for port in (low, high + 1))
