"""Role assignments that an earlier run should have revoked, by the ledger: they are in force until they are deleted.

A state marks a resource that was replaced and could not be deleted. It does not mark an assignment whose delete failed
before its replacement was created, as under a lock (`revocations.py`): only the ledger has that, as an open finding.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from formats.errors import SdeError
from formats.plan import Operation, Plan, PlannedResource
from operations.cli.output import printable
from operations.cli.revocations import is_assignment, is_revocation

if TYPE_CHECKING:
    from operations.cli.session import Session


def with_failed_revocations(session: Session, plans: Sequence[Plan], *, are_states: bool = False) -> list[Plan]:
    """Return plans, or states, in which these role assignments wait for deletion.

    If a ledger cannot be read, this prints a warning, and its plans are unchanged.
    """
    found = []
    for plan in plans:
        try:
            finding = session.ledger(plan.cloud).open_finding(plan.stack)
        except SdeError as error:
            text = f"{plan.stack}: revocations that failed are not known: {printable(' '.join(str(error).split()))}"
            session.output.warn(text, kind="unread-ledger", stack=plan.stack)
            finding = None
        found.append(marked(plan, finding[1].details, is_state=are_states) if finding else plan)
    return found


def marked(plan: Plan, left: Collection[str], *, is_state: bool = False) -> Plan:
    """Return a plan, or a state, in which the role assignments with these ids wait for deletion.

    Of a plan, those that it revokes: what the estate wants again is no failed revocation.
    """
    waiting = [r for r in plan.resources if r.id in left and (is_assignment(r) if is_state else is_revocation(r))]
    gone = {r.urn for r in waiting if is_state or r.operation is Operation.DELETE}
    kept = (r for r in plan.resources if r.urn not in gone or r.pending_delete)
    return replace(plan, resources=(*kept, *map(_waiting, waiting))) if waiting else plan


def _waiting(resource: PlannedResource) -> PlannedResource:
    inputs = resource.inputs if resource.old_inputs is None else resource.old_inputs
    return replace(resource, operation=Operation.DELETE, inputs=inputs, old_inputs=None, changed=(), replaces=(),
                   pending_delete=True)  # fmt: skip
