"""The steps of a registration: compare the desired resource with its previous state, and apply the difference."""

from __future__ import annotations

import heapq
import uuid
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from formats import property_values, urns
from formats.default_providers import is_default_provider
from formats.errors import Failed, InputError
from formats.plan import Operation, canonical
from operations.engine.clock import now
from operations.engine.embedded import deletes, imports
from operations.engine.embedded.deployment import Deployment, RegistrationResult, display_name, planned
from operations.engine.embedded.goal import Goal
from operations.engine.embedded.model import Properties, Resource
from operations.engine.embedded.provider_registry import INTERNAL, configuration_of
from operations.engine.embedded.providers import Difference, Provider, ProviderError, default_diff


def register(deployment: Deployment, goal: Goal) -> RegistrationResult:
    """Create, update, replace or keep one resource. After a failure, every later registration fails too."""
    urn = deployment.urn_of(goal)
    with deployment.lock:
        if deployment.error is not None:
            return RegistrationResult(urn, failed=True)
        try:
            new = _registered(deployment, urn, goal)
        except BaseException as error:  # kept in `deployment.error`, and raised again once the SDK has returned
            deployment.error = with_resource_name(error, urn)
            return RegistrationResult(urn, failed=True)
        # A component registers its outputs later; those of the last run may refer to deleted resources.
        return RegistrationResult(urn, new.id, new.outputs if goal.custom else {}, unknown=urn in deployment.skipped)


def with_resource_name(error: BaseException, urn: str) -> BaseException:
    """Return a provider's error as `Failed` with the resource's name; other errors unchanged."""
    return Failed(f"{display_name(urn)}: {error}") if isinstance(error, ProviderError) else error


def _registered(deployment: Deployment, urn: str, goal: Goal) -> Resource:
    if urn in deployment.registered:
        raise InputError("Two resources have the same type and name", key=urn, fix="give one of them another name")
    old = deployment.old(urn, goal)
    new = deployment.desired(urn, goal)
    if not deployment.context.targets.includes(urn):
        return _untargeted(deployment, new, old)
    _must_exist(deployment, new)
    if not goal.custom:
        return _component(deployment, new, old)
    if urns.is_provider(goal.type):
        return _provider(deployment, goal, new, old)
    provider = provider_of(deployment, goal)
    new.provider = provider.reference
    return _custom(deployment, goal, provider, new, old)


def provider_of(deployment: Deployment, goal: Goal) -> Provider:
    """Return the provider that a goal names, or the default provider of its package."""
    if goal.provider:
        return deployment.context.registry.of(goal.provider)
    return default_provider(deployment, goal.package, goal.version, goal.plugin_url)


def default_provider(deployment: Deployment, package: str, version: str, url: str = "") -> Provider:
    """Return the default provider of a package; register it from the stack's configuration on first use."""
    key = (package, version, url)
    if key not in deployment.default_providers:
        name = "_".join(filter(None, ["default", version.replace(".", "_"), url]))
        config = {k.split(":", 1)[1]: v for k, v in deployment.context.config.items() if k.split(":", 1)[0] == package}
        goal = Goal(
            type=urns.PROVIDER_PREFIX + package,
            name=name,
            custom=True,
            inputs={k: _provider_text(v) for k, v in config.items()},
            version=version,
            plugin_url=url,
        )
        answer = register(deployment, goal)
        if answer.failed:
            raise deployment.error or Failed("The default provider could not be configured")
        deployment.default_providers[key] = deployment.context.registry.of(f"{answer.urn}::{answer.id}")
    return deployment.default_providers[key]


def _provider_text(value: Any) -> Any:
    """Return a provider's configuration value as the protocol sends it: text, or JSON as text."""
    if property_values.is_secret(value):
        return property_values.secret(_provider_text(value["value"]))
    return value if isinstance(value, str) else canonical(value)


def _untargeted(deployment: Deployment, new: Resource, old: Resource | None) -> Resource:
    """Keep a resource outside the targets unchanged; skip it if it does not exist yet."""
    if old is None:
        deployment.skipped.add(new.urn)
        deployment.registered[new.urn] = new
        return new
    kept = replace(old, urn=new.urn, parent=new.parent)
    if urns.is_provider(old.type):
        deployment.context.registry.load_from_state([*deployment.base.resources, kept])
    return _same(deployment, kept, old)


def _must_exist(deployment: Deployment, new: Resource) -> None:
    """Refuse a target that depends on a resource which neither exists nor is a target."""
    if not deployment.skipped:
        return
    needs = {new.parent, new.deleted_with, *new.dependencies}
    if new.provider:
        needs.add(urns.provider_urn(new.provider))
    if missing := sorted(needs & deployment.skipped):
        raise InputError(
            f"{display_name(new.urn)} needs a resource that does not exist and is not among the targets",
            found=", ".join(missing),
            fix="add it to the targets",
        )


def _component(deployment: Deployment, new: Resource, old: Resource | None) -> Resource:
    if old is None:
        deployment.plan(Operation.CREATE, new)
        new.created = new.modified = now()
        _report_step(deployment, new, Operation.CREATE)
        deployment.put(new)
        return new
    new.outputs, new.created, new.modified = old.outputs, old.created, old.modified
    difference = default_diff(old.inputs, new.inputs)
    if difference.some:
        deployment.plan(Operation.UPDATE, new, old=old, changed=difference.changed)
        new.modified = now()
        _report_step(deployment, new, Operation.UPDATE, difference.changed)
        deployment.put(new, old)
        return new
    return _same(deployment, new, old)


def _provider(deployment: Deployment, goal: Goal, new: Resource, old: Resource | None) -> Resource:
    """Check, compare and configure a provider resource."""
    package = goal.type.removeprefix(urns.PROVIDER_PREFIX)
    inputs = {**goal.inputs, "version": goal.version} if goal.version and "version" not in goal.inputs else goal.inputs
    provider = deployment.context.registry.create(new.urn, old.id if old else "", package)
    before = configuration_of(old.inputs) if old else {}
    new.outputs = provider.check_config(new.urn, before, inputs)
    new.inputs = {**new.outputs, **_internal(goal)}
    new.created = new.modified = now()
    difference = Difference()
    if old is not None:
        new.id, new.created, new.modified = old.id, old.created, old.modified
        if not property_values.equal(before, new.outputs):
            difference = provider.diff_config(new.urn, old.id, replace(old, inputs=before), new.outputs)
            new.modified = now()
    if old is None or difference.replaces:
        new.id = "" if deployment.dry_run else str(uuid.uuid4())
    provider.id = new.id
    provider.configure(new.outputs)
    if old is None:
        deployment.plan(Operation.CREATE, new)
        _report_step(deployment, new, Operation.CREATE)
        deployment.put(new)
    elif difference.replaces:
        _refuse_if_protected(deployment, old, "replaced")
        deployment.plan(Operation.REPLACE, new, old=old, changed=difference.changed, replaces=difference.replaces)
        _report_step(deployment, new, Operation.REPLACE, difference.changed)
        deployment.put(new, replaced=old)
    elif property_values.equal(before, new.outputs):
        return _same(deployment, new, old)
    else:
        changed = difference.changed or default_diff(before, new.outputs).changed
        deployment.plan(Operation.UPDATE, new, old=old, changed=changed)
        _report_step(deployment, new, Operation.UPDATE, changed)
        deployment.put(new, old)
    return new


def _internal(goal: Goal) -> Properties:
    """Return the engine's own settings of a provider, as the CLI keeps them in the state."""
    if not goal.version and not goal.plugin_url:
        return {}
    return {INTERNAL: {"pluginDownloadURL": goal.plugin_url} if goal.plugin_url else {}}


def _custom(deployment: Deployment, goal: Goal, provider: Provider, new: Resource, old: Resource | None) -> Resource:
    if old is not None and old.external:
        # The old resource was only read; it is dropped from the state, not deleted, and a managed one is created.
        deployment.drop(old)
        old = None
    if goal.import_id and (old is None or goal.import_id not in (old.id, old.import_id)):
        return imports.adopted(deployment, goal, provider, new, old)
    seed = deployment.seed(new.urn, old, provider)
    already_deleted = old is not None and (old.pending_replacement or new.urn in deployment.replaced)
    wanted = goal.inputs
    if old is not None and not already_deleted:
        wanted = deployment.with_ignored_changes(new.urn, goal, old.inputs)
    new.inputs = provider.check(new.urn, old.inputs if old is not None and not already_deleted else None, wanted, seed)
    deployment.reporter.secret_filter.add(new.inputs)
    if old is None:
        return _create(deployment, provider, new)
    if already_deleted:
        reasons = deployment.replaced.get(new.urn, ())
        return _create(deployment, provider, new, old, Difference(reasons, reasons, delete_first=True, some=True))
    difference = _difference(deployment, goal, provider, new, old)
    if difference.replaces_it:
        _refuse_if_protected(deployment, old, "replaced")
        _refuse_if_imported(deployment, goal, old, difference)
        new.inputs = provider.check(new.urn, None, goal.inputs, seed)
        first = difference.delete_first if goal.delete_first is None else goal.delete_first
        return _replace(deployment, provider, new, old, replace(difference, delete_first=first))
    if difference.some or old.init_errors:
        return _update(deployment, provider, new, old, difference)
    new.id, new.outputs = old.id, old.outputs
    new.created, new.modified = old.created, old.modified
    new.mark_secret_outputs()
    return _same(deployment, new, old)


def _difference(deployment: Deployment, goal: Goal, provider: Provider, new: Resource, old: Resource) -> Difference:
    """Return the provider's diff. A resource that moves to another provider is replaced."""
    if _other_provider(deployment, new, old):
        difference = default_diff(old.inputs, new.inputs)
        return Difference(tuple(sorted({*difference.changed, "provider"})), ("provider",), some=True)
    return provider.diff(replace(old, urn=new.urn), new.inputs, goal.ignore_changes)


def _other_provider(deployment: Deployment, new: Resource, old: Resource) -> bool:
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


def _create(
    deployment: Deployment,
    provider: Provider,
    new: Resource,
    old: Resource | None = None,
    difference: Difference | None = None,
) -> Resource:
    """Create a resource; `old` is the deleted resource that it replaces."""
    operation = Operation.CREATE if old is None else Operation.REPLACE
    why = difference or Difference()
    deployment.plan(operation, new, old=old, changed=why.changed, replaces=why.replaces)
    _make(deployment, provider, new, operation, gone=old)
    return new


def _make(
    deployment: Deployment,
    provider: Provider,
    new: Resource,
    operation: Operation,
    *,
    gone: Resource | None = None,
    replaced: Resource | None = None,
    changed: tuple[str, ...] = (),
) -> None:
    """Call the provider's create and record the result.

    `gone`: the predecessor, already deleted. `replaced`: the predecessor, deleted later.
    """
    new.created = new.modified = now()
    with (
        deployment.reporter.step(new.urn, new.type, operation) as step,
        deployment.asking("creating", replace(new)),
    ):
        step.changed = changed
        new.id, new.outputs = provider.create(new.urn, new.inputs, preview=deployment.dry_run)
        new.mark_secret_outputs()
        if not deployment.dry_run and not new.id:
            raise Failed(f"{display_name(new.urn)}: the provider created it but returned no id")
        deployment.put(new, gone, replaced=replaced)


def _update(
    deployment: Deployment, provider: Provider, new: Resource, old: Resource, difference: Difference
) -> Resource:
    deployment.plan(Operation.UPDATE, new, old=old, changed=difference.changed)
    new.id, new.created, new.modified = old.id, old.created, now()
    with (
        deployment.reporter.step(new.urn, new.type, Operation.UPDATE) as step,
        deployment.asking("updating", replace(old)),
    ):
        step.changed = difference.changed
        before = replace(old, urn=new.urn)
        new.outputs = provider.update(before, new.inputs, new.ignore_changes, preview=deployment.dry_run)
        new.mark_secret_outputs()
        deployment.put(new, old)
    return new


def _replace(
    deployment: Deployment, provider: Provider, new: Resource, old: Resource, difference: Difference
) -> Resource:
    if difference.delete_first:
        plan_check = deployment.context.plan_check
        if plan_check:  # checked here too: the deletes run before the step is recorded
            plan_check.step(planned(Operation.REPLACE, new, old))
        dependants = _dependants_to_replace(deployment, old)
        for dependant, reasons in dependants:
            _refuse_if_protected(deployment, dependant, f"replaced together with {display_name(old.urn)}")
            if plan_check:
                plan_check.replacement(dependant.urn)
            deployment.replaced[dependant.urn] = reasons
        deployment.replaced[old.urn] = difference.replaces
        for resource in (*(d for d, _ in dependants), old):
            delete_for_replacement(deployment, resource)
        return _create(deployment, provider, new, old, difference)
    deployment.plan(Operation.REPLACE, new, old=old, changed=difference.changed, replaces=difference.replaces)
    _make(deployment, provider, new, Operation.REPLACE, replaced=old, changed=difference.changed)
    return new


def delete_for_replacement(deployment: Deployment, old: Resource) -> None:
    """Delete a resource that will be created again. The state marks it as pending replacement, for a later run."""
    if old.pending_replacement or deployment.dry_run:
        return
    deletes.from_cloud(deployment, old)
    deployment.amend(old, pending_replacement=True)


def _dependants_to_replace(deployment: Deployment, root: Resource) -> list[tuple[Resource, tuple[str, ...]]]:
    """Return the dependants to delete before `root` and create again after it, in reverse dependency order.

    Resources that are `deletedWith` a replaced resource are always included. Another dependant is included only if a
    property comes from a replaced resource and the provider's diff says that its change forces a replacement.
    """
    chosen: dict[str, tuple[str, ...]] = {root.urn: ()}
    order: list[Resource] = []
    queue = [(i, r.urn) for i, r in deployment.dependants(root)]
    heapq.heapify(queue)
    while queue:
        index, urn = heapq.heappop(queue)
        dependant = deployment.base.resources[index]
        unmanaged = dependant.delete or dependant.external or not dependant.custom
        if urn in chosen or unmanaged or deployment.is_done(dependant):
            continue
        reasons = _forced_by(deployment, dependant, chosen)
        if reasons is None:
            continue
        chosen[urn] = reasons
        order.append(dependant)
        for entry in deployment.dependants(dependant):
            heapq.heappush(queue, (entry[0], entry[1].urn))
    return [(r, chosen[r.urn]) for r in reversed(order)]


def _forced_by(deployment: Deployment, dependant: Resource, chosen: Iterable[str]) -> tuple[str, ...] | None:
    """Return the paths that force a dependant's replacement: `provider` if its provider is replaced, none if it is
    deleted with a replaced resource. None if it is not replaced."""
    if dependant.provider and urns.provider_urn(dependant.provider) in chosen:
        return ("provider",)
    if dependant.deleted_with in chosen:
        return ()
    touched = {k for k, deps in dependant.property_dependencies.items() if any(d in chosen for d in deps)}
    touched &= dependant.inputs.keys()
    if not touched or urns.is_provider(dependant.type):
        return None
    guess: Properties = {k: property_values.UNKNOWN if k in touched else v for k, v in dependant.inputs.items()}
    difference = deployment.context.registry.of(dependant.provider).diff(dependant, guess, ())
    return difference.replaces or None


def _refuse_if_protected(deployment: Deployment, old: Resource, what: str) -> None:
    if old.protect:
        deployment.refuse(f"{display_name(old.urn)} would be {what}")


def _refuse_if_imported(deployment: Deployment, goal: Goal, old: Resource, difference: Difference) -> None:
    """Refuse to replace an imported resource while the program keeps its import id; a preview warns."""
    if not goal.import_id:
        return
    name, changed = display_name(old.urn), ", ".join(difference.replaces)
    why = f"{name} was imported and would be replaced, because of {changed}: remove its `import_` option"
    if not deployment.dry_run:
        raise Failed(why)
    deployment.reporter.message("warning", why, old.urn)


def _same(deployment: Deployment, new: Resource, old: Resource) -> Resource:
    """Keep the cloud resource; record changed options in the state."""
    deployment.plan(Operation.SAME, new, old=old)
    _report_step(deployment, new, Operation.SAME)
    _keep(deployment, new, old)
    return new


def _keep(deployment: Deployment, new: Resource, old: Resource) -> None:
    """Carry an unchanged resource into the new state; write it only if its options changed."""
    new.extra, new.init_errors = old.extra, old.init_errors
    if new.import_id == "":
        new.import_id = old.import_id
    if new == old:
        deployment.done(old)
        deployment.registered[new.urn] = old
    else:
        deployment.put(new, old)


def _report_step(deployment: Deployment, new: Resource, operation: Operation, changed: tuple[str, ...] = ()) -> None:
    """Report a step that needs no request to a provider."""
    step: dict[str, Any] = {"urn": new.urn, "type": new.type, "operation": operation}
    if operation is not Operation.SAME:
        deployment.reporter.say("step-started", **step)
    deployment.reporter.say("step-done", **step, seconds=0.0, changed=changed)
