"""The deployed states of an estate's stacks, for policies on the whole estate."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from formats.deployed_stack import DeployedStack
from formats.errors import Failed, InputError, Refused
from formats.plan import Plan
from operations.cli.output import printable_lines
from operations.cli.session import Session
from operations.cli.stack_catalog import Stack

if TYPE_CHECKING:
    from policies.plan_evaluation import Neighbours


class EstateState:
    """The states of an estate's stacks, each read once, and the plans that this command has made since."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._planned: dict[str, DeployedStack] = {}
        self._current: dict[str, DeployedStack | None] = {}

    def record_plan(self, stack: Stack, plan: Plan) -> None:
        """Use the plan of a stack instead of its state from now on."""
        self._planned[stack.name] = DeployedStack.of(plan)

    def invalidate(self, stack: Stack) -> None:
        """Read the state of a stack again, because the stack was deployed."""
        self._current.pop(stack.name, None)
        self._planned.pop(stack.name, None)

    def require_unchanged(self, neighbours: Neighbours, stack: Stack) -> None:
        """Raise `Refused` if the neighbours of a stack have changed since its evaluation."""
        self._current.clear()
        now = self.of([stack])
        if now.deployed != neighbours.deployed:
            before = {found.name: found for found in neighbours.deployed}
            changed = [found.name for found in now.deployed if before.pop(found.name, None) != found] + list(before)
            names = " and ".join(changed)
            raise Refused(
                f"{stack.name} was not changed: it was evaluated with {names}, which changed since.\n"
                f"  fix:     scripts/sde preview {stack.name}, then try again"
            )

    def of(self, stacks: Sequence[Stack]) -> Neighbours:
        """Return the neighbours of some stacks: the other stacks of the estate in the same cloud.

        `Refused` where a state cannot be read, since policies on the whole estate need all of them.
        """
        from policies.plan_evaluation import Neighbours  # noqa: PLC0415 - imports the policies

        clouds, names = {s.cloud for s in stacks}, {s.name for s in stacks}
        every = [s for s in self._session.known if s.cloud in clouds]
        self._read(every, names)
        others = (self._planned.get(s.name) or self._current.get(s.name) for s in every if s.name not in names)
        own = (self._current[s.name] for s in every if s.name in names)
        return Neighbours(
            tuple(_refused_if_unreadable(found, names) for found in others if found),
            tuple(_refused_if_unreadable(found, names) for found in own if found),
            self._session.judged_runs,
        )

    def own(self, stack: Stack) -> DeployedStack | None:
        """Return a stack as it is deployed; None if it is not. `Refused` as `of`; a lock on it is ignored."""
        self._read([stack], {stack.name})
        return self._current[stack.name]

    def deployed(self, cloud: str) -> list[Plan]:
        """Return the deployed state of every stack in a cloud, orphaned ones included. `Refused` as `of`."""
        every = [s for s in self._session.known if s.cloud == cloud]
        self._read(every, ())
        return [found.load() for s in every if (found := self._current[s.name])]

    def _read(self, stacks: Sequence[Stack], evaluated: Collection[str]) -> None:
        """Read states. A lock on an evaluated stack is ignored: its own deployment needs the lock, reading does not.

        The plan of another stack that this command deploys at the same time counts instead of its state.
        """
        known = self._current.keys() | (self._planned.keys() - set(evaluated))
        unread = [s for s in stacks if s.name not in known]
        try:
            found = deployed_stacks(self._session, unread, being_updated=evaluated)
        except (InputError, Failed) as error:
            raise _unread(" and ".join(sorted(evaluated)), error) from None
        self._current |= {s.name: found.get(s.name) for s in unread}


def deployed_stacks(
    session: Session, stacks: Sequence[Stack], *, being_updated: Collection[str] = ()
) -> dict[str, DeployedStack]:
    """Return the deployed ones among these stacks, from their own cloud's engine."""
    found: dict[str, DeployedStack] = {}
    for cloud in dict.fromkeys(s.cloud for s in stacks):
        members = [s for s in stacks if s.cloud == cloud]
        found |= session.engine(members[0]).deployed([s.settings for s in members], being_updated=being_updated)
    return found


def _refused_if_unreadable(found: DeployedStack, evaluated: Collection[str]) -> DeployedStack:
    """Return the stack with the refusal of `_unread` for a state that turns out to be damaged when it is loaded."""

    def load() -> Plan:
        try:
            return found.load()
        except (InputError, Failed) as error:
            raise _unread(" and ".join(sorted(evaluated)), error) from None

    return replace(found, load=load)


def _unread(stacks: str, error: InputError | Failed) -> Refused:
    cause = printable_lines(error).replace("\n", "\n  ")
    fix = (
        ""
        if isinstance(error, InputError) and error.fix
        else "\n  fix:     get read access to its state, then try again"
    )
    return Refused(f"{stacks} cannot be evaluated with the rest of the estate: a state cannot be read.\n  {cause}{fix}")


def deployed_states(session: Session, stacks: Sequence[Stack]) -> dict[str, Plan]:
    """Return the state of each deployed one among these stacks."""
    return {name: found.load() for name, found in deployed_stacks(session, stacks).items()}
