"""Firewall rules allow only named destinations, ports and protocols (FW3)."""

from __future__ import annotations

from collections.abc import Iterator

from formats.addresses import CELL_PREFIXES
from formats.egress import MIN_PREFIX_LENGTH
from policies.azure_semantics.firewall import APPLICATION, GROUP, NAT, NETWORK_RULE, RULE_PATHS, FirewallRule, rules_of
from policies.azure_semantics.security_group import covers_ports
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

CELL_PREFIX = CELL_PREFIXES[0]
"""The prefix length of the largest cell."""
MAX_PORTS = 16
"""Maximum number of ports in one rule."""


def check(group: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Refuse wildcards, tags and wide ranges in rules that allow traffic."""
    for rule in rules_of(group, context):
        if rule.allows and rule.kind != NAT:
            for message in _problems(rule):
                yield Violation(rule.path, f"{rule.name} {message}")


def _problems(rule: FirewallRule) -> Iterator[str]:
    for name in rule.names:
        if "*" in name and not (name.startswith("*.") and name.count("*") == 1 and name.count(".") > 1):
            yield f"allows {name}; a wildcard may only cover the hosts of one named domain"
    if rule.managed_lists:
        yield f"allows {', '.join(rule.managed_lists)}, lists that Microsoft maintains; it must name each domain"
    if (
        not rule.ports
        or sum(high - low + 1 for low, high in rule.ports) > MAX_PORTS
        or covers_ports(rule.ports, (1, 65535))
    ):
        yield f"opens every port, or more than {MAX_PORTS}; it must name those that are needed"
    if rule.kind == NETWORK_RULE:
        yield from _check_network_rule(rule)
    elif rule.kind == APPLICATION and not rule.names:
        yield "names no domain, so it allows by address only"


def _check_network_rule(rule: FirewallRule) -> Iterator[str]:
    if not rule.destinations and not rule.names:
        yield "names no destination"
    for destination in rule.destinations:
        if (destination.public or destination.tag) and not destination.is_permitted_egress(rule.ports):
            yield (
                f"allows {destination.text}; outside the estate only hosts (/{MIN_PREFIX_LENGTH} or narrower) may be"
            )
        elif any(network.prefixlen < CELL_PREFIX for network in destination.networks if network.version == 4):
            yield f"allows {destination.text}, more than a cell of the estate (/{CELL_PREFIX})"
    if not rule.protocols or "any" in rule.protocols:
        yield "allows every protocol; it must name TCP or UDP"


POLICY = Policy(
    id="FW3",
    title="Firewall rules allow only named destinations, ports and protocols",
    why="One wildcard in one rule opens an exit for every project that the rule applies to.",
    resource_types=(GROUP,),
    severity=Severity.CRITICAL,
    controls=ComplianceControls(
        satre=("2.1.13", "2.2.11", "3.1.12"),
        ncsc=("11",),
        caf=("B4.a", "B5.b"),
        iso27001=("8.23",),
        five_safes=("outputs",),
    ),
    fix="Name each host, private address, port and protocol: outside the estate in ranges of /28 or narrower, "
    "over TCP 443 or 80. Sign-in is allowed by name.",
    check=check,
    check_paths=RULE_PATHS,
    evaluation_scope="stack",
)
