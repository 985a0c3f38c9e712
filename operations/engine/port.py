"""The engine port: the interface that both engines implement."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from formats.errors import InputError, Refused
from formats.plan import Operation, Plan
from formats.urns import is_urn, name_of, type_of

EventKind = Literal["stack-started", "step-started", "step-done", "step-failed", "message", "stack-done"]


@dataclass(frozen=True)
class Event:
    """Something that happened while an engine worked; secrets are masked. `time` is seconds since the epoch."""

    kind: EventKind
    stack: str
    time: float
    urn: str | None = None
    type: str | None = None
    operation: Operation | Literal["refresh"] | None = None
    seconds: float | None = None
    """How long the step or the stack took; on `step-done`, `step-failed` and `stack-done`."""
    severity: Literal["debug", "info", "warning", "error"] | None = None
    message: str | None = None
    changed: tuple[str, ...] = ()


OnEvent = Callable[[Event], None]


@dataclass(frozen=True)
class StackSettings:
    """One stack to run: its name and its whole configuration, keys with their namespace (`sde:cloud`)."""

    name: str
    config: Mapping[str, Any]
    file: Path
    """The `Pulumi.<stack>.yaml` that holds the same configuration for the official command line."""


@dataclass(frozen=True)
class Outcome:
    """How an up, refresh or destroy ended. `counts` is by operation, the engine's own resources left out."""

    stack: str
    counts: Mapping[str, int]
    seconds: float
    resources: int
    """How many resources the stack has now, its root and providers left out."""
    outputs: Mapping[str, Any] = field(default_factory=dict)
    """The stack's outputs, secrets masked."""


@dataclass(frozen=True)
class StackState:
    """What an engine knows of a stack without running it. `updated` is an ISO 8601 time in UTC."""

    name: str
    resources: int
    updated: str | None
    outputs: Mapping[str, Any]
    """Secrets masked."""
    locked_by: str | None = None


GONE = "It is gone from the cloud"
"""What a refresh warns of."""


def busy(stack: str, holder: str) -> InputError:
    """A stack that a run may be changing: what stands of it is told when that run has ended."""
    return InputError(f"Stack {stack} is locked by {holder}.",
                      fix=f"wait for that run to end; if it is dead, scripts/sde cancel {stack}")  # fmt: skip


def not_as_judged(stack: str, urn: str, what: str) -> Refused:
    """A run came to something else than what its plan permitted; values are never told."""
    place = f"{name_of(urn)} ({type_of(urn)}): " if is_urn(urn) else ""
    return Refused(
        f"{stack}: what would be done is not what was judged, so the run stopped before it.\n"
        f"  {place}{what}\n"
        "  What was done before is in the state, and a new run carries on from there.\n"
        f"  fix:     look again: scripts/sde preview {stack}"
    )


class Engine(Protocol):
    """Runs the project's stacks. By design every method raises only `InputError`, `Failed` or `Refused`."""

    name: str

    def prepare(self) -> None:
        """Start what a preview or an up needs, while the caller does something else."""
        ...

    def preview(self, stack: StackSettings, *, targets: Sequence[str] = (), on_event: OnEvent | None = None) -> Plan:
        """Return the plan of an `up`; change nothing."""
        ...

    def up(
        self,
        stack: StackSettings,
        *,
        targets: Sequence[str] = (),
        plan: Plan | None = None,
        on_event: OnEvent | None = None,
    ) -> Outcome:
        """Make the cloud as the program says. With a plan that this engine made, exactly what it says: what was unknown
        in it may become known, and at any other difference the run stops before it, `Refused`; a new one carries on."""
        ...

    def refresh(self, stack: StackSettings, *, on_event: OnEvent | None = None) -> Outcome:
        """Take the cloud's present properties into the state."""
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
        """Delete what the stack has. Refused while a resource is protected, unless the protection is released."""
        ...

    def import_resource(self, stack: StackSettings, type_: str, name: str, id_: str) -> Outcome:
        """Take an existing cloud resource into the stack, protected."""
        ...

    def state(self, name: str) -> StackState | None:
        """Return a stack's summary; None if it was never deployed."""
        ...

    def current_state(
        self, stacks: Sequence[StackSettings], *, being_updated: Collection[str] = ()
    ) -> Mapping[str, Plan]:
        """Return the current state of each deployed stack as a Plan without changes, by the stack's name.

        Reads the states only. `InputError` or `Failed` if a state cannot be read, or if a run is changing a stack that
        is not among the `being_updated` ones.
        """
        ...

    def export_state(self, name: str) -> dict[str, Any]:
        """The stack's deployment in Pulumi's export form, secrets encrypted."""
        ...

    def outputs(self, name: str, *, show_secrets: bool = False) -> Mapping[str, Any]:
        """The stack's outputs; secrets masked unless asked for."""
        ...

    def cancel(self, name: str) -> None:
        """Remove the lock that a killed run left. The state is untouched."""
        ...
