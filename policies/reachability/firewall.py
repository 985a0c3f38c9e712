"""Azure Firewall: the controls that must fail before it allows a flow.

There are at most two: no rule allows the flow, and a deny rule precedes every allow rule. A rule that is added by
mistake makes the first control fail, but not the second.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from ipaddress import IPv4Network

from policies.azure_semantics import ids
from policies.azure_semantics.addresses import Span
from policies.azure_semantics.firewall import APPLICATION, NAT, NETWORK_RULE, FirewallRule
from policies.azure_semantics.shared_hosts import may_belong_to_outsider
from policies.azure_semantics.spans import ANY_PUBLIC_ADDRESS, contains, is_internet
from policies.reachability.control_sets import ALWAYS, Control, ControlKind, ControlSets, all_of
from policies.reachability.topology import Firewall, Topology

WEB_PROTOCOLS = frozenset(["http", "https"])
"""The protocols in which a client names the host."""


class FirewallEvaluator:
    """Evaluates the rules of one firewall."""

    def __init__(self, firewall: Firewall, topology: Topology) -> None:
        self.firewall, self.registry = firewall, topology.registry
        self._rules = tuple(r for r in firewall.rules or ())
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
        """Evaluate the network rules, which come first. Without a host: for an outsider's destination on the
        Internet."""
        return self._decide(
            NETWORK_RULE,
            lambda r: _may_match_address(r, source, to, port, host),
            lambda r: _must_match_address(r, source, to, port),
        )

    def by_name(self, source: IPv4Network, host: str) -> ControlSets:
        """Evaluate the application rules. Without a host: for an outsider's destination on the Internet."""
        return self._decide(
            APPLICATION, lambda r: _may_match_name(r, source, host), lambda r: _must_match_name(r, source, host)
        )

    def decides_by_address(self, source: IPv4Network, to: Span, port: int) -> bool:
        """True if a network rule certainly matches, so that the application rules are not evaluated."""
        return any(
            rule.kind == NETWORK_RULE
            and _must_match_source(rule, source)
            and _covers_port(rule, port)
            and (_names_exactly(rule, to) or any(contains(d, to) for d in rule.destinations))
            for rule in self._rules
        )

    def dnat_controls(self) -> ControlSets:
        """Return the controls on DNAT from the Internet. A DNAT rule counts as translating to any address. Deny rules
        do not apply to translated traffic (learn.microsoft.com, "Azure Firewall rule processing logic")."""
        if self.firewall.rules is None or any(rule.kind == NAT for rule in self._rules):
            return ALWAYS
        return self._untranslated

    @property
    def ports(self) -> Iterator[int]:
        """The ports at which the result of its rules may change."""
        return (port for rule in self._rules for low, high in rule.ports for port in (low, high + 1))

    def _decide(
        self, kind: str, may: Callable[[FirewallRule], bool], must: Callable[[FirewallRule], bool]
    ) -> ControlSets:
        if self.firewall.rules is None:
            return ALWAYS
        denied = first_denies = False
        for rule in (r for r in self._rules if r.kind == kind):
            if rule.allows and may(rule):
                return self.registry.requiring(self.denial) if denied else ALWAYS
            if not rule.allows and must(rule):
                denied = True
                first_denies = first_denies or self._is_first(rule)
        return self.registry.requiring(self.missing, *([self.denial] if first_denies else []))

    def _is_first(self, rule: FirewallRule) -> bool:
        """True if a deny rule precedes every allow rule of its kind."""
        return not rule.allows and all(
            rule.priority < other.priority for other in self._rules if other.allows and other.kind == rule.kind
        )


def _names_exactly(rule: FirewallRule, to: Span) -> bool:
    """True if a rule names exactly these addresses. This is fast for rules with hundreds of addresses."""
    return bool(to.networks) and rule.networks.issuperset(to.networks)


def _may_match_address(rule: FirewallRule, source: IPv4Network, to: Span, port: int | None, host: str) -> bool:
    """True if a network rule may match some of these addresses. For the Internet: if it matches more than a few named
    hosts."""
    fits = port is None or not rule.ports or any(low <= port <= high for low, high in rule.ports)
    if not fits or not _may_match_source(rule, source):
        return False
    if any(_matches_name(name, host) for name in rule.names):
        return True
    if to is ANY_PUBLIC_ADDRESS:
        return any(map(is_internet, rule.destinations))
    return rule.destination_index.may_intersect(to)


def _must_match_address(rule: FirewallRule, source: IPv4Network, to: Span, port: int | None) -> bool:
    """True if a network rule matches all of these addresses over TCP. Without a port: on every port."""
    return (
        _covers_port(rule, port)
        and _must_match_source(rule, source)
        and any(contains(d, to) for d in rule.destinations)
    )


def _covers_port(rule: FirewallRule, port: int | None) -> bool:
    """True if a network rule matches a port over TCP. Without a port: every port."""
    wanted = (1, 65535) if port is None else (port, port)
    fits = any(low <= wanted[0] and wanted[1] <= high for low, high in rule.ports)
    return fits and (not rule.protocols or "any" in rule.protocols or "tcp" in rule.protocols)


def _may_match_name(rule: FirewallRule, source: IPv4Network, host: str) -> bool:
    return _may_match_source(rule, source) and (
        bool(rule.managed_lists) or any(_matches_name(name, host) for name in rule.names)
    )


def _must_match_name(rule: FirewallRule, source: IPv4Network, host: str) -> bool:
    """True if a rule matches a name whatever the protocol and address. One with addresses matches only those."""
    named = any(fnmatchcase(host, name) if host else name == "*" for name in rule.names)
    whole = WEB_PROTOCOLS.issubset(rule.protocols) and not rule.destinations
    return named and whole and _must_match_source(rule, source)


def _may_match_source(rule: FirewallRule, source: IPv4Network) -> bool:
    return not rule.sources or any(span.overlaps(source) for span in rule.sources)


def _must_match_source(rule: FirewallRule, source: IPv4Network) -> bool:
    """True if a rule certainly matches the source. One without a source matches none."""
    return any(span.covers(source) for span in rule.sources)


def _matches_name(name: str, host: str) -> bool:
    """True if a name in a rule matches the host; without a host, if an outsider could have a host under it."""
    return fnmatchcase(host, name) if host else may_belong_to_outsider(name)
