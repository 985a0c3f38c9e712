"""Refresh: update the state with the cloud's present properties, and drop deleted resources."""

from __future__ import annotations

from formats import property_values, urns
from formats.plan import Operation
from operations.engine.clock import now
from operations.engine.embedded.deployment import Deployment
from operations.engine.embedded.model import Resource
from operations.engine.embedded.providers import default_diff
from operations.engine.port import GONE


def run(deployment: Deployment) -> None:
    """Read every resource of the state that a provider manages."""
    for resource in deployment.base.resources:
        managed = resource.custom and not urns.is_provider(resource.type)
        if managed and not resource.delete and not resource.pending_replacement:
            refresh_resource(deployment, resource)
        else:
            deployment.report_unchanged(resource)


def refresh_resource(deployment: Deployment, resource: Resource) -> None:
    """Update one resource in the state, or remove it if it no longer exists."""
    with deployment.reporter.step(resource, "refresh") as step:
        provider = deployment.registry.of(resource.provider)
        found = provider.read(resource.urn, resource.id, resource.inputs, resource.outputs)
        if found is None:
            step.operation = Operation.DELETE
            deployment.record_deleted(resource)
            deployment.reporter.message("warning", GONE, resource.urn)
        else:
            id_, inputs, outputs = found
            outputs = property_values.mark_secret(outputs, resource.additional_secret_outputs)
            step.changed = default_diff(resource.outputs, outputs).changed
            same_inputs = property_values.equal(inputs, resource.inputs)
            if same_inputs and property_values.equal(outputs, resource.outputs) and id_ == resource.id:
                step.operation = Operation.SAME
            else:
                step.operation = Operation.UPDATE
                deployment.record_updated(resource, id=id_, inputs=inputs, outputs=outputs, modified=now())
                deployment.mask_secrets(resource)
        deployment.count(step.operation, resource.type)
