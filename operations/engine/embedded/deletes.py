"""The deletes of a run: dependants first, protected resources never."""

from __future__ import annotations

from collections.abc import Iterable

from formats import urns
from formats.errors import Refused
from formats.plan import Operation
from formats.urns import label
from operations.engine.embedded.deployment import Deployment
from operations.engine.embedded.model import Resource


def unregistered(deployment: Deployment) -> list[Resource]:
    """Return the previous resources that the program no longer registers, in the order of deletion.

    The state has a user after what it uses, so the reverse of its order is an order for deleting.
    """
    gone = reversed(deployment.unhandled())
    targets = deployment.targets
    return [r for r in gone if r.delete or targets.named(r.urn)] if targets else list(gone)


def chosen(deployment: Deployment) -> list[Resource]:
    """Return the resources that a destroy deletes: all, or the targets, in the order of deletion."""
    targets = deployment.targets
    found = [r for r in reversed(deployment.base.resources) if not targets or targets.named(r.urn)]
    targets.must_match(())
    return found


def destroy(deployment: Deployment, *, release_protected: bool) -> None:
    """Delete the stack's resources, or the targets. Refused if one is protected, unless the protection is released."""
    to_delete = chosen(deployment)
    for resource in deployment.base.resources if deployment.targets else ():
        if resource not in to_delete:
            deployment.report_unchanged(resource)
    for resource in to_delete:
        if resource.protect and not release_protected:
            deployment.refusals.append(f"{label(resource.urn)} would be deleted")
    deployment.raise_refusals()
    for resource in to_delete:
        if resource.protect:
            deployment.record_updated(resource, protect=False)
    run(deployment, to_delete)


def run(deployment: Deployment, to_delete: list[Resource]) -> None:
    """Delete the resources. Refused before the first deletion if one of them is protected."""
    for resource in to_delete:
        if resource.protect and not resource.delete:
            deployment.refuse(f"{label(resource.urn)} would be deleted")
    _refuse_used(deployment, to_delete)
    deployment.order.end_program()
    deleted = {r.urn for r in to_delete if not r.delete}
    for resource in to_delete:
        if resource.external:  # it was only read, so it only leaves the state
            deployment.record_deleted(resource)
            continue
        deployment.plan(Operation.DELETE, resource)
        if deployment.dry_run:
            deployment.record_deleted(resource)
            continue
        with deployment.reporter.step(resource, Operation.DELETE):
            if resource.deleted_with not in deleted:
                from_cloud(deployment, resource)
            deployment.record_deleted(resource)


def from_cloud(deployment: Deployment, resource: Resource) -> None:
    """Delete a resource with its provider, unless nothing of it exists in the cloud."""
    nothing = not resource.custom or resource.external or resource.pending_replacement
    if nothing or resource.deleted_with in deployment.deleted_before_replacement or urns.is_provider(resource.type):
        return
    with deployment.operation("deleting", resource):
        deployment.registry.of(resource.provider).delete(resource)


def _refuse_used(deployment: Deployment, to_delete: Iterable[Resource]) -> None:
    """Refuse to delete a target that a resource outside the targets still uses."""
    if not deployment.targets:
        return
    deleted = {id(r) for r in to_delete}
    deleted_urns = {r.urn for r in to_delete if not r.delete}
    kept = [*deployment.registered.values(), *(r for r in deployment.unhandled() if id(r) not in deleted)]
    used = []
    for resource in kept:
        uses = {resource.parent, urns.provider_urn(resource.provider), *resource.dependencies}
        used += [f"  {urn} is used by {resource.urn}" for urn in sorted(uses & deleted_urns)]
    if used:
        listed = "\n".join(used)
        raise Refused(f"Targets that other resources use cannot be deleted; add those as targets:\n{listed}")
