"""Settle the pending operations of an interrupted run before a new run begins.

A pending operation may or may not have happened. After an update or a delete, the resource is refreshed. A create is
requested again: azure-native and the local Azure both refuse to create an existing resource and return its id, with
which it is read. It is adopted only if it has exactly the inputs that were being created.
"""

from __future__ import annotations

from typing import Any

from formats import property_values
from formats.errors import Failed
from formats.property_paths import parse
from operations.engine.clock import now
from operations.engine.embedded import refresh
from operations.engine.embedded.deployment import Deployment, display_name
from operations.engine.embedded.model import PendingOperation, Properties, Resource
from operations.engine.embedded.providers import Provider, ProviderError


def run(deployment: Deployment) -> None:
    """Settle every pending operation of an earlier run."""
    journal = deployment.context.journal
    if journal is None:
        _announce(deployment)
        return
    for operation in list(journal.pending):
        deployment.reporter.message(
            "warning",
            f"The last run stopped while {operation.type} it; this run continues from there",
            operation.resource.urn,
        )
        deployment.reopen(operation)
        if operation.type == "creating":
            _created(deployment, operation.resource)
        else:
            _changed(deployment, operation)
        deployment.settle()


def _announce(deployment: Deployment) -> None:
    for operation in deployment.base.pending:
        deployment.reporter.message(
            "warning",
            f"The last run stopped while {operation.type} it; the next run continues from there",
            operation.resource.urn,
        )


def _changed(deployment: Deployment, operation: PendingOperation) -> None:
    """Refresh the resource of an update or a delete. Reads and imports changed nothing."""
    wanted = operation.resource
    for resource in deployment.rest() if operation.type in ("updating", "deleting") else ():
        if (resource.urn, resource.id) == (wanted.urn, wanted.id) and not resource.pending_replacement:
            refresh.one(deployment, resource)
            return


def _created(deployment: Deployment, new: Resource) -> None:
    """Settle a create: create it now, or adopt the resource that was created."""
    provider = deployment.context.registry.of(new.provider)
    try:
        new.id, new.outputs = provider.create(new.urn, new.inputs, preview=False)
    except ProviderError as error:
        if error.existing_id is None:
            # Not created, so it does not exist; the program creates it if it still registers it.
            deployment.reporter.message("warning", str(error), new.urn)
            return
        if _is_recorded(deployment, new.urn, error.existing_id):
            return
        _adopt(deployment, provider, new, error.existing_id)
    new.mark_secret_outputs()
    new.created = new.modified = now()
    _record(deployment, new)


def _is_recorded(deployment: Deployment, urn: str, id_: str) -> bool:
    """Return True if the state has it already: the CLI keeps a pending create also after a later run has done it."""
    old = deployment.previous.get(urn)
    return old is not None and old.id == id_ and not old.pending_replacement


def _adopt(deployment: Deployment, provider: Provider, new: Resource, id_: str) -> None:
    found = provider.read(new.urn, id_, new.inputs, {})
    if found is None:
        raise Failed(f"{display_name(new.urn)}: it exists as {id_} according to the provider, but cannot be read")
    new.id, live, new.outputs = found
    as_found = Resource(urn=new.urn, type=new.type, custom=True, id=new.id, inputs=live, outputs=new.outputs)
    # Compare requested values only: the cloud adds defaults, and never returns secrets.
    asked = [p for p in provider.diff(as_found, new.inputs, ()).changed if _asked(new.inputs, p)]
    if asked:
        raise Failed(
            f"{display_name(new.urn)}: the last run stopped while creating it, and {id_} exists but differs in "
            f"{', '.join(asked)}. Nothing was changed: import it or remove it, then run again"
        )
    deployment.reporter.message("info", "It was created by the earlier run", new.urn)


def _asked(inputs: Properties, path: str) -> bool:
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


def _record(deployment: Deployment, new: Resource) -> None:
    """Record it in the state; the resource that it replaces is marked for deletion, unless it was deleted before."""
    old = deployment.previous.get(new.urn)
    if old is not None and (old.pending_replacement or _is_recorded(deployment, new.urn, new.id)):
        deployment.put(new, old)
    else:
        deployment.put(new, replaced=old)
