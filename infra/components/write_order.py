"""The order of writes to one Azure resource, which accepts one at a time.

Azure refuses a write during another one (409 AnotherOperationInProgress, StorageAccountOperationInProgress), or ends
the second one as a failed operation, which azure-native does not repeat (docs/azure-facts.md#one-write-at-a-time).
"""

from __future__ import annotations

import pulumi


class WriteOrder:
    """The writes to one resource in their order: each depends on the one before it. Deletes run in reverse."""

    def __init__(self, *first: pulumi.Resource) -> None:
        self._last = first

    @property
    def last(self) -> list[pulumi.Resource]:
        """The write that the next one must depend on; empty before the first."""
        return list(self._last)

    def add(self, write: pulumi.Resource) -> None:
        """Append a write, which depends on `last`."""
        self._last = (write,)
