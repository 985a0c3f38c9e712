"""The allocations of an estate, `allocations.yaml`: written by the tool, never by hand.

An allocation is permanent: removing a tenancy's request does not free its slot, because the tenancy may still be
deployed, and Azure may still reserve its names. When a cell is full, add another. The file only grows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

import yaml

from formats.addresses import PROJECTS_PER_SHARED_TENANCY, CellRange, TenancyKind
from formats.errors import InputError, joined
from formats.stack_names import SHARED
from formats.validation import validated
from formats.yaml_reader import read_mapping, within
from formats.yaml_scalars import CoreDumper
from operations.estate.allocation_schema import Allocation, AllocationsFile, stacks_by_block
from operations.estate.request_model import RequestFile
from operations.estate.schema import Cell
from operations.estate.shared_tenancy_schema import SharedTenancy

FILE_NAME = "allocations.yaml"
HEADER = """\
# The allocation of each stack, and its generation. Written by `sde`: do not edit, do commit.
# A slot is never allocated again, even after its request is removed (docs/estate.md).
"""
STORES_PER_TENANCY = 5
"""The project's store, and two airlocks with two stores each."""
TENANCY_VAULTS_PER_SUBSCRIPTION = 390
"""Azure allows 400 key vaults with private endpoints in a subscription (Private Link FAQ). Ten are
reserved for the platform; a tenancy has one."""
RESERVED_STORES = 10
"""Storage accounts that every subscription keeps free for the zones and the hub."""
ENDPOINTS_PER_TENANCY = 10
MAX_TENANCIES_PER_HUB = min(650 - 10, (4000 - 100) // ENDPOINTS_PER_TENANCY)
"""Azure allows 650 peerings of a network, and 4,000 private endpoints across peered networks (subscription limits).
Ten peerings and 100 endpoints are reserved. The endpoints are the tighter limit, at 390 tenancies."""


@dataclass(frozen=True)
class Allocations:
    """The allocations of all stacks whose configuration was ever rendered."""

    stacks: Mapping[str, Allocation]
    inboxes: Mapping[str, int] = field(default_factory=dict)
    """The slot of each inbox that was ever allocated, by the provider's code."""

    @classmethod
    def load(cls, folder: Path) -> Allocations:
        """Return the allocations of an estate, empty if there is no file."""
        file = folder / FILE_NAME
        if not file.exists() and not file.is_symlink():  # a broken link is an error, not an empty file
            return cls({})
        path = str(file)
        found = validated(AllocationsFile, _read(within(folder, file, path), path), file=path)
        _refuse_duplicate_slots(found.stacks, path)
        _refuse_duplicate_inboxes(found.inboxes, path)
        return cls(found.stacks, found.inboxes)

    def text(self) -> str:
        """Return the text of the file."""
        stacks = {
            name: allocation.model_dump(mode="json", exclude_none=True)
            for name, allocation in sorted(self.stacks.items())
        }
        content: dict[str, Any] = {"format": 1, "stacks": stacks}
        if self.inboxes:
            content["inboxes"] = dict(sorted(self.inboxes.items()))
        return HEADER + yaml.dump(content, Dumper=CoreDumper, sort_keys=False)

    def with_inboxes(self, providers: Iterable[str]) -> Allocations:
        """Return a copy with an inbox for each of these providers; those that have one keep it."""
        slots, first = dict(self.inboxes), max(self.inboxes.values(), default=-1) + 1
        slots |= zip((code for code in providers if code not in slots), count(first), strict=False)
        return replace(self, inboxes=slots)

    def with_allocation(self, stack: str, allocation: Allocation) -> Allocations:
        """Return a copy with the allocation of a stack added or replaced."""
        return replace(self, stacks={**self.stacks, stack: allocation})

    def with_next_generation(self, stack: str) -> Allocations:
        """Return a copy with the stack's generation incremented, so that new names differ from those Azure reserves."""
        allocation = self.stacks.get(stack)
        if allocation is None:
            raise InputError("The file has no allocation of this stack.", file=FILE_NAME, found=stack)
        return self.with_allocation(stack, allocation.model_copy(update={"generation": allocation.generation + 1}))


def _read(file: Path, path: str) -> dict[str, Any]:
    """Return the content of the file. What cannot be read is not mended by hand: a wrong slot is another address."""
    try:
        return read_mapping(file, path)
    except InputError as error:
        fix = "Take the file of the main branch as a whole; `sde render` then adds what is new."
        raise joined([one.with_parts(file=path, fix=fix) for one in error.each]) from None


def _refuse_duplicate_slots(allocations: Mapping[str, Allocation], path: str) -> None:
    seen: dict[tuple[str, TenancyKind | None, int], str] = {}
    for stack, allocation in allocations.items():
        name, number = ("slot", allocation.slot) if allocation.block is None else ("block", allocation.block)
        if number is None:
            continue
        other = seen.setdefault((allocation.cell, allocation.kind, number), stack)  # a block has no kind
        if other != stack:
            raise InputError(f"The {name} is allocated to {other} too.", file=path, key=f"stacks.{stack}.{name}",
                             found=number, fix="Restore the file from version control.")  # fmt: skip


def _refuse_duplicate_inboxes(inboxes: Mapping[str, int], path: str) -> None:
    seen: dict[int, str] = {}
    for code, slot in inboxes.items():
        other = seen.setdefault(slot, code)
        if other != code:
            raise InputError(f"The inbox is allocated to {other} too.", file=path, key=f"inboxes.{code}", found=slot,
                             fix="Restore the file from version control.")  # fmt: skip


class Allocator:
    """Allocates slots and subscriptions to tenancies without an allocation. Existing allocations are kept."""

    def __init__(self, before: Allocations, cells: Iterable[tuple[Cell, CellRange]]) -> None:
        self._before = before
        self.allocations = dict(before.stacks)
        self.cells = {cell.name: (cell, plan) for cell, plan in cells}
        self.tenancies_by_subscription = Counter[UUID]()
        self.tenancies_by_cell = Counter[str]()
        self.next_slot = Counter[str]()
        """The first free slot of bespoke tenancies by cell."""
        self.next_block = Counter[str]()
        self.next_position = Counter[tuple[str, int]]()
        """The first free slot of a shared tenancy by cell and block, counted from the block's first."""
        for allocation in self.allocations.values():
            self._count(allocation)

    def _count(self, allocation: Allocation) -> None:
        """Count what an allocation takes. A shared tenancy takes what all of its projects may."""
        cell, block, slot = allocation.cell, allocation.block, allocation.slot
        if slot is not None and (own := allocation.block_of_slot) is not None:
            position = slot % PROJECTS_PER_SHARED_TENANCY + 1
            self.next_position[cell, own] = max(self.next_position[cell, own], position)
            return
        if slot is not None:
            self.next_slot[cell] = max(self.next_slot[cell], slot + 1)
        if block is not None:
            self.next_block[cell] = max(self.next_block[cell], block + 1)
        if slot is not None or block is not None:
            number = 1 if block is None else PROJECTS_PER_SHARED_TENANCY
            self.tenancies_by_subscription[self._subscription(allocation)] += number
            self.tenancies_by_cell[cell] += number

    def allocated(self) -> Allocations:
        """Return the allocations with the new ones."""
        return replace(self._before, stacks=self.allocations)

    def allocate(self, stack: str, request: RequestFile, kind: TenancyKind, *, file: str) -> Allocation:
        """Return the stack's allocation: the existing one, or a new one in the requested cell, or else in the first
        cell with capacity."""
        known = self.allocations.get(stack)
        if known is not None and known.kind is not None:
            return self._require_same_cell_and_kind(known, request, kind, file)
        if kind is TenancyKind.SHARED:
            return self._record(stack, self._next_in_tenancy(request, file))
        names = [request.cell] if request.cell else list(self.cells)
        allocation = next((p for p in map(self._next_bespoke, names) if p is not None), None)
        if allocation is None:
            raise self._full("a bespoke tenancy", request.cell, names, file, "cell")
        return self._record(stack, allocation)

    def allocate_shared(self, tenancy: SharedTenancy, *, file: str, key: str) -> Allocation:
        """Return the allocation of a shared tenancy: the existing one, or a new block in the requested cell, or else in
        the first cell with capacity for all of its projects. `key`: of the cell, for errors."""
        known = self.allocations.get(tenancy.stack)
        if known is not None and known.block is not None:
            if tenancy.cell not in (None, known.cell):
                raise InputError("A shared tenancy's cell is fixed, as its addresses are.", file=file, key=key,
                                 found=tenancy.cell, allowed=known.cell,
                                 fix="Create a shared tenancy of another name.")  # fmt: skip
            return known
        names = [tenancy.cell] if tenancy.cell else list(self.cells)
        allocation = next((p for p in map(self._next_block, names) if p is not None), None)
        if allocation is None:
            raise self._full(f"a shared tenancy of {PROJECTS_PER_SHARED_TENANCY} projects", tenancy.cell, names, file,
                             key)  # fmt: skip
        return self._record(tenancy.stack, allocation)

    def _full(self, what: str, cell: str | None, names: Iterable[str], file: str, key: str) -> InputError:
        return InputError(f"There is no capacity left for {what}.", file=file, key=key,
                          found=cell or "any cell", allowed="; ".join(map(self._limits, names)),
                          fix="Add a cell, or a subscription for tenancies to the cell, in estate.yaml. If storage "
                          "accounts are the limit, and Microsoft granted more, raise storage_accounts.")  # fmt: skip

    def _next_in_tenancy(self, request: RequestFile, file: str) -> Allocation:
        """Return the next slot of the shared tenancy that a request names."""
        shared = self.allocations[f"{SHARED}{request.tenancy}"]
        assert shared.block is not None  # noqa: S101 - allocated before the requests
        if request.cell not in (None, shared.cell):
            raise InputError("A project is in the cell of its shared tenancy.", file=file, key="cell",
                             found=request.cell, allowed=shared.cell, fix="Remove `cell`.")  # fmt: skip
        position = self.next_position[shared.cell, shared.block]
        if position >= PROJECTS_PER_SHARED_TENANCY:
            raise InputError("The shared tenancy is full.", file=file, key="tenancy", found=request.tenancy,
                             allowed=f"a shared tenancy with a slot that was never allocated; each has "
                             f"{PROJECTS_PER_SHARED_TENANCY}", fix="Add a shared tenancy to estate.yaml.")  # fmt: skip
        slot = shared.block * PROJECTS_PER_SHARED_TENANCY + position
        return Allocation(cell=shared.cell, kind=TenancyKind.SHARED, slot=slot, subscription=shared.subscription)

    def _subscription(self, allocation: Allocation) -> UUID:
        """Return the subscription of an allocation. The tenancies of all cells in it count towards its limits."""
        assert allocation.subscription is not None  # noqa: S101 - called for tenancies only
        return self.cells[allocation.cell][0].subscriptions.tenancies[allocation.subscription]

    def _record(self, stack: str, allocation: Allocation) -> Allocation:
        if known := self.allocations.get(stack):
            allocation = allocation.model_copy(update={"generation": known.generation})
        self.allocations[stack] = allocation
        self._count(allocation)
        return allocation

    def _require_same_cell_and_kind(
        self, allocation: Allocation, request: RequestFile, kind: TenancyKind, file: str
    ) -> Allocation:
        template = f"{request.template}, of the kind {kind}"
        moves = (("cell", request.cell or allocation.cell, allocation.cell, request.cell, allocation.cell),
                 ("template", kind, allocation.kind, template, f"one of the kind {allocation.kind}"))  # fmt: skip
        for key, requested, current, found, allowed in moves:
            if requested != current:
                raise InputError("A tenancy's cell and kind are fixed, as its addresses and names are.", file=file,
                                 key=key, found=found, allowed=allowed,
                                 fix="Create a new project with them, and destroy this one.")  # fmt: skip
        self._require_same_tenancy(allocation, request, file)
        return allocation

    def _require_same_tenancy(self, allocation: Allocation, request: RequestFile, file: str) -> None:
        """Refuse another shared tenancy than the one that the project has its addresses in."""
        block = allocation.block_of_slot
        own = None if block is None else stacks_by_block(self.allocations)[allocation.cell, block]
        if own and own != f"{SHARED}{request.tenancy}":
            raise InputError("A project's shared tenancy is fixed, as its addresses are.", file=file, key="tenancy",
                             found=request.tenancy, allowed=own.removeprefix(SHARED),
                             fix="Create a new project in the other one, and destroy this one.")  # fmt: skip

    def _next_bespoke(self, name: str) -> Allocation | None:
        slot, subscription = self.next_slot[name], self._free_subscription(name, 1)
        if slot >= self.cells[name][1].slots(TenancyKind.BESPOKE) or subscription is None:
            return None
        return Allocation(cell=name, kind=TenancyKind.BESPOKE, slot=slot, subscription=subscription)

    def _next_block(self, name: str) -> Allocation | None:
        block, subscription = self.next_block[name], self._free_subscription(name, PROJECTS_PER_SHARED_TENANCY)
        if block >= self.cells[name][1].shared_tenancies or subscription is None:
            return None
        return Allocation(cell=name, block=block, subscription=subscription)

    def _free_subscription(self, name: str, tenancies: int) -> int | None:
        """Return the first subscription of a cell with room for some more tenancies; None if the hub has none."""
        cell, _ = self.cells[name]
        if self.tenancies_by_cell[name] + tenancies > MAX_TENANCIES_PER_HUB:
            return None
        maximum = max_tenancies_per_subscription(cell)
        free = (
            i
            for i, subscription in enumerate(cell.subscriptions.tenancies)
            if self.tenancies_by_subscription[subscription] + tenancies
            <= maximum - self._taken_by_inboxes(subscription)
        )
        return next(free, None)

    def _taken_by_inboxes(self, subscription: UUID) -> int:
        """Return how many tenancies fewer a subscription holds because providers' inboxes are in it."""
        first = next(iter(self.cells.values()))[0]
        return -(-len(self._before.inboxes) // STORES_PER_TENANCY) if subscription == first.subscriptions.zones else 0

    def _limits(self, name: str) -> str:
        cell, plan = self.cells[name]
        subscriptions = len(cell.subscriptions.tenancies)
        return (
            f"cell {name}: {plan.slots(TenancyKind.BESPOKE)} address ranges of bespoke tenancies and "
            f"{plan.shared_tenancies} of shared ones, {MAX_TENANCIES_PER_HUB} tenancies a hub, "
            f"{max_tenancies_per_subscription(cell)} in each of {subscriptions} subscriptions"
        )


def max_tenancies_per_subscription(cell: Cell) -> int:
    """Return how many tenancies fit into one subscription, by its storage accounts and key vaults."""
    return min((cell.storage_accounts - RESERVED_STORES) // STORES_PER_TENANCY, TENANCY_VAULTS_PER_SUBSCRIPTION)
