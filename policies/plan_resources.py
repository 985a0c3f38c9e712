"""The resources of a Plan as policies read them."""

from __future__ import annotations

from formats.arm.resolve import resources_after_deployment
from formats.plan import Plan
from policies.model import Resource, resource_of


def resources_of(plan: Plan) -> list[Resource]:
    """Return the resources that exist after the deployment, with derived ARM ids."""
    return [
        resource_of(resource, stack=plan.stack, subscription=plan.subscription)
        for resource in resources_after_deployment(plan)
    ]
