"""What stands beside the stacks of a command: the rest of the estate, for policies that look between stacks."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from formats.errors import Failed, InputError, Refused
from formats.plan import Plan
from operations.cli.output import paragraph
from operations.cli.session import Session
from operations.cli.stack_catalog import Stack

if TYPE_CHECKING:
    from operations.reports.evaluate import Neighbours


class Surroundings:
    """The states of an estate's stacks, each read once, and the plans that this command has made of them since."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._planned: dict[str, Plan] = {}
        self._standing: dict[str, Plan | None] = {}

    def will_be(self, stack: Stack, plan: Plan) -> None:
        """From now on the stack counts as what the plan makes of it."""
        self._planned[stack.name] = plan

    def has_changed(self, stack: Stack) -> None:
        """The stack was brought up: its state is read again."""
        self._standing.pop(stack.name, None)

    def must_be(self, neighbours: Neighbours, stack: Stack) -> None:
        """`Refused` where what a stack was judged beside is not what stands by now: a person may take their time."""
        self._standing.clear()
        now = self.of([stack])
        if now.standing != neighbours.standing or now.absent != neighbours.absent:
            was = {plan.stack: plan for plan in neighbours.standing}
            moved = [plan.stack for plan in now.standing if was.pop(plan.stack, None) != plan] + list(was)
            names = " and ".join(moved)
            raise Refused(
                f"{stack.name} was not changed: it was judged beside {names}, which changed since.\n"
                f"  fix:     look again: scripts/sde preview {stack.name}"
            )

    def of(self, judged: Sequence[Stack]) -> Neighbours:
        """What to judge some stacks beside: stacks in another cloud have nothing to do with them.

        `Refused` where one cannot be read: nothing could be said then of what lies between it and these.
        """
        from operations.reports.evaluate import Neighbours  # noqa: PLC0415 - the catalogue, which not all need

        clouds, names = {s.cloud for s in judged}, {s.name for s in judged}
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

    def _read(self, stacks: Sequence[Stack], judged: Collection[str]) -> None:
        """A lock on a judged stack is left to the run itself, which takes it; looking is free."""
        unread = [s for s in stacks if s.name not in self._standing]
        try:
            found = standing(self._session, unread, moving=judged)
        except (InputError, Failed) as error:
            raise _unread(" and ".join(sorted(judged)), error) from None
        self._standing |= {s.name: found.get(s.name) for s in unread}


def standing(session: Session, stacks: Sequence[Stack], *, moving: Collection[str] = ()) -> dict[str, Plan]:
    """What stands of these stacks by their states, each asked of its own cloud's engine; without those not up."""
    found: dict[str, Plan] = {}
    for cloud in dict.fromkeys(s.cloud for s in stacks):
        there = [s for s in stacks if s.cloud == cloud]
        found |= session.engine(there[0]).standing([s.settings for s in there], moving=moving)
    return found


def _unread(what: str, error: InputError | Failed) -> Refused:
    told = paragraph(error).replace("\n", "\n  ")
    fix = (
        "" if isinstance(error, InputError) and error.fix else "\n  fix:     make its state readable to you, then again"
    )
    return Refused(f"{what} cannot be judged beside the rest of the estate, for a state cannot be read.\n  {told}{fix}")
