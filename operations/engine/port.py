"""The engine port: the interface that both engines implement."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from formats.default_providers import configured_subscription
from formats.deployed_stack import DeployedStack
from formats.errors import InputError, Refused
from formats.plan import Operation, Plan
from formats.state_record import StateRecord
from formats.urns import is_urn, name_of, type_of

EventKind = Literal["stack-started", "step-started", "step-done", "step-failed", "message", "stack-done"]


@dataclass(frozen=True)
class Event:
    """An event of a run; secrets are masked. `time` is in seconds since the epoch."""

    kind: EventKind
    stack: str
    time: float
    urn: str | None = None
    type: str | None = None
    operation: Operation | Literal["refresh"] | None = None
    seconds: float | None = None
    """Duration of the step or the run; on `step-done`, `step-failed` and `stack-done`."""
    severity: Literal["debug", "info", "warning", "error"] | None = None
    message: str | None = None
    changed: tuple[str, ...] = ()


OnEvent = Callable[[Event], None]


@dataclass(frozen=True)
class StackSettings:
    """One stack to run: its name and its configuration, whose keys have a namespace (`sde:cloud`)."""

    name: str
    config: Mapping[str, Any]
    file: Path
    """The `Pulumi.<stack>.yaml` with the same configuration, which the Pulumi CLI reads."""


@dataclass(frozen=True)
class Outcome:
    """The result of an up, refresh or destroy. `counts` is by operation, without the engine's own resources."""

    stack: str
    counts: Mapping[str, int]
    seconds: float
    resources: int
    """Number of the stack's resources after the run, without its root and providers."""
    outputs: Mapping[str, Any] = field(default_factory=dict)
    """The stack's outputs, secrets masked."""


@dataclass(frozen=True)
class StackState:
    """A stack's summary, read from its state. `updated` is an ISO 8601 time in UTC."""

    name: str
    resources: int
    updated: str | None
    outputs: Mapping[str, Any]
    """Secrets masked."""
    locked_by: str | None = None


GONE = "It is gone from the cloud"
"""The warning of a refresh for a deleted resource."""


def busy(stack: str, holder: str) -> InputError:
    """Return the error for a stack that a run may be changing, whose state cannot be read before that run ends."""
    return InputError(f"Stack {stack} is locked by {holder}.",
                      fix=f"wait for that run to end; if it is dead, scripts/sde cancel {stack}")  # fmt: skip


def state_digest(project: str, stack: StackSettings, content: str) -> str:
    """Return the digest of a deployed stack: that of its stored state, and of the settings that its Plan depends on."""
    settings = [project, stack.name, str(stack.config.get("sde:cloud")), configured_subscription(stack.config)]
    return hashlib.sha256(json.dumps([*settings, content]).encode()).hexdigest()


def differs_from_plan(stack: str, urn: str, what: str) -> Refused:
    """Return the refusal of a step that differs from the checked plan. It must never hold values."""
    place = f"{name_of(urn)} ({type_of(urn)}): " if is_urn(urn) else ""
    return Refused(
        f"{stack}: a step differs from the checked plan, so the run stopped before it.\n"
        f"  {place}{what}\n"
        "  The steps before it are in the state, and a new run continues from there.\n"
        f"  fix:     check the new plan: scripts/sde preview {stack}"
    )


class Engine(Protocol):
    """Runs the project's stacks. By design every method raises only `InputError`, `Failed` or `Refused`."""

    name: str

    def prepare(self) -> None:
        """Start in the background the processes that a preview or an up needs."""
        ...

    def close(self) -> None:
        """End the processes that this engine has started. They start again when they are needed."""
        ...

    def preview(
        self,
        stack: StackSettings,
        *,
        targets: Sequence[str] = (),
        refresh: bool = False,
        on_event: OnEvent | None = None,
    ) -> Plan:
        """Return the plan of an `up`, or of one after a `refresh`; change nothing."""
        ...

    def up(
        self,
        stack: StackSettings,
        *,
        targets: Sequence[str] = (),
        plan: Plan | None = None,
        on_event: OnEvent | None = None,
    ) -> Outcome:
        """Deploy the program's resources.

        With a plan that this engine made, only its steps are executed: unknown values may become known, and before any
        other difference the run stops with `Refused`. A later run continues from there.
        """
        ...

    def refresh(self, stack: StackSettings, *, on_event: OnEvent | None = None) -> Outcome:
        """Update the state with the cloud's present properties."""
        ...

    def preview_refresh(self, stack: StackSettings, *, on_event: OnEvent | None = None) -> Plan:
        """Return where the cloud differs from the state (`formats/drift.py`); change nothing.

        `InputError` if the stack is not up, or if a run is changing it.
        """
        ...

    def preview_destroy(self, stack: StackSettings, *, targets: Sequence[str] = ()) -> Plan:
        """Return the plan of a `destroy`; change nothing."""
        ...

    def destroy(
        self,
        stack: StackSettings,
        *,
        targets: Sequence[str] = (),
        release_protected: bool = False,
        on_event: OnEvent | None = None,
    ) -> Outcome:
        """Delete the stack's resources. Refused if one is protected, unless the protection is released."""
        ...

    def release(self, stack: StackSettings, urns: Sequence[str]) -> AbstractContextManager[None]:
        """Take the protection of resources away in the state, and give it back at the end to those that are left.

        In between a preview plans, and an up carries out, what protection forbids. Nothing in the cloud changes.
        """
        ...

    def import_resource(self, stack: StackSettings, type_: str, name: str, id_: str) -> Outcome:
        """Import an existing cloud resource into the stack, protected."""
        ...

    def state(self, name: str) -> StackState | None:
        """Return a stack's summary; None if it was never deployed."""
        ...

    def deployed(
        self, stacks: Sequence[StackSettings], *, being_updated: Collection[str] = ()
    ) -> Mapping[str, DeployedStack]:
        """Return each deployed stack by its name, with the digest of its state.

        Reads the states only. `InputError` or `Failed` if a state cannot be read, or if a run is changing a stack that
        is not among the `being_updated` ones. A damaged state is found when it is loaded.
        """
        ...

    def current_state(
        self, stacks: Sequence[StackSettings], *, being_updated: Collection[str] = ()
    ) -> Mapping[str, Plan]:
        """Return the current state of each deployed stack as a Plan without changes: `deployed`, all loaded."""
        ...

    def export_state(self, name: str) -> dict[str, Any]:
        """Return the stack's deployment in Pulumi's export format, secrets encrypted."""
        ...

    def state_record(self, name: str) -> StateRecord | None:
        """Return what the ledger records of a stack's stored state. None if it has no resources."""
        ...

    def outputs(self, name: str, *, show_secrets: bool = False) -> Mapping[str, Any]:
        """Return the stack's outputs; secrets are masked unless `show_secrets`."""
        ...

    def hold(self, name: str) -> AbstractContextManager[None]:
        """Hold a stack's lock while something other than a run changes the cloud. `InputError` if a run holds it.

        A backend of the Pulumi CLI that is no folder has no lock that can be held.
        """
        ...

    def cancel(self, name: str) -> None:
        """Remove the lock that a killed run left. The state does not change."""
        ...
