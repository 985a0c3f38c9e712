"""The resources of a Plan as policies read them."""

from __future__ import annotations

from dataclasses import replace

from formats.arm.resolve import resources_after_deployment
from formats.plan import Operation, Plan
from formats.urns import ROOT_TYPE
from policies.model import Resource, resource_of


def resources_of(plan: Plan) -> list[Resource]:
    """Return the resources that exist after the deployment, with derived ARM ids."""
    return [
        resource_of(resource, stack=plan.stack, subscription=plan.subscription)
        for resource in resources_after_deployment(plan)
    ]


def root_of(plan: Plan) -> list[Resource]:
    """Return the stack's root with its outputs as inputs; nothing for a plan without outputs."""
    outputs = {output.name: output.after for output in plan.outputs if output.after is not None}
    roots = [r for r in plan.resources if r.type == ROOT_TYPE and r.operation is not Operation.DELETE and outputs]
    bare = (replace(root, inputs=outputs, dependencies=(), property_dependencies={}) for root in roots)
    return [resource_of(root, stack=plan.stack, subscription=plan.subscription) for root in bare]
