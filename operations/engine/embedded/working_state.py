"""The state of a stack during a run. The run and the replay of its journal apply the same changes."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from operations.engine.embedded import integrity
from operations.engine.embedded.model import PendingOperation, Resource, Snapshot
from operations.engine.embedded.secrets import Crypter
from operations.engine.embedded.state import dumps, write_pending, write_resource


@dataclass(frozen=True)
class Registered:
    """A registered resource; replaces the entry with its URN, or with the URN `formerly` (an alias)."""

    resource: Resource
    formerly: str = ""


@dataclass(frozen=True)
class Updated:
    """A change in place: refreshed, unprotected, or deleted before its replacement."""

    resource: Resource


@dataclass(frozen=True)
class MarkedForDeletion:
    """The entry with this URN is to be deleted later; its replacement is recorded in the same step."""

    urn: str


@dataclass(frozen=True)
class Deleted:
    """A deleted resource. `delete` and `id` distinguish a replaced resource from its replacement."""

    urn: str
    id: str = ""
    delete: bool = False


Change = Registered | Updated | MarkedForDeletion | Deleted
Key = tuple[str, str, int]
"""URN; for resources marked for deletion, of which a URN may have several, also the id and a number."""


@dataclass
class Entry:
    """A resource and its JSON, which is kept because a state is written far more often than a resource changes."""

    resource: Resource
    text: str


@dataclass
class WorkingState:
    """All entries. `registered` holds those of this run, `previous` those of the last run, each in order."""

    registered: dict[Key, Entry] = field(default_factory=dict)
    previous: dict[Key, Entry] = field(default_factory=dict)
    pending: dict[int, tuple[PendingOperation, str]] = field(default_factory=dict)
    renamed: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(
        cls, snapshot: Snapshot, crypter: Crypter, *, registered: int = 0, numbers: Iterable[int] | None = None
    ) -> WorkingState:
        """Return the working state of a Snapshot whose first `registered` resources belong to the present run."""
        working_state = cls()
        for index, resource in enumerate(snapshot.resources):
            side = working_state.registered if index < registered else working_state.previous
            side[working_state._free(resource)] = Entry(resource, dumps(write_resource(resource, crypter)))
        numbers = numbers if numbers is not None else (-1 - i for i in range(len(snapshot.pending)))
        for number, operation in zip(numbers, snapshot.pending, strict=True):
            working_state.pending[number] = (operation, dumps(write_pending(operation, crypter)))
        return working_state

    def copy(self) -> WorkingState:
        """Return a copy that can be settled on its own."""
        return WorkingState(dict(self.registered), dict(self.previous), dict(self.pending), dict(self.renamed))

    @property
    def entries(self) -> list[Entry]:
        """Return all entries, in order."""
        return [*self.registered.values(), *self.previous.values()]

    def find(self, urn: str) -> Entry | None:
        """Return the entry with the URN, except those marked for deletion."""
        key = (urn, "", 0)
        return self.registered.get(key) or self.previous.get(key)

    def put(self, entry: Entry, formerly: str = "") -> None:
        """Apply `Registered`."""
        urn = entry.resource.urn
        if formerly and formerly != urn:
            self._pop((formerly, "", 0))
            self.renamed[formerly] = urn
        key = self._key(entry.resource)
        if key not in self.registered:
            self.previous.pop(key, None)
        self.registered[key] = entry

    def amend(self, entry: Entry) -> None:
        """Apply `Updated`; append an entry that is missing."""
        key = self._key(entry.resource)
        (self.registered if key in self.registered else self.previous)[key] = entry

    def keep(self, urn: str) -> None:
        """Apply `Registered` for an unchanged entry."""
        entry = self.find(urn)
        if entry is not None:
            self.put(entry)

    def replaced(self, urn: str, crypter: Crypter) -> None:
        """Apply `MarkedForDeletion`."""
        entry = self._pop((urn, "", 0))
        if entry is not None:
            old = dataclasses.replace(entry.resource, delete=True)
            self.previous[self._free(old)] = Entry(old, dumps(write_resource(old, crypter)))

    def remove(self, urn: str, id_: str, delete: bool) -> None:
        """Apply `Deleted`."""
        if not delete:
            self._pop((urn, "", 0))
            return
        for side in (self.previous, self.registered):
            for key in [k for k in side if k[0] == urn and k[1] == id_ and k[2] > 0][:1]:
                del side[key]
                return

    def settle(self, crypter: Crypter) -> None:
        """Make the state consistent: follow renamed URNs, drop references to deleted resources, restore the order."""
        urns = {entry.resource.urn for entry in self.entries}
        for side, renamed in ((self.registered, {}), (self.previous, self.renamed)):
            for key, entry in side.items():
                refs = set(integrity.references(entry.resource))
                if not refs <= urns or not refs.isdisjoint(renamed):
                    resource = _repaired(entry.resource, urns, renamed)
                    side[key] = Entry(resource, dumps(write_resource(resource, crypter)))
        self.renamed = {}
        entries = self.entries
        in_order = integrity.ordered([e.resource for e in entries])
        if any(a is not b.resource for a, b in zip(in_order, entries, strict=True)):
            by_id = {id(e.resource): (k, e) for side in (self.registered, self.previous) for k, e in side.items()}
            self.registered, self.previous = {}, dict(by_id[id(r)] for r in in_order)

    def _key(self, resource: Resource) -> Key:
        return (resource.urn, resource.id, 1) if resource.delete else (resource.urn, "", 0)

    def _free(self, resource: Resource) -> Key:
        """Return an unused key, also if another resource marked for deletion has the same URN and id."""
        urn, id_, number = self._key(resource)
        while number and ((urn, id_, number) in self.registered or (urn, id_, number) in self.previous):
            number += 1
        return urn, id_, number

    def _pop(self, key: Key) -> Entry | None:
        return self.registered.pop(key, None) or self.previous.pop(key, None)


def _repaired(resource: Resource, urns: set[str], renamed: Mapping[str, str]) -> Resource:
    """Return the resource with renamed references updated and references to deleted resources dropped."""

    def follow(urn: str) -> str:
        new = renamed.get(urn, urn)
        return new if new in urns else ""

    def all_of(dependencies: Iterable[str]) -> list[str]:
        return [new for new in map(follow, dependencies) if new]

    provider, _, id_ = resource.provider.rpartition("::")
    by_property = {k: all_of(v) for k, v in resource.property_dependencies.items()}
    return dataclasses.replace(
        resource,
        parent=follow(resource.parent),
        provider=f"{renamed.get(provider, provider)}::{id_}" if resource.provider else "",
        dependencies=all_of(resource.dependencies),
        property_dependencies={k: v for k, v in by_property.items() if v},
        deleted_with=follow(resource.deleted_with),
    )
