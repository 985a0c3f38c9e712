"""The steps of a registration or a read: compare the desired resource with its state, and apply the difference."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from formats import property_values, urns
from formats.default_providers import is_default_provider
from formats.errors import InputError
from formats.plan import Operation
from formats.urns import label
from operations.engine.clock import now
from operations.engine.embedded import imports, replacements, state_steps
from operations.engine.embedded.deployment import Deployment, RegistrationResult
from operations.engine.embedded.goal import Goal
from operations.engine.embedded.model import Resource
from operations.engine.embedded.providers import Difference, Provider, default_diff
from operations.engine.embedded.report import StepError

INIT_ERROR = "#initerror"
"""The path that the official engine gives for errors of a resource's initialisation."""


def register(deployment: Deployment, goal: Goal) -> RegistrationResult:
    """Create, update, replace or keep one resource."""
    return _guarded(deployment, goal.resource, lambda: _registered(deployment, goal))


def read(deployment: Deployment, goal: Goal) -> RegistrationResult:
    """Read one resource into the state, as external: it is never changed or deleted."""
    return _guarded(deployment, goal.resource, lambda: _read(deployment, goal))


def _guarded(deployment: Deployment, wanted: Resource, step: Callable[[], Resource]) -> RegistrationResult:
    """Return the result of a step. After a failure, every later step fails too."""
    with deployment.lock:
        if deployment.error is not None:
            return RegistrationResult(wanted.urn, failed=True)
        try:
            new = step()
        except BaseException as error:  # kept in `deployment.error`, and raised again once the SDK has returned
            deployment.error = error
            return RegistrationResult(wanted.urn, failed=True)
        # A component registers its outputs later; those of the last run may refer to deleted resources.
        outputs = new.outputs if wanted.custom else {}
        return RegistrationResult(wanted.urn, new.id, outputs, unknown=wanted.urn in deployment.skipped)


def _refuse_duplicate(deployment: Deployment, urn: str) -> None:
    """Refuse a URN that this run has registered already."""
    if urn in deployment.registered:
        raise InputError("Two resources have the same type and name", key=urn, fix="give one of them another name")


def _registered(deployment: Deployment, goal: Goal) -> Resource:
    _refuse_duplicate(deployment, goal.resource.urn)
    old, new = deployment.previous_state(goal), deployment.desired_state(goal)
    if not deployment.targets.includes(new.urn):
        return _untargeted(deployment, new, old)
    _refuse_missing_dependencies(deployment, new, goal.provider)
    if not new.custom:
        return state_steps.register_component(deployment, new, old)
    if urns.is_provider(new.type):
        return state_steps.register_provider(deployment, goal, new, old)
    provider = state_steps.provider_of(deployment, goal)
    new.provider = provider.reference
    return _custom(deployment, goal, provider, new, old)


def _untargeted(deployment: Deployment, new: Resource, old: Resource | None) -> Resource:
    """Keep a resource outside the targets unchanged; skip it if it does not exist yet."""
    if old is None:
        deployment.skipped.add(new.urn)
        deployment.registered[new.urn] = new
        return new
    kept = replace(old, urn=new.urn, parent=new.parent)
    if urns.is_provider(old.type):
        deployment.registry.load_from_state([*deployment.base.resources, kept])
    return state_steps.keep(deployment, kept, old)


def _refuse_missing_dependencies(deployment: Deployment, new: Resource, provider: str) -> None:
    """Refuse a target that depends on a resource which neither exists nor is a target."""
    needs = {new.parent, new.deleted_with, *new.dependencies, urns.provider_urn(provider)}
    if missing := sorted(needs & deployment.skipped):
        raise InputError(
            f"{label(new.urn)} needs a resource that does not exist and is not among the targets",
            found=", ".join(missing),
            fix="add it to the targets",
        )


def _custom(deployment: Deployment, goal: Goal, provider: Provider, new: Resource, old: Resource | None) -> Resource:
    if old is not None and old.external:
        # The old resource was only read; it leaves the state, is not deleted, and a managed one is created.
        deployment.record_deleted(old)
        old = None
    if new.import_id and (old is None or new.import_id not in (old.id, old.import_id)):
        return imports.of_program(deployment, provider, new, old)
    seed, declared = deployment.seed(new.urn, old, provider), new.inputs
    already_deleted = old is not None and (old.pending_replacement or new.urn in deployment.deleted_before_replacement)
    if old is None or already_deleted:
        new.inputs = provider.check(new.urn, None, declared, seed)
        deployment.mask_secrets(new)
        reasons = deployment.deleted_before_replacement.get(new.urn, ())
        return replacements.create(deployment, provider, new, old, Difference(reasons, reasons))
    new.inputs = provider.check(new.urn, old.inputs, deployment.with_ignored_changes(new, old.inputs), seed)
    deployment.mask_secrets(new)
    difference = _difference(deployment, provider, new, old)
    if difference.replaces:
        new.inputs = provider.check(new.urn, None, declared, seed)
        if goal.delete_before_replace is not None:
            difference = replace(difference, delete_before_replace=goal.delete_before_replace)
        return replacements.replace_resource(deployment, provider, new, old, difference)
    if difference.changed or old.init_errors:
        return _update(deployment, provider, new, old, difference)
    new.id, new.outputs = old.id, old.outputs
    new.created, new.modified = old.created, old.modified
    new.mark_secret_outputs()
    return state_steps.keep(deployment, new, old)


def _difference(deployment: Deployment, provider: Provider, new: Resource, old: Resource) -> Difference:
    """Return the provider's diff with the program's `replace_on_changes`. A resource that moves to another provider is
    replaced, and one with errors of its initialisation if its `replace_on_changes` has every path."""
    if _has_other_provider(deployment, new, old):
        changed = default_diff(old.inputs, new.inputs).changed
        return Difference(tuple(sorted({*changed, "provider"})), ("provider",))
    found = provider.diff(replace(old, urn=new.urn), new.inputs, new.ignore_changes).forcing(new.replace_on_changes)
    if old.init_errors and "*" in new.replace_on_changes:
        return replace(found, replaces=(*found.replaces, INIT_ERROR))
    return found


def _has_other_provider(deployment: Deployment, new: Resource, old: Resource) -> bool:
    """Return True if the provider changes. Another version of the default provider is no change."""
    before, after = old.provider, new.provider
    if not before or before == after:
        return False
    old_urn, new_urn = urns.provider_urn(before), urns.provider_urn(after)
    if is_default_provider(old_urn) and is_default_provider(new_urn):
        return False
    if deployment.aliases.found.get(new_urn, new_urn) == old_urn:
        state = deployment.previous.get(old_urn)
        # The same provider resource: another id, or none yet in a preview, means that it is replaced.
        return state is not None and deployment.registered[new_urn].id != state.id
    return True


def _update(
    deployment: Deployment, provider: Provider, new: Resource, old: Resource, difference: Difference
) -> Resource:
    deployment.plan(Operation.UPDATE, new, old, difference)
    new.id, new.created, new.modified = old.id, old.created, now()
    with (
        deployment.reporter.step(new, Operation.UPDATE) as step,
        deployment.operation("updating", old),
    ):
        step.changed = difference.changed
        before = replace(old, urn=new.urn)
        new.outputs = provider.update(before, new.inputs, new.ignore_changes, preview=deployment.dry_run)
        new.mark_secret_outputs()
        deployment.record_registered(new, old)
    return new


def _read(deployment: Deployment, goal: Goal) -> Resource:
    with deployment.reporter.step(goal.resource, Operation.READ):
        return _read_resource(deployment, goal)


def _read_resource(deployment: Deployment, goal: Goal) -> Resource:
    _refuse_duplicate(deployment, goal.resource.urn)
    new, old = deployment.desired_state(goal), deployment.previous_state(goal)
    provider = state_steps.provider_of(deployment, goal)
    new.provider = provider.reference
    if not new.id or property_values.is_unknown(new.id):
        new.id = ""
        deployment.plan(Operation.READ, new, old)
        deployment.record_registered(new, old)
        return new
    found = provider.read(new.urn, new.id, new.inputs, old.outputs if old is not None else {})
    if found is None:
        raise StepError(new.urn, f"there is nothing to read with the id {new.id}")
    new.id, inputs, outputs = found
    new.inputs = {**inputs, **new.inputs}
    new.outputs = property_values.mark_secret(outputs, new.additional_secret_outputs)
    new.created = new.modified = now()
    deployment.plan(Operation.READ, new, old)
    if old is not None and not old.external:
        _refuse_managed(deployment, old)
    if old is not None and replace(new, created=old.created, modified=old.modified) == old:
        deployment.mark_handled(old)
        deployment.registered[new.urn] = old
        return old
    if old is not None:
        new.created = old.created
    deployment.record_registered(new, old)
    return new


def _refuse_managed(deployment: Deployment, old: Resource) -> None:
    """Refuse to read a resource that the stack manages: it would be deleted from the state, even if protected."""
    if old.id and old.protect:
        deployment.refuse(f"{label(old.urn)} would be deleted, because the program now only reads it")
    raise InputError(
        "A resource of this stack would become one that is only read",
        key=old.urn,
        fix="give the one that is read another name, or take the resource out of the state first",
    )
