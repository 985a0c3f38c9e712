"""What the firewalls of an estate allow from the networks of a stack, and the approval of each way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from ipaddress import AddressValueError, IPv4Address, IPv4Network, collapse_addresses, summarize_address_range

from formats.addresses import PRIVATE, ZoneName
from formats.people import NamedApproval
from formats.stack_config import JunctionZoneConfig, PlatformConfig, SafeHavenConfig, StackConfig
from operations.estate.approvals import OUT, ApprovedWay
from operations.site.facts import SiteFacts, StackFacts
from operations.site.resources import Deployed, items, joined, of_types, texts, value_at

GROUP = "network:FirewallPolicyRuleCollectionGroup"
SIGN_IN = "people_sign_in"
"""The name of the rule for the hosts of Entra (docs/decisions/0019-sign-in-by-name.md)."""
_ANY = IPv4Network("0.0.0.0/0")
_MOST_PLACES = 6


@dataclass(frozen=True)
class EgressRow:
    """One rule that allows something from the networks of a stack."""

    rule: str
    to: str
    """Host names or addresses; for addresses of the estate, whose they are."""
    through: str
    """Protocols and ports."""
    is_inside: bool
    """True if all destinations are addresses of the estate."""
    approval: NamedApproval | None
    way: str
    """The name of the approved way; empty without an approval."""
    basis: str
    """Why there is no approval, where there is none."""

    @property
    def is_due(self) -> bool:
        """True if it needs an approval and has none."""
        return not (self.is_inside or self.approval or self.rule == SIGN_IN)


@dataclass(frozen=True)
class _Rule:
    name: str
    sources: tuple[IPv4Network, ...]
    names: tuple[str, ...]
    destinations: tuple[IPv4Network, ...]
    other: tuple[str, ...]
    """Destinations that are no addresses, such as service tags."""
    through: str


class Egress:
    """The allowing rules of all firewalls of an estate."""

    def __init__(self, facts: SiteFacts) -> None:
        self._facts = facts

    @cached_property
    def _rules(self) -> Sequence[_Rule]:
        groups = (group for stack in self._facts.deployed if stack.plan for group in of_types(stack.plan, GROUP))
        return [rule for group in groups for rule in _rules_of(group)]

    @cached_property
    def _places(self) -> Sequence[tuple[IPv4Network, str]]:
        return [place for stack in self._facts.stacks for place in places_of(stack)]

    @cached_property
    def _inside(self) -> Sequence[IPv4Network]:
        ranges = (one.config.estate_addresses for one in self._facts.stacks if one.config)
        return [one for one in dict.fromkeys(ranges) if one] or [network for network, _ in self._places]

    @cached_property
    def _ways(self) -> Sequence[ApprovedWay]:
        found = {way.way: way for stack in self._facts.stacks for way in stack.ways if way.way.direction == OUT}
        return list(found.values())

    def rows(self, stack: StackFacts) -> Sequence[EgressRow]:
        """Return what the firewalls allow from the networks of a stack."""
        own = [network for network, _ in places_of(stack)]
        return [row for sources, row in self._rows if any(a.overlaps(b) for a in sources for b in own)]

    @cached_property
    def _rows(self) -> Sequence[tuple[tuple[IPv4Network, ...], EgressRow]]:
        """The sources of each rule, and what it allows from them."""
        return [(rule.sources, self._row(rule)) for rule in self._rules]

    def _row(self, rule: _Rule) -> EgressRow:
        is_inside = bool(rule.destinations) and not (rule.names or rule.other) and all(
            any(one.subnet_of(inside) for inside in self._inside) for one in rule.destinations
        )  # fmt: skip
        found = next((way for way in self._ways if _opens(way, rule)), None)
        approval, way = (found.approval, found.way.name) if found else (None, "")
        to = self._whose(rule.destinations) if is_inside else _named(rule)
        basis = "" if approval else _basis(rule, is_inside=is_inside)
        return EgressRow(rule.name, to, rule.through, is_inside, approval, way, basis)

    def _whose(self, destinations: Sequence[IPv4Network]) -> str:
        """Return whose the addresses are, as far as the estate's stacks have them, and how many nobody has yet."""
        found: dict[str, None] = {}
        free = 0
        for destination in destinations:
            owner = next((name for network, name in self._places if destination.subnet_of(network)), None)
            if owner:
                found[owner] = None
            else:
                free += destination.num_addresses
        spare = [f"{free:,} addresses that no stack has yet"] if free else []
        names = list(found)
        more = [f"{len(names) - _MOST_PLACES:,} more stacks"] if len(names) > _MOST_PLACES else []
        return ", ".join([*names[:_MOST_PLACES], *more, *spare])


def places_of(stack: StackFacts) -> Iterator[tuple[IPv4Network, str]]:
    """Yield the address ranges of a stack, each with what has it."""
    config: StackConfig | None = stack.config
    if isinstance(config, SafeHavenConfig | JunctionZoneConfig):
        zones = {ZoneName.JUNCTION: config.zone} if isinstance(config, JunctionZoneConfig) else {
            name: getattr(config, name) for name in ZoneName if name is not ZoneName.JUNCTION}  # fmt: skip
        yield from ((zone.addresses, f"{name} zone") for name, zone in zones.items())
        return
    if isinstance(config, PlatformConfig) and config.staff_range:
        yield config.staff_range, f"staff network of {stack.name}"
    addresses = getattr(config, "addresses", None)
    if isinstance(addresses, IPv4Network):
        yield addresses, stack.name


def _rules_of(group: Deployed) -> Iterator[_Rule]:
    for collection in items(group.at("ruleCollections")):
        if str(value_at(collection, "action.type")).lower() == "allow":
            for rule in items(value_at(collection, "rules")):
                yield _rule(rule)


def _rule(rule: Mapping[str, object]) -> _Rule:
    destinations, other = _addresses(texts(value_at(rule, "destinationAddresses")))
    groups = [f"IP group {one.rpartition('/')[2]}" for one in texts(value_at(rule, "destinationIpGroups"))]
    sources = texts(value_at(rule, "sourceAddresses"))
    keys = ("targetFqdns", "destinationFqdns", "targetUrls", "fqdnTags", "webCategories")
    return _Rule(
        str(value_at(rule, "name") or "(no name)"),
        _addresses(sources)[0],
        tuple(name for key in keys for name in texts(value_at(rule, key))),
        destinations,
        (*other, *groups),
        _through(rule),
    )


def _addresses(listed: Sequence[str]) -> tuple[tuple[IPv4Network, ...], tuple[str, ...]]:
    """Return the networks of a rule's addresses, and the texts that are none, such as service tags."""
    networks, other = list[IPv4Network](), list[str]()
    for text in listed:
        try:
            networks.extend(_networks(text))
        except ValueError:
            other.append(text)
    return tuple(collapse_addresses(networks)), tuple(other)


def _networks(text: str) -> Iterable[IPv4Network]:
    if text in ("*", "Any"):
        return [_ANY]
    if "-" in text:
        first, _, last = text.partition("-")
        return summarize_address_range(IPv4Address(first.strip()), IPv4Address(last.strip()))
    try:
        return [IPv4Network(text)]
    except AddressValueError as error:
        raise ValueError(text) from error


def _through(rule: Mapping[str, object]) -> str:
    """Return protocols and ports, such as `TCP 443` or `HTTPS 443`."""
    protocols = [
        f"{str(value_at(one, 'protocolType')).upper()} {_port(value_at(one, 'port'))}".strip()
        for one in items(value_at(rule, "protocols"))
    ]
    if protocols:
        return ", ".join(protocols)
    ports = ", ".join(texts(value_at(rule, "destinationPorts"))) or "any port"
    return f"{', '.join(texts(value_at(rule, 'ipProtocols'))) or 'any protocol'} {ports}"


def _port(value: object) -> str:
    return str(int(value)) if isinstance(value, int | float) else ""


def _named(rule: _Rule) -> str:
    addresses = ["any address" if one == _ANY else _short(one) for one in rule.destinations]
    return joined([*rule.names, *addresses, *rule.other])


def _short(network: IPv4Network) -> str:
    return str(network.network_address) if network.prefixlen == network.max_prefixlen else str(network)


def _opens(way: ApprovedWay, rule: _Rule) -> bool:
    """True if a way out is what a rule implements: by all its addresses, or by a host that the way opens by name."""
    allowed = [IPv4Network(one) for one in way.way.destinations]
    if rule.destinations:
        return bool(allowed) and all(any(one.subnet_of(range_) for range_ in allowed) for one in rule.destinations)
    return bool(rule.names) and all(name.lower() in way.way.opened_by for name in rule.names)


def _basis(rule: _Rule, *, is_inside: bool) -> str:
    if is_inside:
        return "inside the estate: no approval of a way out"
    private = rule.destinations and all(any(one.subnet_of(range_) for range_ in PRIVATE) for one in rule.destinations)
    if rule.name == SIGN_IN:
        return "part of every estate: people sign in to Entra"
    return "no approval found for these private addresses" if private else "no approval found"
