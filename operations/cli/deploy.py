"""Preview, up and refresh: show the plan, evaluate the policies, ask for confirmation, deploy, and summarise."""

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
from operations.cli.plan_views import AllPlans, EachPlan, PlanView
from operations.cli.planview import forbidden, named
from operations.cli.progress import watching
from operations.cli.session import Session
from operations.cli.stack_catalog import Stack
from operations.cli.summary import Summary

if TYPE_CHECKING:
    from operations.cli.gate import Gate
    from policies.plan_evaluation import Neighbours
    from policies.runner import Report

Waiting = tuple[Stack, list[str]]
"""A stack, and the stacks that it requires and that are not up."""


@dataclass
class Deployment:
    """The stacks of one command, and their outcomes."""

    session: Session
    stacks: Sequence[Stack]
    targets: Sequence[str] = ()
    yes: bool = False
    everything: bool = False
    """True if these are all stacks of the estate, or of one cloud."""
    summarised: bool = False
    """True to show one summary of all plans instead of each."""
    summary: Summary = field(default_factory=Summary)
    _neighbours: dict[str, Neighbours] = field(default_factory=dict)
    """The neighbours with which each stack was evaluated."""

    def preview(self) -> None:
        """Show each stack's plan and its policy report. `Refused` if the policies refuse one.

        With all stacks, the policies between stacks are evaluated once, on all plans together. `InputError` names the
        stacks that cannot be previewed until another is up.
        """
        self._prepare()
        waiting: list[Waiting] = []
        reports: list[Report] = []
        plans: list[Plan] = []
        for stack in self.stacks:
            missing = self._missing(stack)
            if missing:
                waiting.append((stack, missing))
            else:
                plan = self._show(stack)
                reports.append(self._evaluate(stack, plan, alone=self.everything))
                self._estate_state.record_plan(stack, plan)
                plans.append(plan)
        if self.everything and plans:
            reports.append(self._evaluate_estate(plans))
        self._view.end()
        self._refuse(reports)
        if waiting:
            raise _not_previewable(waiting)

    def up(self) -> None:
        """Deploy the stacks one after the other: later ones read the outputs of earlier ones.

        With all stacks, the deployed estate is evaluated as a whole at the end, and the findings are recorded.
        """
        self._prepare()
        for stack in self.stacks:
            plan = self._show(stack, brief=self.yes)
            # Without a change, the policies between stacks have nothing to refuse: the whole is evaluated at the end.
            self._refuse([self._evaluate(stack, plan, alone=self.everything and not plan.changes)])
            if self._permit(stack, plan):
                self._estate_state.require_unchanged(self._neighbours[stack.name], stack)
            self._apply(stack, plan)
            self._estate_state.invalidate(stack)
        self.summary.show(self.session.output)
        if self.everything:
            self._judge()

    def _judge(self) -> None:
        """Evaluate the policies between stacks on the deployed estate, and record the findings. `Refused` for any."""
        from operations.cli.judged import record  # noqa: PLC0415 - imports the policies

        for cloud in dict.fromkeys(stack.cloud for stack in self.stacks):
            deployed = self._estate_state.deployed(cloud)
            report = self._evaluate_estate(deployed)
            record(self.session.settings, report, "up --all", [plan.stack for plan in deployed])
            self._refuse([report])

    def _evaluate_estate(self, plans: Sequence[Plan]) -> Report:
        """Evaluate the policies between stacks on these plans with the rest of the estate, and show the report."""
        from policies.plan_evaluation import OF_ESTATE  # noqa: PLC0415

        names = {plan.stack for plan in plans}
        neighbours = self._estate_state.of([s for s in self.session.known if s.name in names])
        report = self._gate.evaluate(plans, neighbours=neighbours, scopes=OF_ESTATE)
        self._view.report(report)
        return report

    def _prepare(self) -> None:
        """Start the engines. Load the policies in a thread if the Pulumi CLI, another process, makes the plans."""
        engines = [self.session.engine(stack) for stack in self.stacks]
        for engine in engines:
            engine.prepare()
        if any(engine.name == "pulumi" for engine in engines):
            threading.Thread(target=self._load_policies, daemon=True).start()

    def _load_policies(self) -> None:
        """Load the policies ahead of their use. Errors are reported at their use."""
        with contextlib.suppress(Exception):
            from policies.reachability import assertions  # noqa: F401, PLC0415
            from policies.rules import load  # noqa: PLC0415

            load()
            _ = self._gate

    def refresh(self) -> None:
        """Update each stack's state with the resources' current properties."""
        for stack in [s for s in self.stacks if _is_refreshable(self.session, s)]:
            if not self.yes and not self.session.agree(f"Update the state of {stack.name} from the cloud?"):
                raise Refused(f"{stack.name} was not refreshed: you answered no.")
            with watching(self.session.output) as reporter:
                outcome = self.session.engine(stack).refresh(stack.settings, on_event=reporter)
            self.summary.outcomes.append(outcome)
        self.summary.show(self.session.output)

    def _missing(self, stack: Stack) -> list[str]:
        by_name = {s.name: s for s in self.session.catalog.stacks}
        return [name for name in stack.requires if not self.session.is_deployed(by_name[name])]

    def plan(self, stack: Stack) -> Plan:
        """Return the plan of one stack without showing it."""
        missing = self._missing(stack)
        if missing:
            raise _not_previewable([(stack, missing)])
        with self.session.output.err.status(f"Planning {stack.name}"):
            try:
                return self.session.engine(stack).preview(stack.settings, targets=self.targets)
            except Refused as refusal:  # an engine may check for protected resources itself
                raise _protected(stack, str(refusal)) from None

    def _show(self, stack: Stack, *, brief: bool = False) -> Plan:
        plan = self.plan(stack)
        self._view.plan(plan, brief=brief)
        return plan

    @cached_property
    def _view(self) -> PlanView:
        return AllPlans(self.session.output) if self.summarised else EachPlan(self.session.output)

    @cached_property
    def _gate(self) -> Gate:
        """Loaded once for all stacks, before the first of them changes."""
        return self.session.gate()

    @cached_property
    def _estate_state(self) -> EstateState:
        return EstateState(self.session)

    def _evaluate(self, stack: Stack, plan: Plan, *, alone: bool = False) -> Report:
        """Evaluate the policies on one stack with the rest of the estate as neighbours, and show the report.

        `alone`: without the policies between stacks.
        """
        from policies.plan_evaluation import OF_STACKS, SCOPES  # noqa: PLC0415

        neighbours = self._neighbours[stack.name] = self._estate_state.of([stack])
        report = self._gate.evaluate([plan], neighbours=neighbours, scopes=OF_STACKS if alone else SCOPES)
        self._view.report(report)
        return report

    def _refuse(self, reports: Sequence[Report]) -> None:
        from operations.cli.gate import refuse  # noqa: PLC0415

        refuse(reports)

    def _permit(self, stack: Stack, plan: Plan) -> bool:
        """Return True if a person confirmed, False if no question was needed. `Refused` after a no, and for protected
        resources."""
        protected = forbidden(plan)
        if protected:
            raise _protected(stack, f"This would delete or replace protected resources:\n{named(protected)}")
        asks = bool(plan.changes) and not self.yes
        if asks and not self.session.agree(f"Apply this plan to {stack.name}?"):
            raise Refused(f"{stack.name} was not changed: you answered no.")
        return asks

    def _apply(self, stack: Stack, plan: Plan) -> None:
        """Apply the evaluated plan, and nothing else."""
        with watching(self.session.output) as reporter:
            outcome = self.session.engine(stack).up(stack.settings, targets=self.targets, plan=plan, on_event=reporter)
        self.summary.outcomes.append(outcome)


def _protected(stack: Stack, problem: str) -> Refused:
    return Refused(
        f"{stack.name}: {problem}\n  fix:     undo the change that causes it; to delete the data too, "
        f"destroy the whole stack (scripts/sde destroy {stack.name})"
    )


def _is_refreshable(session: Session, stack: Stack) -> bool:
    deployed = session.is_deployed(stack)
    if not deployed:
        session.output.say(f"{stack.name}: not up, so there is nothing to refresh.", style="dim")
    return deployed


def _not_previewable(waiting: Sequence[Waiting]) -> InputError:
    """Return the error for stacks that read the outputs of stacks that are not up."""
    first = sorted({name for _, missing in waiting for name in missing})
    lines = [f"  {stack.name} requires {' and '.join(missing)}" for stack, missing in waiting]
    return InputError(
        "Some stacks cannot be planned yet:\n" + "\n".join(lines),
        found=f"not up: {', '.join(first)}",
        fix=f"scripts/sde up {waiting[0][1][0]}",
    )
