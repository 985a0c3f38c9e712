"""Replacements: created before the old resource is deleted, or after it and its dependants are deleted."""

from __future__ import annotations

from collections.abc import Collection

from formats import property_values, urns
from formats.errors import Failed
from formats.plan import Operation
from formats.urns import label
from operations.engine.clock import now
from operations.engine.embedded import deletes
from operations.engine.embedded.deployment import Deployment
from operations.engine.embedded.model import Properties, Resource
from operations.engine.embedded.plans import planned
from operations.engine.embedded.providers import Difference, Provider


def replace_resource(
    deployment: Deployment, provider: Provider, new: Resource, old: Resource, difference: Difference
) -> Resource:
    """Replace a resource, in the order that the difference names."""
    refuse_if_protected(deployment, old, "replaced")
    _refuse_if_imported(deployment, new, old, difference)
    if difference.delete_before_replace:
        _delete_with_dependants(deployment, new, old, difference)
        return create(deployment, provider, new, old, difference)
    deployment.plan(Operation.REPLACE, new, old, difference)
    _create(deployment, provider, new, Operation.REPLACE, replaced=old, changed=difference.changed)
    return new


def create(
    deployment: Deployment, provider: Provider, new: Resource, old: Resource | None, difference: Difference
) -> Resource:
    """Create a resource; `old` is the deleted resource that it replaces."""
    operation = Operation.CREATE if old is None else Operation.REPLACE
    deployment.plan(operation, new, old, difference)
    _create(deployment, provider, new, operation, old)
    return new


def _create(
    deployment: Deployment,
    provider: Provider,
    new: Resource,
    operation: Operation,
    deleted: Resource | None = None,
    *,
    replaced: Resource | None = None,
    changed: tuple[str, ...] = (),
) -> None:
    """Call the provider's create and record the result.

    The predecessor was `deleted` already, or is `replaced`, which means that it is deleted later.
    """
    new.created = new.modified = now()
    with (
        deployment.reporter.step(new, operation) as step,
        deployment.operation("creating", new),
    ):
        step.changed = changed
        new.id, new.outputs = provider.create(new.urn, new.inputs, preview=deployment.dry_run)
        new.mark_secret_outputs()
        if not deployment.dry_run and not new.id:
            raise Failed(f"{label(new.urn)}: the provider created it but returned no id")
        deployment.record_registered(new, deleted, replaced=replaced)


def refuse_if_protected(deployment: Deployment, old: Resource, change: str) -> None:
    """Refuse the change of a protected resource."""
    if old.protect:
        deployment.refuse(f"{label(old.urn)} would be {change}")


def _refuse_if_imported(deployment: Deployment, new: Resource, old: Resource, difference: Difference) -> None:
    """Refuse to replace an imported resource while the program keeps its import id; a preview warns."""
    if not new.import_id:
        return
    changed = ", ".join(difference.replaces)
    problem = f"{label(old.urn)} was imported and would be replaced, because of {changed}: remove its `import_` option"
    if not deployment.dry_run:
        raise Failed(problem)
    deployment.reporter.message("warning", problem, old.urn)


def _delete_with_dependants(deployment: Deployment, new: Resource, old: Resource, difference: Difference) -> None:
    """Delete a resource before its replacement is created, after the dependants that must be replaced too."""
    plan_check = deployment.plan_check
    if plan_check:  # checked here too: the deletes run before the step is recorded
        plan_check.step(planned(Operation.REPLACE, new, old))
    dependants = _dependants_to_replace(deployment, old)
    for dependant, reasons in dependants:
        refuse_if_protected(deployment, dependant, f"replaced together with {label(old.urn)}")
        if plan_check:
            plan_check.replacement(dependant.urn)
        deployment.deleted_before_replacement[dependant.urn] = reasons
    deployment.deleted_before_replacement[old.urn] = difference.replaces
    for resource in (*(dependant for dependant, _ in dependants), old):
        if not resource.pending_replacement and not deployment.dry_run:
            deletes.from_cloud(deployment, resource)
            deployment.record_updated(resource, pending_replacement=True)


def _dependants_to_replace(deployment: Deployment, root: Resource) -> list[tuple[Resource, tuple[str, ...]]]:
    """Return the dependants to delete before `root` and create again after it, in reverse dependency order.

    Resources that are `deletedWith` a replaced resource are always included. Another dependant is included only if a
    property comes from a replaced resource and its change forces a replacement, as the provider's diff or the
    dependant's `replace_on_changes` says.
    """
    replaced: dict[str, tuple[str, ...]] = {root.urn: ()}
    found: list[tuple[Resource, tuple[str, ...]]] = []
    for resource in deployment.base.resources:  # a dependant comes after what it depends on
        managed = resource.custom and not resource.external and not resource.delete
        if not managed or resource.urn in replaced or deployment.is_handled(resource):
            continue
        reasons = _forced_by(deployment, resource, replaced)
        if reasons is not None:
            replaced[resource.urn] = reasons
            found.append((resource, reasons))
    return found[::-1]


def _forced_by(deployment: Deployment, dependant: Resource, replaced: Collection[str]) -> tuple[str, ...] | None:
    """Return the paths that force a dependant's replacement: `provider` if its provider is replaced, none if it is
    deleted with a replaced resource. None if it is not replaced."""
    if urns.provider_urn(dependant.provider) in replaced:
        return ("provider",)
    if dependant.deleted_with in replaced:
        return ()
    touched = {k for k, deps in dependant.property_dependencies.items() if any(d in replaced for d in deps)}
    touched &= dependant.inputs.keys()
    if not touched or urns.is_provider(dependant.type):
        return None
    guess: Properties = {k: property_values.UNKNOWN if k in touched else v for k, v in dependant.inputs.items()}
    provider = deployment.registry.of(dependant.provider)
    difference = provider.diff(dependant, guess, dependant.ignore_changes).forcing(dependant.replace_on_changes)
    return difference.replaces or None
