"""The resources of a Plan as policies read them."""

from __future__ import annotations

from formats.arm.resolve import azure_resources
from formats.plan import Plan
from policies.model import Resource, resource_of


def resources_of(plan: Plan) -> list[Resource]:
    """Return the resources that the deployed plan will have, with derived ARM ids (see `azure_resources`)."""
    return [resource_of(resource, stack=plan.stack) for resource in azure_resources(plan)]
