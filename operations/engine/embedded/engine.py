"""The embedded engine: runs the project's stacks without the Pulumi CLI."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from formats import property_values, urns
from formats.default_providers import configured_subscription
from formats.deployed_stack import DeployedStack, changed_meanwhile
from formats.drift import drift_plan
from formats.errors import Failed, InputError
from formats.plan import Operation, Plan, has_changes
from formats.pulumi_state import read_export
from formats.state_record import StateRecord, record_of
from operations.engine.embedded import deletes, imports, program, refresh, resume
from operations.engine.embedded.backend import Backend
from operations.engine.embedded.deployment import Deployment
from operations.engine.embedded.model import Snapshot
from operations.engine.embedded.plans import cloud_of, plan_of, planned
from operations.engine.embedded.provider_registry import Servicers
from operations.engine.embedded.report import Reporter
from operations.engine.embedded.runs import Runs
from operations.engine.embedded.update_plan_check import UpdatePlanCheck
from operations.engine.port import OnEvent, Outcome, StackSettings, StackState, busy, state_digest
from operations.engine.program_services import ProgramRunner
from operations.engine.project import project_name, sdk_version
from operations.engine.protection import released


@dataclass
class EmbeddedEngine:
    """`operations.engine.port.Engine` without the Pulumi CLI. The state has Pulumi's own layout."""

    project_root: Path
    backend_root: Path
    providers: Servicers
    """Returns new, unconfigured servicers by package."""
    passphrase: Callable[[], str]
    program: ProgramRunner
    name: str = field(default="embedded", init=False)
    _summaries: dict[str, tuple[str | None, StackState | None]] = field(default_factory=dict, init=False)
    """Each stack's summary, by the digest of the state that it was read from."""

    def prepare(self) -> None:
        """Start the host of the program."""
        self.program.start()

    def close(self) -> None:
        """End the host of the program."""
        self.program.close()

    def preview(
        self,
        stack: StackSettings,
        *,
        targets: Sequence[str] = (),
        refresh: bool = False,
        on_event: OnEvent | None = None,
    ) -> Plan:
        """Return the plan of an `up`, or of one after a `refresh`; change nothing."""
        reporter = Reporter(stack.name, on_event)
        with reporter.run():
            deployment = self._previewed(stack, reporter, targets, refreshed=refresh)
            outputs = deployment.outputs or {}
            return plan_of(self._backend.project, stack, deployment.planned, deployment.base.outputs, outputs)

    def up(
        self,
        stack: StackSettings,
        *,
        targets: Sequence[str] = (),
        plan: Plan | None = None,
        on_event: OnEvent | None = None,
    ) -> Outcome:
        """Deploy the program's resources; with a plan, only its steps."""
        plan_check = UpdatePlanCheck(plan, configured_subscription(stack.config)) if plan else None
        with self._locked(stack, on_event) as reporter:
            unchanged = self._preview_protected(stack, targets, plan_check)
            if unchanged is not None:
                return self._outcome(unchanged, reporter)
            with self._runs.recorded(stack, "update", reporter, targets, plan_check) as deployment:
                self._deploy(deployment)
            return self._outcome(deployment, reporter)

    def refresh(self, stack: StackSettings, *, on_event: OnEvent | None = None) -> Outcome:
        """Update the state with the cloud's present properties."""
        with self._locked(stack, on_event) as reporter:
            self._require_state(stack.name)
            with self._runs.recorded(stack, "refresh", reporter) as deployment:
                refresh.run(deployment)
            return self._outcome(deployment, reporter)

    def preview_refresh(self, stack: StackSettings, *, on_event: OnEvent | None = None) -> Plan:
        """Return where the cloud differs from the state; change nothing."""
        reporter = Reporter(stack.name, on_event)
        with reporter.run():
            self._require_state(stack.name)
            state = self.current_state([stack])[stack.name]
            with self._runs.dry(stack, reporter, ()) as deployment:
                resume.run(deployment)
                found = refresh.run(deployment)
            return drift_plan(state, found)

    def preview_destroy(self, stack: StackSettings, *, targets: Sequence[str] = ()) -> Plan:
        """Return the plan of a `destroy`; change nothing."""
        with self._runs.dry(stack, Reporter(stack.name, None), targets) as deployment:
            to_delete = [r for r in deletes.chosen(deployment) if not r.external]
        before = deployment.base.outputs
        after = {} if any(r.type == urns.ROOT_TYPE for r in to_delete) else before
        return plan_of(self._backend.project, stack, [planned(Operation.DELETE, r) for r in to_delete], before, after)

    def destroy(
        self,
        stack: StackSettings,
        *,
        targets: Sequence[str] = (),
        release_protected: bool = False,
        on_event: OnEvent | None = None,
    ) -> Outcome:
        """Delete the stack's resources. Refused if one is protected, unless the protection is released."""
        with self._locked(stack, on_event) as reporter:
            self._require_state(stack.name)
            with self._runs.recorded(stack, "destroy", reporter, targets) as deployment:
                deletes.destroy(deployment, release_protected=release_protected)
            return self._outcome(deployment, reporter)

    def release(self, stack: StackSettings, urns: Sequence[str]) -> AbstractContextManager[None]:
        """Take the protection of resources away in the state, and give it back at the end to those that are left."""
        return released(partial(self._set_protection, stack.name), urns)

    def _set_protection(self, name: str, urns: Sequence[str], *, protect: bool) -> list[str]:
        with self._backend.lock(name):
            return self._backend.set_protection(name, urns, protect=protect)

    def import_resource(self, stack: StackSettings, type_: str, name: str, id_: str) -> Outcome:
        """Import an existing cloud resource into the stack, protected."""
        version = sdk_version(type_.split(":", 1)[0])
        with self._locked(stack, None) as reporter:
            with self._runs.recorded(stack, "resource-import", reporter) as deployment:
                imports.by_command(deployment, type_, name, id_, version)
            return self._outcome(deployment, reporter)

    def state(self, name: str) -> StackState | None:
        """Return a stack's summary; None if it was never deployed."""
        digest = self._backend.digest(name)
        read, summary = self._summaries.get(name, (None, None))
        if digest is None or read != digest:
            summary = self._summary(name)
            self._summaries[name] = digest, summary
        return summary and replace(summary, locked_by=self._backend.locked_by(name))

    def _summary(self, name: str) -> StackState | None:
        snapshot = self._backend.load_encrypted(name)
        if snapshot is None:
            return None
        outputs = property_values.mask(snapshot.outputs)
        return StackState(name, snapshot.count, snapshot.manifest.get("time"), outputs)

    def deployed(
        self, stacks: Sequence[StackSettings], *, being_updated: Collection[str] = ()
    ) -> Mapping[str, DeployedStack]:
        """Return the deployed stacks; needs no passphrase. `InputError` during a run."""
        backend, found = self._backend, {}
        for stack in stacks:
            if stack.name not in being_updated and (holder := backend.changing(stack.name)):
                raise busy(stack.name, holder)
            if (content := backend.digest(stack.name)) is not None:
                digest = state_digest(backend.project, stack, content)
                found[stack.name] = DeployedStack(stack.name, digest, partial(self._current_state, stack, content))
        return found

    def current_state(
        self, stacks: Sequence[StackSettings], *, being_updated: Collection[str] = ()
    ) -> Mapping[str, Plan]:
        """Return the current state of each deployed stack; needs no passphrase. `InputError` during a run."""
        return {name: one.load() for name, one in self.deployed(stacks, being_updated=being_updated).items()}

    def _current_state(self, stack: StackSettings, content: str) -> Plan:
        """Return the state with the digest `content` as a Plan."""
        exported = self._backend.export(stack.name)
        plan = read_export(exported, cloud=cloud_of(stack), config=stack.config) if exported else None
        if plan is None or self._backend.digest(stack.name) != content:
            raise changed_meanwhile(stack.name)
        return plan

    def export_state(self, name: str) -> dict[str, Any]:
        """Return the stack's deployment in Pulumi's export format, secrets encrypted."""
        exported = self._backend.export(name)
        if exported is None:
            raise InputError(f"Stack {name} has no state", file=str(self._backend.checkpoint(name)))
        return exported

    def state_record(self, name: str) -> StateRecord | None:
        """Return what the ledger records of a stack's state, with the steps of a killed run."""
        deployment = self._backend.deployment(name)
        return record_of(deployment) if deployment else None

    def outputs(self, name: str, *, show_secrets: bool = False) -> Mapping[str, Any]:
        """Return the stack's outputs; secrets are masked unless `show_secrets`."""
        outputs = self._backend.outputs(name, decrypt=show_secrets)
        shown: Mapping[str, Any] = property_values.mask(property_values.unwrap(outputs) if show_secrets else outputs)
        return shown

    def hold(self, name: str) -> AbstractContextManager[None]:
        """Hold a stack's lock while something other than a run changes the cloud."""
        return self._backend.lock(name)

    def cancel(self, name: str) -> None:
        """Remove the lock that a killed run left. The state does not change."""
        self._backend.cancel(name)

    # The parts of a run

    @cached_property
    def _backend(self) -> Backend:
        return Backend(self.backend_root, project_name(self.project_root), self.passphrase)

    @cached_property
    def _runs(self) -> Runs:
        return Runs(self._backend, self.providers, self.passphrase)

    @contextlib.contextmanager
    def _locked(self, stack: StackSettings, on_event: OnEvent | None) -> Iterator[Reporter]:
        reporter = Reporter(stack.name, on_event)
        with reporter.run(), self._backend.lock(stack.name, reporter.warn):
            yield reporter

    def _require_state(self, name: str) -> None:
        if self._backend.load_encrypted(name) is None:
            raise InputError(f"Stack {name} is not up", key=name, fix=f"`sde up {name}` first")

    def _previewed(
        self,
        stack: StackSettings,
        reporter: Reporter,
        targets: Sequence[str],
        plan_check: UpdatePlanCheck | None = None,
        *,
        refreshed: bool = False,
    ) -> Deployment:
        with self._runs.dry(stack, reporter, targets, plan_check) as deployment:
            resume.run(deployment)
            if refreshed:
                refresh.read(deployment)  # the plan shows what is gone: it is created again
            self._deploy(deployment)
        return deployment

    def _deploy(self, deployment: Deployment) -> None:
        """Run the program, then delete the resources that it no longer registers."""
        program.run(deployment, self.program, self.project_root)
        deployment.reporter.secret_filter.refuse_earlier_leaks()
        deployment.targets.must_match([*deployment.registered, *deployment.previous])
        if deployment.plan_check:
            deployment.plan_check.all_registered(deployment.registered.keys())
        deletes.run(deployment, deletes.unregistered(deployment))
        deployment.raise_refusals()
        deployment.record_outputs()

    def _preview_protected(
        self, stack: StackSettings, targets: Sequence[str], plan_check: UpdatePlanCheck | None
    ) -> Deployment | None:
        """Preview a stack with protected resources, so that a refusal comes before any change.

        Refused if a protected resource would be deleted, or a step differs from the approved plan. Return the preview
        if nothing changes. None if nothing is protected, something changes or the preview fails: then the run itself
        reports that with its events.
        """
        snapshot = self._backend.load_encrypted(stack.name)
        if snapshot is None or snapshot.pending or not any(r.protect for r in snapshot.resources):
            return None
        try:
            deployment = self._previewed(stack, Reporter(stack.name, None), targets, plan_check)
        except (Failed, InputError):
            return None
        has_steps = has_changes(deployment.counts)
        return None if deployment.state_changed or has_steps else deployment

    def _outcome(self, deployment: Deployment, reporter: Reporter) -> Outcome:
        snapshot = self._backend.load_encrypted(reporter.stack) or Snapshot()
        return Outcome(
            stack=reporter.stack,
            counts=deployment.counts,
            seconds=reporter.seconds,
            resources=snapshot.count,
            outputs=property_values.mask(snapshot.outputs),
        )
