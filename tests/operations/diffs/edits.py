"""Plans with a change: the shipped plans of deployed stacks, of which a resource is updated, added or removed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from functools import cache
from typing import Any

from formats.arm.resolve import resolved
from formats.plan import Operation, Plan, PlannedResource
from formats.property_paths import join
from formats.urns import plain_type
from local_azure.diffs import differences
from policies.model import Finding, PolicyContext
from policies.mutations.model import Mutant
from policies.plan_resources import resources_of
from policies.rules import load
from policies.runner import ALL, findings_of
from tests.policies import shipped

Edit = Callable[[dict[str, Any]], object]
PREFIX = "azure-native:"


def find(stack: str, type_: str, name: str) -> PlannedResource:
    """Return a resource of a deployed stack."""
    every = shipped.after(stack).resources
    return next(r for r in every if r.type.removeprefix(PREFIX) == type_ and r.name == name)


def updated(resource: PlannedResource, inputs: Mapping[str, Any], **more: Any) -> PlannedResource:
    """Return the update of a resource to other inputs."""
    changed = tuple(sorted(join(one.path) for one in differences(dict(resource.inputs), dict(inputs))))
    fields = {"changed": changed, **more}
    return replace(resource, operation=Operation.UPDATE, inputs=inputs, old_inputs=resource.inputs, **fields)


def edited(stack: str, type_: str, name: str, edit: Edit, **more: Any) -> Plan:
    """Return the plan that updates one resource."""
    resource = find(stack, type_, name)
    inputs = deepcopy(dict(resource.inputs))
    edit(inputs)
    return with_resource(stack, updated(resource, inputs, **more))


def removed(stack: str, type_: str, name: str, **more: Any) -> Plan:
    """Return the plan that deletes one resource."""
    return with_resource(stack, replace(find(stack, type_, name), operation=Operation.DELETE, **more))


def replaced(stack: str, type_: str, name: str, edit: Edit) -> Plan:
    """Return the plan that replaces one resource."""
    plan = edited(stack, type_, name, edit)
    changed = next(r for r in plan.resources if r.operation is Operation.UPDATE)
    return with_resource(stack, replace(changed, operation=Operation.REPLACE, replaces=changed.changed))


def added(stack: str, type_: str, like: str, name: str, edit: Edit) -> Plan:
    """Return the plan that creates a resource like another one of the stack."""
    resource = find(stack, type_, like)
    inputs = deepcopy(dict(resource.inputs))
    edit(inputs)
    urn, id_ = resource.urn.removesuffix(like) + name, f"{resource.id}-{name}"
    new = replace(resource, urn=urn, id=id_, inputs=inputs, operation=Operation.CREATE)
    plan = shipped.after(stack)
    return replace(plan, resources=(*plan.resources, new))


def with_resource(stack: str, changed: PlannedResource) -> Plan:
    """Return a deployed stack's plan with one resource changed."""
    plan = shipped.after(stack)
    return replace(plan, resources=tuple(changed if r.urn == changed.urn else r for r in plan.resources))


@cache
def _others(stack: str) -> Sequence[Any]:
    return [r for name in shipped.STACKS if name != stack for r in resources_of(shipped.after(name))]


def findings(plan: Plan) -> list[Finding]:
    """Return the findings on the changed resources, and those of policies that read their types on the others of the
    stack; without the policies that compare with the estate's files: these changes are as if the files had them."""
    own = resources_of(plan)
    context = PolicyContext([*own, *_others(plan.stack)], is_complete=True)
    urns, types = {r.urn for r in plan.changes}, {plain_type(r.type) for r in plan.changes}
    return [
        finding
        for policy in load().values()
        if policy.evaluation_scope != "estate"
        for resource in own
        if {ALL, resource.type} & {*policy.resource_types}
        and (resource.urn in urns or any(type_ in types for type_, _ in policy.typed_paths if type_ != resource.type))
        for finding in findings_of(policy, resource, context)
    ]


def plan_of(mutant: Mutant) -> Plan:
    """Return the plan that makes a mutant of a deployed stack."""
    plan = resolved(shipped.after(mutant.stack))
    old = next((r for r in plan.resources if r.urn == mutant.urn), None)
    if mutant.after is None:
        assert old
        return with_resource(mutant.stack, replace(old, operation=Operation.DELETE))
    if old is None:
        new = PlannedResource(mutant.urn, PREFIX + mutant.type, Operation.CREATE, id=mutant.after.id,
                              inputs=mutant.after.inputs)  # fmt: skip
        return replace(plan, resources=(*plan.resources, new))
    if mutant.after.inputs == old.inputs:
        return plan  # an option of the resource: no property changes
    return with_resource(mutant.stack, updated(old, mutant.after.inputs))
