"""Network security groups: parse their rules, and evaluate them by priority.

Rules are inline (`securityRules`) or separate resources. Each has a single address and port, or lists. The matching
rule with the lowest number decides; Azure's default rules come last (65000 to 65500). Source: learn.microsoft.com,
"Network security groups: how they work".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from ipaddress import IPv4Network

from policies.azure_semantics.addresses import ALL_PORTS, EVERYWHERE, Network, Span, ports, span
from policies.azure_semantics.properties import entries, lower_text
from policies.azure_semantics.spans import SpanIndex, contains
from policies.model import MISSING, PolicyContext, Resource

EVERYTHING = Span("*", EVERYWHERE)
AZURE_DNS, AZURE_DNS_ADDRESS, DNS_PORT = "azureplatformdns", IPv4Network("168.63.129.16/32"), 53
"""The service tag of Azure's DNS server, in lower case, its address and port (learn.microsoft.com, "What is IP address
168.63.129.16?")."""
RULE = "network:SecurityRule"
_PROPERTIES = (
    "access",
    "direction",
    "priority",
    "protocol",
    *(f"{end}{part}" for end in ("source", "destination")
      for part in ("AddressPrefix", "AddressPrefixes", "ApplicationSecurityGroups", "PortRange", "PortRanges")),
)  # fmt: skip
RULE_PATHS = (
    *(f"network:NetworkSecurityGroup:securityRules[*].{name}" for name in _PROPERTIES),
    *(f"{RULE}:{name}" for name in _PROPERTIES),
)
"""The properties that `rules_of` reads."""


@dataclass(frozen=True)
class NsgRule:
    """One rule of an NSG."""

    name: str
    inbound: bool
    allows: bool
    priority: int
    protocol: str
    """In lower case; `*` for all."""
    sources: tuple[Span, ...]
    destinations: tuple[Span, ...]
    source_ports: tuple[tuple[int, int], ...]
    ports: tuple[tuple[int, int], ...]
    """First and last port of each range."""
    path: str = ""
    """Its property path in its NSG; empty for a separate resource."""
    has_application_group: bool = False
    """True if its source or destination is an application security group, whose members are unknown here."""

    @cached_property
    def source_index(self) -> SpanIndex:
        """Its sources, for many comparisons."""
        return SpanIndex(self.sources)

    @cached_property
    def destination_index(self) -> SpanIndex:
        """Its destinations, for many comparisons."""
        return SpanIndex(self.destinations)

    @property
    def remote_ends(self) -> tuple[Span, ...]:
        """The sources of an inbound rule, the destinations of an outbound one."""
        return self.sources if self.inbound else self.destinations

    @property
    def every_port(self) -> bool:
        """True if its destination ports are all ports, in one range or in several."""
        return covers_ports(self.ports, ALL_PORTS)

    @property
    def matches_all(self) -> bool:
        """True if every packet of its direction matches."""
        return (
            self.protocol == "*"
            and self.every_port
            and covers_ports(self.source_ports, ALL_PORTS)
            and not self.has_application_group
            and any(s.everywhere for s in self.sources)
            and any(d.everywhere for d in self.destinations)
        )

    def may_match(self, source: Network, destination: Network, port: int, protocol: str) -> bool:
        """True if some packet between the two networks may match. An application security group may have any member."""
        return (
            self.protocol in ("*", protocol.lower())
            and any(low <= port <= high for low, high in self.ports)
            and (self.has_application_group or self.source_index.overlaps(source))
            and (self.has_application_group or self.destination_index.overlaps(destination))
        )

    def must_match(self, source: Network, destination: Network, port: int, protocol: str) -> bool:
        """True if every packet between the two networks matches."""
        return (
            not self.has_application_group
            and self.protocol in ("*", protocol.lower())
            and any(low <= port <= high for low, high in self.ports)
            and covers_ports(self.source_ports, ALL_PORTS)
            and any(s.covers(source) for s in self.sources)
            and any(d.covers(destination) for d in self.destinations)
        )


def denies_azure_dns(rules: Iterable[NsgRule]) -> bool:
    """True if an outbound rule denies Azure's DNS server by its tag, and no rule before it allows the tag or the
    server's address. Only a rule that names the tag reaches the server; then another may decide before it."""
    concerned = [rule for rule in rules if not rule.inbound and _concerns_azure_dns(rule)]
    deciding = min(concerned, key=lambda rule: (rule.priority, not rule.allows), default=None)
    return (
        deciding is not None
        and not deciding.allows
        and deciding.protocol == "*"
        and deciding.every_port
        and covers_ports(deciding.source_ports, ALL_PORTS)
        and not deciding.has_application_group
        and any(source.everywhere for source in deciding.sources)
    )


def _concerns_azure_dns(rule: NsgRule) -> bool:
    """True if a rule names the tag of Azure's DNS server, or allows DNS queries to its address."""
    fits = any(low <= DNS_PORT <= high for low, high in rule.ports)
    return any(
        one.tag == AZURE_DNS or (rule.allows and fits and not one.tag and one.overlaps(AZURE_DNS_ADDRESS))
        for one in rule.destinations
    )


def _default(name: str, priority: int, source: str, destination: str) -> NsgRule:
    inbound, allows = name.endswith("InBound"), name.startswith("Allow")
    return NsgRule(
        name, inbound, allows, priority, "*", (span(source),), (span(destination),), (ALL_PORTS,), (ALL_PORTS,)
    )


DEFAULTS = (
    _default("AllowVnetInBound", 65000, "VirtualNetwork", "VirtualNetwork"),
    _default("AllowAzureLoadBalancerInBound", 65001, "AzureLoadBalancer", "*"),
    _default("DenyAllInBound", 65500, "*", "*"),
    _default("AllowVnetOutBound", 65000, "VirtualNetwork", "VirtualNetwork"),
    _default("AllowInternetOutBound", 65001, "*", "Internet"),
    _default("DenyAllOutBound", 65500, "*", "*"),
)
"""Azure's default rules in every NSG, which cannot be removed."""


def rules_in(resource: Resource) -> list[NsgRule]:
    """Return the rules that one resource declares: inline in an NSG, or as a separate rule."""
    if resource.type == RULE:
        return [_rule(resource, "", "")]
    return [_rule(resource, f"{path}.", path) for path in entries(resource, "securityRules")]


def rules_of(group: Resource, context: PolicyContext) -> list[NsgRule]:
    """Return the rules of an NSG, without Azure's defaults, by priority. Raises `Unknown` if one of them is unknown."""
    separate = [rule for resource in context.children(RULE, group) for rule in rules_in(resource)]
    return sorted([*rules_in(group), *separate], key=lambda rule: rule.priority)


def may_pass(
    rules: Sequence[NsgRule], *, inbound: bool, source: Network, destination: Network, port: int, protocol: str = "tcp"
) -> bool:
    """True if some packet may pass from one network to another.

    `rules`: the result of `rules_of`; Azure's defaults are added. Unknown addresses (of a service, or of the members of
    an application security group) count as allowed, and never as denied.
    """
    return _decide(
        rules,
        inbound,
        lambda rule: rule.may_match(source, destination, port, protocol),
        lambda rule: rule.must_match(source, destination, port, protocol),
    )


def may_leave(rules: Sequence[NsgRule], source: Network, to: Span, port: int | None = None) -> bool:
    """True if some packet may leave for a span of addresses. Without a port: for any port.

    Call it with the narrowest span that any NSG on the path names: two NSGs together allow what both allow.
    """
    return _decide(
        rules,
        False,
        lambda rule: _may_leave(rule, source, to, port),
        lambda rule: _must_deny_leaving(rule, source, to, port),
    )


def _decide(
    rules: Sequence[NsgRule], inbound: bool, may: Callable[[NsgRule], bool], must: Callable[[NsgRule], bool]
) -> bool:
    """Evaluate the rules of a direction in their order: True at the first that may allow, False at the first that
    certainly denies."""
    for rule in (*rules, *DEFAULTS):
        if rule.inbound != inbound:
            continue
        if rule.allows and may(rule):
            return True
        if not rule.allows and must(rule):
            return False
    return False


def _may_leave(rule: NsgRule, source: Network, to: Span, port: int | None) -> bool:
    fits = port is None or any(low <= port <= high for low, high in rule.ports)
    if rule.has_application_group:
        return fits
    return fits and rule.destination_index.may_contain(to) and rule.source_index.overlaps(source)


def _must_deny_leaving(rule: NsgRule, source: Network, to: Span, port: int | None) -> bool:
    wanted = ALL_PORTS if port is None else (port, port)
    whole = covers_ports(rule.ports, wanted) and covers_ports(rule.source_ports, ALL_PORTS)
    protocols = rule.protocol == "*" or (port is not None and rule.protocol == "tcp")
    local = not rule.has_application_group and any(s.covers(source) for s in rule.sources)
    return whole and protocols and local and any(contains(remote, to) for remote in rule.destinations)


def denies_internet(rule: NsgRule) -> bool:
    """True if a rule denies everything to (or, inbound, from) every public address."""
    whole_port = rule.every_port and covers_ports(rule.source_ports, ALL_PORTS) and rule.protocol == "*"
    local = rule.destinations if rule.inbound else rule.sources
    return (not rule.allows and whole_port and not rule.has_application_group
            and any(s.internet for s in rule.remote_ends) and any(s.everywhere for s in local))  # fmt: skip


def covers_ports(ranges: Iterable[tuple[int, int]], whole: tuple[int, int]) -> bool:
    """True if port ranges together include all of another; port 0 does not count."""
    reached = max(whole[0], 1) - 1
    for low, high in sorted(ranges):
        if low > reached + 1:
            break
        reached = max(reached, high)
    return reached >= whole[1]


def _rule(resource: Resource, prefix: str, path: str) -> NsgRule:
    allows = lower_text(resource, f"{prefix}access") != "deny"
    groups = ("sourceApplicationSecurityGroups", "destinationApplicationSecurityGroups")
    has_application_group = any(entries(resource, prefix + group) for group in groups)
    name = resource.at(f"{prefix}name") if path else MISSING
    return NsgRule(
        name=str(name) if name is not MISSING else resource.name,
        inbound=lower_text(resource, f"{prefix}direction") != "outbound",
        allows=allows,
        priority=int(resource.at(f"{prefix}priority") or 0),
        protocol=lower_text(resource, f"{prefix}protocol") or ("*" if allows else ""),
        sources=_spans(resource, f"{prefix}sourceAddressPrefix", allows and not has_application_group),
        destinations=_spans(resource, f"{prefix}destinationAddressPrefix", allows and not has_application_group),
        source_ports=_ranges(resource, f"{prefix}sourcePortRange", allows),
        ports=_ranges(resource, f"{prefix}destinationPortRange", allows),
        path=path,
        has_application_group=has_application_group,
    )


def _spans(resource: Resource, path: str, all_if_missing: bool) -> tuple[Span, ...]:
    """Return the addresses at a path. If there are none: all addresses for a rule that allows, none for one that
    denies."""
    found = [span(text) for text in _single_and_list(resource, path, f"{path}es")]
    return tuple(found) or ((EVERYTHING,) if all_if_missing else ())


def _ranges(resource: Resource, path: str, all_if_missing: bool) -> tuple[tuple[int, int], ...]:
    found = [ports(text) for text in _single_and_list(resource, path, f"{path}s")]
    return tuple(found) or ((ALL_PORTS,) if all_if_missing else ())


def _single_and_list(resource: Resource, single: str, plural: str) -> list[object]:
    value = resource.at(single)
    one = [part for part in str(value).split(",") if part.strip()] if value is not MISSING else []
    return [*one, *(resource.at(entry) for entry in entries(resource, plural))]
