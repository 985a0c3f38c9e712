"""One deployment of one stack: the previous state, the registered resources and the result."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from formats import plan, property_values, urns
from formats.default_providers import is_default_provider
from formats.errors import InputError, Refused
from formats.plan import Operation, PlannedResource
from formats.pulumi_state import foreign_aliases
from operations.engine.clock import now
from operations.engine.embedded import options, paths
from operations.engine.embedded.aliases import Aliases, resolved
from operations.engine.embedded.goal import Goal
from operations.engine.embedded.journal import Change, Journal
from operations.engine.embedded.model import PendingOperation, Properties, Resource, Snapshot
from operations.engine.embedded.plans import planned
from operations.engine.embedded.provider_registry import ProviderRegistry
from operations.engine.embedded.providers import NO_DIFFERENCE, Difference, Provider, ProviderError
from operations.engine.embedded.report import Reporter
from operations.engine.embedded.update_plan_check import UpdatePlanCheck
from operations.engine.interrupts import deferred_interrupts
from operations.engine.targets import Targets


@dataclass(frozen=True)
class RegistrationResult:
    """The engine's response to a registration or a read."""

    urn: str
    id: str = ""
    outputs: Properties = field(default_factory=dict)
    failed: bool = False
    unknown: bool = False


@dataclass(kw_only=True)
class Deployment:
    """The state of a run. The steps (`steps.py`) change it; nothing else does."""

    project: str
    stack: str
    config: Mapping[str, Any]
    """The stack's configuration as wire values, keys with their namespace."""
    registry: ProviderRegistry
    reporter: Reporter
    targets: Targets
    base: Snapshot
    """The state before the run."""
    journal: Journal | None = None
    """Records every step before and after it; None in a preview."""
    plan_check: UpdatePlanCheck | None = None
    """The check of each step against an approved plan, if any."""

    def __post_init__(self) -> None:
        self.dry_run = self.journal is None
        self.lock = threading.RLock()
        self.previous = {r.urn: r for r in self.base.resources if not r.delete}
        self.registered: dict[str, Resource] = {}
        self.aliases = Aliases()
        self.deleted_before_replacement: dict[str, tuple[str, ...]] = {}
        """URNs, with the property paths that forced the replacement."""
        self.skipped: set[str] = set()
        """Resources outside the targets that do not exist yet."""
        self.counts: dict[str, int] = {}
        self.planned: list[PlannedResource] = []
        self.refusals: list[str] = []
        self.error: BaseException | None = None
        self.outputs: Properties | None = None
        """The stack's outputs, once the program has registered them."""
        self.state_changed = False
        """True once the state changed, or would change in a preview."""
        self.default_providers: dict[tuple[str, str, str], Provider] = {}
        """By package, version and plugin URL."""
        self._handled: set[int] = set()
        self._operation: PendingOperation | None = None
        self.order = self.registry.begin(self.base.resources)
        options.refuse_state(self.base.resources)
        for resource in self.base.resources:
            self.mask_secrets(resource)
        self.reporter.secret_filter.add(dict(self.config))

    def urn_of(self, parent: str, type_: str, name: str) -> str:
        """Return the URN of a resource in this stack."""
        return urns.make_urn(self.stack, self.project, parent, type_, name)

    def with_ignored_changes(self, new: Resource, old: Properties) -> Properties:
        """Return the inputs with the old values at the paths of `ignoreChanges`; report those that failed."""
        inputs, failed = paths.ignoring(new.inputs, old, new.ignore_changes)
        if failed:
            text = f"Changes cannot be ignored where elements were added or removed: {', '.join(failed)}"
            self.reporter.message("info", text, new.urn)
        return inputs

    # Resources of the previous state

    def previous_state(self, goal: Goal) -> Resource | None:
        """Return a resource's previous state, found by its URN or an alias."""
        urn = goal.resource.urn
        if urn in self.previous and not self.is_handled(self.previous[urn]):
            return self.previous[urn]
        for alias in self.aliases.of(goal):
            found = self.previous.get(alias)
            if found is None or alias == urn:
                continue
            if self.is_handled(found):
                raise InputError("Two resources declare the same alias", key=alias, found=urn)
            self.aliases.found[urn] = alias
            return found
        return None

    def desired_state(self, goal: Goal) -> Resource:
        """Return the goal's resource, with references to aliases replaced by current URNs."""
        self.aliases.declare(goal)
        wanted = goal.resource

        def current(references: Iterable[str]) -> list[str]:
            """Return the references under current URNs, without the resource itself."""
            found = {u if u in self.registered else self.aliases.current(u) for u in references}
            return sorted(found - {wanted.urn, ""})

        foreign = foreign_aliases(wanted.urn, (resolved(alias, wanted.urn, wanted.parent) for alias in goal.aliases))
        found = dataclasses.replace(
            wanted,
            extra={**wanted.extra, **({"aliases": list(foreign)} if foreign else {})},
            dependencies=current(wanted.dependencies),
            property_dependencies={k: current(v) for k, v in wanted.property_dependencies.items()},
            deleted_with="".join(current([wanted.deleted_with])),
        )
        self.order.declare(found)
        return found

    def is_handled(self, old: Resource) -> bool:
        """Return True if a step has handled a previous resource."""
        return id(old) in self._handled

    def mark_handled(self, old: Resource | None) -> None:
        """Note that a step has handled a previous resource."""
        if old is not None:
            self._handled.add(id(old))

    def unhandled(self) -> list[Resource]:
        """Return the previous resources that no step has handled, in the state's order."""
        return [r for r in self.base.resources if id(r) not in self._handled]

    def seed(self, urn: str, old: Resource | None, provider: Provider) -> bytes:
        """Return the seed of generated names: the same in previews and the run, another one for every replacement.

        It includes the provider's configuration, so that two estates with equal names do not collide in Azure.
        """
        own = self.registered.get(provider.urn)
        parts = [urn, old.id if old else "", plan.canonical(property_values.mask(own.inputs)) if own else ""]
        return hashlib.sha256("\n".join(parts).encode()).digest()

    # Recorded changes

    @contextlib.contextmanager
    def operation(self, kind: str, resource: Resource, *, read_only: bool = False) -> Iterator[None]:
        """Record a request to a provider before it starts. The body records the result.

        The operation ends without changes if the provider returns an error. After any other error the result is
        unknown, and the operation stays pending for the next run, unless the request is read-only. An
        interruption is raised after the operation.
        """
        with deferred_interrupts():
            if self.journal is not None:
                self._operation = self.journal.begin(kind, resource)
            try:
                yield
            except Exception as error:
                if read_only or isinstance(error, ProviderError):
                    self.end_operation()
                raise

    def resume_operation(self, operation: PendingOperation) -> None:
        """Continue an operation that an earlier run began."""
        self._operation = operation

    def end_operation(self) -> None:
        """Record the end of an operation without changes, if it has not ended."""
        if self._operation is not None:
            self._record()

    def record_registered(
        self, new: Resource, old: Resource | None = None, *, replaced: Resource | None = None
    ) -> None:
        """Record `new` in the place of `old`, and mark the resource that it `replaced` for deletion."""
        self.mask_secrets(new)
        self.mark_handled(old)
        self.registered[new.urn] = new
        former = old or replaced
        alias = former.urn if former is not None and former.urn != new.urn else ""
        changes = [Change("registered", new, alias)]
        if replaced is not None:
            replaced.delete = True
            changes.append(Change("updated", replaced))
            if self.dry_run:
                self.mark_handled(replaced)
        self._record(*changes)

    def record_updated(self, old: Resource, **changes: Any) -> None:
        """Change a previous resource without moving it in the state."""
        for name, value in changes.items():
            setattr(old, name, value)
        self._record(Change("updated", old))

    def record_deleted(self, old: Resource) -> None:
        """Remove a previous resource from the state."""
        self.mark_handled(old)
        self._record(Change("deleted", old))

    def _record(self, *changes: Change) -> None:
        self.state_changed = True
        if self.journal is not None:
            self.journal.end(self._operation, changes)
            self._operation = None

    def mask_secrets(self, resource: Resource) -> None:
        """Mask the resource's secrets in events and errors."""
        self.reporter.secret_filter.add(resource.inputs)
        self.reporter.secret_filter.add(resource.outputs)

    def refuse(self, reason: str) -> None:
        """Record a refusal because of `protect`. A preview collects all of them; a run stops at the first."""
        self.refusals.append(reason)
        if not self.dry_run:
            self.raise_refusals()

    def raise_refusals(self) -> None:
        """Raise `Refused` with every recorded refusal, if there is one."""
        if self.refusals:
            listed = "\n".join(f"  {reason}" for reason in sorted(self.refusals))
            raise Refused(f"Protected resources would be deleted or replaced; nothing was changed:\n{listed}")

    def record_outputs(self) -> None:
        """Record the stack's outputs, once the whole run has succeeded."""
        root = next((r for r in self.registered.values() if r.type == urns.ROOT_TYPE), None)
        if root is None or self.outputs is None:
            return
        if self.plan_check:
            self.plan_check.outputs(root.urn, property_values.mask(self.outputs))
            self.plan_check.derived_values.check_outputs(root.urn, self.outputs, self.registered.values())
        if property_values.equal(root.outputs, self.outputs):
            return
        # A new object: the Plan of a preview compares with the outputs of the base, whose root this may be.
        self.record_registered(dataclasses.replace(root, outputs=self.outputs, modified=now()))
        unknown = sorted(k for k, v in self.outputs.items() if property_values.contains_unknown(v))
        if unknown and not self.dry_run:
            names = ", ".join(unknown)
            self.reporter.warn(
                f"No value yet for the stack's outputs {names}: what they come from is not among the targets"
            )

    def count(self, operation: Operation, type_: str) -> None:
        """Count an operation on a resource of the program."""
        if not type_.startswith("pulumi:"):
            self.counts[operation.value] = self.counts.get(operation.value, 0) + 1

    def report_unchanged(self, resource: Resource) -> None:
        """Count and report a resource as unchanged."""
        self.count(Operation.SAME, resource.type)
        self.reporter.immediate_step(resource, Operation.SAME)

    def plan(
        self,
        operation: Operation,
        resource: Resource,
        old: Resource | None = None,
        difference: Difference = NO_DIFFERENCE,
    ) -> None:
        """Count a step; add it to the Plan in a preview. Raises `Refused` if it differs from the approved plan."""
        self.count(operation, resource.type)
        only_forgotten = operation is Operation.DELETE and resource.external
        if only_forgotten or is_default_provider(resource.urn, resource.parent):
            return  # nothing happens to a resource of the cloud
        if self.dry_run or self.plan_check:
            step = planned(operation, resource, old, difference)
            if self.dry_run:
                self.planned.append(step)
            if self.plan_check:
                self.plan_check.step(step)
                if operation is not Operation.DELETE:
                    self.plan_check.derived_values.check_step(resource.urn, resource.inputs, self.registered)
