"""What Azure refuses of a plan, found before anything is done: locks, immutability policies, and impossible steps."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from formats.deployed_stack import DeployedStack
from formats.plan import Plan, PlannedResource
from operations.cli.data_changes import UnlockedChange, unlocked_change
from operations.cli.immutable_data import changed_policies, refuse_changed_policies
from operations.cli.locked_deletes import LockedDelete, locked_deletes, refuse_locked
from operations.cli.output import Output
from operations.cli.refused_steps import RefusedStep, refuse_refused_steps, refused_steps
from operations.cli.revocations import Revocation, revocation_of


@dataclass(frozen=True)
class Obstacles:
    """The obstacles of one plan."""

    locked: tuple[LockedDelete, ...] = ()
    """The deletes that Azure refuses because of a lock, and that no `first` carries out."""
    first: Revocation | UnlockedChange | None = None
    """What `up` does before the plan, because locks keep Azure from it."""
    immutable: tuple[PlannedResource, ...] = ()
    """The immutability policies that it changes."""
    steps: tuple[RefusedStep, ...] = ()

    @classmethod
    def of(cls, plan: Plan, others: Sequence[DeployedStack], released: Collection[str], *, is_whole: bool) -> Obstacles:
        """Find them. `others`: the other deployed stacks. `released`: the data that permits let it lose."""
        locked = locked_deletes(plan, lambda: [one.load() for one in others])
        first = (unlocked_change(plan, locked, released) or revocation_of(plan, locked)) if is_whole else None
        return cls(() if first else locked, first, changed_policies(plan), refused_steps(plan))

    @property
    def revocation(self) -> Revocation | None:
        """The role assignments that it deletes under locks, if that is all."""
        return self.first if isinstance(self.first, Revocation) else None

    def show(self, output: Output) -> None:
        """Print what `up` does beside the plan."""
        if self.first:
            self.first.show(output)

    def left(self, plan: Plan) -> Obstacles:
        """Return those of the rest of a plan, after `first`."""
        return replace(self, locked=locked_deletes(plan, lambda: ()), first=None)

    def refuse_steps(self, stack: str) -> None:
        """Raise `Refused` for steps that Azure refuses, whether or not the policies pass the result."""
        refuse_refused_steps(stack, self.steps)

    def refuse(self, stack: str) -> None:
        """Raise `Refused` for an obstacle, with the commands that remove it, which are for permitted changes alone."""
        self.refuse_steps(stack)
        refuse_locked(self.locked)
        refuse_changed_policies(stack, self.immutable)
