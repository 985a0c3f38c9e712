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
DENY_INTERNET_PRIORITY, DENY_ALL_PRIORITY = 4000, 4096


class Direction(StrEnum):
    """The direction of traffic, in Azure's words."""

    IN = "Inbound"
    OUT = "Outbound"


@dataclass(frozen=True)
class SecurityRule:
    """A rule that allows traffic. Its ends are address ranges, or service tags where Azure requires them."""

    name: str
    direction: Direction
    source: pulumi.Input[str]
    """One address range or service tag."""
    destination: pulumi.Input[str] | Sequence[str] | None
    """One address range or service tag, or a sequence of ranges; None with `destinations`."""
    ports: tuple[str, ...]
    """The destination ports."""
    description: str
    protocol: str = "Tcp"
    """`Tcp`, `Udp`, or `*` for any."""
    destinations: pulumi.Output[list[str]] | None = None
    """The ranges from another stack's outputs, instead of `destination`."""


def host_range(address: IPv4Address) -> str:
    """Return one address as a /32 range."""
    return f"{address}/32"


def deny_by_default_rules(
    allowed: Sequence[SecurityRule], *, internet_facing: bool = False
) -> list[network.SecurityRuleArgs]:
    """Return rules that allow this traffic and explicitly deny all other, in both directions.

    Azure's default rules would allow inbound traffic from the whole virtual network, and outbound to the Internet.
    `internet_facing` omits the explicit denial of the Internet, for Azure Bastion only, which must answer browsers.
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
    return rules + denials


def _allow(rule: SecurityRule, priority: int) -> network.SecurityRuleArgs:
    # Azure refuses a list of one, and returns a single range or port in the singular property.
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
    if rule.destinations is not None:
        return rule.destinations
    listed = rule.destination if isinstance(rule.destination, list | tuple) else ()
    return list(listed) if len(listed) > 1 else None


def _single_range(rule: SecurityRule) -> pulumi.Input[str]:
    destination: Any = rule.destination
    single: pulumi.Input[str] = destination[0] if isinstance(destination, list | tuple) else destination
    return single


def _deny(name: str, direction: Direction, other_end: str, priority: int) -> network.SecurityRuleArgs:
    inbound = direction is Direction.IN
    return network.SecurityRuleArgs(
        name=name,
        priority=priority,
        direction=direction.value,
        access=network.SecurityRuleAccess.DENY,
        protocol="*",
        source_address_prefix=other_end if inbound else "*",
        source_port_range="*",
        destination_address_prefix="*" if inbound else other_end,
        destination_port_range="*",
    )
