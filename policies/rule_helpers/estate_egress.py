"""The comparison of rules that allow traffic with the estate's addresses and the egress rules that it names."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from formats.egress import EgressRule
from formats.stack_config import StackConfig
from policies.azure_semantics.addresses import HTTP, HTTPS, Network, Span, inside, is_private
from policies.expected.addresses import estate_ranges


def unnamed(
    destinations: Sequence[Span], ports: Collection[tuple[int, int]], egress: Sequence[EgressRule], config: StackConfig
) -> Iterator[str]:
    """Yield what is wrong with each range outside the estate that no egress rule names with these ports."""
    for network in (network for span in destinations for network in span.networks):
        if not _is_of_the_estate(network, config) and not _is_named(network, ports, egress):
            yield f"allows {network}, which no egress rule of the estate names with these ports"


def foreign_sources(sources: Sequence[Span], config: StackConfig) -> Iterator[str]:
    """Yield what is wrong with each private range of sources outside the estate. Other rules refuse public ones."""
    for network in (network for span in sources for network in span.networks):
        if is_private(network) and not _is_of_the_estate(network, config):
            yield f"allows sources in {network}, which is outside the estate"


def _is_of_the_estate(network: Network, config: StackConfig) -> bool:
    return any(inside(network, range_) for range_ in estate_ranges(config))


def _is_named(network: Network, ports: Collection[tuple[int, int]], egress: Sequence[EgressRule]) -> bool:
    return any(
        bool(ports) and set(ports) <= ({HTTPS, HTTP} if rule.plain_http else {HTTPS})
        for rule in egress
        for address in rule.addresses
        if inside(network, address)
    )
