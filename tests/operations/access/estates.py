"""The shipped estate as plans, with single resources changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from formats.plan import Operation, Plan, PlannedResource
from formats.stack_config import StackConfig
from operations.access.diff import AccessDiff, Effect, access_diff
from operations.access.model import AccessModel
from operations.access.people import People
from policies.model import PolicyContext
from policies.plan_resources import resources_of
from tests.policies import shipped, staffed

ROLE, STORE = ":RoleAssignment", ":StorageAccount"
NEW_GROUP = "99999999-0000-4000-8000-000000000001"
OWNER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
BLOB_READER = "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"


def plans() -> list[Plan]:
    """Return the deployed stacks, without staff machines."""
    return [shipped.deployed(stack) for stack in shipped.STACKS]


def staffed_plans() -> list[Plan]:
    """Return the stacks with a staff machine for each role."""
    return [staffed.after(), *plans()[1:]]


def model_of(found: Sequence[Plan], configs: Mapping[str, StackConfig] | None = None) -> AccessModel:
    """Return the accesses of plans."""
    configs = shipped.configs() if configs is None else configs
    context = PolicyContext([r for p in found for r in resources_of(p)], is_complete=True, configs=configs)
    return AccessModel(context, People(configs))


def changed(stack: str, name: str, type_end: str, operation: Operation, **inputs: Any) -> list[Plan]:
    """Return the deployed stacks with one resource that a plan changes."""

    def edited(one: PlannedResource) -> PlannedResource:
        if one.name != name or not one.type.endswith(type_end):
            return one
        after = {} if operation is Operation.DELETE else inputs
        return replace(one, operation=operation, inputs={**one.inputs, **after}, old_inputs=one.inputs,
                       changed=tuple(inputs))  # fmt: skip

    return [replace(p, resources=tuple(map(edited, p.resources))) if p.stack == stack else p for p in plans()]


def added(stack: str, like: str, **inputs: Any) -> list[Plan]:
    """Return the deployed stacks with one more role assignment, made like another one."""

    def with_more(plan: Plan) -> Plan:
        grant = next(r for r in plan.resources if r.name == like and r.type.endswith(ROLE))
        scope = inputs.get("scope", grant.inputs["scope"])
        id_ = f"{scope}/providers/Microsoft.Authorization/roleAssignments/77777777-0000-4000-8000-000000000001"
        more = replace(grant, urn=grant.urn + "-more", operation=Operation.CREATE, id=id_,
                       inputs={**grant.inputs, **inputs}, property_dependencies={}, dependencies=())  # fmt: skip
        return replace(plan, resources=(*plan.resources, more))

    return [with_more(plan) if plan.stack == stack else plan for plan in plans()]


def diff(after: Sequence[Plan], before: Sequence[Plan] | None = None, **options: Any) -> AccessDiff:
    """Return what a change of the shipped estate does to access."""
    return access_diff(plans() if before is None else before, after, **{"configs": shipped.configs(), **options})


def said(found: AccessDiff, effect: Effect) -> list[tuple[str, str, str]]:
    """Return holder, actions and things of the changes with an effect."""
    return [
        (c.holder.name, ", ".join(c.actions), "; ".join(t.label for t in c.things))
        for c in found.changes
        if c.effect is effect
    ]


def of(model: AccessModel, holder: str, action: str) -> dict[str, tuple[str, ...]]:
    """Return what a holder, by name, may do so, each with its network ways."""
    return {
        model.thing(access.thing).label: grounds.ways
        for access, grounds in model.accesses.items()
        if model.people.holder(access.holder).name == holder and access.action == action
    }
