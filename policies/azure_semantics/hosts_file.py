"""The names in the hosts file of a virtual machine, which resolve without DNS (hosts(5))."""

from __future__ import annotations

from collections.abc import Iterable, Mapping


def addresses_by_name(lines: Iterable[str]) -> Mapping[str, set[str]]:
    """Return the addresses of each name, in lower case."""
    known: dict[str, set[str]] = {}
    for line in lines:
        address, *names = line.split("#")[0].split() or [""]
        for name in names:
            known.setdefault(name.lower(), set()).add(address)
    return known
