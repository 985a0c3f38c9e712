"""An in-memory estate of four stacks, and an engine that records its calls."""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from formats.deployed_stack import DeployedStack
from formats.errors import InputError, Refused
from formats.plan import Operation, Plan, PlannedOutput, PlannedResource, planned_outputs
from formats.state_record import StateRecord, record_of
from operations.cli.app import main
from operations.cli.output import Output
from operations.cli.session import Session
from operations.cli.stack_catalog import Stack
from operations.engine.port import Event, OnEvent, Outcome, StackSettings, StackState
from operations.estate import Expiry, LedgerPlace
from operations.ledger.ledger import Ledger
from operations.settings import Settings
from policies.model import ComplianceControls, Finding, Policy, Severity, Verdict
from policies.plan_evaluation import NO_FILES, SCOPES, Neighbours, Scope
from policies.runner import Report
from policies.stack_cache import StackCache
from tests.operations.ledger.logs import memory_ledger

STORE = "azure-native:storage:StorageAccount"


def stack(name: str, *requires: str, cloud: str = "local", **more: Any) -> Stack:
    config = {"sde:cloud": cloud, "sde:subscription": "10ca1000-0000-4000-8000-000000000001"}
    return Stack(name, name, cloud, "one", requires, StackSettings(name, config, Path(f"Pulumi.{name}.yaml")), **more)


def resource(name: str, operation: Operation = Operation.CREATE, **more: Any) -> PlannedResource:
    urn = f"urn:pulumi:s::sde::{STORE}::{name}"
    return PlannedResource(urn=urn, type=STORE, operation=operation, **more)


@dataclass
class FakeCatalog:
    stacks: Sequence[Stack]
    differing: list[Path] = field(default_factory=list)
    destroyed: list[str] = field(default_factory=list)
    orphaned_stacks: list[Stack] = field(default_factory=list)
    ledger: LedgerPlace | None = None

    def ends_within(self, stack: Stack, days: int) -> Sequence[Expiry]:
        return [one for one in stack.expiries if one.days_left <= days]

    def render(self) -> Sequence[Path]:
        written, self.differing = self.differing, []
        return written

    def stage(self) -> None:
        """Do nothing: these stacks have no files."""

    def stale(self) -> Sequence[Path]:
        return self.differing

    def mark_destroyed(self, stack: str) -> None:
        self.destroyed.append(stack)


@dataclass
class FakeEngine:
    """Plans `wants` resources for each stack; `plans` overrides the previews."""

    name: str = "fake"
    wants: Mapping[str, Sequence[str]] = field(default_factory=dict)
    has: dict[str, list[str]] = field(default_factory=dict)
    plans: dict[str, tuple[PlannedResource, ...]] = field(default_factory=dict)
    drifts: dict[str, tuple[PlannedResource, ...]] = field(default_factory=dict)
    """Where the cloud differs from each stack's state; by default nowhere."""
    protected: set[str] = field(default_factory=set)
    released: dict[str, list[str]] = field(default_factory=dict)
    """The URNs whose protection is taken away now, by stack."""
    calls: list[tuple[str, str]] = field(default_factory=list)
    values: dict[str, dict[str, Any]] = field(default_factory=dict)
    references: dict[str, PlannedResource] = field(default_factory=dict)
    """The stack reference in each stack's state, if any."""
    planned_outputs: dict[str, tuple[PlannedOutput, ...]] = field(default_factory=dict)
    """The outputs of each stack's next plan; by default its `values`, unchanged."""
    locked: str | None = None
    fails: BaseException | None = None
    unreadable: BaseException | None = None
    """The error that reading the states raises, or None."""
    closed: bool = False

    def prepare(self) -> None:
        """Do nothing: there is no program."""

    def close(self) -> None:
        self.closed = True

    def preview(
        self,
        stack: StackSettings,
        *,
        targets: Sequence[str] = (),
        refresh: bool = False,
        on_event: OnEvent | None = None,
    ) -> Plan:
        self.calls.append(("preview --refresh" if refresh else "preview", stack.name))
        if self.fails:
            raise self.fails
        resources = self.plans.get(stack.name) or self._plan(stack.name)
        outputs = self.planned_outputs.get(stack.name, self._outputs(stack.name))
        return Plan("sde", stack.name, stack.config["sde:cloud"], resources, outputs=outputs)

    def _references(self, name: str) -> list[PlannedResource]:
        return [self.references[name]] if name in self.references else []

    def _outputs(self, name: str) -> tuple[PlannedOutput, ...]:
        return planned_outputs(self.values.get(name, {}), self.values.get(name, {}))

    def _plan(self, name: str) -> tuple[PlannedResource, ...]:
        have = self.has.get(name, [])
        return tuple(
            resource(r, Operation.SAME if r in have else Operation.CREATE) for r in self.wants.get(name, ["a", "b"])
        )

    def up(
        self,
        stack: StackSettings,
        *,
        targets: Sequence[str] = (),
        plan: Plan | None = None,
        on_event: OnEvent | None = None,
    ) -> Outcome:
        self.calls.append(("up", stack.name))
        assert plan
        assert plan.stack == stack.name
        done = Plan("sde", stack.name, "local", self.plans.get(stack.name) or self._plan(stack.name))
        self._emit_steps(stack.name, done, on_event)
        self.has[stack.name] = [r.name for r in done.resources if r.operation is not Operation.DELETE]
        return self._outcome(stack.name, {k.value: v for k, v in done.counts.items()})

    def _emit_steps(self, name: str, plan: Plan, on_event: OnEvent | None) -> None:
        for planned in plan.resources if on_event else ():
            for kind in ("step-started", "step-done"):
                assert on_event
                on_event(Event(kind, name, time.time(), planned.urn, planned.type, planned.operation, seconds=0.5))  # type: ignore[arg-type]

    def _outcome(self, name: str, counts: Mapping[str, int]) -> Outcome:
        return Outcome(name, counts, 1.5, len(self.has[name]))

    def refresh(self, stack: StackSettings, *, on_event: OnEvent | None = None) -> Outcome:
        self.calls.append(("refresh", stack.name))
        return self._outcome(stack.name, {"same": len(self.has[stack.name])})

    def preview_refresh(self, stack: StackSettings, *, on_event: OnEvent | None = None) -> Plan:
        self.calls.append(("preview_refresh", stack.name))
        if self.fails:
            raise self.fails
        state = (*(resource(n, Operation.SAME) for n in self.has[stack.name]), *self._references(stack.name))
        return Plan("sde", stack.name, stack.config["sde:cloud"], self.drifts.get(stack.name, state))

    def preview_destroy(self, stack: StackSettings, *, targets: Sequence[str] = ()) -> Plan:
        self.calls.append(("preview_destroy", stack.name))
        if stack.name in self.plans:
            return Plan("sde", stack.name, stack.config["sde:cloud"], self.plans[stack.name])
        names = self.has.get(stack.name, [])
        gone = [resource(n, Operation.DELETE, protect=n in self.protected) for n in names]
        return Plan(
            "sde", stack.name, stack.config["sde:cloud"], tuple(g for g in gone if not targets or g.urn in targets)
        )

    def destroy(
        self,
        stack: StackSettings,
        *,
        targets: Sequence[str] = (),
        release_protected: bool = False,
        on_event: OnEvent | None = None,
    ) -> Outcome:
        self.calls.append(("destroy", stack.name))
        if self.protected and not release_protected:
            raise Refused("protected")
        count = len(self.has[stack.name])
        self.has[stack.name] = []
        return self._outcome(stack.name, {"delete": count})

    @contextmanager
    def release(self, stack: StackSettings, urns: Sequence[str]) -> Iterator[None]:
        self.released[stack.name] = list(urns)
        yield
        del self.released[stack.name]

    def import_resource(self, stack: StackSettings, type_: str, name: str, id_: str) -> Outcome:
        self.calls.append(("import", f"{stack.name} {type_} {name} {id_}"))
        self.has.setdefault(stack.name, []).append(name)
        return self._outcome(stack.name, {"import": 1})

    def state(self, name: str) -> StackState | None:
        if name not in self.has:
            return None
        return StackState(name, len(self.has[name]), "2026-01-02T03:04:05Z", {}, self.locked)

    def current_state(
        self, stacks: Sequence[StackSettings], *, being_updated: Collection[str] = ()
    ) -> Mapping[str, Plan]:
        return {name: found.load() for name, found in self.deployed(stacks, being_updated=being_updated).items()}

    def deployed(
        self, stacks: Sequence[StackSettings], *, being_updated: Collection[str] = ()
    ) -> Mapping[str, DeployedStack]:
        self.calls.append(("deployed", " ".join(s.name for s in stacks if s.name not in being_updated)))
        if self.unreadable:
            raise self.unreadable
        return {
            s.name: DeployedStack.of(
                Plan(
                    "sde",
                    s.name,
                    s.config["sde:cloud"],
                    (*(resource(n, Operation.SAME) for n in names), *self._references(s.name)),
                    outputs=self._outputs(s.name),
                )
            )
            for s in stacks
            if (names := self.has.get(s.name))
        }

    def export_state(self, name: str) -> dict[str, Any]:
        return {"version": 3, "deployment": {"resources": self.has[name]}}

    def state_record(self, name: str) -> StateRecord | None:
        return record_of({"resources": [{"urn": one} for one in self.has.get(name, [])]})

    def outputs(self, name: str, *, show_secrets: bool = False) -> Mapping[str, Any]:
        return {k: v if show_secrets or k != "key" else "[secret]" for k, v in self.values.get(name, {}).items()}

    def hold(self, name: str) -> AbstractContextManager[None]:
        self.calls.append(("hold", name))
        return nullcontext()

    def cancel(self, name: str) -> None:
        if not self.locked:
            raise InputError(f"{name} is not locked.")
        self.locked = None


@dataclass
class FakeGate:
    """Passes every stack that is not in `refuses`, and records the plans and neighbours."""

    refuses: set[str] = field(default_factory=set)
    evaluated: list[str] = field(default_factory=list)
    neighbours: list[Neighbours | None] = field(default_factory=list)
    refuses_pending_deletes: bool = False
    refuses_changes: set[str] = field(default_factory=set)
    """The stacks that it refuses where their plans change anything."""
    stacks: StackCache = field(default_factory=StackCache)
    fails_with_neighbours: Exception | None = None
    """The error of an evaluation with other stacks, or None."""

    def evaluate(
        self,
        plans: Sequence[Plan],
        *,
        is_complete: bool = False,
        templates: Collection[str] = (),
        neighbours: Neighbours | None = None,
        files: Mapping[str, str] = NO_FILES,
        scopes: Collection[Scope] = SCOPES,
    ) -> Report:
        if neighbours and self.fails_with_neighbours:
            raise self.fails_with_neighbours
        self.evaluated += [plan.stack for plan in plans]
        self.neighbours.append(neighbours)
        findings = tuple(self._evaluate(plan) for plan in plans)
        policies = {ONE.id: ONE}
        stacks = tuple(plan.stack for plan in plans)
        return Report(findings, policies, stacks, len(findings), date(2026, 1, 2), is_complete)

    def _evaluate(self, plan: Plan) -> Finding:
        pending = self.refuses_pending_deletes and any(r.pending_delete for r in plan.resources)
        changed = plan.stack in self.refuses_changes and bool(plan.changes)
        return self.finding(plan, Verdict.FAIL if plan.stack in self.refuses or pending or changed else Verdict.PASS)

    def finding(self, plan: Plan, verdict: Verdict) -> Finding:
        """Return a finding on a stack."""
        return Finding(
            ONE.id, verdict, f"urn:pulumi:{plan.stack}::sde::{STORE}::a", STORE, "a", plan.stack, "open", "is open"
        )


ONE = Policy(id="XX1", title="Stores are shut", why="Because.", resource_types=("storage:StorageAccount",),
             check_paths=("open",), severity=Severity.HIGH, controls=ComplianceControls(), fix="Shut it.",
             check=lambda *_: ())  # fmt: skip


@dataclass
class CliRunner:
    """Runs commands and keeps their output."""

    capture: pytest.CaptureFixture[str]
    settings: Settings
    catalog: FakeCatalog
    engine: FakeEngine = field(default_factory=FakeEngine)
    gate: FakeGate | None = field(default_factory=FakeGate)
    """None for the real gate."""
    out: str = ""
    err: str = ""
    chosen: list[tuple[str, str]] = field(default_factory=list)
    ledger: Ledger = field(default_factory=memory_ledger)

    def __call__(self, *arguments: str) -> int:
        gate = self.gate
        code = main(
            arguments,
            settings=self.settings,
            open_catalog=lambda *_: self.catalog,
            choose_engine=self._choose,
            open_gate=(lambda *_: gate) if gate else None,
            open_ledger=lambda *_: self.ledger,
        )
        self.out, self.err = self.capture.readouterr()
        return code

    def session(self) -> Session:
        """Return a session as commands have it."""
        assert self.gate
        gate = self.gate
        return Session(
            self.settings,
            Output(),
            lambda *_: self.catalog,
            self._choose,
            lambda *_: gate,  # type: ignore[arg-type, return-value]
            lambda *_: self.ledger,
        )

    def _choose(self, choice: str, cloud: str, settings: Settings) -> FakeEngine:
        self.chosen.append((choice, cloud))
        return self.engine

    @property
    def lines(self) -> list[dict[str, Any]]:
        """Return the JSON lines of stdout. Fails if any line is not JSON."""
        return [json.loads(line) for line in self.out.splitlines()]
