"""The order of a Plan's resources. It does not depend on the order of the program's threads."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence

from formats.plan import Operation, PlannedResource


def ordered(resources: Sequence[PlannedResource]) -> tuple[PlannedResource, ...]:
    """Sort resources after their dependencies, then by URN. Deletes are last, in the order of execution."""
    kept = {r.urn: r for r in resources if r.operation is not Operation.DELETE}
    waiting = {urn: {n for n in _needs(r) if n in kept and n != urn} for urn, r in kept.items()}
    users: dict[str, list[str]] = {}
    for urn, needs in waiting.items():
        for need in needs:
            users.setdefault(need, []).append(urn)
    ready = [urn for urn, needs in waiting.items() if not needs]
    heapq.heapify(ready)
    result: list[PlannedResource] = []
    while ready:
        urn = heapq.heappop(ready)
        result.append(kept[urn])
        for user in users.get(urn, ()):
            waiting[user].discard(urn)
            if not waiting[user]:
                heapq.heappush(ready, user)
    return (*result, *(r for r in resources if r.operation is Operation.DELETE))


def _needs(resource: PlannedResource) -> Iterable[str]:
    return filter(None, (resource.parent, resource.provider, *resource.dependencies))
