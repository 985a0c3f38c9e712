"""Preview and up: show the plan, evaluate the policies, ask for confirmation, deploy, and summarise."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from formats.errors import Refused, SdeError
from formats.plan import Plan
from operations.cli.action_permits import refuse_lost
from operations.cli.data_changes import UnlockedChange
from operations.cli.estate_state import EstateState
from operations.cli.fixed_settings import explained, explaining
from operations.cli.gate_opening import GateOpening
from operations.cli.hints import with_hints
from operations.cli.kept_first_boot import kept_first_boots
from operations.cli.obstacles import Obstacles
from operations.cli.output_readers import refuse_removed, show_readers
from operations.cli.plan_views import AllPlans, EachPlan, PlanView
from operations.cli.planview import refuse_protected
from operations.cli.progress import watching
from operations.cli.recorded import Recorder
from operations.cli.revocations import Revocation, refuse_side_by_side
from operations.cli.run_progress import Postponed, RunProgress, raise_errors
from operations.cli.session import Session
from operations.cli.side_by_side import SideBySide, plans_one_by_one, plans_side_by_side
from operations.cli.stack_catalog import Stack
from operations.cli.summary import Summary
from operations.cli.waiting_stacks import Waiting, refuse_waiting, split, waiting_stacks
from operations.cli.ways_out import new_ways
from operations.cli.workers import Work
from operations.engine.port import Outcome
from operations.ledger.entry import PERMIT

if TYPE_CHECKING:
    from formats.stack_config import StackConfig
    from formats.stack_reads import AffectedOutput
    from operations.access.diff import AccessDiff
    from operations.cli.gate import Gate
    from operations.cli.kept_ways import KeptWays
    from operations.cli.other_runs import OtherRuns
    from operations.diffs.model import StackDiff
    from policies.catalogue import Catalogue
    from policies.plan_evaluation import Neighbours
    from policies.runner import Report

WHOLE = "The whole estate"
"""The heading above the report of the policies between stacks."""


@dataclass
class Deployment:
    """The stacks of one command, and their outcomes."""

    session: Session
    stacks: Sequence[Stack]
    targets: Sequence[str] = ()
    yes: bool = False
    everything: bool = False
    """True if these are all stacks of the estate, or of one cloud."""
    workers: int = 1
    """The most stacks that are worked on side by side, in a process each."""
    recorded_by: Recorder | None = None
    summarised: bool = False
    """True to show one summary of all plans instead of each."""
    by_resource: bool = False
    """True to show changes resource by resource instead of by meaning."""
    work: Work = Work.PLAN
    """The plan that is made of each stack."""
    others: OtherRuns | None = None
    """The runs on other machines that may change stacks at the same time, if there are such."""
    summary: Summary = field(default_factory=Summary)
    reports: list[Report] = field(default_factory=list)
    """The reports of a preview, with the findings that block."""
    _catalogue: Catalogue | None = None
    """The catalogue of the last evaluation."""
    _neighbours: dict[str, Neighbours] = field(default_factory=dict)
    """The neighbours with which each stack was evaluated."""
    _affected: dict[str, Sequence[AffectedOutput]] = field(default_factory=dict)
    """The outputs of each evaluated stack that its plan removes or changes and that other stacks read."""
    _obstacles: dict[str, Obstacles] = field(default_factory=dict)
    """What Azure refuses of each evaluated stack's plan."""
    _access: dict[str, AccessDiff] = field(default_factory=dict)
    """What each evaluated stack's plan does to who can read, write or reach which data."""
    _kept: dict[str, KeptWays] = field(default_factory=dict)
    """The hubs that keep ways out until their tenancies are deployed, in this step of the run."""

    def preview(self) -> None:
        """Show each stack's plan and its policy report. `Refused` if the policies refuse one.

        With all stacks, the policies between stacks are evaluated once, on all plans together. `InputError` names the
        stacks that cannot be previewed until another is up. A stack whose plan cannot be made hides no other.
        """
        ready, waiting = split(self.session, self.stacks)
        reports, plans = self.reports, list[Plan]()
        unplanned: dict[str, SdeError] = {}
        for stack, plan in zip(ready, self._plans(ready), strict=True):
            if isinstance(plan, SdeError):
                unplanned[stack.name] = plan
                continue
            self._view.plan(plan, stack.ways)
            report = self._evaluate(stack, plan, alone=self.everything)
            reports.append(replace(report, findings=report.blocking))  # the others would fill the memory
            self._estate_state.record_plan(stack, plan)
            plans.append(plan)
        if self.everything and plans:
            reports.append(self._evaluate_estate(plans))
        self._view.end()
        raise_errors(unplanned, len(self.stacks), "cannot be planned")
        self._refuse(reports)
        refuse_waiting(waiting)

    @property
    def diffs(self) -> list[StackDiff]:
        """The readable diffs of the stacks that change and were evaluated."""
        return [found for stack in self.stacks if (found := self._view.diff(stack.name))]

    def _plans(self, stacks: Sequence[Stack]) -> Iterator[Plan | SdeError]:
        """Yield the plans of the stacks in their order; in place of one that cannot be made, its error."""
        if self.workers > 1:
            self._gate_opening.begin()
            jobs, session = [(stack, self.work) for stack in stacks], self.session
            found = plans_side_by_side(jobs, session.start_worker, self.workers, self.await_gate)
            for stack, plan in zip(stacks, found, strict=True):
                yield explained(plan, stack, session.records) if isinstance(plan, SdeError) else plan
            return
        self._prepare()
        yield from plans_one_by_one(stacks, self._preview_of)

    def plan_ready(self) -> tuple[list[Plan], list[Waiting]]:
        """Return the plans of the stacks that can be planned, without showing them, and the stacks that wait."""
        ready, waiting = split(self.session, self.stacks)
        return list(map(self._preview_of, ready)), waiting

    def up(self) -> None:
        """Deploy the stacks: each after those that it requires, and side by side where there are workers.

        A stack that fails stops only those that need it. With all stacks, the deployed estate is evaluated as a whole
        at the end, and the findings are recorded. Raises the error of the stacks that failed.
        """
        self.session.run_file.begin([stack.name for stack in self.stacks])
        self.summary.workers = self.workers
        self._keep_ways()
        if self.workers > 1:
            self._gate_opening.begin()
        self._deploy()
        if self._kept:
            self.progress.repeat([stack for stack in self.stacks if stack.name in self._kept])
            self._kept = {}
            self._deploy()
        try:
            reports = self._judge() if self.everything else []
        except SdeError:
            self.progress.report_failures(self.session.output)  # a stack may have failed for the same reason
            raise
        self.summary.show(self.session.output)
        self.progress.report_failures(self.session.output)
        self._refuse(reports)

    def _keep_ways(self) -> None:
        """Have the hubs of which tenancies of this run still use removed ways out keep those ways for now."""
        from operations.cli.kept_ways import kept_ways  # noqa: PLC0415 - imports the models of configurations

        self._kept = kept_ways(self.stacks, self._estate_state, self.session.settings) if not self.targets else {}
        self.progress.stacks = [self._kept[s.name].hub if s.name in self._kept else s for s in self.stacks]
        for kept in self._kept.values():
            kept.show(self.session.output)

    def _deploy(self) -> None:
        """Deploy the stacks of the run that are left."""
        if self.workers > 1:
            SideBySide(self.progress, self.session, self.workers, self).run()
        else:
            self._one_by_one()

    def _one_by_one(self) -> None:
        self._prepare()
        while stack := self.progress.next_ready():
            try:
                plan = self.plan(stack)
                self._view.plan(plan, stack.ways, brief=self.yes)
                if self.permit(stack, plan):
                    self._estate_state.require_unchanged(self._neighbours[stack.name], stack)
                self._begin(stack, plan)
                with explaining(stack, self.session.records):
                    outcome = self._apply(stack, plan)
            except Postponed as later:
                self.progress.postpone(stack, later.after)
            except SdeError as error:
                self.progress.fail(stack, error)
                self.failed(stack, error)
            else:
                self.progress.finish(stack)
                self.finished(stack, outcome)

    # What is the same one by one and side by side

    def planned(self, stack: Stack, plan: Plan) -> None:
        """Show a plan that a worker made. `SdeError` if it must not be applied, `Postponed` if it must not yet."""
        self._view.plan(plan, stack.ways, brief=True)
        self.permit(stack, plan)
        refuse_side_by_side(self._obstacles[stack.name].revocation)
        self._estate_state.record_plan(stack, plan)
        self._begin(stack, plan)

    def _begin(self, stack: Stack, plan: Plan) -> None:
        """Record that the change of a stack begins, and evaluate it again if another run began one since."""
        number = self.recorder.intent(stack)
        if self.others and self.others.update(stack.cloud, self._estate_state, end=number):
            self._refuse([self._evaluate(stack, plan.to_evaluate, again=True)])

    def permit(self, stack: Stack, plan: Plan) -> bool:
        """Evaluate a plan, and ask for confirmation. Return True if a person confirmed, False if no question was
        needed. `Refused` after a no, by the policies, and for protected resources; `Postponed` as `_postpone`."""
        self.summary.output_changes[stack.name] = len(plan.output_changes)
        judged = plan.to_evaluate
        # Without a change, the policies between stacks have nothing to refuse: the whole is evaluated at the end.
        with self.summary.checking(stack.name):
            report = self._evaluate(stack, judged, alone=self.everything and not plan.changes)
        self.recorder.evaluated(stack, plan, report, is_whole=not self.targets)
        if diff := self._view.diff(stack.name):
            self.recorder.attach(stack, "diff", diff.to_json())
        if access := self._access.get(stack.name):
            self.recorder.attach(stack, "access", access.to_json())
        self._refuse([report])
        self._require_permit(stack, judged, report)
        return self._confirm(stack, plan)

    def _require_permit(self, stack: Stack, plan: Plan, report: Report) -> None:
        """Raise `Refused` for a change that no permit covers. Record the permits beside the plan."""
        permits = self.session.permits
        found = (permits.require(stack, plan, report), permits.require_to_change(stack, plan))
        if any(found):
            self.recorder.attach(stack, PERMIT, {**(found[0] or {}), **(found[1] or {})})

    def finished(self, stack: Stack, outcome: Outcome) -> None:
        """Record that a stack was deployed."""
        self.recorder.finished(stack, outcome)
        self.summary.outcomes.append(outcome)
        self._forget(stack)
        names, again = [stack.name for stack in self.stacks], stack.name in self._kept
        self.session.run_file.finish(stack.name, of=names, everything=self.everything, will_repeat=again)

    def failed(self, stack: Stack, error: SdeError) -> None:
        """Print the error of a stack where others go on. Otherwise it ends the command."""
        self._forget(stack)
        self.recorder.failed(stack, error)
        if self.progress.goes_on:
            self.session.output.error(with_hints(f"{stack.name}: {error}"), stack=stack.name, code=int(error.exit_code))

    def _forget(self, stack: Stack) -> None:
        """Drop what was read for the evaluation of a stack. Its neighbours hold the plans of stacks beside it."""
        self._estate_state.invalidate(stack)
        self._neighbours.pop(stack.name, None)

    @cached_property
    def recorder(self) -> Recorder:
        """The record of this command in the ledger. A preview, which nobody asks to apply, leaves none."""
        return self.recorded_by or Recorder(self.session, "up")

    @cached_property
    def progress(self) -> RunProgress:
        """The stacks that are done, failed and not reached."""
        return RunProgress(self.stacks)

    def _judge(self) -> list[Report]:
        """Evaluate the policies between stacks on the deployed estate, and record the findings."""
        from operations.cli.judged import judge_deployed  # noqa: PLC0415 - imports the policies

        with self.summary.checking():
            reports = judge_deployed(self._estate_state, self._gate, self.stacks, self.session.settings, "up --all")
        for report in reports:
            self._view.heading(WHOLE)
            self._view.report(report)
        return reports

    def _evaluate_estate(self, plans: Sequence[Plan]) -> Report:
        """Evaluate the policies between stacks on these plans with the rest of the estate, and show the report."""
        from policies.plan_evaluation import OF_ESTATE  # noqa: PLC0415

        self._view.heading(WHOLE)
        names = {plan.stack for plan in plans}
        neighbours = self._estate_state.of([s for s in self.session.known if s.name in names])
        report = self._gate.evaluate(plans, neighbours=neighbours, scopes=OF_ESTATE)
        self._view.report(report)
        return report

    def _prepare(self) -> None:
        """Start the engines, and open the gate while they start: no program runs before the policies are loaded."""
        for stack in self.stacks:
            self.session.engine(stack).prepare()
        _ = self._gate

    @cached_property
    def _gate_opening(self) -> GateOpening:
        return GateOpening(lambda: self._gate)

    def await_gate(self) -> None:
        """Return when the gate is open. Raise the error of opening it."""
        self._gate_opening.wait()

    def show_verdict(self) -> None:
        """Print that the policies passed the stacks, and which catalogue. The last line of a command that succeeds."""
        from operations.reports.table import verdict_line  # noqa: PLC0415 - imports the policies

        self.session.output.say(verdict_line("passed", self._catalogue), style="green")

    def plan(self, stack: Stack) -> Plan:
        """Return the plan of one stack without showing it."""
        refuse_waiting(waiting_stacks(self.session, [stack]))
        return self._preview_of(stack)

    def _preview_of(self, stack: Stack) -> Plan:
        """Return the plan of a stack that waits for no other."""
        status, ledger = self.session.output.err.status(f"Planning {stack.name}"), self.session.records
        with status, explaining(stack, ledger), self._released(stack):
            return self.work.plan(self.session.engine(stack), stack.settings, targets=self.targets)

    def _released(self, stack: Stack) -> AbstractContextManager[None]:
        """Take the protection away, in the state alone, of what a permit lets this run delete or replace."""
        urns = sorted(self._releases(stack))
        return self.session.engine(stack).release(stack.settings, urns) if urns else contextlib.nullcontext()

    def _releases(self, stack: Stack) -> frozenset[str]:
        """Return the URNs that permits name. Only an up of a whole stack, one after the other, loses data."""
        is_up = self.recorded_by is not None and self.workers == 1 and not self.targets
        return self.session.permits.released(stack) if is_up and self.session.is_deployed(stack) else frozenset()

    @cached_property
    def _view(self) -> PlanView:
        output = self.session.output
        return AllPlans(output) if self.summarised else EachPlan(output, by_resource=self.by_resource)

    @cached_property
    def _gate(self) -> Gate:
        """Loaded once for all stacks, before the first of them changes."""
        gate = self.session.gate()
        of_estate = gate.configs
        gate.configs = lambda names: {**of_estate(names), **self._kept_configs}
        return gate

    @property
    def _kept_configs(self) -> Mapping[str, StackConfig]:
        return {name: kept.hub.config for name, kept in self._kept.items() if kept.hub.config}

    @cached_property
    def _estate_state(self) -> EstateState:
        return EstateState(self.session)

    def _evaluate(self, stack: Stack, plan: Plan, *, alone: bool = False, again: bool = False) -> Report:
        """Evaluate the policies on one stack with the rest of the estate as neighbours, and show the report.

        `alone`: without the policies between stacks. `again`: it is the rest of a plan whose ways and access are shown.
        """
        from operations.cli.access_changes import access_changes_of, names_of  # noqa: PLC0415 - imports the policies
        from policies.plan_evaluation import OF_STACKS, SCOPES  # noqa: PLC0415

        if not again:
            self._view.new_ways(new_ways(plan, stack.ways))
            self._view.kept_first_boots(kept_first_boots(plan, stack.settings.config))
        try:
            if self.others and not again:
                self.others.update(stack.cloud, self._estate_state)
            neighbours = self._neighbours[stack.name] = self._estate_state.of([stack])
            configs = {**self.session.configs([stack.name]), **self._kept_configs}
            if not again:
                self._access[stack.name] = access_changes_of(
                    plan, neighbours, configs, self._gate.stacks, self.session.records, alone=alone
                )
                self._view.access(stack.name, self._access[stack.name])
            report = self._gate.evaluate([plan], neighbours=neighbours, scopes=OF_STACKS if alone else SCOPES)
        except SdeError:
            self._view.without_report(stack.name)
            raise
        if not again:
            self._postpone(stack, plan, report)
        self._view.report(report, names_of(plan, neighbours, configs, self.session.records))
        requiring = {other.name for other in self.session.known if stack.name in other.requires}
        # A generator: their states are read only if the plan removes or changes an output.
        others = (found.load() for found in neighbours.deployed if found.name in requiring)
        self._affected[stack.name] = show_readers(plan, others, self.session.output)
        obstacles = Obstacles.of(plan, neighbours.deployed, self._releases(stack), is_whole=not self.targets)
        self._obstacles[stack.name] = obstacles
        obstacles.show(self.session.output)
        return report

    def _postpone(self, stack: Stack, plan: Plan, report: Report) -> None:
        """Raise `Postponed` if the policies refuse a stack for the state of other stacks alone that this run deploys.

        An interrupted run leaves stacks of which some controls do not exist yet. Until it starts again, the plan of
        the postponed stack counts as deployed, so that two such stacks do not wait for each other.
        """
        refused = {finding.stack for finding in report.blocking}
        if stack.name in refused or not self.progress.may_postpone(stack.name, refused):
            return
        self._view.without_report(stack.name)
        names = " and ".join(sorted(refused))
        self.session.output.say(f"  {stack.name} waits for {names}, whose present state the policies refuse")
        self._estate_state.record_plan(stack, plan)
        raise Postponed(refused)

    def _refuse(self, reports: Sequence[Report]) -> None:
        from operations.cli.gate import refuse  # noqa: PLC0415

        found = {name: self._obstacles.get(name, Obstacles()) for report in reports for name in report.stacks}
        for name, obstacles in found.items():
            obstacles.refuse_steps(name)  # before the policies: it names what led to their findings
        refuse(reports)
        self._catalogue = reports[-1].catalogue if reports else self._catalogue
        refuse_removed([one for name in found for one in self._affected.get(name, ())])
        for name, obstacles in found.items():
            obstacles.refuse(name)

    def _confirm(self, stack: Stack, plan: Plan) -> bool:
        """Return True if a person confirmed, False if no question was needed. `Refused` after a no, and for protected
        resources."""
        with explaining(stack, self.session.records):
            refuse_protected(stack.name, plan, self._releases(stack))
        asks = bool(plan.changes or plan.output_changes) and not self.yes
        if asks:
            self.recorder.asked(stack)
        if asks and not self.session.agree(f"Apply this plan to {stack.name}?"):
            raise Refused(f"{stack.name} was not changed: you answered no.")
        return asks

    def _apply(self, stack: Stack, plan: Plan) -> Outcome:
        """Apply the evaluated plan, and nothing else. The outcome has the plan's counts, also of what went first."""
        first = self._obstacles[stack.name].first
        rest = self._after(stack, first) if first else plan
        with watching(self.session.output) as reporter, self._released(stack):
            engine = self.session.engine(stack)
            outcome = engine.up(stack.settings, targets=self.targets, plan=rest, on_event=reporter)
        return replace(outcome, counts={one.value: n for one, n in plan.counts.items()}) if first else outcome

    def _after(self, stack: Stack, first: Revocation | UnlockedChange) -> Plan:
        """Delete what locks keep, and return the plan of the rest, evaluated anew."""
        with watching(self.session.output) as reporter:
            first.run(self.session.engine(stack), stack.settings, reporter)
        self._estate_state.invalidate(stack)
        plan = self._preview_of(stack)
        report = self._evaluate(stack, plan, again=True)
        self._obstacles[stack.name] = self._obstacles[stack.name].left(plan)
        self._refuse([report])
        refuse_lost(plan, self._releases(stack))
        return plan
