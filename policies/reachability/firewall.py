"""Azure Firewall: the controls that must fail before it allows a flow.

Two of them are in the rules: no rule allows the flow, and a deny rule precedes every allow rule. A rule that is added
by mistake makes the first control fail, but not the second. Rules for names have two more: Azure Policy denies any but
those of sign-in, and a lock keeps those that come first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from functools import cached_property
from ipaddress import IPv4Network

from policies.azure_semantics import ids
from policies.azure_semantics.addresses import Span
from policies.azure_semantics.firewall import APPLICATION, FIRST_PRIORITY, NAT, NETWORK_RULE, FirewallRule
from policies.azure_semantics.locks import is_read_only
from policies.azure_semantics.shared_hosts import may_belong_to_outsider
from policies.azure_semantics.spans import ANY_PUBLIC_ADDRESS, contains, is_internet
from policies.reachability.control_sets import ALWAYS, Control, ControlKind, ControlSets, all_of, any_of
from policies.reachability.topology import Firewall, Topology

EVERY_SOURCE = IPv4Network("0.0.0.0/0")
WEB_PROTOCOLS = frozenset(["http", "https"])
"""The protocols in which a client names the host."""


class FirewallEvaluator:
    """Evaluates the rules of one firewall."""

    def __init__(self, firewall: Firewall, topology: Topology) -> None:
        self.firewall, self.registry = firewall, topology.registry
        self._rules = tuple(r for r in firewall.rules or ())
        self._by_name: dict[object, ControlSets] = {}
        self._name_rules: dict[tuple[int, int], tuple[object, object]] = {}
        self._by_source: dict[object, Sequence[FirewallRule]] = {}
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
        self._no_other_names = topology.guardrails.of("names-stay", firewall.policy)
        self._names_are_locked = self._lock_controls(topology)
        self.denial = Control(
            ControlKind.FIREWALL_DENIAL,
            f"{firewall.policy}#denial",
            f"{label} denies it before any rule can allow it",
            firewall.policy,
        )

    def _lock_controls(self, topology: Topology) -> ControlSets:
        """Return the control that nothing can come before the denial of every name: all rules up to it are in the first
        possible group, and a lock refuses each change of that. `ALWAYS` if it does not hold."""
        for rule in (r for r in self._rules if r.kind == APPLICATION):
            is_locked = topology.read_or_open(rule.group, False, is_read_only, rule.group, topology.estate)
            if rule.priority[0] != FIRST_PRIORITY or not is_locked:
                return ALWAYS
            if not rule.allows and _must_match_name(rule, EVERY_SOURCE, ""):
                description = f"a lock refuses changes of the rules of {ids.name(self.firewall.policy)} for names"
                return self.registry.requiring_property(ControlKind.LOCK, rule.group, "lock", description)
        return ALWAYS

    def by_address(self, source: IPv4Network, to: Span, port: int | None, host: str = "") -> ControlSets:
        """Evaluate the network rules, which come first. Without a host: for an outsider's destination on the
        Internet."""
        return self._decide(
            self._rules_for(NETWORK_RULE, source),
            lambda r: _may_match_address(r, source, to, port, host),
            lambda r: _must_match_address(r, source, to, port),
        )

    def by_any_address(self, source: IPv4Network, to: Span) -> ControlSets:
        """Return the controls that `by_address` has at least, for any of these addresses on any port by any name."""
        return self._decide(
            self._rules_for(NETWORK_RULE, source),
            lambda r: bool(r.names) or r.destination_index.may_intersect(to),
            lambda r: _must_match_address(r, source, to, None),
        )

    def by_any_name(self, source: IPv4Network, hosts: frozenset[str]) -> ControlSets:
        """Return the controls that `by_name` has at least for any of these hosts."""
        key = (*self._names_of(source), hosts)
        if key not in self._by_name:
            self._by_name[key] = any_of(*(self.by_name(source, host) for host in sorted(hosts)))
        return self._by_name[key]

    def by_name(self, source: IPv4Network, host: str) -> ControlSets:
        """Evaluate the application rules. Without a host: for an outsider's destination on the Internet."""
        key = (*self._names_of(source), host)
        if key not in self._by_name:
            rules = self._rules_for(APPLICATION, source)
            self._by_name[key] = self._decide(
                rules,
                lambda r: _may_match_name(r, source, host),
                lambda r: _must_match_name(r, source, host),
                refused=self._no_other_names,
                kept=self._names_are_locked,
            )
        return self._by_name[key]

    def decides_by_address(self, source: IPv4Network, to: Span, port: int) -> bool:
        """True if a network rule certainly matches, so that the application rules are not evaluated."""
        return any(
            _must_match_source(rule, source)
            and _covers_port(rule, port)
            and (_names_exactly(rule, to) or any(contains(d, to) for d in rule.destinations))
            for rule in self._rules_for(NETWORK_RULE, source)
        )

    def dnat_controls(self) -> ControlSets:
        """Return the controls on DNAT from the Internet. A DNAT rule counts as translating to any address. Deny rules
        do not apply to translated traffic (learn.microsoft.com, "Azure Firewall rule processing logic")."""
        if self.firewall.rules is None or any(rule.kind == NAT for rule in self._rules):
            return ALWAYS
        return self._untranslated

    @cached_property
    def ports(self) -> frozenset[int]:
        """The ports at which the result of its rules may change."""
        return frozenset(port for rule in self._rules for low, high in rule.ports for port in (low, high + 1))

    def _rules_for(self, kind: str, source: IPv4Network) -> Sequence[FirewallRule]:
        """Return the rules of a kind that may match a source, in order. A firewall has rules for each tenancy."""
        key = (kind, int(source.network_address), source.prefixlen)
        if key not in self._by_source:
            self._by_source[key] = [r for r in self._rules if r.kind == kind and _may_match_source(r, source)]
        return self._by_source[key]

    def _names_of(self, source: IPv4Network) -> tuple[object, object]:
        """Return a key that is equal for sources with the same application rules."""
        place = (int(source.network_address), source.prefixlen)
        if place not in self._name_rules:
            rules = self._rules_for(APPLICATION, source)
            self._name_rules[place] = (
                tuple(map(id, rules)),
                tuple(_must_match_source(rule, source) for rule in rules),
            )
        return self._name_rules[place]

    def _decide(
        self,
        rules: Sequence[FirewallRule],
        may: Callable[[FirewallRule], bool],
        must: Callable[[FirewallRule], bool],
        *,
        refused: ControlSets = ALWAYS,
        kept: ControlSets = ALWAYS,
    ) -> ControlSets:
        """Return the controls of these rules. `refused`: Azure refuses a rule that allows more. `kept`: the
        denial cannot be changed, and nothing can come before it."""
        if self.firewall.rules is None:
            return ALWAYS
        denied = first_denies = False
        for rule in rules:
            if rule.allows and may(rule):
                return all_of(self.registry.requiring(self.denial), kept) if denied else ALWAYS
            if not rule.allows and must(rule):
                denied = True
                first_denies = first_denies or self._is_first(rule)
        missing = self.registry.requiring(self.missing, *([self.denial] if first_denies else []))
        return all_of(missing, refused, kept)

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
