"""Replace single addresses by ranges that contain them."""

from collections.abc import Iterator, Sequence
from ipaddress import IPv4Network

PREFIX_LENGTHS = (28, 26, 24)
"""A small range, a subnet, and a whole spoke."""


def wider(ranges: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """Yield the list with its first single address replaced by a wider range, each after its text in the label."""
    for index, range_ in enumerate(ranges):
        try:
            network = IPv4Network(range_)
        except ValueError:
            continue  # a service tag, or a range with a wildcard
        if network.prefixlen == network.max_prefixlen:
            for prefix in PREFIX_LENGTHS:
                wider_range = str(network.supernet(new_prefix=prefix))
                yield f"to all of {wider_range}", [*ranges[:index], wider_range, *ranges[index + 1 :]]
            return
