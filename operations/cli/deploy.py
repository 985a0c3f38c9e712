"""Preview and up: show what would change, refuse what must not be, ask, do it, and say what was done."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from formats.errors import InputError, Refused
from formats.plan import Plan
from operations.cli.estate_state import EstateState
from operations.cli.planview import forbidden, named, show
from operations.cli.progress import watching
from operations.cli.session import Session
from operations.cli.stack_catalog import Stack
from operations.cli.summary import Summary

if TYPE_CHECKING:
    from operations.cli.gate import Gate
    from policies.plan_evaluation import Neighbours
    from policies.runner import Report

Waiting = tuple[Stack, list[str]]
"""A stack, and those that it requires and that are not up."""


@dataclass
class Deployment:
    """The stacks of one command, and what became of each."""

    session: Session
    stacks: Sequence[Stack]
    targets: Sequence[str] = ()
    yes: bool = False
    summary: Summary = field(default_factory=Summary)
    _beside: dict[str, Neighbours] = field(default_factory=dict)
    """What each stack was judged beside."""

    def preview(self) -> None:
        """Show each stack's plan, and what the policies say of it. `Refused` where they refuse one.

        Stacks that wait for another are named, and the command says that it is not whole.
        """
        self._prepare()
        waiting: list[Waiting] = []
        reports: list[Report] = []
        for stack in self.stacks:
            missing = self._missing(stack)
            if missing:
                waiting.append((stack, missing))
            else:
                plan = self._show(stack)
                reports.append(self._judge(stack, plan))
                self._around.record_plan(stack, plan)
        self._refuse(reports)
        if waiting:
            raise _cannot_see(waiting)

    def up(self) -> None:
        """Bring each stack up, one after the other: a later one reads what an earlier one made."""
        self._prepare()
        for stack in self.stacks:
            plan = self._show(stack, brief=self.yes)
            self._refuse([self._judge(stack, plan)])
            if self._permit(stack, plan):
                self._around.require_unchanged(self._beside[stack.name], stack)
            self._apply(stack, plan)
            self._around.invalidate(stack)
        self.summary.show(self.session.output)

    def _prepare(self) -> None:
        """Start what the engines need. Where another process plans, read the catalogue of policies meanwhile."""
        engines = [self.session.engine(stack) for stack in self.stacks]
        for engine in engines:
            engine.prepare()
        if any(engine.name == "pulumi" for engine in engines):
            threading.Thread(target=self._read_catalogue, daemon=True).start()

    def _read_catalogue(self) -> None:
        """Read it ahead of its use, which says what is wrong with it."""
        with contextlib.suppress(Exception):
            from policies.reachability import assertions  # noqa: F401, PLC0415
            from policies.rules import load  # noqa: PLC0415

            load()
            _ = self._gate

    def refresh(self) -> None:
        """Take the cloud's present properties into each stack's state."""
        for stack in [s for s in self.stacks if _standing_or_said(self.session, s)]:
            if not self.yes and not self.session.agree(f"Take the cloud's present properties into {stack.name}?"):
                raise Refused(f"{stack.name} was not refreshed: you said no.")
            with watching(self.session.output) as reporter:
                outcome = self.session.engine(stack).refresh(stack.settings, on_event=reporter)
            self.summary.outcomes.append(outcome)
        self.summary.show(self.session.output)

    def _missing(self, stack: Stack) -> list[str]:
        by_name = {s.name: s for s in self.session.catalog.stacks}
        return [name for name in stack.requires if not self.session.is_deployed(by_name[name])]

    def plan(self, stack: Stack) -> Plan:
        """What `up` would do to one stack, not shown."""
        missing = self._missing(stack)
        if missing:
            raise _cannot_see([(stack, missing)])
        with self.session.output.err.status(f"Working out what would change in {stack.name}"):
            try:
                return self.session.engine(stack).preview(stack.settings, targets=self.targets)
            except Refused as refusal:  # an engine that looks for what is protected by itself
                raise _protected(stack, str(refusal)) from None

    def _show(self, stack: Stack, *, brief: bool = False) -> Plan:
        plan = self.plan(stack)
        self.session.output.emit({"event": "plan", "stack": stack.name, "plan": plan.to_json()})
        show(plan, self.session.output, brief=brief)
        return plan

    @cached_property
    def _gate(self) -> Gate:
        """Read once for all stacks, before the first of them changes."""
        return self.session.gate()

    @cached_property
    def _around(self) -> EstateState:
        return EstateState(self.session)

    def _judge(self, stack: Stack, plan: Plan) -> Report:
        """What the policies say of one stack beside the rest of the estate, shown."""
        from operations.cli.gate import show as show_report  # noqa: PLC0415 - the catalogue, which destroy needs not

        self._beside[stack.name] = self._around.of([stack])
        report = self._gate.evaluate([plan], neighbours=self._beside[stack.name])
        show_report(report, self.session.output)
        return report

    def _refuse(self, reports: Sequence[Report]) -> None:
        from operations.cli.gate import refuse  # noqa: PLC0415

        refuse(reports)

    def _permit(self, stack: Stack, plan: Plan) -> bool:
        """Whether a person was asked, and said yes; `Refused` where they said no, or nobody may."""
        protected = forbidden(plan)
        if protected:
            raise _protected(stack, f"This would delete or replace what is protected:\n{named(protected)}")
        asks = bool(plan.changes) and not self.yes
        if asks and not self.session.agree(f"Do this in {stack.name}?"):
            raise Refused(f"{stack.name} was not changed: you said no.")
        return asks

    def _apply(self, stack: Stack, plan: Plan) -> None:
        """What was judged, and nothing else."""
        with watching(self.session.output) as reporter:
            outcome = self.session.engine(stack).up(stack.settings, targets=self.targets, plan=plan, on_event=reporter)
        self.summary.outcomes.append(outcome)


def _protected(stack: Stack, what: str) -> Refused:
    return Refused(
        f"{stack.name}: {what}\n  fix:     undo the change that leads to it; to give up what it holds, "
        f"end the whole stack (scripts/sde destroy {stack.name})"
    )


def _standing_or_said(session: Session, stack: Stack) -> bool:
    standing = session.is_deployed(stack)
    if not standing:
        session.output.say(f"{stack.name}: not up, so there is nothing to refresh.", style="dim")
    return standing


def _cannot_see(waiting: Sequence[Waiting]) -> InputError:
    """A stack reads what others made: until they are up, neither its plan nor its resources can be."""
    first = sorted({name for _, missing in waiting for name in missing})
    lines = [f"  {stack.name} waits for {' and '.join(missing)}" for stack, missing in waiting]
    return InputError(
        "Not every stack can be looked at yet:\n" + "\n".join(lines),
        found=f"not up: {', '.join(first)}",
        fix=f"scripts/sde up {waiting[0][1][0]}",
    )
