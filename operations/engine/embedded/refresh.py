"""Refresh: update the state with the cloud's present properties, and drop deleted resources."""

from __future__ import annotations

from dataclasses import replace

from formats import property_values, urns
from formats.errors import Failed
from formats.plan import Operation
from operations.engine.clock import now
from operations.engine.embedded.deployment import Deployment, display_name
from operations.engine.embedded.model import Resource
from operations.engine.embedded.providers import ProviderError, default_diff
from operations.engine.port import GONE


def run(deployment: Deployment) -> None:
    """Read every resource of the state that a provider manages."""
    for resource in deployment.base.resources:
        asked = resource.custom and not urns.is_provider(resource.type)
        if asked and not resource.delete and not resource.pending_replacement:
            one(deployment, resource)
        else:
            deployment.stays(resource)


def one(deployment: Deployment, resource: Resource) -> bool:
    """Refresh one resource; return False if it no longer exists."""
    with deployment.reporter.step(resource.urn, resource.type, "refresh") as step:
        provider = deployment.context.registry.of(resource.provider)
        try:
            found = provider.read(resource.urn, resource.id, resource.inputs, resource.outputs)
        except ProviderError as error:
            raise Failed(f"{display_name(resource.urn)}: {error}") from error
        if found is None:
            deployment.drop(resource)
            deployment.count(Operation.DELETE, resource.type)
            step.operation = Operation.DELETE
            deployment.reporter.message("warning", GONE, resource.urn)
            return False
        id_, inputs, outputs = found
        outputs = property_values.mark_secret(outputs, resource.additional_secret_outputs)
        step.changed = default_diff(resource.outputs, outputs).changed
        if (
            property_values.equal(inputs, resource.inputs)
            and property_values.equal(outputs, resource.outputs)
            and id_ == resource.id
        ):
            deployment.count(Operation.SAME, resource.type)
            step.operation = Operation.SAME
            return True
        fresh = replace(resource, id=id_, inputs=inputs, outputs=outputs, modified=now(), init_errors=[])
        deployment.amend(resource, **{k: getattr(fresh, k) for k in ("id", "inputs", "outputs", "modified")})
        deployment.learn(resource)
        deployment.count(Operation.UPDATE, resource.type)
        step.operation = Operation.UPDATE
        return True
