"""Destroy stacks, except those that others require. In Azure, stacks with protected data must be named as well."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from approvals.route import Action
from formats.errors import InputError, Refused
from formats.plan import Plan
from operations.cli.ended import ended, objections
from operations.cli.estate_requests import EstateRequests
from operations.cli.estate_state import EstateState
from operations.cli.immutable_data import immutable_containers, warn_of_immutable
from operations.cli.planview import forbidden, heading, named, show, show_counts
from operations.cli.progress import watching
from operations.cli.recorded import Recorder
from operations.cli.session import Session
from operations.cli.stack_catalog import Stack, dependents
from operations.cli.summary import Summary
from operations.ledger.entry import PERMIT


@dataclass
class Destruction:
    """The stacks of one command, in reverse dependency order. All checks run before the first deletion."""

    session: Session
    stacks: Sequence[Stack]
    recorder: Recorder
    targets: Sequence[str] = ()
    yes: bool = False
    release_data: Sequence[str] = ()
    ended: bool = False
    """True: the stacks have ended by themselves, and what is deployed of them has no patient data."""
    demo_keys: bool = False
    """True: made-up people of a local estate permit it."""
    summary: Summary = field(default_factory=lambda: Summary(destroyed=True))

    def run(self) -> None:
        """Check all, ask once, then destroy."""
        self._check_release()
        deployed = [s for s in reversed(self.stacks) if self._is_deployed(s)]
        self._check_dependents(deployed)
        plans = [(stack, self._plan(stack)) for stack in deployed]
        self._check_protected(plans)
        self._check_permits(plans)
        for _, plan in plans:
            warn_of_immutable(immutable_containers(plan), self.session.output)
        self._ask(plans)
        for stack in deployed:
            self._destroy(stack)
        self.summary.show(self.session.output)

    def _is_deployed(self, stack: Stack) -> bool:
        deployed = self.session.is_deployed(stack)
        if not deployed:
            self.session.output.say(f"{stack.name}: has no resources.", style="dim")
        return deployed

    def _check_release(self) -> None:
        unrelated = set(self.release_data) - {s.name for s in self.stacks}
        if unrelated:
            raise InputError(
                "--release-data names a stack that this command does not destroy.",
                found=", ".join(sorted(unrelated)),
                allowed=", ".join(s.name for s in self.stacks),
            )
        if self.release_data and self.targets:
            raise InputError("--release-data is for whole stacks and cannot be combined with --target.")

    def _check_dependents(self, deployed: Sequence[Stack]) -> None:
        if self.targets:
            return
        candidates = dependents(self.session.known, [s.name for s in deployed])
        remaining = [s for s in candidates if self.session.is_deployed(s)]
        if remaining:
            names = " ".join(s.name for s in remaining)
            raise Refused(
                f"{' and '.join(s.name for s in deployed)} cannot be destroyed: still required by {names}\n"
                f"  fix:     destroy those too: scripts/sde destroy {' '.join(s.name for s in self.stacks)} {names}"
            )

    def _plan(self, stack: Stack) -> Plan:
        from operations.cli.access_changes import attach_meaning  # noqa: PLC0415 - imports the policies

        output = self.session.output
        plan = self.session.engine(stack).preview_destroy(stack.settings, targets=self.targets)
        output.emit({"event": "plan", "stack": stack.name, "plan": plan.to_json()})
        if output.quiet and self.yes:
            heading(plan, output)
            show_counts(plan, output)
        else:
            show(plan, output)
        self.recorder.evaluated(stack, plan)
        attach_meaning(self.recorder, self._estate_state, stack, plan)
        return plan

    @cached_property
    def _estate_state(self) -> EstateState:
        """The states before the first deletion."""
        return EstateState(self.session)

    def _releases(self, stack: Stack) -> bool:
        """The local Azure has no patient records. In Azure a person must name the stack, unless it has ended."""
        return not self.targets and (stack.cloud == "local" or self.ended or stack.name in self.release_data)

    def _check_protected(self, plans: Sequence[tuple[Stack, Plan]]) -> None:
        protected = [(stack, forbidden(plan)) for stack, plan in plans if not self._releases(stack) and forbidden(plan)]
        if not protected:
            return
        lists = "\n".join(f"{stack.name}:\n{named(resources)}" for stack, resources in protected)
        options = " ".join(f"--release-data {stack.name}" for stack, _ in protected)
        fix = "destroy the whole stack, without --target" if self.targets else f"to delete the data too, add {options}"
        raise Refused(f"This would delete protected resources:\n{lists}\n  fix:     {fix}")

    def _check_permits(self, plans: Sequence[tuple[Stack, Plan]]) -> None:
        """Require the permits of an estate with a route, and record them. What has ended by itself needs none."""
        checked = () if self.ended or self.targets else plans
        if self.demo_keys:
            self._sign_with_demo_keys(checked)
        for stack, plan in checked:
            if permit := self.session.permits.require_to_destroy(stack, plan):
                self.recorder.attach(stack, PERMIT, permit)

    def _sign_with_demo_keys(self, plans: Sequence[tuple[Stack, Plan]]) -> None:
        from operations.cli.request_actions import ask_with_demo_keys  # noqa: PLC0415 - makes keys

        requests = EstateRequests(self.session)
        for stack, plan in plans:
            targets = defaultdict[Action, list[str]](list)
            for action, target in self.session.permits.wanted_to_destroy(stack, plan):
                targets[action] += [target] if target else []
            for action, urns in targets.items():
                ask_with_demo_keys(requests, action, stack.name, urns)

    def _ask(self, plans: Sequence[tuple[Stack, Plan]]) -> None:
        if not plans or self.yes:
            return
        names = " ".join(stack.name for stack, _ in plans)
        for stack, _ in plans:
            self.recorder.asked(stack)
        if not self.session.agree(f"Delete all of this permanently ({names})?"):
            raise Refused("Nothing was deleted: you answered no.")

    def _destroy(self, stack: Stack) -> None:
        reasons = (("its end is past", self.ended), ("protected resources were released", self._releases(stack)))
        released = "; ".join(reason for reason, holds in reasons if holds) or None
        self.recorder.intent(stack, released)
        with watching(self.session.output) as reporter:
            outcome = self.session.engine(stack).destroy(
                stack.settings,
                targets=self.targets,
                release_protected=self._releases(stack),
                on_event=reporter,
            )
        self.recorder.finished(stack, outcome)
        self.summary.outcomes.append(outcome)
        if not self.targets:
            self.session.catalog.mark_destroyed(stack.name)
            self.session.bring_up_to_date()


def destroy_ended(session: Session, recorder: Recorder, *, yes: bool) -> None:
    """Destroy each tenancy that ends by itself and whose end is past. `Refused` names those whose deployed resources do
    not prove that they have no patient data; the others are destroyed."""
    found = ended(session)
    against = {stack.name: objections(session, stack) for stack in found}
    chosen = [stack for stack in found if not against[stack.name]]
    kept = [stack for stack in found if against[stack.name]]
    if chosen:
        session.bring_up_to_date()
        with recorder.recording(chosen):
            Destruction(session, chosen, recorder, yes=yes, ended=True).run()
    if not found:
        session.output.say("No deployed tenancy has ended.")
    if kept:
        lines = "\n".join(f"  {stack.name}: {', '.join(against[stack.name])}" for stack in kept)
        names = " ".join(stack.name for stack in kept)
        with recorder.recording(kept):
            raise Refused(
                f"What is deployed of these does not prove that it has no patient data:\n{lines}\n"
                f"  fix:     scripts/sde destroy {names}"
            )
