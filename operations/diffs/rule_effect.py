"""The connections that the rules of a security group or of a firewall allow, compared before and after a change.

They are compared at the connections that the changed rules name: each source, destination, port and protocol.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice, product

from policies.azure_semantics import firewall, security_group
from policies.azure_semantics.addresses import ALL_PORTS, Span
from policies.azure_semantics.spans import contains
from policies.model import PolicyContext, Resource

MAX_CONNECTIONS, MAX_POINTS = 4000, 100
"""The most connections of one rule that are listed, and of those that another rule does not decide alike, compared."""
_EVERY_PROTOCOL, _COMMON = ("*", "any"), ("tcp", "udp", "icmp")
_KINDS = (firewall.NAT, firewall.NETWORK_RULE, firewall.APPLICATION)
_NO_CONTEXT = PolicyContext(())


@dataclass(frozen=True)
class PacketRule:
    """One rule of a security group or a firewall, in one form."""

    name: str
    allows: bool
    order: tuple[int, ...]
    """Rules decide in this order."""
    direction: str
    """`in` or `out` of a security group; the kind of a firewall's rule."""
    sources: tuple[Span, ...]
    destinations: tuple[Span, ...]
    names: tuple[str, ...]
    """Domain names that it allows, and `tag:` names of lists that Microsoft maintains."""
    ports: tuple[tuple[int, int], ...]
    protocols: tuple[str, ...]
    any_member: bool = False
    """True if it names an application security group, whose members are not known here."""
    headers: frozenset[tuple[str, str]] = frozenset()
    """The headers that the firewall inserts into the requests that it decrypts: they restrict these requests."""
    remark: str = ""
    """Text after the rule's description."""

    def __hash__(self) -> int:
        """Return a hash that does not read the hundreds of addresses of a rule."""
        return hash((self.name, self.allows, self.order, self.direction))

    @property
    def text(self) -> str:
        """The rule in words."""
        ends = [*(span.text for span in self.destinations), *self.names]
        return (
            f"{_protocols(self.protocols)} {_ports(self.ports)} from {_some([s.text for s in self.sources])} "
            f"to {_some(ends)} (rule {self.name}){self.remark}"
        )


@dataclass(frozen=True)
class _Connection:
    direction: str
    source: Span
    to: Span | str
    port: int
    protocol: str


def rules_in(resource: Resource) -> list[PacketRule]:
    """Return the rules of a security group, of a separate rule, or of a group of a firewall's rule collections.

    Raises an exception of the policies where they cannot be read.
    """
    if resource.type == firewall.GROUP:
        return [_of_firewall(rule) for rule in firewall.rules_of(resource, _NO_CONTEXT)]
    return [_of_group(rule) for rule in security_group.rules_in(resource)]


def effect(
    before: Sequence[PacketRule], after: Sequence[PacketRule], names: frozenset[str] = frozenset()
) -> tuple[list[PacketRule], list[PacketRule]]:
    """Return the rules that newly allow something, and those that no longer do.

    `names`: compare only at the connections of rules with these names; none: of all.
    """
    gone, new = ([rule for rule in one if rule not in other] for one, other in ((before, {*after}), (after, {*before})))
    chosen = [rule for rule in (*gone, *new) if rule.name in names] or [*gone, *new]
    every = list(dict.fromkeys((*before, *after)))
    compared = [_Compared.of(rule, every) for rule in chosen]
    points = dict.fromkeys(point for one in compared for point in one.points)
    deciding = [(_deciding(before, point), _deciding(after, point)) for point in points]
    opened = [found for old, now in deciding for found in _allowed_beside(now, old)]
    closed = [found for old, now in deciding for found in _allowed_beside(old, now)]
    if not opened and not closed:  # what could not be compared may be open
        unsure = {rule.name for rule in new if rule.any_member} | {one.rule.name for one in compared if not one.all}
        opened = [rule for rule in after if rule.allows and rule.name in unsure]
    return list(dict.fromkeys(opened)), list(dict.fromkeys(closed))


@dataclass(frozen=True)
class _Compared:
    """The connections of a changed rule that may be decided otherwise."""

    rule: PacketRule
    points: Sequence[_Connection]
    all: bool
    """False if there were too many."""

    @classmethod
    def of(cls, rule: PacketRule, every: Sequence[PacketRule]) -> _Compared:
        """Leave out what the rule of the same name on the other side decides alike."""
        twins = [one for one in every if one != rule and one.name == rule.name and _decides_alike(one, rule)]
        named: set[Span | str] = set()
        for twin in twins:
            named |= {*twin.sources, *twin.destinations}
            named |= {*twin.names}
        found = list(islice(_connections(rule, every, named), MAX_CONNECTIONS + 1))
        points = [point for point in found if not any(_matches(twin, point) for twin in twins)]
        complete = len(found) <= MAX_CONNECTIONS and len(points) <= MAX_POINTS
        return cls(rule, points[:MAX_POINTS], complete)


def _allowed_beside(rule: PacketRule | None, other: PacketRule | None) -> Iterator[PacketRule]:
    """Yield the rule if it allows what the other side's does not, or only with headers that it does not insert."""
    if not rule or not rule.allows:
        return
    if not other or not other.allows:
        yield rule
    elif missing := sorted(name for name, _ in other.headers - rule.headers):
        yield replace(rule, remark=f", without the inserted {', '.join(missing)}")


def _decides_alike(one: PacketRule, other: PacketRule) -> bool:
    same = (one.allows, one.order, one.direction) == (other.allows, other.order, other.direction)
    return same and one.headers == other.headers


def _deciding(rules: Iterable[PacketRule], point: _Connection) -> PacketRule | None:
    """Return the first matching rule. What no rule names is denied."""
    return min((rule for rule in rules if _matches(rule, point)), key=lambda rule: rule.order, default=None)


def _matches(rule: PacketRule, point: _Connection) -> bool:
    return (
        rule.direction == point.direction
        and any(low <= point.port <= high for low, high in rule.ports)
        and any(one in _EVERY_PROTOCOL or one == point.protocol for one in rule.protocols)
        and _has_source(rule, point.source)
        and _reaches(rule, point.to)
    )


def _reaches(rule: PacketRule, to: Span | str) -> bool:
    if isinstance(to, Span):
        return _has_destination(rule, to)
    return any(name in ("*", to) or (name.startswith("*.") and to.endswith(name[1:])) for name in rule.names)


def _contain(spans: Sequence[Span], one: Span) -> bool:
    return one in spans or any(contains(span, one) for span in spans)


@lru_cache(maxsize=1 << 16)
def _has_source(rule: PacketRule, source: Span) -> bool:
    return _contain(rule.sources, source)


@lru_cache(maxsize=1 << 16)
def _has_destination(rule: PacketRule, to: Span) -> bool:
    return _contain(rule.destinations, to)


def _connections(
    rule: PacketRule, others: Sequence[PacketRule], known: Collection[Span | str]
) -> Iterator[_Connection]:
    """Yield the connections of a rule, and those parts of them that other rules name; what is not known comes first."""
    same = [other for other in others if other.direction == rule.direction]
    parts = _parts(rule.sources, (s for other in same for s in other.sources))
    sources = sorted(dict.fromkeys((*rule.sources, *parts)), key=known.__contains__)
    names = (name for other in same for name in other.names if _reaches(rule, name))
    parts = _parts(rule.destinations, (s for other in same for s in other.destinations))
    found: dict[Span | str, None] = dict.fromkeys((*rule.destinations, *rule.names, *parts, *names))
    ends = sorted(found, key=known.__contains__)
    protocols = dict.fromkeys(p for one in rule.protocols for p in (one, *(_COMMON if one in _EVERY_PROTOCOL else ())))
    every = product(sources, ends, _edges(rule, same), protocols)
    return (_Connection(rule.direction, source, to, port, protocol) for source, to, port, protocol in every)


def _edges(rule: PacketRule, others: Sequence[PacketRule]) -> list[int]:
    """Return the ports of a rule at which another rule begins or ends."""
    ranges = dict.fromkeys((*rule.ports, *(one for other in others for one in other.ports)))
    edges = {edge for low, high in ranges for edge in (low - 1, low, high, high + 1) if edge > 0}
    return sorted(port for port in edges if any(low <= port <= high for low, high in rule.ports))


def _parts(spans: Sequence[Span], others: Iterable[Span]) -> list[Span]:
    """Return those of some other spans that are inside these."""
    wide = [span for span in spans if span.tag or any(n.prefixlen < n.max_prefixlen for n in span.networks)]
    own = frozenset(spans)
    return [other for other in dict.fromkeys(others) if other not in own and _contain(wide, other)]


def _of_group(rule: security_group.NsgRule) -> PacketRule:
    return PacketRule(
        rule.name, rule.allows, (rule.priority,), "in" if rule.inbound else "out", rule.sources, rule.destinations,
        (), rule.ports, (rule.protocol,), rule.has_application_group,
    )  # fmt: skip


def _of_firewall(rule: firewall.FirewallRule) -> PacketRule:
    names = (*rule.names, *(f"tag:{one}" for one in rule.managed_lists))
    order = (_KINDS.index(rule.kind), *rule.priority)
    ports = rule.ports or (ALL_PORTS,)
    return PacketRule(
        rule.name, rule.allows, order, rule.kind, rule.sources, rule.destinations, names, ports,
        rule.protocols or ("*",), headers=frozenset(rule.headers if rule.decrypts else ()),
    )  # fmt: skip


def _protocols(protocols: Sequence[str]) -> str:
    return "any protocol" if any(one in _EVERY_PROTOCOL for one in protocols) else "/".join(protocols).upper()


def _ports(ports: Sequence[tuple[int, int]]) -> str:
    if ALL_PORTS in ports:
        return "on every port"
    return ", ".join(str(low) if low == high else f"{low}-{high}" for low, high in ports)


def _some(texts: Sequence[str]) -> str:
    named = ["anywhere" if text == "*" else text for text in texts]
    return ", ".join(named[:3]) + (f" and {len(named) - 3} more" if len(named) > 3 else "") or "nothing"
