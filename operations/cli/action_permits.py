"""The permits of actions on one stack that are valid now and not used: what a plan needs of them, and what is missing.

A plan needs one for each protected resource that it deletes or replaces, for each provider that leaves the estate, for
a tenancy that is closed, and for the use of break-glass.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from approvals.actions import ActionPermit, verify_action
from approvals.rights import Context
from approvals.route import Action
from formats.errors import Refused
from formats.plan import Operation, Plan, PlannedResource
from formats.stack_names import JUNCTION_ZONE, TENANCY
from operations.cli.planview import forbidden, named, protected

if TYPE_CHECKING:
    from approvals.estate_files import EstateFiles

Wanted = tuple[Action, str | None]
"""An action, and the resource or provider that it is on; None for the whole stack."""
OF_PROVIDERS = ("providers", "inboxes")
"""The outputs of the junction zone that have its providers by their codes."""
STORAGE = "azure-native:storage:"
_INTAKE = re.compile(r"(?:junction-provider|inbox)-([a-z0-9]{3,10})")
_RELEASING = (Action.DESTROY_DATA, Action.REPLACE_DATA)


@dataclass(frozen=True)
class ActionPermits:
    """The valid permits of an estate, and the version of the approvers who signed them."""

    stack: str
    permits: tuple[ActionPermit, ...]
    version: int

    @classmethod
    def of(cls, stack: str, files: EstateFiles, context: Context) -> ActionPermits:
        """Verify every permit of the estate. `context`: with the permits that were used."""
        found = (verify_action(one, context, files.estate) for one in files.actions().values())
        return cls(stack, tuple(one for one in found if isinstance(one, ActionPermit)), context.approvers.version)

    @property
    def released(self) -> frozenset[str]:
        """The protected resources that may be deleted or replaced."""
        return frozenset(urn for one in self.permits for urn in one.request.targets
                         if one.request.stack == self.stack and one.request.action in _RELEASING)  # fmt: skip

    def missing(self, wanted: Iterable[Wanted]) -> list[Wanted]:
        """Return what no permit covers."""
        return [(what, on) for what, on in wanted if not any(one.covers(what, self.stack, on) for one in self.permits)]

    def used_for(self, wanted: Sequence[Wanted]) -> Mapping[str, Any]:
        """Return what the ledger records of the permits that cover something."""
        used = [one.digest for one in self.permits if any(one.covers(what, self.stack, on) for what, on in wanted)]
        return {"actions": sorted(used), "approvers": self.version}


def wanted_to_destroy(plan: Plan) -> list[Wanted]:
    """Return the actions of the destruction of a whole stack."""
    if plan.stack.startswith(TENANCY):
        return [(Action.CLOSE_TENANCY, None)]
    return [(Action.DESTROY_DATA, one.urn) for one in forbidden(plan)]


def wanted_to_change(plan: Plan, released: Iterable[str]) -> list[Wanted]:
    """Return the actions of a change. `released`: what a plan may delete without showing that it was protected."""
    found: list[Wanted] = [(_action(one), one.urn) for one in lost_data(plan, released)]
    return [*found, *((Action.CLOSE_PROVIDER, code) for code in leaving_providers(plan))]


def lost_data(plan: Plan, released: Iterable[str]) -> list[PlannedResource]:
    """Return the resources that are protected, or were until this run, and that a plan deletes or replaces."""
    held = frozenset(released)
    return [one for one in plan.resources if one.operation.destroys and (one.protect or one.urn in held)]


def refuse_lost(plan: Plan, released: Iterable[str]) -> None:
    """Raise `Refused` for the rest of a plan that loses data once more."""
    if found := lost_data(plan, released):
        raise protected(plan.stack, f"This would delete or replace protected resources once more:\n{named(found)}")


def leaving_providers(plan: Plan) -> list[str]:
    """Return the codes of the providers that a plan of the junction zone removes, as the estate writes them.

    A run that failed half way may have changed the outputs already: what a provider uploads to is known by its name.
    """
    if plan.stack != JUNCTION_ZONE:
        return []
    before, after = set[str](), set[str]()
    for output in plan.outputs:
        if output.name in OF_PROVIDERS:
            before |= _codes(output.before)
            after |= _codes(output.after)
    gone = {found[1] for one in plan.resources if one.operation is Operation.DELETE
            and one.type.startswith(STORAGE) and (found := _INTAKE.fullmatch(one.name))}  # fmt: skip
    return sorted(code.upper() for code in (before - after) | gone)


def _codes(value: object) -> set[str]:
    return set(map(str, value)) if isinstance(value, Mapping) else set()


def _action(resource: PlannedResource) -> Action:
    return Action.REPLACE_DATA if resource.operation is Operation.REPLACE else Action.DESTROY_DATA


def without_permit(stack: str, what: str, missing: Sequence[Wanted], why: str, hint: str = "") -> Refused:
    """Return the refusal of what needs permits, with the command that asks for each kind. `hint`: another way."""
    lines = "".join(f"\n  {action} {on or stack}" for action, on in missing)
    kinds: dict[Action, list[str]] = {}
    for action, on in missing:
        kinds.setdefault(action, []).extend([on] if on else [])
    fixes = "\n           ".join(
        f"scripts/sde request actions ask {action} {stack} --reason TEXT"
        + "".join(f" --target {shlex.quote(on)}" for on in targets)
        for action, targets in kinds.items()
    )
    return Refused(f"{stack} was not {what}: no permit for{lines}\n  found:   {why}\n  fix:     {fixes}{hint}")
