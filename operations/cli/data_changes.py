"""Permitted changes of protected data by `up`: delete it, or replace it with an empty resource.

Azure has one resource of a name. So a resource that is replaced is deleted first, with its data. A resource that keeps
its name or its data after the deletion cannot be replaced so, and is refused by name.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from formats.errors import Refused, SdeError
from formats.plan import Operation, Plan, PlannedResource
from operations.cli.locked_deletes import LockedDelete, is_lock
from operations.cli.output import Output, printable
from operations.cli.revocations import is_revocation, make_again
from operations.cli.text import kind_of
from operations.engine.port import Engine, OnEvent, StackSettings, differs_from_plan

_TYPE = re.compile(r"azure-native:(?P<module>\w+)(?:/v\w+)?:(?P<name>\w+)")
_POLICY = "BlobContainerImmutabilityPolicy"
_REPLACED = ("StorageAccount",)
"""Replaceable with all that is in it: the name is free (docs/azure-facts.md#deleted-storage-accounts)."""
_IN_A_VAULT = "Azure deletes it with its vault alone; keep it, or destroy the whole stack"
_NEVER = {
    "Vault": "its name is taken for 90 days after its deletion, because of purge protection",
    "Key": _IN_A_VAULT,
    "Secret": _IN_A_VAULT,
    "Workspace": "its name is taken for 14 days after its deletion, and a new one gets its data back",
    "Disk": "a virtual machine has it: remove the desk from the request, and add one of another name",
    _POLICY: "Azure deletes it with its container alone",
    "BlobContainer": "its name is not surely free after its deletion; it is replaced with its account alone",
}
"""Why others cannot be replaced: docs/azure-facts.md#deleted-vaults, #deleted-workspaces, #keys. For a key, a secret
and a policy the same holds for their deletion."""
_INSIDE = ("BlobContainer", _POLICY)
"""The types that are deleted with the account or container that they are in."""
_NOT_DELETED_ALONE = ("Key", "Secret", _POLICY)
_UNKNOWN = "no way is known in which its data surely goes and its name becomes free"


def refuse_impossible(stack: str, lost: Sequence[PlannedResource]) -> None:
    """Raise `Refused`, whatever is permitted, for protected resources that a run cannot delete or replace."""
    found = [(one, why) for one in lost if (why := _why_not(one, lost))]
    if found:
        lines = "\n".join(f"  {kind_of(one.type)} {printable(one.name)}: {why}" for one, why in found)
        raise Refused(
            f"{stack}: up cannot delete or replace these, also with a permit. Nothing was changed:\n{lines}\n"
            f"  fix:     undo the change that causes it, or scripts/sde destroy {stack}"
        )


def _why_not(one: PlannedResource, lost: Sequence[PlannedResource]) -> str | None:
    match = _TYPE.fullmatch(one.type)
    name = match["name"] if match else one.type
    if name in _INSIDE and any(_is_inside(one, other) for other in lost):
        return None
    if one.operation is Operation.REPLACE and name not in _REPLACED:
        return _NEVER.get(name, _UNKNOWN)
    return _NEVER[name] if name in _NOT_DELETED_ALONE else None


def _is_inside(one: PlannedResource, other: PlannedResource) -> bool:
    return bool(one.id and other.id) and str(one.id).lower().startswith(f"{str(other.id).lower()}/")


@dataclass(frozen=True)
class UnlockedChange:
    """A plan that loses data under locks of its own stack. `up` takes them away, and makes them again at the end.

    Pulumi deletes at the end of a run, when a lock that it makes in the same run exists. So the plan is carried out
    without its locks first, and then the rest of it, which makes them.
    """

    plan: Plan
    released: frozenset[str]
    locks: tuple[PlannedResource, ...]

    def show(self, output: Output) -> None:
        """Print the steps that `up` takes besides the plan."""
        names = ", ".join(printable(one.name) for one in self.locks)
        output.emit({"event": "unlocked-change", "stack": self.plan.stack, "locks": [one.urn for one in self.locks]})
        text = f"Data under a lock is deleted: up first deletes the lock {names}, and makes it again at the end."
        output.say(f"  ! {text}", style="yellow")

    def run(self, engine: Engine, settings: StackSettings, on_event: OnEvent) -> None:
        """Delete the locks, then carry out the plan without any lock. If that fails, make the locks again."""
        existing = [one.urn for one in self.locks if one.operation is not Operation.CREATE]
        if existing:
            engine.destroy(settings, targets=existing, on_event=on_event)
        try:
            with engine.release(settings, sorted(self.released)):
                plan = engine.preview(settings, targets=self._targets)
                self._require_part(plan)
                engine.up(settings, targets=self._targets, plan=plan, on_event=on_event)
        except SdeError:
            make_again(engine, settings, existing, on_event)
            raise

    @property
    def _targets(self) -> list[str]:
        """The URNs of all that the plan has, but the locks that it leaves."""
        going = (one for one in self.plan.resources if not is_lock(one) or one.operation is Operation.DELETE)
        return list(dict.fromkeys(one.urn for one in going))

    def _require_part(self, plan: Plan) -> None:
        """Raise `Refused` for a step that the judged plan does not have."""
        judged = {(one.urn, one.operation) for one in self.plan.resources}
        for one in plan.changes:
            if (one.urn, one.operation) not in judged:
                raise differs_from_plan(plan.stack, one.urn, f"{one.operation} is no step of it")


def unlocked_change(plan: Plan, found: Sequence[LockedDelete], released: Collection[str]) -> UnlockedChange | None:
    """Return the change that deletes permitted data under locks; None without such data, or if a lock stays.

    Each lock must be of the same stack, and may protect only what a permit names, what is inside that, and role
    assignments.
    """
    named = [one for one in plan.resources if one.urn in released and one.operation.destroys]
    if not any(one.resource.urn in released for one in found):
        return None
    if not all(_is_permitted(plan, one, named) for one in found):
        return None
    locks = {one.lock.resource.urn: one.lock.resource for one in found}
    return UnlockedChange(plan, frozenset(released), tuple(locks.values()))


def _is_permitted(plan: Plan, found: LockedDelete, named: Sequence[PlannedResource]) -> bool:
    is_own = found.lock.stack == plan.stack and is_lock(found.lock.resource)
    inside = any(found.resource.urn == one.urn or _is_inside(found.resource, one) for one in named)
    return is_own and (inside or is_revocation(found.resource))
