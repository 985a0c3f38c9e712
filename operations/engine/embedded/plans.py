"""The Plans that the engine returns."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from formats import property_values, pulumi_state
from formats.default_providers import configured_subscription, without_default_providers
from formats.plan import Operation, Plan, PlannedResource, planned_outputs
from formats.plan_order import ordered
from operations.engine.embedded import state
from operations.engine.embedded.model import Properties, Resource
from operations.engine.embedded.providers import NO_DIFFERENCE, Difference
from operations.engine.port import StackSettings


def planned(
    operation: Operation, resource: Resource, old: Resource | None = None, difference: Difference = NO_DIFFERENCE
) -> PlannedResource:
    """Return one resource of a Plan, with secrets masked."""
    changed = old if operation in (Operation.UPDATE, Operation.REPLACE) else None
    new = pulumi_state.planned(state.write_resource(resource))
    # What becomes secret was so before it was marked.
    before = (
        property_values.masked_as(property_values.mask(changed.inputs), new.inputs) if changed is not None else None
    )
    return dataclasses.replace(
        new,
        operation=operation,
        id=(old.id if old is not None else resource.id) or None,
        old_inputs=before,
        changed=difference.changed,
        replaces=difference.replaces,
    )


def plan_of(
    project: str, stack: StackSettings, resources: Iterable[PlannedResource], before: Properties, after: Properties
) -> Plan:
    """Return the Plan of a deployment, with the stack's outputs before and after it in wire form."""
    # Compared in wire form, because all masked secrets are equal.
    changed = [name for name in before.keys() & after.keys() if not property_values.equal(before[name], after[name])]
    masked = property_values.mask(after)
    return Plan(
        project,
        stack.name,
        cloud_of(stack),
        ordered(without_default_providers(resources)),
        configured_subscription(stack.config),
        planned_outputs(property_values.masked_as(property_values.mask(before), masked), masked, changed),
    )


def cloud_of(stack: StackSettings) -> str:
    """Return the cloud of a stack's configuration: `local` or `azure`."""
    return str(stack.config.get("sde:cloud", ""))
