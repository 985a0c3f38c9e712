"""Drift: where the cloud differs from a stack's state, as a Plan from the state to what the cloud has.

Both engines read each managed resource and compare what the cloud has with the inputs of the state, by the diff of the
resource's provider. What the state does not have is not read, so a resource that was added outside Pulumi is not
in the Plan.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from formats.plan import Operation, Plan, PlannedResource, Value
from formats.plan_order import ordered
from formats.property_values import mask, masked_as


@dataclass(frozen=True)
class Present:
    """A resource as the cloud has it: its inputs, and the sorted paths at which they differ from the state's."""

    inputs: Mapping[str, Value]
    changed: tuple[str, ...]


Found = Mapping[str, Present | None]
"""The managed resources that differ, by URN; None for one that is gone from the cloud."""


def drift_plan(state: Plan, found: Found) -> Plan:
    """Return the drift of a deployed stack: an update for each resource that differs, a delete for each that is gone.

    All other resources are as in the state, also those that wait for their deletion (`of_cloud` leaves them out).
    Secrets are masked, also where the cloud returns them without a mark.
    """
    return replace(state, resources=ordered([_drifted(resource, found) for resource in state.resources]))


def of_cloud(drift: Plan) -> Plan:
    """Return the drift without resources that wait for their deletion, which is no difference from the state."""
    return replace(drift, resources=tuple(r for r in drift.resources if not r.pending_delete))


def _drifted(resource: PlannedResource, found: Found) -> PlannedResource:
    if resource.operation is not Operation.SAME or resource.urn not in found:
        return resource
    present = found[resource.urn]
    if present is None:
        return replace(resource, operation=Operation.DELETE)
    inputs = masked_as(mask(present.inputs), resource.inputs)
    old = masked_as(resource.inputs, inputs)
    return replace(resource, operation=Operation.UPDATE, inputs=inputs, old_inputs=old, changed=present.changed)
