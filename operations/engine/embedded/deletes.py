"""The deletes of a run: dependants first, protected resources never."""

from __future__ import annotations

from collections.abc import Iterable

from formats import urns
from formats.errors import Failed, Refused
from formats.plan import Operation
from operations.engine.embedded.deployment import Deployment, display_name
from operations.engine.embedded.model import Resource
from operations.engine.embedded.providers import ProviderError


def unwanted(deployment: Deployment) -> list[Resource]:
    """Return the previous resources that the program no longer registers, in the order of deletion.

    The state has a user after what it uses, so the reverse of its order is an order for deleting.
    """
    gone = reversed(deployment.rest())
    targets = deployment.context.targets
    return [r for r in gone if r.delete or targets.named(r.urn)] if targets else list(gone)


def run(deployment: Deployment, to_delete: list[Resource]) -> None:
    """Delete the resources. Refused before the first deletion if one of them is protected."""
    for resource in to_delete:
        if resource.protect and not resource.delete:
            deployment.refuse(f"{display_name(resource.urn)} would be deleted")
    _keep_what_is_used(deployment, to_delete)
    going = {r.urn for r in to_delete if not r.delete}
    for resource in to_delete:
        if resource.external:  # it was only read: the state lets it go
            deployment.drop(resource)
            continue
        deployment.plan(Operation.DELETE, resource)
        if deployment.dry_run:
            deployment.done(resource)
            continue
        with deployment.reporter.step(resource.urn, resource.type, Operation.DELETE):
            if resource.deleted_with not in going:
                from_cloud(deployment, resource)
            deployment.drop(resource)


def from_cloud(deployment: Deployment, resource: Resource) -> None:
    """Delete a resource with its provider, unless nothing of it exists in the cloud."""
    nothing = not resource.custom or resource.external or resource.pending_replacement
    if nothing or resource.deleted_with in deployment.replaced or urns.is_provider(resource.type):
        return
    try:
        with deployment.asking("deleting", resource):
            deployment.context.registry.of(resource.provider).delete(resource)
    except ProviderError as error:
        raise Failed(f"{display_name(resource.urn)}: {error}") from error


def _keep_what_is_used(deployment: Deployment, to_delete: Iterable[Resource]) -> None:
    """Refuse to delete a target that a resource outside the targets still uses."""
    if not deployment.context.targets:
        return
    going = {id(r) for r in to_delete}
    urns_going = {r.urn for r in to_delete if not r.delete}
    staying = [*deployment.registered.values(), *(r for r in deployment.rest() if id(r) not in going)]
    used = []
    for resource in staying:
        provider = urns.provider_urn(resource.provider) if resource.provider else ""
        used += [
            f"{used_one} is used by {resource.urn}"
            for used_one in sorted({resource.parent, provider, *resource.dependencies} & urns_going)
        ]
    if used:
        listed = "\n".join(f"  {u}" for u in used)
        raise Refused(f"Targets that other resources use cannot be deleted; add those as targets:\n{listed}")
