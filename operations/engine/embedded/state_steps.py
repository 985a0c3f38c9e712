"""The steps that change only the state: components, providers and unchanged resources."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import Any

from formats import property_values, urns
from formats.plan import Operation, canonical
from operations.engine.clock import now
from operations.engine.embedded import replacements
from operations.engine.embedded.deployment import Deployment
from operations.engine.embedded.goal import Goal
from operations.engine.embedded.model import Resource
from operations.engine.embedded.provider_registry import INTERNAL, configuration_of
from operations.engine.embedded.providers import NO_DIFFERENCE, Difference, Provider, default_diff


def _apply(
    deployment: Deployment,
    operation: Operation,
    new: Resource,
    old: Resource | None = None,
    difference: Difference = NO_DIFFERENCE,
) -> Resource:
    """Record a create, update or replacement."""
    deployment.plan(operation, new, old, difference)
    deployment.reporter.immediate_step(new, operation, difference.changed)
    if operation is Operation.REPLACE:
        deployment.record_registered(new, replaced=old)
    else:
        deployment.record_registered(new, old)
    return new


def keep(deployment: Deployment, new: Resource, old: Resource) -> Resource:
    """Keep an unchanged resource; write it to the state only if its options changed."""
    deployment.plan(Operation.SAME, new, old)
    deployment.reporter.immediate_step(new, Operation.SAME)
    new.extra, new.init_errors = old.extra, old.init_errors
    new.import_id = new.import_id or old.import_id
    if new == old:
        deployment.mark_handled(old)
        deployment.registered[new.urn] = old
    else:
        deployment.record_registered(new, old)
    return new


def provider_of(deployment: Deployment, goal: Goal) -> Provider:
    """Return the provider that a goal names, or the default provider of its package, which is registered first."""
    registry = deployment.registry
    if goal.provider:
        return registry.of(goal.provider)
    key = (goal.resource.type.split(":", 1)[0], goal.version, goal.plugin_url)
    if key not in deployment.default_providers:
        default = _default_provider(deployment, *key)
        old, new = deployment.previous_state(default), deployment.desired_state(default)
        register_provider(deployment, default, new, old)
        deployment.default_providers[key] = registry.of(f"{new.urn}::{new.id}")
    return deployment.default_providers[key]


def _default_provider(deployment: Deployment, package: str, version: str, plugin_url: str) -> Goal:
    """Return the goal of a package's default provider, with the stack's configuration."""
    name = "_".join(filter(None, ["default", version.replace(".", "_"), plugin_url]))
    prefix, type_ = f"{package}:", urns.PROVIDER_PREFIX + package
    config = deployment.config.items()
    inputs = {k.removeprefix(prefix): _as_text(v) for k, v in config if k.startswith(prefix)}
    resource = Resource(deployment.urn_of("", type_, name), type_, custom=True, inputs=inputs)
    return Goal(resource, version=version, plugin_url=plugin_url)


def register_component(deployment: Deployment, new: Resource, old: Resource | None) -> Resource:
    """Compare and record a component."""
    new.created = new.modified = now()
    if old is None:
        return _apply(deployment, Operation.CREATE, new)
    new.outputs, new.created = old.outputs, old.created
    difference = default_diff(old.inputs, new.inputs)
    if difference.changed:
        return _apply(deployment, Operation.UPDATE, new, old, difference)
    new.modified = old.modified
    return keep(deployment, new, old)


def register_provider(deployment: Deployment, goal: Goal, new: Resource, old: Resource | None) -> Resource:
    """Check, compare and configure a provider resource."""
    inputs = {**({"version": goal.version} if goal.version else {}), **new.inputs}
    before = configuration_of(old.inputs) if old else {}
    package = new.type.removeprefix(urns.PROVIDER_PREFIX)
    provider = deployment.registry.create(new.urn, old.id if old else "", package)
    new.outputs = provider.check_config(new.urn, before, inputs)
    new.inputs = {**new.outputs, **_internal(goal)}
    new.created = new.modified = now()
    difference = NO_DIFFERENCE
    if old is not None:
        difference = provider.diff_config(replace(old, inputs=before, urn=new.urn), new.outputs)
        new.id, new.created = old.id, old.created
        new.modified = new.modified if difference.changed else old.modified
    if old is None or difference.replaces:
        new.id = "" if deployment.dry_run else str(uuid.uuid4())
    provider.id = new.id
    provider.configure(new.outputs)
    if old is None:
        return _apply(deployment, Operation.CREATE, new)
    if not difference.changed:
        return keep(deployment, new, old)
    if difference.replaces:
        replacements.refuse_if_protected(deployment, old, "replaced")
        return _apply(deployment, Operation.REPLACE, new, old, difference)
    return _apply(deployment, Operation.UPDATE, new, old, difference)


def _internal(goal: Goal) -> dict[str, Any]:
    """Return the engine's own settings of a provider, as the CLI keeps them in the state."""
    if not goal.version and not goal.plugin_url:
        return {}
    return {INTERNAL: {"pluginDownloadURL": goal.plugin_url} if goal.plugin_url else {}}


def _as_text(value: Any) -> Any:
    """Return a provider's configuration value as the protocol sends it: text, or JSON as text."""
    if property_values.is_secret(value):
        return property_values.secret(_as_text(value["value"]))
    return value if isinstance(value, str) else canonical(value)
