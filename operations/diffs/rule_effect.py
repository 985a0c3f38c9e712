"""The connections that the rules of a security group or of a firewall allow, compared before and after a change.

They are compared at the connections that the changed rules name: each source, destination, port and protocol.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, product

from policies.azure_semantics import firewall, security_group
from policies.azure_semantics.addresses import ALL_PORTS, Span
from policies.azure_semantics.spans import contains
from policies.model import PolicyContext, Resource

MAX_CONNECTIONS = 2000
"""The most connections of one rule that are compared."""
_EVERY_PROTOCOL = ("*", "any")
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

    @property
    def text(self) -> str:
        """The rule in words."""
        ends = [*(span.text for span in self.destinations), *self.names]
        return (
            f"{_protocols(self.protocols)} {_ports(self.ports)} from {_some([s.text for s in self.sources])} "
            f"to {_some(ends)} (rule {self.name})"
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
    points = _points(chosen, before, after)
    deciding = [(_deciding(before, point), _deciding(after, point)) for point in points]
    opened = [now for old, now in deciding if now and now.allows and not (old and old.allows)]
    closed = [old for old, now in deciding if old and old.allows and not (now and now.allows)]
    opened += [rule for rule in new if rule.allows and rule.any_member]
    return list(dict.fromkeys(opened)), list(dict.fromkeys(closed))


def _points(
    changed: Sequence[PacketRule], before: Sequence[PacketRule], after: Sequence[PacketRule]
) -> list[_Connection]:
    """Return the connections that may be decided otherwise: those of a changed rule that the rule of the same name on
    the other side does not decide alike, and those of others that it matches, since it may deny these."""
    found: dict[_Connection, None] = {}
    for rule in changed:
        own = dict.fromkeys(_connections(rule))
        for twin in (*before, *after):
            if twin != rule and twin.name == rule.name and _decides_alike(twin, rule):
                shared = {*_connections(twin)}
                own = {point: None for point in own if point not in shared}
        found |= own
        if not rule.allows:
            others = (point for other in {*before, *after} if other.allows for point in _connections(other))
            found |= dict.fromkeys(point for point in others if _matches(rule, point))
    return list(found)


def _decides_alike(one: PacketRule, other: PacketRule) -> bool:
    return (one.allows, one.order, one.direction) == (other.allows, other.order, other.direction)


def _deciding(rules: Iterable[PacketRule], point: _Connection) -> PacketRule | None:
    """Return the first matching rule. What no rule names is denied."""
    return min((rule for rule in rules if _matches(rule, point)), key=lambda rule: rule.order, default=None)


def _matches(rule: PacketRule, point: _Connection) -> bool:
    return (
        rule.direction == point.direction
        and any(low <= point.port <= high for low, high in rule.ports)
        and any(one in _EVERY_PROTOCOL or one == point.protocol for one in rule.protocols)
        and _contain(rule.sources, point.source)
        and _reaches(rule, point.to)
    )


def _reaches(rule: PacketRule, to: Span | str) -> bool:
    if isinstance(to, Span):
        return _contain(rule.destinations, to)
    return any(name in ("*", to) or (name.startswith("*.") and to.endswith(name[1:])) for name in rule.names)


def _contain(spans: Sequence[Span], one: Span) -> bool:
    return one in spans or any(contains(span, one) for span in spans)


def _connections(rule: PacketRule) -> Iterator[_Connection]:
    ends: list[Span | str] = [*rule.destinations, *rule.names]
    ports = [*dict.fromkeys(edge for low, high in rule.ports for edge in (max(low, 1), high))]
    every = product(rule.sources, ends, ports, rule.protocols)
    return (_Connection(rule.direction, s, to, port, p) for s, to, port, p in islice(every, MAX_CONNECTIONS))


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
        rule.protocols or ("*",),
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
