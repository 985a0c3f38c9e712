"""Controls, and the sets of controls that must all fail before something is possible.

The empty set means that it is possible now. Two sets combine by union, so that a control that occurs twice fails once.
A set is an integer in which each control has a bit, assigned by a registry, so that sets combine and compare fast.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

MIN_CONTROLS = 3
"""A forbidden flow that fewer controls prevent is a finding."""
MAX_CONTROLS = 6
"""A set with more controls counts as impossible."""


class ControlKind(StrEnum):
    """The kinds of control, as a reviewer groups them."""

    GRANT = "role assignments"
    KEY_ACCESS = "account keys"
    ANONYMOUS = "anonymous access"
    ENCRYPTION = "encryption keys"
    SECURITY_GROUP = "network security groups"
    ROUTE = "routes"
    FIREWALL = "firewall rules"
    FIREWALL_DENIAL = "firewall denials"
    DNS_POLICY = "DNS security policies"
    PEERING = "peerings"
    ENDPOINT = "private endpoints"
    SERVICE_ENDPOINT = "service endpoints"
    PUBLIC = "public network access"
    NETWORK_RULES = "network rules of stores"
    ADDRESS = "public addresses"
    BASTION = "Bastion"
    SHELL = "remote shells"
    LOCK = "locks"
    GUARDRAIL = "guardrails (Azure Policy)"
    DISK = "settings of disks"
    EXPORT = "exports of registries"


@dataclass(frozen=True, slots=True, order=True)
class Control:
    """One measure that can fail by itself. Controls with the same kind and id are equal."""

    kind: ControlKind
    id: str
    description: str = field(compare=False, default="")
    """The fact that prevents the move, for reports."""
    resource: str = field(compare=False, default="")
    """The ARM id of the resource that the control is a property of: write access to it makes the control fail."""


class ControlSet(NamedTuple):
    """A set of controls as bits, and descriptions of the steps that are possible once all of them failed."""

    mask: int = 0
    steps: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """The number of controls."""
        return self.mask.bit_count()

    def then(self, other: ControlSet) -> ControlSet:
        """Return the set for two steps, one after the other."""
        return ControlSet(self.mask | other.mask, self.steps + other.steps)


ControlSets = tuple[ControlSet, ...]
"""Alternative control sets, none of which contains another. Empty: impossible."""
ALWAYS: ControlSets = (ControlSet(),)
NEVER: ControlSets = ()


class ControlRegistry:
    """The controls of an estate, and the bit of each."""

    def __init__(self) -> None:
        self._numbers: dict[Control, int] = {}
        self._controls: list[Control] = []

    def bit(self, control: Control) -> int:
        """Return the bit of a control, and register it if it is new."""
        number = self._numbers.setdefault(control, len(self._controls))
        if number == len(self._controls):
            self._controls.append(control)
        return 1 << number

    @property
    def every(self) -> int:
        """The mask of all controls."""
        return (1 << len(self._controls)) - 1

    def requiring(self, *controls: Control, step: str = "") -> ControlSets:
        """Return the single set of all these controls."""
        mask = 0
        for control in controls:
            mask |= self.bit(control)
        return (ControlSet(mask, (step,) if step else ()),)

    def requiring_property(self, kind: ControlKind, resource: str, name: str, description: str) -> ControlSets:
        """Return the set of one control: a property of a resource (its ARM id)."""
        return self.requiring(Control(kind, f"{resource}#{name}", description, resource))

    def controls(self, mask: int) -> Iterator[Control]:
        """Yield the controls of a mask."""
        while mask:
            low = mask & -mask
            yield self._controls[low.bit_length() - 1]
            mask ^= low

    def without_controls_in(self, control_sets: ControlSets, may_change: Iterable[str]) -> ControlSets:
        """Return the sets without the controls in these scopes (lower-case ARM ids), which the actor may change."""
        scopes = tuple(may_change)
        if not scopes:
            return control_sets
        return minimal(
            ControlSet(self._without(control_set.mask, scopes), control_set.steps) for control_set in control_sets
        )

    def _without(self, mask: int, scopes: tuple[str, ...]) -> int:
        for control in list(self.controls(mask)):
            if _is_in_scopes(control.resource, scopes):
                mask &= ~self.bit(control)
        return mask


def step(description: str) -> ControlSets:
    """Return a step that no control prevents."""
    return (ControlSet(0, (description,)),)


def any_of(*alternatives: ControlSets, limit: int = MAX_CONTROLS) -> ControlSets:
    """Return the sets for any one of the alternatives, without those of more controls than the limit."""
    return minimal((control_set for control_sets in alternatives for control_set in control_sets), limit)


def all_of(*parts: ControlSets, limit: int = MAX_CONTROLS) -> ControlSets:
    """Return the sets for all parts, one after the other, without those of more controls than the limit."""
    total = ALWAYS
    for control_sets in parts:
        if control_sets is ALWAYS:
            continue
        if len(total) == 1 and len(control_sets) == 1:
            first, second = total[0], control_sets[0]
            fits = (first.mask | second.mask).bit_count() <= limit
            total = (first.then(second),) if fits else NEVER
        else:
            total = minimal((first.then(second) for first, second in _fitting(total, control_sets, limit)), limit)
        if not total:
            return NEVER
    return total


def _fitting(one: ControlSets, other: ControlSets, limit: int) -> Iterator[tuple[ControlSet, ControlSet]]:
    return ((first, second) for first in one for second in other if (first.mask | second.mask).bit_count() <= limit)


def minimal(control_sets: Iterable[ControlSet], limit: int = MAX_CONTROLS) -> ControlSets:
    """Return the sets that contain no other set, those with the fewest controls first."""
    kept: list[ControlSet] = []
    masks: list[int] = []
    for control_set in sorted(control_sets, key=_size):
        mask = control_set.mask
        if mask.bit_count() > limit:
            break
        for other in masks:
            if other & mask == other:
                break
        else:
            kept.append(control_set)
            masks.append(mask)
        if not mask:
            break
    return tuple(kept)


def _size(control_set: ControlSet) -> int:
    return control_set.mask.bit_count()


def _is_in_scopes(resource: str, scopes: tuple[str, ...]) -> bool:
    return bool(resource) and any(
        not scope or resource == scope or resource.startswith(f"{scope}/") for scope in scopes
    )
