"""Destroy: what others stand on stays, and what holds patients' records goes only where a person names its stack."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from formats.errors import InputError, Refused
from formats.plan import Plan
from operations.cli.planview import forbidden, named, show
from operations.cli.progress import watching
from operations.cli.session import Session
from operations.cli.stack_catalog import Stack, dependents
from operations.cli.summary import Summary


@dataclass
class Destruction:
    """The stacks of one command, taken down in reverse dependency order. Everything is checked before anything goes."""

    session: Session
    stacks: Sequence[Stack]
    targets: Sequence[str] = ()
    yes: bool = False
    release_data: Sequence[str] = ()
    summary: Summary = field(default_factory=lambda: Summary(destroyed=True))

    def run(self) -> None:
        """Check all, ask once, then destroy."""
        self._check_release()
        standing = [s for s in reversed(self.stacks) if self._stands(s)]
        self._check_dependents(standing)
        plans = [(stack, self._plan(stack)) for stack in standing]
        self._check_protected(plans)
        self._ask(plans)
        for stack in standing:
            self._destroy(stack)
        self.summary.show(self.session.output)

    def _stands(self, stack: Stack) -> bool:
        standing = self.session.is_deployed(stack)
        if not standing:
            self.session.output.say(f"{stack.name}: has nothing.", style="dim")
        return standing

    def _check_release(self) -> None:
        strangers = set(self.release_data) - {s.name for s in self.stacks}
        if strangers:
            raise InputError(
                "--release-data names a stack that this command does not destroy.",
                found=", ".join(sorted(strangers)),
                allowed=", ".join(s.name for s in self.stacks),
            )
        if self.release_data and self.targets:
            raise InputError("--release-data is for whole stacks: it cannot go with --target.")

    def _check_dependents(self, standing: Sequence[Stack]) -> None:
        if self.targets:
            return
        left = [s for s in dependents(self.session.known, [s.name for s in standing]) if self.session.is_deployed(s)]
        if left:
            names = " ".join(s.name for s in left)
            raise Refused(
                f"{' and '.join(s.name for s in standing)} cannot go: still standing on it: {names}\n"
                f"  fix:     end those too: scripts/sde destroy {' '.join(s.name for s in self.stacks)} {names}"
            )

    def _plan(self, stack: Stack) -> Plan:
        output = self.session.output
        plan = self.session.engine(stack).preview_destroy(stack.settings, targets=self.targets)
        output.emit({"event": "plan", "stack": stack.name, "plan": plan.to_json()})
        show(plan, output)
        return plan

    def _releases(self, stack: Stack) -> bool:
        """In the local Azure nothing is a patient's record; in Azure a person must name the stack."""
        return not self.targets and (stack.cloud == "local" or stack.name in self.release_data)

    def _check_protected(self, plans: Sequence[tuple[Stack, Plan]]) -> None:
        held = [(stack, forbidden(plan)) for stack, plan in plans if not self._releases(stack) and forbidden(plan)]
        if not held:
            return
        lists = "\n".join(f"{stack.name}:\n{named(resources)}" for stack, resources in held)
        names = " ".join(f"--release-data {stack.name}" for stack, _ in held)
        fix = "destroy the whole stack, without --target" if self.targets else f"to give up what they hold, add {names}"
        raise Refused(f"This would delete what is protected:\n{lists}\n  fix:     {fix}")

    def _ask(self, plans: Sequence[tuple[Stack, Plan]]) -> None:
        if not plans or self.yes:
            return
        names = " ".join(stack.name for stack, _ in plans)
        if not self.session.agree(f"Delete all of this for good ({names})?"):
            raise Refused("Nothing was deleted: you said no.")

    def _destroy(self, stack: Stack) -> None:
        with watching(self.session.output) as reporter:
            outcome = self.session.engine(stack).destroy(
                stack.settings,
                targets=self.targets,
                release_protected=self._releases(stack),
                on_event=reporter,
            )
        self.summary.outcomes.append(outcome)
        if not self.targets:
            self.session.catalog.mark_destroyed(stack.name)
            self.session.bring_up_to_date()
