"""Protection of resources in the state of a stack, taken away for a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol


class SetProtection(Protocol):
    """Protects resources in a state, or ends that, and returns the URNs of those that changed."""

    def __call__(self, urns: Sequence[str], *, protect: bool) -> Sequence[str]:
        """Protect resources, or end that."""
        ...


@contextmanager
def released(set_protection: SetProtection, urns: Sequence[str]) -> Iterator[None]:
    """Take the protection of resources away, and give it back at the end to those that are left."""
    changed = set_protection(urns, protect=False)
    try:
        yield
    finally:
        set_protection(changed, protect=True)
