"""One deployment of one stack: the previous state, the registered resources and the result."""

from __future__ import annotations

import contextlib
import hashlib
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from formats import plan, property_values, urns
from formats.default_providers import is_default_provider
from formats.errors import InputError, Refused
from formats.plan import Operation, PlannedResource
from formats.urns import name_of, type_of
from operations.engine.embedded import aliases, options, paths
from operations.engine.embedded.goal import Goal
from operations.engine.embedded.journal import Change, Journal
from operations.engine.embedded.model import PendingOperation, Properties, Resource, Snapshot
from operations.engine.embedded.provider_registry import ProviderRegistry
from operations.engine.embedded.providers import Provider, ProviderError
from operations.engine.embedded.report import Reporter
from operations.engine.embedded.update_plan_check import UpdatePlanCheck
from operations.engine.targets import Targets


@dataclass(frozen=True)
class RegistrationResult:
    """The engine's response to a registration or a read."""

    urn: str
    id: str = ""
    outputs: Properties = field(default_factory=dict)
    failed: bool = False
    unknown: bool = False


@dataclass(frozen=True)
class DeploymentContext:
    """The inputs of a deployment."""

    project: str
    stack: str
    config: Mapping[str, Any]
    """The stack's configuration as wire values, keys with their namespace."""
    dry_run: bool
    registry: ProviderRegistry
    journal: Journal | None
    """Records every step before and after it; None in a preview."""
    reporter: Reporter
    targets: Targets
    plan_check: UpdatePlanCheck | None = None
    """The check of each step against an approved plan, if any."""


class Deployment:
    """The state of a run. The steps (`steps.py`) change it; nothing else does."""

    def __init__(self, context: DeploymentContext, base: Snapshot) -> None:
        self.context, self.base = context, base
        self.dry_run, self.reporter = context.dry_run, context.reporter
        self.lock = threading.RLock()
        self.previous = {r.urn: r for r in base.resources if not r.delete}
        self.registered: dict[str, Resource] = {}
        self.aliases = aliases.Aliases(context.stack, context.project)
        self.replaced: dict[str, tuple[str, ...]] = {}
        """URNs deleted before their replacement, with the property paths that forced it."""
        self.skipped: set[str] = set()
        """Resources outside the targets that do not exist yet."""
        self.counts: dict[str, int] = {}
        self.planned: list[PlannedResource] = []
        self.refusals: list[str] = []
        self.error: BaseException | None = None
        self.previous_outputs = stack_outputs(base)
        self.outputs: Properties | None = None
        """The stack's outputs, once the program has registered them."""
        self.wrote = False
        """True once the state changed, or would change in a preview."""
        self._done: set[int] = set()
        self._open: PendingOperation | None = None
        self.default_providers: dict[tuple[str, str, str], Provider] = {}
        """By package, version and plugin URL."""
        self._dependants: dict[str, list[int]] | None = None
        context.registry.load_from_state(base.resources)
        options.refuse_state(base.resources)
        for resource in base.resources:
            self.learn(resource)
        context.reporter.secret_filter.add(dict(context.config))

    def urn_of(self, goal: Goal) -> str:
        """Return the URN of a goal in this stack."""
        return urns.make_urn(self.context.stack, self.context.project, goal.parent, goal.type, goal.name)

    def with_ignored_changes(self, urn: str, goal: Goal, old: Properties) -> Properties:
        """Return a goal's inputs with the old values at the paths of `ignoreChanges`; report those that failed."""
        inputs, failed = paths.ignoring(goal.inputs, old, goal.ignore_changes)
        if failed:
            text = f"Changes cannot be ignored where elements were added or removed: {', '.join(failed)}"
            self.reporter.message("info", text, urn)
        return inputs

    # Resources of the previous state

    def old(self, urn: str, goal: Goal) -> Resource | None:
        """Return a resource's previous state, found by its URN or an alias."""
        if urn in self.previous and not self.is_done(self.previous[urn]):
            return self.previous[urn]
        for alias in self.aliases.of(goal.parent, goal.type, goal.name, goal.aliases):
            found = self.previous.get(alias)
            if found is None or alias == urn:
                continue
            if self.is_done(found):
                raise InputError("Two resources declare the same alias", key=alias, found=urn)
            self.aliases.found[urn] = alias
            return found
        return None

    def desired(self, urn: str, goal: Goal) -> Resource:
        """Return the desired resource, with references to aliases replaced by current URNs."""
        self.aliases.declare(urn, goal.parent, goal.type, goal.name, goal.aliases)
        new = goal.resource(urn)
        new.dependencies = self._followed(urn, new.dependencies)
        new.property_dependencies = {k: self._followed(urn, deps) for k, deps in new.property_dependencies.items()}
        new.deleted_with = "".join(self._followed(urn, filter(None, [new.deleted_with])))
        return new

    def _followed(self, own: str, references: Iterable[str]) -> list[str]:
        """Return the references under current URNs, without the resource itself."""
        return sorted({u if u in self.registered else self.aliases.current(u) for u in references} - {own})

    def is_done(self, old: Resource) -> bool:
        """Return True if a step has dealt with a previous resource."""
        return id(old) in self._done

    def done(self, old: Resource | None) -> None:
        if old is not None:
            self._done.add(id(old))

    def rest(self) -> list[Resource]:
        """Return the previous resources that no step has dealt with, in the state's order."""
        return [r for r in self.base.resources if id(r) not in self._done]

    def dependants(self, old: Resource) -> list[tuple[int, Resource]]:
        """Return the users by property, provider or `deletedWith`, with their indexes in the state."""
        if self._dependants is None:
            self._dependants = {}
            for index, resource in enumerate(self.base.resources):
                uses = {u for deps in resource.property_dependencies.values() for u in deps}
                if resource.provider:
                    uses.add(urns.provider_urn(resource.provider))
                if resource.deleted_with:
                    uses.add(resource.deleted_with)
                for urn in uses if not resource.delete else ():
                    self._dependants.setdefault(urn, []).append(index)
        return [(i, self.base.resources[i]) for i in self._dependants.get(old.urn, ())]

    def seed(self, urn: str, old: Resource | None, provider: Provider) -> bytes:
        """Return the seed of generated names: the same in previews and the run, another one for every replacement.

        It includes the provider's configuration, so that two estates with equal names do not collide in Azure.
        """
        own = self.registered.get(provider.urn)
        parts = [urn, old.id if old else "", plan.canonical(property_values.mask(own.inputs)) if own else ""]
        return hashlib.sha256("\n".join(parts).encode()).digest()

    # Recorded changes

    def begin(self, kind: str, resource: Resource) -> None:
        """Record that a request starts; `put`, `drop`, `amend` or `settle` records its result."""
        if self.context.journal is not None:
            self._open = self.context.journal.begin(kind, resource)

    @contextlib.contextmanager
    def asking(self, kind: str, resource: Resource, *, read_only: bool = False) -> Iterator[None]:
        """Record a request to a provider, and settle it if the provider returns an error.

        After any other error the result is unknown and the operation stays pending for the next run, unless the
        request is read-only.
        """
        self.begin(kind, resource)
        try:
            yield
        except Exception as error:
            if read_only or isinstance(error, ProviderError):
                self.settle()
            raise

    def reopen(self, operation: PendingOperation) -> None:
        """Continue an operation that an earlier run began."""
        self._open = operation

    def settle(self) -> None:
        """Record the end of an operation without changes, if one is open."""
        if self._open is not None:
            self._write()

    def put(self, new: Resource, old: Resource | None = None, *, replaced: Resource | None = None) -> None:
        """Record `new` in the place of `old`, and mark the resource that it `replaced` for deletion."""
        self.learn(new)
        self.done(old)
        self.registered[new.urn] = new
        former = old or replaced
        alias = former.urn if former is not None and former.urn != new.urn else ""
        changes = [Change("registered", new, alias)]
        if replaced is not None:
            replaced.delete = True
            changes.append(Change("updated", replaced))
            if self.dry_run:
                self.done(replaced)
        self._write(*changes)

    def amend(self, old: Resource, **changes: Any) -> None:
        """Change a previous resource without moving it in the state."""
        for name, value in changes.items():
            setattr(old, name, value)
        self._write(Change("updated", old))

    def drop(self, old: Resource) -> None:
        """Record that a previous resource was deleted."""
        self.done(old)
        self._write(Change("deleted", old))

    def _write(self, *changes: Change) -> None:
        self.wrote = True
        if self.context.journal is None:
            return
        self.context.journal.end(self._open, changes)
        self._open = None

    def learn(self, resource: Resource) -> None:
        """Add its secrets to the filter of events and errors."""
        self.reporter.secret_filter.add(resource.inputs)
        self.reporter.secret_filter.add(resource.outputs)

    def refuse(self, reason: str) -> None:
        """Record a refusal because of `protect`. A preview collects all of them; a run stops at the first."""
        self.refusals.append(reason)
        if not self.dry_run:
            raise refused(self.refusals)

    def count(self, operation: Operation, type_: str) -> None:
        if not type_.startswith("pulumi:"):
            self.counts[operation.value] = self.counts.get(operation.value, 0) + 1

    def stays(self, resource: Resource) -> None:
        """Report a resource as unchanged."""
        self.count(Operation.SAME, resource.type)
        self.reporter.say("step-done", urn=resource.urn, type=resource.type, operation=Operation.SAME, seconds=0.0)

    def plan(
        self,
        operation: Operation,
        resource: Resource,
        *,
        old: Resource | None = None,
        changed: tuple[str, ...] = (),
        replaces: tuple[str, ...] = (),
    ) -> None:
        """Count a step; add it to the Plan in a preview. Raises `Refused` if it differs from the approved plan."""
        self.count(operation, resource.type)
        let_go = operation is Operation.DELETE and resource.external
        if let_go or is_default_provider(resource.urn, resource.parent):
            return  # nothing happens to a resource of the cloud
        if self.dry_run or self.context.plan_check:
            step = planned(operation, resource, old, changed, replaces)
            if self.dry_run:
                self.planned.append(step)
            if self.context.plan_check:
                self.context.plan_check.step(step)


def stack_outputs(snapshot: Snapshot) -> Properties:
    """Return the stack's outputs, which are those of its root."""
    return next((r.outputs for r in snapshot.resources if r.type == urns.ROOT_TYPE and not r.delete), {})


def refused(reasons: list[str]) -> Refused:
    """Return one refusal that lists every reason."""
    listed = "\n".join(f"  {r}" for r in sorted(reasons))
    return Refused(f"Protected resources would be deleted or replaced; nothing was changed:\n{listed}")


def planned(
    operation: Operation,
    resource: Resource,
    old: Resource | None = None,
    changed: tuple[str, ...] = (),
    replaces: tuple[str, ...] = (),
) -> PlannedResource:
    """Return one resource of a Plan, with secrets masked."""
    before = operation in (Operation.UPDATE, Operation.REPLACE) and old is not None
    return PlannedResource(
        urn=resource.urn,
        type=resource.type,
        operation=operation,
        custom=resource.custom,
        id=(old.id if old is not None else resource.id) or None,
        parent=resource.parent or None,
        provider=urns.provider_urn(resource.provider) if resource.provider else None,
        inputs=property_values.mask(resource.inputs),
        old_inputs=property_values.mask(old.inputs) if before and old is not None else None,
        changed=changed,
        replaces=replaces,
        dependencies=tuple(sorted(resource.dependencies)),
        property_dependencies={k: tuple(sorted(v)) for k, v in sorted(resource.property_dependencies.items()) if v},
        protect=resource.protect,
        retain_on_delete=bool(resource.extra.get("retainOnDelete")),
        ignore_changes=tuple(resource.ignore_changes),
    )


def display_name(urn: str) -> str:
    """Return a resource's type and name for messages."""
    return f"{type_of(urn)} {name_of(urn)}"
