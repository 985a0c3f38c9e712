"""Resources that a program reads: `Type.get(…)` and stack references."""

from __future__ import annotations

from formats import property_values
from formats.errors import Failed, InputError
from formats.plan import Operation
from operations.engine.clock import now
from operations.engine.embedded import steps
from operations.engine.embedded.deployment import Deployment, RegistrationResult, display_name
from operations.engine.embedded.goal import Goal
from operations.engine.embedded.model import Resource


def read(deployment: Deployment, goal: Goal, id_: str) -> RegistrationResult:
    """Read one resource into the state, as external: it is never changed or deleted."""
    urn = deployment.urn_of(goal)
    with deployment.lock:
        if deployment.error is not None:
            return RegistrationResult(urn, failed=True)
        try:
            with deployment.reporter.step(urn, goal.type, Operation.READ):
                new = _read(deployment, goal, urn, id_)
        except BaseException as error:  # kept, and raised again outside the SDK
            deployment.error = steps.with_resource_name(error, urn)
            return RegistrationResult(urn, failed=True)
        return RegistrationResult(urn, new.id, new.outputs)


def _read(deployment: Deployment, goal: Goal, urn: str, id_: str) -> Resource:
    if urn in deployment.registered:
        raise InputError("Two resources have the same type and name", key=urn, fix="give one of them another name")
    new, old = deployment.desired(urn, goal), deployment.old(urn, goal)
    provider = steps.provider_of(deployment, goal)
    new.provider, new.external, new.id = provider.reference, True, id_
    if not id_ or property_values.is_unknown(id_):
        new.id = ""
        deployment.plan(Operation.READ, new, old=old)
        deployment.put(new, old)
        return new
    found = provider.read(urn, id_, goal.inputs, old.outputs if old is not None else {})
    if found is None:
        raise Failed(f"{display_name(urn)}: there is nothing to read with the id {id_}")
    new.id, new.inputs, new.outputs = found
    new.inputs = {**new.inputs, **goal.inputs}
    new.outputs = property_values.mark_secret(new.outputs, goal.secret_outputs)
    new.created = new.modified = now()
    deployment.plan(Operation.READ, new, old=old)
    if old is not None and not old.external:
        old = _refuse_managed(deployment, old)
    if old is not None:
        new.created, new.modified = old.created, old.modified
        if new == old:
            deployment.done(old)
            deployment.registered[urn] = old
            return old
        new.modified = now()
    deployment.put(new, old)
    return new


def _refuse_managed(deployment: Deployment, old: Resource) -> Resource | None:
    """Refuse to read a resource that the stack manages: it would be deleted from the state, even if protected."""
    if old.id and old.protect:
        deployment.refuse(f"{display_name(old.urn)} would be deleted, because the program now only reads it")
    raise InputError(
        "A resource of this stack would become one that is only read",
        key=old.urn,
        fix="give the one that is read another name, or take the resource out of the state first",
    )
