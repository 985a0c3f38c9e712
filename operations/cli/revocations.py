"""Revoke role assignments under a lock: `up` takes the lock away for that, and makes it again.

Azure keeps the role assignments in the scope of a delete lock from being deleted (docs/azure-facts.md#locks), so that a
change of a group would leave the former one with its right. What else a lock protects is never deleted this way
(docs/decisions/0011-deletes-under-a-lock.md).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from formats.errors import Refused, SdeError
from formats.plan import Operation, Plan, PlannedResource
from operations.cli.locked_deletes import LockedDelete, is_lock
from operations.cli.output import Output, printable
from operations.cli.text import plural
from operations.engine.port import Engine, OnEvent, StackSettings

ASSIGNMENT = re.compile(r"azure-native:authorization(/v\w+)?:(RoleAssignment|PimRoleEligibilitySchedule)")


@dataclass(frozen=True)
class Revocation:
    """The role assignments of a stack that a plan deletes or replaces under locks of the same stack."""

    stack: str
    assignments: tuple[PlannedResource, ...]
    locks: tuple[PlannedResource, ...]

    @property
    def standing_locks(self) -> list[str]:
        """The URNs of the locks that are deployed; an earlier run that was interrupted may have taken one away."""
        return list(dict.fromkeys(lock.urn for lock in self.locks if lock.operation is not Operation.CREATE))

    def show(self, output: Output) -> None:
        """Print what `up` does beside the plan."""
        names = ", ".join(printable(one.name) for one in self.assignments)
        locks = ", ".join(dict.fromkeys(printable(one.name) for one in self.locks))
        output.emit({"event": "revocation", "stack": self.stack, "assignments": [a.urn for a in self.assignments],
                     "locks": [lock.urn for lock in self.locks]})  # fmt: skip
        count = plural(len(self.assignments), "role assignment")
        text = f"{count} under a lock: {names}. up first deletes the lock {locks}, then these"
        output.say(f"  ! {text}, and makes the lock again with the rest of the plan.", style="yellow")

    def run(self, engine: Engine, settings: StackSettings, on_event: OnEvent) -> None:
        """Delete the locks, then the role assignments, and nothing else. If Azure refuses, make the locks again."""
        locks = self.standing_locks
        if locks:
            engine.destroy(settings, targets=locks, on_event=on_event)
        try:
            urns = list(dict.fromkeys(one.urn for one in self.assignments))
            engine.destroy(settings, targets=urns, on_event=on_event)
        except SdeError:
            make_again(engine, settings, locks, on_event)
            raise


def make_again(engine: Engine, settings: StackSettings, locks: Sequence[str], on_event: OnEvent) -> None:
    """Make the locks again, unless a plan for them alone would do anything else."""
    if locks:
        plan = engine.preview(settings, targets=locks)
        if all(one.urn in locks and one.operation is Operation.CREATE for one in plan.changes):
            engine.up(settings, targets=locks, plan=plan, on_event=on_event)


def revocation_of(plan: Plan, found: Sequence[LockedDelete]) -> Revocation | None:
    """Return the revocation of a plan, if all that its locks forbid is to delete role assignments; else None."""
    if not found or not all(_is_revocable(plan, one) for one in found):
        return None
    locks = {one.lock.resource.urn: one.lock.resource for one in found}
    return Revocation(plan.stack, tuple(one.resource for one in found), tuple(locks.values()))


def is_revocation(resource: PlannedResource) -> bool:
    """True for a role assignment that a plan deletes or replaces."""
    return resource.operation.destroys and is_assignment(resource)


def is_assignment(resource: PlannedResource) -> bool:
    """True for a role assignment, or the eligibility for one."""
    return ASSIGNMENT.fullmatch(resource.type) is not None


def _is_revocable(plan: Plan, found: LockedDelete) -> bool:
    is_own = found.lock.stack == plan.stack and is_lock(found.lock.resource)
    return is_own and is_revocation(found.resource)


def refuse_side_by_side(found: Revocation | None) -> None:
    """Raise `Refused` for a revocation in a run of several stacks side by side, whose plans are fixed beforehand."""
    if found:
        names = ", ".join(printable(one.name) for one in found.assignments)
        raise Refused(
            f"{found.stack} revokes role assignments under a lock ({names}), which is done for one stack alone.\n"
            f"  fix:     scripts/sde up {found.stack}"
        )
