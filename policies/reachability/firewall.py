"""What a firewall lets through, and what must fail before it lets through more.

Two controls at most: that it has no rule for the flow, and that a denial which acts before every rule forbids it. A
rule that somebody adds by mistake opens the first, and not the second.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from ipaddress import IPv4Network

from policies.azure_semantics import ids
from policies.azure_semantics.addresses import Network, Span
from policies.azure_semantics.firewall import APPLICATION, NAT, NETWORK_RULE, FirewallRule
from policies.azure_semantics.shared_hosts import may_be_an_outsider
from policies.azure_semantics.spans import ANYWHERE, contains, is_internet, may_intersect
from policies.reachability.control_sets import ALWAYS, Control, ControlKind, ControlSets, all_of
from policies.reachability.topology import Firewall, Topology

WEB = frozenset(["http", "https"])
"""The protocols in which anything can be asked for by name."""


class FirewallEvaluator:
    """What one firewall does with a flow."""

    def __init__(self, firewall: Firewall, topology: Topology) -> None:
        self.firewall, self.registry = firewall, topology.registry
        self._rules = tuple(r for r in firewall.rules or ())
        self._named: dict[int, frozenset[Network]] = {}
        label = ids.name(firewall.id)
        self.missing = Control(
            ControlKind.FIREWALL, f"{firewall.policy}#rule", f"{label} has no rule for it", firewall.policy
        )
        untranslated = Control(
            ControlKind.FIREWALL,
            f"{firewall.policy}#translation",
            f"{label} translates nothing that comes from outside",
            firewall.policy,
        )
        self._untranslated = all_of(
            self.registry.requiring(untranslated, step=f"through {label}"),
            topology.guardrails.of("no-translation", firewall.policy),
        )
        self.denial = Control(
            ControlKind.FIREWALL_DENIAL,
            f"{firewall.policy}#denial",
            f"{label} denies it before any rule can allow it",
            firewall.policy,
        )

    def by_address(self, source: IPv4Network, to: Span, port: int | None, host: str = "") -> ControlSets:
        """By network rules, which act first. Without a host: to the Internet, where anybody's names do."""
        return self._decide(
            NETWORK_RULE, lambda r: _may_pass(r, source, to, port, host), lambda r: _must_pass(r, source, to, port)
        )

    def by_name(self, source: IPv4Network, host: str) -> ControlSets:
        """By application rules. An empty host: the Internet."""
        return self._decide(APPLICATION, lambda r: _may_ask(r, source, host), lambda r: _must_ask(r, source, host))

    def decides_by_address(self, source: IPv4Network, to: Span, port: int) -> bool:
        """Whether network rules surely speak of a packet, so that no application rule is asked about it."""
        near = ((place, r) for place, r in enumerate(self._rules) if r.kind == NETWORK_RULE and _surely_from(r, source))
        return any(
            _speaks(rule, port) and (self._names(place, to) or any(contains(d, to) for d in rule.destinations))
            for place, rule in near
        )

    def _names(self, place: int, to: Span) -> bool:
        """Whether a rule names these very addresses: some name hundreds, and hundreds are asked for."""
        if place not in self._named:
            self._named[place] = frozenset(n for d in self._rules[place].destinations for n in d.networks)
        return bool(to.networks) and self._named[place].issuperset(to.networks)

    def admits(self) -> ControlSets:
        """From the Internet, by a translation. One that exists leads anywhere; what is translated passes, and no denial
        is asked (learn.microsoft.com, "Azure Firewall rule processing logic")."""
        if self.firewall.rules is None or any(rule.kind == NAT for rule in self._rules):
            return ALWAYS
        return self._untranslated

    @property
    def ports(self) -> Iterator[int]:
        """The ports at which its rules begin and cease to say something."""
        return (port for rule in self._rules for low, high in rule.ports for port in (low, high + 1))

    def _decide(
        self, kind: str, may: Callable[[FirewallRule], bool], must: Callable[[FirewallRule], bool]
    ) -> ControlSets:
        if self.firewall.rules is None:
            return ALWAYS
        denied = stands = False
        for rule in (r for r in self._rules if r.kind == kind):
            if rule.allows and may(rule):
                return self.registry.requiring(self.denial) if denied else ALWAYS
            if not rule.allows and must(rule):
                denied = True
                stands = stands or self._is_first(rule)
        return self.registry.requiring(self.missing, *([self.denial] if stands else []))

    def _is_first(self, rule: FirewallRule) -> bool:
        """Whether a denial acts before every rule of its kind that allows."""
        return not rule.allows and all(
            rule.priority < other.priority for other in self._rules if other.allows and other.kind == rule.kind
        )


def _may_pass(rule: FirewallRule, source: IPv4Network, to: Span, port: int | None, host: str) -> bool:
    """Whether a network rule may be about some of these addresses. Of the Internet: whether it is about a place there
    that nobody named."""
    fits = port is None or not rule.ports or any(low <= port <= high for low, high in rule.ports)
    if not fits or not _from(rule, source):
        return False
    if any(_names(name, host) for name in rule.names):
        return True
    wanted = [d for d in rule.destinations if is_internet(d)] if to is ANYWHERE else rule.destinations
    return any(may_intersect(destination, to) or (to is ANYWHERE) for destination in wanted)


def _must_pass(rule: FirewallRule, source: IPv4Network, to: Span, port: int | None) -> bool:
    """Whether a network rule is about all of these addresses, over TCP. No port: about every one."""
    return _speaks(rule, port) and _surely_from(rule, source) and any(contains(d, to) for d in rule.destinations)


def _speaks(rule: FirewallRule, port: int | None) -> bool:
    """Whether a network rule is about a port, over TCP. No port: about every one."""
    wanted = (1, 65535) if port is None else (port, port)
    fits = any(low <= wanted[0] and wanted[1] <= high for low, high in rule.ports)
    return fits and (not rule.protocols or "any" in rule.protocols or "tcp" in rule.protocols)


def _may_ask(rule: FirewallRule, source: IPv4Network, host: str) -> bool:
    return _from(rule, source) and (bool(rule.bundles) or any(_names(name, host) for name in rule.names))


def _must_ask(rule: FirewallRule, source: IPv4Network, host: str) -> bool:
    """Whether a rule is about a name however it is asked for. One that names addresses too is about those alone."""
    named = any(fnmatchcase(host, name) if host else name == "*" for name in rule.names)
    whole = WEB.issubset(rule.protocols) and not rule.destinations
    return named and whole and _surely_from(rule, source)


def _from(rule: FirewallRule, source: IPv4Network) -> bool:
    return not rule.sources or any(span.overlaps(source) for span in rule.sources)


def _surely_from(rule: FirewallRule, source: IPv4Network) -> bool:
    """A rule that says no source is for nobody."""
    return any(span.covers(source) for span in rule.sources)


def _names(name: str, host: str) -> bool:
    """Whether a name of a rule is the host's; without a host, whether anybody could have a place under it."""
    return fnmatchcase(host, name) if host else may_be_an_outsider(name)
