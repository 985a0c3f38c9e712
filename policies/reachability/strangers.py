"""Strangers: the actors without a grant that concerns a target. In an estate of many projects nearly all are."""

from __future__ import annotations

from collections.abc import Iterable

from policies.reachability.actors import Actor
from policies.reachability.control_plane_edges import Target, ids_of
from policies.reachability.data_stores import DataContainer, DataStore
from policies.reachability.role_grants import scopes_above


class Strangers:
    """Which actors are strangers to a target. A stranger has no right to its data, and no operation on it."""

    def __init__(self, actors: Iterable[Actor]) -> None:
        self._by_scope: dict[str, set[Actor]] = {}
        self._by_scope_above: dict[str, set[Actor]] = {}
        self._others: dict[Target, frozenset[Actor]] = {}
        for actor in actors:
            for scope in {grant.scope for grant in actor.grants}:
                self._by_scope.setdefault(scope, set()).add(actor)
                for above in scopes_above(scope):
                    self._by_scope_above.setdefault(above, set()).add(actor)

    def others(self, target: Target) -> frozenset[Actor]:
        """Return the actors with a grant on a target, or above or below it: all but the strangers."""
        if target not in self._others:
            own = {*ids_of(target), *((target.id,) if isinstance(target, DataContainer) else ())}
            above = frozenset().union(*map(scopes_above, own))
            on_it = (self._by_scope.get(scope, set()) for scope in above)
            below = (self._by_scope_above.get(id_, set()) for id_ in own)
            self._others[target] = frozenset[Actor]().union(*on_it, *below)
        return self._others[target]


def is_near(people: Actor, store: DataStore) -> bool:
    """True if a store may tell the locations of people from others outside the estate."""
    has_ranges = people.has_addresses and bool(store.public.admitted or store.public.pinned)
    return has_ranges or store.id in people.connected
