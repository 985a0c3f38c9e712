"""Refresh: update the state with the cloud's present properties, and drop deleted resources."""

from __future__ import annotations

from dataclasses import replace

from formats import property_values, urns
from formats.drift import Present
from formats.plan import Operation
from operations.engine.clock import now
from operations.engine.embedded.deployment import Deployment
from operations.engine.embedded.model import Properties, Resource
from operations.engine.embedded.providers import Difference, Provider, default_diff
from operations.engine.port import GONE


def run(deployment: Deployment) -> dict[str, Present | None]:
    """Read every resource of the state that a provider manages. Return those that differ, by URN; None if gone.

    A warning names each that is gone.
    """
    found = read(deployment)
    for urn in [urn for urn, present in found.items() if present is None]:
        deployment.reporter.message("warning", GONE, urn)
    return found


def read(deployment: Deployment) -> dict[str, Present | None]:
    """Read every resource that a provider manages, without warnings, and return what `run` does."""
    found: dict[str, Present | None] = {}
    for resource in deployment.base.resources:
        managed = resource.custom and not urns.is_provider(resource.type)
        if managed and _is_there(resource) and deployment.targets.includes(resource.urn):
            difference = refresh_resource(deployment, resource)
            if difference is None:
                found[resource.urn] = None
            elif difference.changed:
                found[resource.urn] = Present(resource.inputs, difference.changed)
        else:
            deployment.report_unchanged(resource)
    return found


def refresh_resource(deployment: Deployment, resource: Resource) -> Difference | None:
    """Update one resource in the state, or remove it if it no longer exists. Return the difference; None if it is gone.

    As in the Pulumi CLI, the provider compares the inputs: properties that only the cloud computes, and those of
    `ignoreChanges`, are updated in the state and are no difference.
    """
    with deployment.reporter.step(resource, "refresh") as step:
        provider = deployment.registry.of(resource.provider)
        found = provider.read(resource.urn, resource.id, resource.inputs, resource.outputs)
        if found is None:
            step.operation = Operation.DELETE
            deployment.record_deleted(resource)
            deployment.count(step.operation, resource.type)
            return None
        present = _present(resource, *found)
        difference = _difference(provider, resource, present)
        step.changed = difference.changed
        step.operation = Operation.UPDATE if difference.changed else Operation.SAME
        if not _equal(present, resource):
            deployment.record_updated(
                resource, id=present.id, inputs=present.inputs, outputs=present.outputs, modified=now()
            )
            deployment.mask_secrets(resource)
        deployment.count(step.operation, resource.type)
        return difference


def _present(resource: Resource, id_: str, inputs: Properties, outputs: Properties) -> Resource:
    """Return the resource as the cloud has it. What was secret stays so, where the provider gives it no mark too."""
    present = replace(
        resource,
        id=id_,
        inputs=property_values.secret_as(inputs, resource.inputs),
        outputs=property_values.secret_as(outputs, resource.outputs),
    )
    present.mark_secret_outputs()
    return present


def _difference(provider: Provider, resource: Resource, present: Resource) -> Difference:
    if resource.external:  # it has no inputs that anybody declared
        return default_diff(resource.outputs, present.outputs)
    return provider.diff(present, resource.inputs, resource.ignore_changes)


def _is_there(resource: Resource) -> bool:
    """Return True for a resource that the program has, and not one that waits for its deletion or replacement."""
    return not resource.delete and not resource.pending_replacement


def _equal(one: Resource, other: Resource) -> bool:
    return one.id == other.id and property_values.equal([one.inputs, one.outputs], [other.inputs, other.outputs])
