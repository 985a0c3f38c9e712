"""The rest of the estate beside the stacks of a command, for policies on the whole estate."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from formats.errors import Failed, InputError, Refused
from formats.plan import Plan
from operations.cli.output import paragraph
from operations.cli.session import Session
from operations.cli.stack_catalog import Stack

if TYPE_CHECKING:
    from policies.plan_evaluation import Neighbours


class EstateState:
    """The states of an estate's stacks, each read once, and the plans that this command has made since."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._planned: dict[str, Plan] = {}
        self._standing: dict[str, Plan | None] = {}

    def record_plan(self, stack: Stack, plan: Plan) -> None:
        """Use the plan of a stack instead of its state from now on."""
        self._planned[stack.name] = plan

    def invalidate(self, stack: Stack) -> None:
        """Read the state of a stack again, because the stack was deployed."""
        self._standing.pop(stack.name, None)

    def require_unchanged(self, neighbours: Neighbours, stack: Stack) -> None:
        """Raise `Refused` if the neighbours of a stack have changed since its evaluation."""
        self._standing.clear()
        now = self.of([stack])
        if now.standing != neighbours.standing or now.absent != neighbours.absent:
            was = {plan.stack: plan for plan in neighbours.standing}
            moved = [plan.stack for plan in now.standing if was.pop(plan.stack, None) != plan] + list(was)
            names = " and ".join(moved)
            raise Refused(
                f"{stack.name} was not changed: it was evaluated with {names}, which changed since.\n"
                f"  fix:     scripts/sde preview {stack.name}, then try again"
            )

    def of(self, stacks: Sequence[Stack]) -> Neighbours:
        """Return the neighbours of some stacks: the other stacks of the estate in the same cloud.

        `Refused` where a state cannot be read, since policies on the whole estate need all of them.
        """
        from policies.plan_evaluation import Neighbours  # noqa: PLC0415 - imports the catalogue

        clouds, names = {s.cloud for s in stacks}, {s.name for s in stacks}
        every = [s for s in self._session.known if s.cloud in clouds]
        self._read(every, names)
        others = [s.name for s in every if s.name not in names]
        found = {name: self._planned.get(name) or self._standing[name] for name in others}
        own = (self._standing[s.name] for s in every if s.name in names)
        return Neighbours(
            tuple(plan for plan in found.values() if plan),
            tuple(plan for plan in own if plan),
            tuple(name for name, plan in found.items() if not plan),
        )

    def _read(self, stacks: Sequence[Stack], evaluated: Collection[str]) -> None:
        """Read states. A lock on an evaluated stack is ignored: its own deployment needs the lock, reading does not."""
        unread = [s for s in stacks if s.name not in self._standing]
        try:
            found = standing(self._session, unread, being_updated=evaluated)
        except (InputError, Failed) as error:
            raise _unread(" and ".join(sorted(evaluated)), error) from None
        self._standing |= {s.name: found.get(s.name) for s in unread}


def standing(session: Session, stacks: Sequence[Stack], *, being_updated: Collection[str] = ()) -> dict[str, Plan]:
    """Return the deployed state of each stack, from its own cloud's engine, without stacks that are not deployed."""
    found: dict[str, Plan] = {}
    for cloud in dict.fromkeys(s.cloud for s in stacks):
        there = [s for s in stacks if s.cloud == cloud]
        found |= session.engine(there[0]).current_state([s.settings for s in there], being_updated=being_updated)
    return found


def _unread(stacks: str, error: InputError | Failed) -> Refused:
    cause = paragraph(error).replace("\n", "\n  ")
    fix = (
        ""
        if isinstance(error, InputError) and error.fix
        else "\n  fix:     make its state readable to you, then try again"
    )
    return Refused(f"{stacks} cannot be evaluated with the rest of the estate: a state cannot be read.\n  {cause}{fix}")
