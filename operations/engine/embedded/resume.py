"""What an interrupted run left open is brought to a known end before a new run begins.

A step that was begun may or may not have happened. For an update or a delete the cloud is asked what there is now. For
a create the provider is asked again: both azure-native and its stand-in refuse to create what exists, and name its id,
under which it is then read. It is taken for ours only if it is exactly what was being created.
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
    for number, operation in sorted(journal.pending.items(), reverse=True):
        deployment.reporter.message(
            "warning",
            f"The last run stopped while {operation.type} it; it is taken up from there",
            operation.resource.urn,
        )
        deployment.reopen(number)
        if operation.type == "creating":
            _created(deployment, operation.resource)
        else:
            _changed(deployment, operation)


def _announce(deployment: Deployment) -> None:
    for operation in deployment.base.pending:
        deployment.reporter.message(
            "warning",
            f"The last run stopped while {operation.type} it; the next one settles that",
            operation.resource.urn,
        )


def _changed(deployment: Deployment, operation: PendingOperation) -> None:
    """An update or a delete: the state takes what the cloud has now. Reads and imports have changed nothing."""
    deployment.settle()
    if operation.type not in ("updating", "deleting"):
        return
    wanted = operation.resource
    for resource in deployment.rest():
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
            deployment.settle()  # it could not be made, so it is not there; the program will say whether it is wanted
            deployment.reporter.message("warning", str(error), new.urn)
            return
        if _stands(deployment, new.urn, error.existing_id):
            deployment.settle()
            return
        _found(deployment, provider, new, error.existing_id)
    new.mark_secret_outputs()
    new.created = new.modified = now()
    _stand(deployment, new)


def _stands(deployment: Deployment, urn: str, id_: str) -> bool:
    """Whether the state has it already: the official engine keeps an open create also when a later run has made it."""
    old = deployment.previous.get(urn)
    return old is not None and old.id == id_ and not old.pending_replacement


def _found(deployment: Deployment, provider: Provider, new: Resource, id_: str) -> None:
    found = provider.read(new.urn, id_, new.inputs, {})
    if found is None:
        raise Failed(f"{display_name(new.urn)}: it is said to exist as {id_}, but cannot be read")
    new.id, live, new.outputs = found
    as_found = Resource(urn=new.urn, type=new.type, custom=True, id=new.id, inputs=live, outputs=new.outputs)
    # Only what was asked for is compared: the cloud's own defaults, and what it never gives back, say nothing.
    asked = [p for p in provider.diff(as_found, new.inputs, ()).changed if _asked(new.inputs, p)]
    if asked:
        raise Failed(
            f"{display_name(new.urn)}: the last run stopped while creating it, and {id_} is there but differs in "
            f"{', '.join(asked)}. Nothing was changed: import it or remove it, then run again"
        )
    deployment.reporter.message("info", "It had been created", new.urn)


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


def _stand(deployment: Deployment, new: Resource) -> None:
    """It takes its place in the state; what it replaces there waits for its deletion, or was deleted before it."""
    old = deployment.previous.get(new.urn)
    if old is not None and (old.pending_replacement or _stands(deployment, new.urn, new.id)):
        deployment.put(new, old)
    else:
        deployment.put(new, replaced=old)
