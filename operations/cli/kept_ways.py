"""Ways out that a hub keeps until its tenancies are deployed.

A hub is deployed before its tenancies. If it lost a way out first, the NSGs of tenancies would allow addresses that no
network rule of the firewall decides: two controls would be left before the Internet (FL2). So an `up` of a hub and its
tenancies that removes or changes a way out deploys the hub twice: first with the ways that tenancies still allow, and
after the tenancies as the estate's files say. Each step is evaluated as it is deployed (docs/decisions, 0013).
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from ipaddress import IPv4Network, collapse_addresses
from itertools import product
from typing import Any

from formats.addresses import TenancyKind
from formats.egress import MAX_RANGES, MAX_RULES, MIN_PREFIX_LENGTH, EgressRule
from formats.errors import SdeError
from formats.plan import Plan
from formats.stack_config import PlatformConfig, TenancyConfig, parse
from operations.cli.estate_state import EstateState
from operations.cli.output import Output
from operations.cli.stack_catalog import Stack
from operations.cli.ways_out import NETWORK, Opening, openings
from operations.engine.port import StackSettings
from operations.estate.files import write_variant
from operations.settings import Settings

HTTPS, HTTP = "443", "80"
GROUP = f"{NETWORK}:FirewallPolicyRuleCollectionGroup"


@dataclass(frozen=True)
class KeptWays:
    """A hub as it is deployed before its tenancies."""

    hub: Stack
    """The hub, with the kept ways in its configuration."""
    ways: Mapping[TenancyKind, frozenset[Opening]]
    """The addresses and ports that it keeps, by kind of tenancy."""

    def show(self, output: Output) -> None:
        """Print the ways that the hub keeps, and for how long."""
        for kind, found in self.ways.items():
            addresses, ports = (sorted(set(part)) for part in zip(*found, strict=True))
            output.emit({"event": "kept-way-out", "stack": self.hub.name, "kind": str(kind),
                         "addresses": addresses, "ports": ports})  # fmt: skip
            output.say(f"  {self.hub.name} keeps the way out to {', '.join(addresses)} until its tenancies are "
                       "deployed without it", style="yellow")  # fmt: skip


def kept_ways(stacks: Sequence[Stack], state: EstateState, settings: Settings) -> dict[str, KeptWays]:
    """Return the hubs among these stacks that keep ways out, by name.

    `stacks`: those that the run deploys. A state that cannot be read is reported by the evaluation of its stack.
    """
    found: dict[str, KeptWays] = {}
    for hub in stacks:
        if isinstance(hub.config, PlatformConfig):
            tenancies = [s for s in stacks if hub.name in s.requires and isinstance(s.config, TenancyConfig)]
            with suppress(SdeError):
                ways = dict(_removed_in_use(hub, hub.config, tenancies, state))
                kept = _with_ways(hub, hub.config, ways, settings) if ways else None
                found |= {hub.name: KeptWays(kept, ways)} if kept else {}
    return found


def _removed_in_use(
    hub: Stack, config: PlatformConfig, tenancies: Sequence[Stack], state: EstateState
) -> Iterator[tuple[TenancyKind, frozenset[Opening]]]:
    """Yield the ways out of each kind that the deployed hub and a deployed tenancy have, and the estate has not."""
    deployed = state.own(hub) if tenancies else None
    if deployed is None:
        return
    plan = deployed.load()
    for kind, range_ in config.tenancy_ranges.items():
        removed = _of_firewall(plan, range_) - set(_named(config.egress.get(kind, ())))
        # Their states are read only if something is removed.
        of_kind = (state.own(stack) for stack in tenancies if removed and stack.kind == kind)
        used = removed & _of_tenancies(one.load() for one in of_kind if one)
        if used:
            yield kind, frozenset(used)


def _named(rules: Iterable[EgressRule]) -> Iterator[Opening]:
    for rule in rules:
        yield from product(rule.destinations, (HTTPS, HTTP) if rule.plain_http else (HTTPS,))


def _of_tenancies(plans: Iterable[Plan]) -> set[Opening]:
    return {opening for plan in plans for r in plan.resources if r.type.startswith(NETWORK)
            for opening in openings(r.inputs)}  # fmt: skip


def _of_firewall(plan: Plan, range_: IPv4Network) -> set[Opening]:
    """Return the addresses and ports that a hub allows a range of tenancies, of those that an egress rule can name."""
    found: set[Opening] = set()
    for resource in plan.resources:
        for collection in resource.inputs.get("ruleCollections", ()) if resource.type == GROUP else ():
            for rule in collection.get("rules", ()):
                if rule.get("sourceAddresses") == [str(range_)] and collection.get("action", {}).get("type") == "Allow":
                    found.update(openings(rule))
    https = {address for address, port in found if port == HTTPS and _is_few_hosts(address)}
    return {(address, port) for address, port in found if address in https and port in (HTTPS, HTTP)}


def _is_few_hosts(address: str) -> bool:
    try:
        return IPv4Network(address).prefixlen >= MIN_PREFIX_LENGTH
    except ValueError:
        return False


def _with_ways(
    hub: Stack, config: PlatformConfig, ways: Mapping[TenancyKind, frozenset[Opening]], settings: Settings
) -> Stack | None:
    """Return a hub with more ways out in its configuration; None if a kind would have more rules than it may."""
    egress = {kind: [*config.egress.get(kind, ()), *_rules(ways.get(kind, ()))] for kind in config.tenancy_ranges}
    if any(len(rules) > MAX_RULES for rules in egress.values()):
        return None
    wire = {kind: [rule.model_dump(mode="json", exclude_none=True) for rule in rules] for kind, rules in egress.items()}
    own: dict[str, Any] = {**hub.settings.config, "sde:egress": wire}
    texts = {key: value if isinstance(value, str) else json.dumps(value) for key, value in own.items()}
    file = write_variant(hub.settings.file, own, settings.home / "kept-ways")
    return replace(hub, settings=StackSettings(hub.name, own, file), config=parse(hub.name, texts))


def _rules(ways: Collection[Opening]) -> Iterator[EgressRule]:
    """Yield egress rules for some ways, each with as many ranges as a rule may have."""
    http, https = ({IPv4Network(address) for address, port in ways if port == one} for one in (HTTP, HTTPS))
    parts = [(True, part) for part in _parts(http)] + [(False, part) for part in _parts(https - http)]
    for number, (plain_http, part) in enumerate(parts, 1):
        yield EgressRule(name=f"kept-{number}", addresses=part, plain_http=plain_http)


def _parts(networks: Iterable[IPv4Network]) -> Iterator[tuple[IPv4Network, ...]]:
    narrow = tuple(_narrow(networks))
    return (narrow[start : start + MAX_RANGES] for start in range(0, len(narrow), MAX_RANGES))


def _narrow(networks: Iterable[IPv4Network]) -> Iterator[IPv4Network]:
    """Yield the ranges without overlaps, none wider than an egress rule may name."""
    for network in collapse_addresses(networks):
        yield from network.subnets(new_prefix=max(network.prefixlen, MIN_PREFIX_LENGTH))
