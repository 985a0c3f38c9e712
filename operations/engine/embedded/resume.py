"""Settle the pending operations of an interrupted run before a new run begins.

A pending operation may or may not have happened. After an update or a delete, the resource is refreshed. A create is
requested again: azure-native and the local Azure both refuse to create an existing resource and return its id, with
which it is read. It is adopted only if it has exactly the inputs that were being created.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from formats import property_values
from formats.errors import Failed
from formats.property_paths import parse
from formats.urns import label
from operations.engine.clock import now
from operations.engine.embedded import refresh
from operations.engine.embedded.deployment import Deployment
from operations.engine.embedded.model import Properties, Resource
from operations.engine.embedded.providers import Provider, ProviderError


def run(deployment: Deployment) -> None:
    """Settle every pending operation of an earlier run. A preview only warns of them."""
    for operation in deployment.base.pending:
        which = "the next run" if deployment.dry_run else "this run"
        text = f"The last run stopped while {operation.type} it; {which} continues from there"
        deployment.reporter.message("warning", text, operation.resource.urn)
        if deployment.dry_run:
            continue
        deployment.resume_operation(operation)
        if operation.type == "creating":
            _create(deployment, operation.resource)
        elif operation.type in ("updating", "deleting"):  # reads and imports change nothing
            _refresh(deployment, operation.resource)
        deployment.end_operation()


def _refresh(deployment: Deployment, changed: Resource) -> None:
    for resource in deployment.unhandled():
        if (resource.urn, resource.id) == (changed.urn, changed.id) and not resource.pending_replacement:
            refresh.refresh_resource(deployment, resource)
            return


def _create(deployment: Deployment, new: Resource) -> None:
    """Create the resource now, or adopt the one that was created."""
    provider = deployment.registry.of(new.provider)
    try:
        new.id, new.outputs = provider.create(new.urn, new.inputs, preview=False)
    except ProviderError as error:
        if error.existing_id is None:
            # Not created, so it does not exist; the program creates it if it still registers it.
            deployment.reporter.message("warning", error.problem, new.urn)
            return
        if _is_recorded(deployment, new.urn, error.existing_id):
            return
        _adopt(deployment, provider, new, error.existing_id)
    new.mark_secret_outputs()
    new.created = new.modified = now()
    old = deployment.previous.get(new.urn)
    if old is not None and (old.pending_replacement or _is_recorded(deployment, new.urn, new.id)):
        deployment.record_registered(new, old)
    else:
        deployment.record_registered(new, replaced=old)


def _is_recorded(deployment: Deployment, urn: str, id_: str) -> bool:
    """Return True if the state has it already: the CLI keeps a pending create also after a later run has done it."""
    old = deployment.previous.get(urn)
    return old is not None and old.id == id_ and not old.pending_replacement


def _adopt(deployment: Deployment, provider: Provider, new: Resource, id_: str) -> None:
    found = provider.read(new.urn, id_, new.inputs, {})
    if found is None:
        raise Failed(f"{label(new.urn)}: it exists as {id_} according to the provider, but cannot be read")
    new.id, present, new.outputs = found
    # Compare requested values only: the cloud adds defaults, and never returns secrets.
    changed = provider.diff(replace(new, inputs=present), new.inputs, ()).changed
    if differing := [path for path in changed if _is_requested(new.inputs, path)]:
        raise Failed(
            f"{label(new.urn)}: the last run stopped while creating it, and {id_} exists but differs in "
            f"{', '.join(differing)}. Nothing was changed: import it or remove it, then run again"
        )
    deployment.reporter.message("info", "It was created by the earlier run", new.urn)


def _is_requested(inputs: Properties, path: str) -> bool:
    """Return True if the inputs have a value at the path that the cloud returns."""
    value: Any = inputs
    for step in parse(path):
        if property_values.is_secret(value):
            return False
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return False
    return not property_values.contains_secret(value)
