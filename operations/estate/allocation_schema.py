"""The allocations of an estate as frozen pydantic models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from formats.addresses import PROJECTS_PER_SHARED_TENANCY, TenancyKind
from formats.input_model import Model, Slug
from operations.estate.schema import ProviderCode

StackName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=64)]
"""The name of a stack, which becomes the name of its files."""


class Allocation(Model):
    """The allocation of one stack."""

    cell: Slug
    generation: int = Field(default=1, ge=1)
    kind: TenancyKind | None = None
    slot: int | None = Field(default=None, ge=0)
    block: int | None = Field(default=None, ge=0)
    """The block of a shared tenancy: 16 slots of the kind `shared`, which are its projects'."""
    subscription: int | None = Field(default=None, ge=0)
    """The index of the subscription in the cell's list for tenancies."""

    @model_validator(mode="after")
    def _all_or_none(self) -> Self:
        if (self.kind is None) != (self.slot is None) or (self.kind is not None and self.block is not None):
            raise ValueError("kind and slot together, or none of them, and no block with them")
        if (self.subscription is None) != (self.kind is None and self.block is None):
            raise ValueError("kind, slot and subscription together, or none of them; or block and subscription")
        return self

    @property
    def block_of_slot(self) -> int | None:
        """The block of a project in a shared tenancy; None for any other stack."""
        if self.kind is not TenancyKind.SHARED or self.slot is None:
            return None
        return self.slot // PROJECTS_PER_SHARED_TENANCY


def stacks_by_block(allocations: Mapping[str, Allocation]) -> dict[tuple[str, int], str]:
    """Return the stack of each shared tenancy by its cell and block."""
    return {(one.cell, one.block): stack for stack, one in allocations.items() if one.block is not None}


class AllocationsFile(Model):
    """`allocations.yaml`, written by the tool."""

    format: int = Field(ge=1, le=1)
    stacks: dict[StackName, Allocation]
    inboxes: dict[ProviderCode, Annotated[int, Field(ge=0)]] = Field(default_factory=dict)
    """The slot of each provider's inbox in the junction zone. A slot is never allocated again."""
