"""Flows: what may pass into and out of a subnet, as rules of a network security group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address
from typing import Any

import pulumi
from pulumi_azure_native import network

FIRST, STEP = 100, 10
"""Allowed flows take 100, 110, 120 … of Azure's 100 to 4,096."""
DENY_INTERNET, DENY_ALL = 4000, 4096


class Way(StrEnum):
    """The direction of a flow, in Azure's words."""

    IN = "Inbound"
    OUT = "Outbound"


@dataclass(frozen=True)
class Flow:
    """One permitted flow. Ends are address ranges, or Azure's service tags where Azure asks for them."""

    name: str
    way: Way
    source: pulumi.Input[str]
    destination: pulumi.Input[str] | Sequence[str]
    """One range, or several."""
    ports: tuple[str, ...]
    why: str
    protocol: str = "Tcp"
    destinations: pulumi.Output[list[str]] | None = None
    """Several ranges that another stack tells, in the destination's place."""


def single(address: IPv4Address) -> str:
    """One address, as a range: a rule that names it reads as narrow as it is."""
    return f"{address}/32"


def sealed(flows: Sequence[Flow], *, internet: bool = False) -> list[network.SecurityRuleArgs]:
    """The rules that permit these flows and deny all else, in so many words, in both directions.

    Azure's own last rules would let the whole virtual network in and everything out to the Internet. `internet` leaves
    out the explicit denial of the Internet, for Azure's own Bastion alone, which must answer browsers there.
    """
    rules = [
        rule
        for way in Way
        for place, flow in enumerate(f for f in flows if f.way is way)
        for rule in [_allow(flow, FIRST + STEP * place)]
    ]
    denials = [_deny(f"deny-all-{way.name.lower()}", way, "*", DENY_ALL) for way in Way]
    if not internet:
        denials.append(_deny("deny-internet-out", Way.OUT, "Internet", DENY_INTERNET))
        denials.append(_deny("deny-internet-in", Way.IN, "Internet", DENY_INTERNET))
    return rules + denials


def _allow(flow: Flow, priority: int) -> network.SecurityRuleArgs:
    one, several = len(flow.ports) == 1, _several(flow)
    return network.SecurityRuleArgs(
        name=flow.name,
        description=flow.why,
        priority=priority,
        direction=flow.way.value,
        access=network.SecurityRuleAccess.ALLOW,
        protocol=flow.protocol,
        source_address_prefix=flow.source,
        source_port_range="*",
        # Azure refuses one in the plural form's place, and gives a single one back in the singular.
        destination_address_prefix=None if several else _one(flow.destination),
        destination_address_prefixes=several,
        destination_port_range=flow.ports[0] if one else None,
        destination_port_ranges=None if one else list(flow.ports),
    )


def _several(flow: Flow) -> pulumi.Input[Sequence[pulumi.Input[str]]] | None:
    if flow.destinations is not None:
        return flow.destinations
    listed = flow.destination if isinstance(flow.destination, list | tuple) else ()
    return list(listed) if len(listed) > 1 else None


def _one(destination: Any) -> pulumi.Input[str]:
    one: pulumi.Input[str] = destination[0] if isinstance(destination, list | tuple) else destination
    return one


def _deny(name: str, way: Way, other_end: str, priority: int) -> network.SecurityRuleArgs:
    return network.SecurityRuleArgs(
        name=name,
        priority=priority,
        direction=way.value,
        access=network.SecurityRuleAccess.DENY,
        protocol="*",
        source_address_prefix=other_end if way is Way.IN else "*",
        source_port_range="*",
        destination_address_prefix="*" if way is Way.IN else other_end,
        destination_port_range="*",
    )
