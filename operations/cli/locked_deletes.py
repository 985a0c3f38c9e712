"""Refuse a plan with deletes and changes that Azure refuses because of a lock, before anything is done.

A lock of either level also forbids the deletion of what is below its scope, role assignments included; one of level
ReadOnly forbids changes too (docs/azure-facts.md#locks). The reasons are in
docs/decisions/0011-deletes-under-a-lock.md.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from formats.arm.arm_ids import ArmIds
from formats.arm.id_parents import with_parents
from formats.errors import Refused
from formats.plan import Operation, Plan, PlannedResource
from operations.cli.output import printable
from operations.cli.text import kind_of

LOCK = re.compile(r"azure-native:authorization(/v\w+)?:ManagementLock\w+")
GROUP = re.compile(r"azure-native:resources(/v\w+)?:ResourceGroup")
READ_ONLY = "ReadOnly"
_LOCK_ID = "/providers/microsoft.authorization/locks/"
_INDENT = "\n           "


@dataclass(frozen=True)
class StandingLock:
    """A lock that exists when the deletes of a plan run."""

    stack: str
    resource: PlannedResource


@dataclass(frozen=True)
class LockedDelete:
    """A resource that a plan deletes, replaces or changes, and the lock because of which Azure refuses that."""

    stack: str
    resource: PlannedResource
    lock: StandingLock

    def __str__(self) -> str:
        names = printable(self.resource.name), printable(self.lock.resource.name)
        return f"- {kind_of(self.resource.type)} {names[0]}: lock {names[1]} of {self.lock.stack}"


def locked_deletes(plan: Plan, others: Callable[[], Iterable[Plan]]) -> tuple[LockedDelete, ...]:
    """Return the deletes and changes of a plan that Azure refuses because of a lock.

    `others` returns the other deployed stacks. It is called only for deletes outside the stack's own resource groups.
    """
    locks = dict(_locks(plan))
    return (*_locked_changes(plan, locks), *_locked_deletes(plan, locks, others))


def _locked_changes(plan: Plan, locks: Mapping[str, StandingLock]) -> Iterator[LockedDelete]:
    """Yield the changes of what a lock of level ReadOnly that is deployed is on."""
    read_only = {
        scope: lock
        for scope, lock in locks.items()
        if lock.resource.operation is not Operation.CREATE and lock.resource.inputs.get("level") == READ_ONLY
    }
    changed = [r for r in plan.resources if read_only and r.operation is Operation.UPDATE and r.custom and r.id]
    for resource in changed:
        scope = next((scope for scope in _scopes(resource) if scope in read_only), None)
        if scope and not is_lock(resource):
            yield LockedDelete(plan.stack, resource, read_only[scope])


def _locked_deletes(
    plan: Plan, locks: dict[str, StandingLock], others: Callable[[], Iterable[Plan]]
) -> tuple[LockedDelete, ...]:
    deleted = [r for r in plan.resources if _is_deleted(r)]
    if not deleted:
        return ()
    groups = {r.id.lower() for r in plan.resources if r.id and GROUP.fullmatch(r.type)}
    if any(groups.isdisjoint(_scopes(r)) for r in deleted):
        locks = {scope: lock for other in others() for scope, lock in _locks(other)} | locks
    containing = {parent: lock for scope, lock in locks.items() for parent in with_parents(scope) if parent != scope}

    def lock_on(resource: PlannedResource) -> StandingLock | None:
        on_scope = (locks[scope] for scope in _scopes(resource) if scope in locks)
        return next(on_scope, containing.get(str(resource.id).lower()))

    found = ((r, lock_on(r)) for r in deleted)
    return tuple(LockedDelete(plan.stack, resource, lock) for resource, lock in found if lock)


def refuse_locked(found: Sequence[LockedDelete]) -> None:
    """Raise `Refused` with the resources, their locks, and the commands that delete both."""
    if not found:
        return
    stack = found[0].stack
    locks = {lock.resource.urn: lock for lock in (one.lock for one in found) if lock.resource.id}
    by_stack: dict[str, list[str]] = {}
    for urn, lock in locks.items():
        by_stack.setdefault(lock.stack, []).append(urn)
    deleted = dict.fromkeys(one.resource.urn for one in found if one.resource.operation is not Operation.UPDATE)
    what = "delete these" if deleted else "change these"
    commands = [
        *(destroy_command(name, urns) for name, urns in by_stack.items()),
        *([destroy_command(stack, deleted)] if deleted else []),
        *(f"scripts/sde up {name}" for name in dict.fromkeys([stack, *by_stack])),
    ]
    raise Refused(
        f"{stack}: Azure refuses to {what} while a lock exists, so nothing was changed:\n"
        + "\n".join(f"  {one}" for one in found)
        + f"\n  fix:     delete the locks{', then these' if deleted else ''}; `up` makes the locks again:"
        + "".join(_INDENT + command for command in commands)
    )


def locks_on(plan: Plan, id_: str) -> tuple[str, ...]:
    """Return the URNs of a plan's locks on a resource or on what contains it, whatever the plan does to them."""
    scopes = set(with_parents(id_.lower()))
    return tuple(r.urn for r in plan.resources if is_lock(r) and str(r.id).lower().rpartition(_LOCK_ID)[0] in scopes)


def destroy_command(stack: str, urns: Iterable[str]) -> str:
    """Return the command that deletes only these resources of a stack."""
    return f"scripts/sde destroy {stack} " + " ".join(f"--target {shlex.quote(urn)}" for urn in urns)


def _is_deleted(resource: PlannedResource) -> bool:
    in_azure = resource.custom and bool(resource.id) and str(resource.id).startswith("/")
    return in_azure and resource.operation.destroys and not resource.retain_on_delete and not is_lock(resource)


def is_lock(resource: PlannedResource) -> bool:
    """True for a management lock, of whatever scope."""
    return LOCK.fullmatch(resource.type) is not None


def _locks(plan: Plan) -> Iterator[tuple[str, StandingLock]]:
    """Yield the locks by their scope in lower case. The deletes of a run come after its creates."""
    for resource in plan.resources:
        if is_lock(resource) and resource.operation is not Operation.DELETE:
            arm_id = plan.once(ArmIds).find(resource.urn)
            id_ = resource.id or (arm_id.id if arm_id else "")
            scope, found, _ = id_.lower().rpartition(_LOCK_ID)
            if found:
                yield scope, StandingLock(plan.stack, resource)


def _scopes(resource: PlannedResource) -> Iterator[str]:
    return with_parents(str(resource.id).lower())
