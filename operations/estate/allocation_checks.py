"""The check that the cells, subscriptions and address ranges of existing allocations still exist."""

from __future__ import annotations

from collections.abc import Mapping

from formats.addresses import CellRange
from formats.errors import InputError
from formats.stack_names import JUNCTION_ZONE, PLATFORM, SAFE_HAVEN
from operations.estate.allocation_schema import stacks_by_block
from operations.estate.allocations import Allocations
from operations.estate.schema import Cell


def check_allocations(
    allocations: Allocations, cells: Mapping[str, tuple[Cell, CellRange]], first: str, path: str
) -> None:
    """Require that the cells and subscriptions of existing allocations still exist."""
    blocks = stacks_by_block(allocations.stacks)
    fix = "Restore it in estate.yaml; or, if nothing was ever deployed from this estate, remove the file."
    for stack, allocation in allocations.stacks.items():
        key = f"stacks.{stack}"
        if allocation.cell not in cells:
            raise InputError("The stack's cell is no longer in the estate.", file=path, key=f"{key}.cell",
                             found=allocation.cell, allowed=", ".join(cells), fix=fix)  # fmt: skip
        if stack in (PLATFORM, JUNCTION_ZONE, SAFE_HAVEN) and allocation.cell != first:
            raise InputError("The first cell, which holds the zones, has changed.", file=path,
                             key=f"{key}.cell", found=first, allowed=allocation.cell,
                             fix="List it first again.")  # fmt: skip
        cell, plan = cells[allocation.cell]
        if allocation.subscription is not None and allocation.subscription >= len(cell.subscriptions.tenancies):
            raise InputError("The tenancy's subscription is no longer in the estate.", file=path,
                             key=f"{key}.subscription", found=allocation.subscription, fix=fix)  # fmt: skip
        if allocation.block is not None and allocation.block >= plan.shared_tenancies:
            raise InputError("The shared tenancy's block is outside its cell's address range.", file=path,
                             key=f"{key}.block", found=allocation.block, allowed=f"below {plan.shared_tenancies}",
                             fix=fix)  # fmt: skip
        if allocation.block_of_slot is not None and (allocation.cell, allocation.block_of_slot) not in blocks:
            raise InputError("The slot is in the block of no shared tenancy.", file=path, key=f"{key}.slot",
                             found=str(allocation.slot), fix="Restore the file from version control.")  # fmt: skip
        kind, slot = allocation.kind, allocation.slot
        if kind is not None and slot is not None and slot >= plan.slots(kind):
            raise InputError("The tenancy's slot is outside its cell's address range.", file=path, key=f"{key}.slot",
                             found=slot, allowed=f"below {plan.slots(kind)}", fix=fix)  # fmt: skip
