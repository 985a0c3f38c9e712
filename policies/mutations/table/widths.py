"""Wider ranges: single addresses replaced by the networks that contain them."""

from collections.abc import Iterator, Sequence
from ipaddress import IPv4Network

NETWORKS = (28, 26, 24)
"""A few neighbours, a subnet, a whole spoke."""


def wider(ends: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """Yield the list of addresses with its first single address made wider, each with words for the label."""
    for place, end in enumerate(ends):
        try:
            network = IPv4Network(end)
        except ValueError:
            continue  # a service tag, or a range with a wildcard
        if network.prefixlen == network.max_prefixlen:
            for prefix in NETWORKS:
                whole = str(network.supernet(new_prefix=prefix))
                yield f"to all of {whole}", [*ends[:place], whole, *ends[place + 1 :]]
            return
