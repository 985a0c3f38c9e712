"""The comparison of rules that allow traffic out with the egress rules that the estate names."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from formats.egress import EgressRule
from policies.azure_semantics.addresses import HTTP, HTTPS, Network, Span, inside, is_private


def unnamed(
    destinations: Sequence[Span], ports: Collection[tuple[int, int]], egress: Sequence[EgressRule]
) -> Iterator[str]:
    """Yield what is wrong with each range of public addresses that no egress rule names with these ports."""
    for network in (network for span in destinations for network in span.networks):
        if not is_private(network) and not _is_named(network, ports, egress):
            yield f"allows {network}, which no egress rule of the estate names with these ports"


def _is_named(network: Network, ports: Collection[tuple[int, int]], egress: Sequence[EgressRule]) -> bool:
    return any(
        bool(ports) and set(ports) <= ({HTTPS, HTTP} if rule.plain_http else {HTTPS})
        for rule in egress
        for address in rule.addresses
        if inside(network, address)
    )
