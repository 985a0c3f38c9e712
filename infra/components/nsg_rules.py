"""The rules of a network security group (NSG)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address
from typing import Any

import pulumi
from pulumi_azure_native import network

FIRST_PRIORITY, PRIORITY_STEP = 100, 10
"""Allow rules have the priorities 100, 110, 120 … of Azure's 100 to 4,096."""
DENY_INTERNET_PRIORITY, DENY_DNS_PRIORITY, DENY_ALL_PRIORITY = 4000, 4010, 4096
"""The Internet has a deny rule of its own, so that its denial does not depend on the rule for all traffic."""
AZURE_DNS = "AzurePlatformDNS"
"""The service tag of Azure's DNS server, which only rules that name it apply to
(docs/azure-facts.md#rules-and-azures-dns-server)."""


class Direction(StrEnum):
    """The direction of traffic, with Azure's values."""

    IN = "Inbound"
    OUT = "Outbound"


@dataclass(frozen=True)
class SecurityRule:
    """A rule that allows traffic. Source and destination are address ranges, or service tags where Azure requires
    them."""

    name: str
    direction: Direction
    source: pulumi.Input[str]
    """One address range or service tag."""
    destination: pulumi.Input[str] | Sequence[str] | None
    """One address range or service tag, or a sequence of ranges. None if `destination_ranges` is set instead."""
    ports: tuple[str, ...]
    """The destination ports."""
    description: str
    protocol: str = "Tcp"
    """`Tcp`, `Udp`, or `*` for any."""
    destination_ranges: pulumi.Output[list[str]] | None = None
    """Ranges that another stack's outputs list, so that their number is not known in advance."""


def host_range(address: IPv4Address) -> str:
    """Return one address as a /32 range."""
    return f"{address}/32"


def deny_by_default_rules(
    allowed: Sequence[SecurityRule], *, internet_facing: bool = False
) -> list[network.SecurityRuleArgs]:
    """Return rules that allow this traffic and explicitly deny all other, in both directions.

    Azure's default rules would allow inbound traffic from the whole virtual network, and outbound to the Internet.
    `internet_facing` omits the separate rules that deny the Internet and Azure's DNS server. For Azure Bastion only,
    which browsers reach from the Internet, and which asks that server.
    """
    rules = [
        _allow(rule, FIRST_PRIORITY + PRIORITY_STEP * index)
        for direction in Direction
        for index, rule in enumerate(rule for rule in allowed if rule.direction is direction)
    ]
    denials = [_deny(f"deny-all-{way.name.lower()}", way, "*", DENY_ALL_PRIORITY) for way in Direction]
    if not internet_facing:
        denials.append(_deny("deny-internet-out", Direction.OUT, "Internet", DENY_INTERNET_PRIORITY))
        denials.append(_deny("deny-internet-in", Direction.IN, "Internet", DENY_INTERNET_PRIORITY))
        # Otherwise anyone could ask Azure for names directly, past the firewall and its log.
        denials.append(_deny("deny-azure-dns-out", Direction.OUT, AZURE_DNS, DENY_DNS_PRIORITY))
    return rules + denials


def _allow(rule: SecurityRule, priority: int) -> network.SecurityRuleArgs:
    # A list of one goes into the singular property: Azure refuses it in the plural one.
    one_port, ranges = len(rule.ports) == 1, _ranges(rule)
    return network.SecurityRuleArgs(
        name=rule.name,
        description=rule.description,
        priority=priority,
        direction=rule.direction.value,
        access=network.SecurityRuleAccess.ALLOW,
        protocol=rule.protocol,
        source_address_prefix=rule.source,
        source_port_range="*",
        destination_address_prefix=None if ranges else _single_range(rule),
        destination_address_prefixes=ranges,
        destination_port_range=rule.ports[0] if one_port else None,
        destination_port_ranges=None if one_port else list(rule.ports),
    )


def _ranges(rule: SecurityRule) -> pulumi.Input[Sequence[pulumi.Input[str]]] | None:
    """Return the destination ranges, or None if there is only one."""
    if rule.destination_ranges is not None:
        return rule.destination_ranges
    listed = rule.destination if isinstance(rule.destination, list | tuple) else ()
    return list(listed) if len(listed) > 1 else None


def _single_range(rule: SecurityRule) -> pulumi.Input[str]:
    destination: Any = rule.destination
    single: pulumi.Input[str] = destination[0] if isinstance(destination, list | tuple) else destination
    return single


def _deny(name: str, direction: Direction, remote: str, priority: int) -> network.SecurityRuleArgs:
    inbound = direction is Direction.IN
    return network.SecurityRuleArgs(
        name=name,
        priority=priority,
        direction=direction.value,
        access=network.SecurityRuleAccess.DENY,
        protocol="*",
        source_address_prefix=remote if inbound else "*",
        source_port_range="*",
        destination_address_prefix="*" if inbound else remote,
        destination_port_range="*",
    )
