"""`sde drift` and `sde refresh`: what differs between the cloud, the states and the estate."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from formats.drift import of_cloud
from formats.errors import InputError, Refused
from formats.plan import Plan
from operations.cli import driftview
from operations.cli.driftview import StackDrift
from operations.cli.estate_state import EstateState
from operations.cli.progress import watching
from operations.cli.session import Session
from operations.cli.side_by_side import Job, plan_or_raise, plans_side_by_side
from operations.cli.stack_catalog import Stack
from operations.cli.summary import Summary
from operations.cli.text import plural
from operations.cli.waiting_stacks import refuse_waiting, waiting_stacks
from operations.cli.workers import Work

if TYPE_CHECKING:
    from operations.cli.recorded import Recorder
    from policies.runner import Report


@dataclass
class Drift:
    """The comparison of some stacks with the cloud and with the estate. It changes nothing."""

    session: Session
    stacks: Sequence[Stack]
    workers: int = 1
    """The most stacks that are read side by side, in a process each."""

    def run(self) -> None:
        """Print what differs, and the policy findings that the drift causes. `Refused` if anything differs.

        `InputError` names the stacks that cannot be compared with the estate, because a stack that they require is not
        up.
        """
        from operations.cli.drift_meaning import DriftMeaning  # noqa: PLC0415 - imports the policies

        meaning = DriftMeaning(self.session, EstateState(self.session))
        _ = meaning.gate  # before a program runs
        up = [stack for stack in self.stacks if self.session.is_deployed(stack)]
        require_cloud(self.session, up)
        orphaned = {stack.name for stack in self.session.orphaned}
        waiting = waiting_stacks(self.session, [stack for stack in up if stack.name not in orphaned])
        unplanned = orphaned | {stack.name for stack, _ in waiting}
        jobs = [(s, w) for s in up for w in (Work.DRIFT, Work.PLAN) if w is Work.DRIFT or s.name not in unplanned]
        plans, found = self._plans(jobs), []
        for stack in self.stacks:
            drift = next(plans) if stack in up else None
            plan = next(plans) if stack in up and stack.name not in unplanned else None
            note = driftview.NOT_UP if drift is None else driftview.ORPHANED if stack.name in orphaned else ""
            found.append(StackDrift(stack.name, stack.cloud, drift, plan, note).without_equal_plans())
        drifted = {one.stack: one.drift for one in found if one.drift and one.in_cloud}
        report = meaning.report(drifted, self.stacks) if drifted else None
        for stack, one in zip(self.stacks, found, strict=True):
            diff = meaning.diff(stack, one, report) if report and one.in_cloud else None
            driftview.show_stack(one, diff, self.session.output)
        if report:
            self._show(report)
        refuse_waiting(waiting)
        _refuse(found)

    def _plans(self, jobs: Sequence[Job]) -> Iterator[Plan]:
        """Yield the Plan of each job in their order."""
        if self.workers > 1:
            found = plans_side_by_side(jobs, self.session.start_worker, self.workers, lambda: None)
            yield from map(plan_or_raise, found)
            return
        for stack, work in jobs:
            with self.session.output.err.status(f"Reading {stack.name}"):
                plan = work.plan(self.session.engine(stack), stack.settings)
            yield plan

    def _show(self, report: Report) -> None:
        from operations.cli.gate import show  # noqa: PLC0415 - imports the policies

        self.session.output.say("\nWhat the cloud has, by the policies", style="bold")
        show(report, self.session.output)


def refresh(session: Session, stacks: Sequence[Stack], recorder: Recorder, *, yes: bool) -> None:
    """Show what differs in the cloud, ask for confirmation, and update each state with it."""
    from operations.cli.drift_meaning import DriftMeaning  # noqa: PLC0415 - imports the policies

    summary, estate_state = Summary(), EstateState(session)
    meaning = DriftMeaning(session, estate_state)
    for stack in stacks:
        if not session.is_deployed(stack):
            session.output.say(f"{stack.name}: not up, so there is nothing to refresh.", style="dim")
            continue
        require_cloud(session, [stack])
        with session.output.err.status(f"Reading {stack.name}"):
            drift = Work.DRIFT.plan(session.engine(stack), stack.settings)
        found = StackDrift(stack.name, stack.cloud, drift)
        report, diff = meaning.of_refresh(stack, found) if found.in_cloud else (None, None)
        driftview.show_stack(found, diff, session.output)
        if diff:
            recorder.evaluated(stack, of_cloud(drift), report)
            recorder.attach_diff(stack, diff)
        if found.in_cloud and not yes:
            recorder.asked(stack)
            if not session.agree(f"Update the state of {stack.name} from the cloud?"):
                raise Refused(f"{stack.name} was not refreshed: you answered no.")
        recorder.intent(stack)
        with watching(session.output, shown_before=True) as reporter:
            outcome = session.engine(stack).refresh(stack.settings, on_event=reporter)
        estate_state.invalidate(stack)
        recorder.finished(stack, outcome)
        differing = {name: count for name, count in outcome.counts.items() if name != "same" and count}
        if differing:
            recorder.drifted(stack, differing)
        summary.outcomes.append(outcome)
    summary.show(session.output)


def require_cloud(session: Session, stacks: Sequence[Stack]) -> None:
    """Raise `InputError` if stacks are up in the local Azure and its database is missing.

    A new one would be made, without any resource, and every one of the states would be gone from the cloud.
    """
    database = session.settings.local_db
    local = [stack.name for stack in stacks if stack.cloud == "local"]
    if local and not database.exists():
        raise InputError(
            f"The local Azure's database is missing, and {', '.join(local)} is up in it.",
            file=str(database),
            fix="restore the file; if it is lost, scripts/sde destroy --all",
        )


def _refuse(found: Sequence[StackDrift]) -> None:
    """Raise `Refused` with the stacks that differ."""
    differing = [one for one in found if one.reason]
    if not differing:
        return
    raise Refused(
        f"{len(differing):,} of {plural(len(found), 'stack')} {'differs' if len(differing) == 1 else 'differ'}:\n"
        + "\n".join(f"  {one.stack}: {one.reason}" for one in differing)
        + f"\n  fix:     {differing[0].fix}"
    )
