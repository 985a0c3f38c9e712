"""Who has which place: `allocations.yaml`, kept by the tool and never by hand.

A place is given once and kept: removing a request frees no slot, because its network may still stand and its names may
still be held. Slots are not reclaimed; a full cell means another cell. The ledger only ever grows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import UUID

import yaml

from formats.addresses import CellRange, TenancyKind
from formats.errors import InputError
from formats.validation import validated
from formats.yaml_reader import read_mapping, within
from operations.estate.schema import Cell, LedgerFile, Place, RequestFile

NAME = "allocations.yaml"
HEADER = """\
# Which place each stack has, and how often it was destroyed whole. Kept by `sde`: do not edit, do commit.
# A place is never given to another, even after its request is removed (docs/estate.md).
"""
STORES_PER_TENANCY = 5
VAULTS_PER_SUBSCRIPTION = 390
"""Azure allows 400 key vaults with private endpoints in a subscription (Private Link FAQ); ten are for the platform."""
STORES_FOR_ZONES = 10
"""Storage accounts that the zones and the hub take, where they share a subscription with tenancies."""
ENDPOINTS_PER_TENANCY = 10
TENANCIES_PER_HUB = min(650 - 10, (4000 - 100) // ENDPOINTS_PER_TENANCY)
"""Azure allows 650 peerings of a network, and 4,000 private endpoints across peered networks (subscription limits);
the second binds first, at 390."""


@dataclass(frozen=True)
class Ledger:
    """The places of all stacks that were ever rendered."""

    places: Mapping[str, Place]

    @classmethod
    def load(cls, folder: Path) -> Ledger:
        """The ledger of an estate; empty where there is none yet."""
        file = folder / NAME
        if not file.exists() and not file.is_symlink():
            return cls({})
        shown = str(file)
        found = validated(LedgerFile, read_mapping(within(folder, file, shown), shown), file=shown)
        _refuse_shared_places(found.stacks, shown)
        return cls(found.stacks)

    def text(self) -> str:
        """The file's whole text."""
        stacks = {name: place.model_dump(mode="json", exclude_none=True) for name, place in sorted(self.places.items())}
        return HEADER + yaml.safe_dump({"format": 1, "stacks": stacks}, sort_keys=False)

    def with_place(self, stack: str, place: Place) -> Ledger:
        """This ledger and one place more, or changed."""
        return replace(self, places={**self.places, stack: place})

    def bumped(self, stack: str) -> Ledger:
        """The stack's next life: names that Azure still holds are not asked for again."""
        place = self.places.get(stack)
        if place is None:
            raise InputError("The ledger knows no such stack.", file=NAME, found=stack)
        return self.with_place(stack, place.model_copy(update={"generation": place.generation + 1}))


def _refuse_shared_places(places: Mapping[str, Place], shown: str) -> None:
    seen: dict[tuple[str, TenancyKind, int], str] = {}
    for stack, place in places.items():
        if place.kind is None or place.slot is None:
            continue
        other = seen.setdefault((place.cell, place.kind, place.slot), stack)
        if other != stack:
            raise InputError(f"Two stacks have one place: {other} has it too.", file=shown, key=f"stacks.{stack}.slot",
                             found=place.slot, fix="Restore the file from version control.")  # fmt: skip


class Allocator:
    """Gives places to tenancies that have none yet. What has one keeps it."""

    def __init__(self, ledger: Ledger, cells: Iterable[tuple[Cell, CellRange]]) -> None:
        self.places = dict(ledger.places)
        self.cells = {cell.name: (cell, plan) for cell, plan in cells}
        held = [p for p in self.places.values() if p.kind is not None]
        self.used = Counter(self._subscription(p) for p in held)
        self.in_cell = Counter(p.cell for p in held)
        self.next_slot = Counter[tuple[str, TenancyKind]]()
        for p in held:
            if p.kind is not None and p.slot is not None:
                self.next_slot[p.cell, p.kind] = max(self.next_slot[p.cell, p.kind], p.slot + 1)

    def ledger(self) -> Ledger:
        """All places, the new ones too."""
        return Ledger(self.places)

    def settle(self, stack: str, request: RequestFile, *, file: str) -> Place:
        """The stack's place: the one that it has, or a new one in the cell that it asks for or the first with room."""
        known = self.places.get(stack)
        if known is not None and known.kind is not None:
            return self._unmoved(known, request, file)
        names = [request.cell] if request.cell else list(self.cells)
        place = next((p for p in (self._room(name, request.kind) for name in names) if p is not None), None)
        if place is None:
            raise InputError(f"There is no room left for a {request.kind} tenancy.", file=file, key="cell",
                             found=request.cell or "any cell",
                             allowed="; ".join(self._bounds(n, request.kind) for n in names),
                             fix="Add a cell, or a subscription for tenancies to the cell, in estate.yaml; or raise "
                             "storage_accounts, if that is what is full and Microsoft has raised it.")  # fmt: skip
        return self._take(stack, place)

    def _subscription(self, place: Place) -> UUID:
        """Cells may share subscriptions, and their limits with them."""
        assert place.subscription is not None  # noqa: S101 - only tenancies are asked for
        return self.cells[place.cell][0].subscriptions.tenancies[place.subscription]

    def _take(self, stack: str, place: Place) -> Place:
        if known := self.places.get(stack):
            place = place.model_copy(update={"generation": known.generation})
        assert place.kind is not None and place.slot is not None  # noqa: S101 - _room makes no other
        self.places[stack] = place
        self.used[self._subscription(place)] += 1
        self.in_cell[place.cell] += 1
        self.next_slot[place.cell, place.kind] = place.slot + 1
        return place

    def _unmoved(self, place: Place, request: RequestFile, file: str) -> Place:
        moves = (("cell", request.cell or place.cell, place.cell), ("kind", request.kind, place.kind))
        for key, asked, has in moves:
            if asked != has:
                raise InputError("A tenancy cannot move: its network and its names stay where they are.", file=file,
                                 key=key, found=asked, allowed=str(has),
                                 fix="Make a new project there, and end this one.")  # fmt: skip
        return place

    def _room(self, name: str, kind: TenancyKind) -> Place | None:
        cell, plan = self.cells[name]
        slot = self.next_slot[name, kind]
        most = tenancies_per_subscription(cell)
        free = (i for i, subscription in enumerate(cell.subscriptions.tenancies) if self.used[subscription] < most)
        subscription = next(free, None)
        if slot >= plan.slots(kind) or self.in_cell[name] >= TENANCIES_PER_HUB or subscription is None:
            return None
        return Place(cell=name, kind=kind, slot=slot, subscription=subscription)

    def _bounds(self, name: str, kind: TenancyKind) -> str:
        cell, plan = self.cells[name]
        subscriptions = len(cell.subscriptions.tenancies)
        return (
            f"cell {name}: {plan.slots(kind)} address ranges, {TENANCIES_PER_HUB} tenancies a hub, "
            f"{tenancies_per_subscription(cell)} in each of {subscriptions} subscriptions"
        )


def tenancies_per_subscription(cell: Cell) -> int:
    """How many tenancies Azure's limits leave room for in one subscription: storage accounts bind first."""
    return min((cell.storage_accounts - STORES_FOR_ZONES) // STORES_PER_TENANCY, VAULTS_PER_SUBSCRIPTION)
