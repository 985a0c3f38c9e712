"""The embedded engine: runs the project's stacks in this process, without the Pulumi CLI."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from formats import property_values, urns
from formats.default_providers import configured_subscription, without_default_providers
from formats.deployed_stack import DeployedStack, changed_meanwhile
from formats.errors import Failed, InputError, SdeError
from formats.plan import Operation, Plan, PlannedOutput, PlannedResource, planned_outputs
from formats.plan_order import ordered
from formats.pulumi_state import deployed_plan
from operations.engine.clock import now
from operations.engine.embedded import deletes, imports, program, refresh, resume, settings, steps
from operations.engine.embedded.backend import Backend, Kind
from operations.engine.embedded.deployment import (
    Deployment,
    DeploymentContext,
    display_name,
    planned,
    refused,
    stack_outputs,
)
from operations.engine.embedded.goal import Goal
from operations.engine.embedded.journal import Journal
from operations.engine.embedded.model import Properties, Resource, Snapshot
from operations.engine.embedded.provider_registry import ProviderRegistry, Servicers
from operations.engine.embedded.providers import ProviderError
from operations.engine.embedded.report import Reporter
from operations.engine.embedded.update_plan_check import UpdatePlanCheck
from operations.engine.port import OnEvent, Outcome, StackSettings, StackState, busy, state_digest
from operations.engine.project import Program, program_of, project_name, sdk_version
from operations.engine.targets import Targets

PLAN = "sde.plan"
"""The key of the approved plan's digest in the history."""


@dataclass
class EmbeddedEngine:
    """`operations.engine.port.Engine` without the Pulumi CLI. The state has Pulumi's own layout."""

    project_root: Path
    backend_root: Path
    providers: Servicers
    """Returns new, unconfigured servicers by package."""
    passphrase: Callable[[], str]
    program: Program | None = None
    """The program to run; by default that of Pulumi.yaml."""
    name: str = field(default="embedded", init=False)

    def prepare(self) -> None:
        """Do nothing: the program runs in this process."""

    def preview(self, stack: StackSettings, *, targets: Sequence[str] = (), on_event: OnEvent | None = None) -> Plan:
        """Return the plan of an `up`; change nothing."""
        reporter = Reporter(stack.name, on_event)
        with _reported(reporter):
            deployment = self._previewed(stack, reporter, Targets(targets))
            return _plan(deployment, stack, deployment.planned, deployment.outputs or {})

    def up(
        self,
        stack: StackSettings,
        *,
        targets: Sequence[str] = (),
        plan: Plan | None = None,
        on_event: OnEvent | None = None,
    ) -> Outcome:
        """Deploy the program's resources; with a plan, only its steps."""
        reporter = Reporter(stack.name, on_event)
        plan_check = UpdatePlanCheck(plan, configured_subscription(stack.config)) if plan else None
        with _reported(reporter), self._locked(stack.name, reporter) as backend:
            unchanged = self._preview_protected(backend, stack, targets, plan_check)
            if unchanged is not None:
                unchanged.reporter = reporter
                return self._outcome(unchanged)
            with self._run(backend, stack, "update", reporter, targets, plan_check=plan_check) as deployment:
                self._deploy(deployment)
            return self._outcome(deployment)

    def refresh(self, stack: StackSettings, *, on_event: OnEvent | None = None) -> Outcome:
        """Update the state with the cloud's present properties."""
        reporter = Reporter(stack.name, on_event)
        with _reported(reporter), self._locked(stack.name, reporter) as backend:
            _must_exist(backend, stack.name)
            with self._run(backend, stack, "refresh", reporter) as deployment:
                refresh.run(deployment)
            return self._outcome(deployment)

    def preview_destroy(self, stack: StackSettings, *, targets: Sequence[str] = ()) -> Plan:
        """Return the plan of a `destroy`; change nothing."""
        chosen = Targets(targets)
        with self._dry(stack, Reporter(stack.name, None), Targets(targets)) as deployment:
            going = [planned(Operation.DELETE, r) for r in _chosen(deployment, chosen) if not r.external]
            chosen.must_match(())
        kept = {} if any(r.type == urns.ROOT_TYPE for r in going) else deployment.previous_outputs
        return _plan(deployment, stack, without_default_providers(going), kept)

    def destroy(
        self,
        stack: StackSettings,
        *,
        targets: Sequence[str] = (),
        release_protected: bool = False,
        on_event: OnEvent | None = None,
    ) -> Outcome:
        """Delete the stack's resources. Refused if one is protected, unless the protection is released."""
        reporter = Reporter(stack.name, on_event)
        with _reported(reporter), self._locked(stack.name, reporter) as backend:
            _must_exist(backend, stack.name)
            with self._run(backend, stack, "destroy", reporter, targets) as deployment:
                chosen = Targets(targets)
                to_delete = _chosen(deployment, chosen)
                chosen.must_match(())
                for resource in deployment.base.resources if chosen else ():
                    if resource not in to_delete:
                        deployment.stays(resource)
                held = [r for r in to_delete if r.protect]
                if held and not release_protected:
                    raise refused([f"{display_name(r.urn)} would be deleted" for r in held])
                for resource in held:
                    deployment.amend(resource, protect=False)
                deletes.run(deployment, to_delete)
            return self._outcome(deployment)

    def import_resource(self, stack: StackSettings, type_: str, name: str, id_: str) -> Outcome:
        """Import an existing cloud resource into the stack, protected."""
        reporter = Reporter(stack.name, None)
        with self._locked(stack.name, reporter) as backend:
            with self._run(backend, stack, "resource-import", reporter) as deployment:
                project = deployment.context.project
                root = Goal(type=urns.ROOT_TYPE, name=f"{project}-{stack.name}", custom=False, inputs={})
                root_urn = deployment.urn_of(root)
                if root_urn not in deployment.previous:
                    steps.register(deployment, root)
                goal = Goal(
                    type=type_,
                    name=name,
                    custom=True,
                    inputs={},
                    parent=root_urn,
                    version=sdk_version(type_.split(":", 1)[0]),
                    protect=True,
                    import_id=id_,
                )
                imports.by_command(deployment, goal, steps.provider_of(deployment, goal))
            return self._outcome(deployment)

    def state(self, name: str) -> StackState | None:
        """Return a stack's summary; None if it was never deployed."""
        backend = self._backend
        snapshot = backend.load_encrypted(name)
        if snapshot is None:
            return None
        return StackState(
            name=name,
            resources=_count(snapshot.resources),
            updated=snapshot.manifest.get("time"),
            outputs=property_values.mask(stack_outputs(snapshot)),
            locked_by=backend.locked_by(name),
        )

    def deployed(
        self, stacks: Sequence[StackSettings], *, being_updated: Collection[str] = ()
    ) -> Mapping[str, DeployedStack]:
        """Return the deployed stacks; needs no passphrase. `InputError` during a run."""
        backend, found = self._backend, {}
        for stack in stacks:
            if stack.name not in being_updated and (holder := backend.changing(stack.name)):
                raise busy(stack.name, holder)
            if (content := backend.digest(stack.name)) is not None:
                found[stack.name] = DeployedStack(
                    stack.name, state_digest(backend.project, stack, content), partial(self._load, stack, content)
                )
        return found

    def current_state(
        self, stacks: Sequence[StackSettings], *, being_updated: Collection[str] = ()
    ) -> Mapping[str, Plan]:
        """Return the current state of each deployed stack; needs no passphrase. `InputError` during a run."""
        return {name: one.load() for name, one in self.deployed(stacks, being_updated=being_updated).items()}

    def _load(self, stack: StackSettings, content: str) -> Plan:
        """Return the state with the digest `content` as a Plan."""
        snapshot = self._backend.load_encrypted(stack.name)
        if snapshot is None or self._backend.digest(stack.name) != content:
            raise changed_meanwhile(stack.name)
        return _current_state(snapshot, self._backend.project, stack)

    def export_state(self, name: str) -> dict[str, Any]:
        """Return the stack's deployment in Pulumi's export format, secrets encrypted."""
        return self._backend.export(name)

    def outputs(self, name: str, *, show_secrets: bool = False) -> Mapping[str, Any]:
        """Return the stack's outputs; secrets are masked unless `show_secrets`."""
        outputs = self._backend.outputs(name, decrypt=show_secrets)
        shown: Mapping[str, Any] = property_values.mask(property_values.unwrap(outputs) if show_secrets else outputs)
        return shown

    def cancel(self, name: str) -> None:
        """Remove the lock that a killed run left. The state does not change."""
        self._backend.cancel(name)

    # The parts of a run

    @cached_property
    def _backend(self) -> Backend:
        return Backend(self.backend_root, project_name(self.project_root), self.passphrase)

    @contextlib.contextmanager
    def _locked(self, name: str, reporter: Reporter) -> Iterator[Backend]:
        with self._backend.lock(name, _warning(reporter)):
            yield self._backend

    @contextlib.contextmanager
    def _run(
        self,
        backend: Backend,
        stack: StackSettings,
        kind: Kind,
        reporter: Reporter,
        targets: Sequence[str] = (),
        *,
        plan_check: UpdatePlanCheck | None = None,
    ) -> Iterator[Deployment]:
        """Run a deployment that records every step, after pending operations of an earlier run are settled."""
        began, succeeded = time.time(), False
        salt = settings.read_salt(stack.file)
        digest = plan_check.digest if plan_check else ""
        snapshot, journal = backend.begin(stack.name, salt=salt, plan=digest, warn=_warning(reporter))
        deployment: Deployment | None = None
        resumed = bool(journal.pending)
        try:
            context = self._context(
                stack, backend, reporter=reporter, targets=Targets(targets), journal=journal, salt=salt
            )
            context = replace(context, plan_check=plan_check)
            if resumed:
                resume.run(Deployment(context, snapshot))
                snapshot = backend.load(stack.name)[0] or Snapshot()
            deployment = Deployment(context, snapshot)
            yield deployment
            succeeded = True
        except ProviderError as error:
            raise Failed(str(error)) from error
        finally:
            backend.finish(stack.name, journal)
            if deployment is not None and (deployment.wrote or resumed):
                backend.record_history(
                    stack.name,
                    kind=kind,
                    succeeded=succeeded,
                    start=began,
                    changes=deployment.counts,
                    config=stack.config,
                    environment={PLAN: plan_check.digest} if plan_check else {},
                )

    def _context(
        self,
        stack: StackSettings,
        backend: Backend,
        *,
        reporter: Reporter,
        targets: Targets,
        journal: Journal | None,
        salt: str | None,
    ) -> DeploymentContext:
        def outputs_of(reference: str) -> Properties:
            return backend.outputs(_referred(reference, backend.project))

        return DeploymentContext(
            project=backend.project,
            stack=stack.name,
            config=settings.decrypted_config(stack, self.passphrase, salt),
            dry_run=journal is None,
            registry=ProviderRegistry(self.providers, outputs_of),
            journal=journal,
            reporter=reporter,
            targets=targets,
        )

    @contextlib.contextmanager
    def _dry(self, stack: StackSettings, reporter: Reporter, targets: Targets) -> Iterator[Deployment]:
        """Run a deployment that changes nothing. A wrong passphrase is reported at its end."""
        backend = self._backend
        context = self._context(
            stack, backend, reporter=reporter, targets=targets, journal=None, salt=settings.read_salt(stack.file)
        )
        snapshot, crypter = backend.load(stack.name)
        with ThreadPoolExecutor(1) as pool:  # the key takes half a second
            checked = pool.submit(crypter.check)
            yield Deployment(context, snapshot or Snapshot())
        checked.result()

    def _previewed(
        self, stack: StackSettings, reporter: Reporter, targets: Targets, plan_check: UpdatePlanCheck | None = None
    ) -> Deployment:
        with self._dry(stack, reporter, targets) as deployment:
            deployment.context = replace(deployment.context, plan_check=plan_check)
            resume.run(deployment)
            self._deploy(deployment)
        return deployment

    def _deploy(self, deployment: Deployment) -> None:
        """Run the program, then delete the resources that it no longer registers."""
        program.run(deployment, self.program or program_of(self.project_root), self.project_root)
        deployment.context.targets.must_match([*deployment.registered, *deployment.previous])
        if deployment.context.plan_check:
            deployment.context.plan_check.whole(deployment.registered.keys())
        deletes.run(deployment, deletes.unwanted(deployment))
        if deployment.refusals:
            raise refused(deployment.refusals)
        _store_outputs(deployment)

    def _preview_protected(
        self, backend: Backend, stack: StackSettings, targets: Sequence[str], plan_check: UpdatePlanCheck | None
    ) -> Deployment | None:
        """Preview a stack with protected resources, so that a refusal comes before any change.

        Refused if a protected resource would be deleted, or a step differs from the approved plan. Return the preview
        if nothing changes. None if nothing is protected, something changes or the preview fails: then the run itself
        reports that with its events.
        """
        snapshot = backend.load_encrypted(stack.name)
        if snapshot is None or snapshot.pending or not any(r.protect for r in snapshot.resources):
            return None
        try:
            deployment = self._previewed(stack, Reporter(stack.name, None), Targets(targets), plan_check)
        except (Failed, InputError):
            return None
        return None if deployment.wrote else deployment

    def _outcome(self, deployment: Deployment) -> Outcome:
        snapshot = self._backend.load_encrypted(deployment.context.stack) or Snapshot()
        return Outcome(
            stack=deployment.context.stack,
            counts=deployment.counts,
            seconds=deployment.reporter.seconds,
            resources=_count(snapshot.resources),
            outputs=property_values.mask(stack_outputs(snapshot)),
        )


def _warning(reporter: Reporter) -> Callable[[str], None]:
    return lambda text: reporter.message("warning", text)


@contextlib.contextmanager
def _reported(reporter: Reporter) -> Iterator[None]:
    """Send the events at the start and the end of a run; mask secrets in its error."""
    reporter.say("stack-started")
    try:
        yield
    except SdeError as error:
        reporter.message("error", str(error))
        reporter.say("stack-done", seconds=reporter.seconds, severity="error")
        redacted = reporter.secret_filter.redact(str(error))
        if redacted != str(error):
            raise (Failed if isinstance(error, InputError) else type(error))(redacted) from None
        raise
    reporter.say("stack-done", seconds=reporter.seconds)


def _store_outputs(deployment: Deployment) -> None:
    """Record the stack's outputs, once the whole run has succeeded."""
    root = next((r for r in deployment.registered.values() if r.type == urns.ROOT_TYPE), None)
    if root is None or deployment.outputs is None:
        return
    if deployment.context.plan_check:
        deployment.context.plan_check.outputs(root.urn, property_values.mask(deployment.outputs))
    if property_values.equal(root.outputs, deployment.outputs):
        return
    root.outputs, root.modified = deployment.outputs, now()
    deployment.put(root)
    unknown = sorted(k for k, v in root.outputs.items() if property_values.contains_unknown(v))
    if unknown and not deployment.dry_run:
        text = (
            f"No value yet for the stack's outputs {', '.join(unknown)}: what they come from is not among the targets"
        )
        deployment.reporter.message("warning", text)


def _chosen(deployment: Deployment, targets: Targets) -> list[Resource]:
    """Return the resources that a destroy deletes: all, or the targets, dependants first."""
    resources = list(reversed(deployment.base.resources))
    return [r for r in resources if targets.named(r.urn)] if targets else resources


def _must_exist(backend: Backend, name: str) -> None:
    if backend.load_encrypted(name) is None:
        raise InputError(f"Stack {name} is not up", key=name, fix=f"`sde up {name}` first")


def _referred(reference: str, project: str) -> str:
    """Return the stack that `organization/project/stack` names in this project."""
    parts = reference.split("/")
    if len(parts) == 3 and parts[1] != project:
        raise InputError("A stack reference names another project", found=reference, allowed=f"stacks of {project}")
    return parts[-1]


def _cloud(stack: StackSettings) -> str:
    return str(stack.config.get("sde:cloud", ""))


def _plan(
    deployment: Deployment, stack: StackSettings, resources: Sequence[PlannedResource], outputs: Properties
) -> Plan:
    """Return a Plan. `outputs` are those of the stack after the deployment."""
    subscription, project = configured_subscription(stack.config), deployment.context.project
    compared = _compared(deployment.previous_outputs, outputs)
    return Plan(project, stack.name, _cloud(stack), ordered(resources), subscription, compared)


def _compared(before: Properties, after: Properties) -> tuple[PlannedOutput, ...]:
    """Compare outputs in wire form, so that a secret that changes is told from one that does not."""
    changed = [name for name in before.keys() & after.keys() if not property_values.equal(before[name], after[name])]
    return planned_outputs(property_values.mask(before), property_values.mask(after), changed)


def _current_state(snapshot: Snapshot, project: str, stack: StackSettings) -> Plan:
    there = [r for r in snapshot.resources if not r.delete and not r.pending_replacement]
    kept = [planned(Operation.READ if r.external else Operation.SAME, r) for r in there]
    begun = [planned(Operation.SAME, p.resource) for p in snapshot.pending if p.type == "creating"]
    outputs = property_values.mask(stack_outputs(snapshot))
    return deployed_plan(project, stack.name, _cloud(stack), [*begun, *kept], outputs=outputs, config=stack.config)


def _count(resources: Sequence[Resource]) -> int:
    return sum(not r.type.startswith("pulumi:") and not r.delete for r in resources)
