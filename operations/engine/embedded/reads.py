"""Resources that a program reads: `Type.get(…)` and stack references."""

from __future__ import annotations

from dataclasses import replace

from formats import property_values
from formats.errors import Failed, InputError
from formats.plan import Operation
from formats.urns import label
from operations.engine.clock import now
from operations.engine.embedded import state_steps, steps
from operations.engine.embedded.deployment import Deployment, RegistrationResult
from operations.engine.embedded.goal import Goal
from operations.engine.embedded.model import Resource


def read(deployment: Deployment, goal: Goal) -> RegistrationResult:
    """Read one resource into the state, as external: it is never changed or deleted."""
    return steps.guarded(deployment, goal.resource, lambda: _reported(deployment, goal))


def _reported(deployment: Deployment, goal: Goal) -> Resource:
    with deployment.reporter.step(goal.resource, Operation.READ):
        return _read(deployment, goal)


def _read(deployment: Deployment, goal: Goal) -> Resource:
    steps.refuse_duplicate(deployment, goal.resource.urn)
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
        raise Failed(f"{label(new.urn)}: there is nothing to read with the id {new.id}")
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
