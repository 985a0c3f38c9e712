"""Import of existing cloud resources, by the option `import_` or by command."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace

from formats import urns
from formats.errors import Failed
from formats.plan import Operation
from formats.urns import label
from operations.engine.clock import now
from operations.engine.embedded import state_steps
from operations.engine.embedded.deployment import Deployment
from operations.engine.embedded.goal import Goal
from operations.engine.embedded.model import Properties, Resource
from operations.engine.embedded.providers import Provider
from operations.engine.embedded.report import StepError


def of_program(deployment: Deployment, provider: Provider, new: Resource, old: Resource | None) -> Resource:
    """Import the resource of the option `import_`. Raises `Failed` if the program's inputs differ from it."""
    if old is not None:
        raise Failed(
            f"{label(new.urn)} exists in this stack with another id than its import id {new.import_id}: "
            "take the old one out of the program first"
        )
    with _imported(deployment, provider, new) as live:
        wanted = deployment.with_ignored_changes(new, live)
        new.inputs = provider.check(new.urn, live, wanted, deployment.seed(new.urn, None, provider))
        changed = provider.diff(replace(new, inputs=live), new.inputs, new.ignore_changes).changed
        if changed:
            where = ", ".join(changed)
            raise StepError(new.urn, f"cannot be imported: the program differs from the existing resource in {where}")
        new.mark_secret_outputs()
    return new


def by_command(deployment: Deployment, type_: str, name: str, id_: str, version: str) -> None:
    """Import a resource that the program does not register yet, with its present inputs, protected.

    `version` is that of its package's SDK.
    """
    root_urn = deployment.urn_of("", urns.ROOT_TYPE, f"{deployment.project}-{deployment.stack}")
    if root_urn not in deployment.previous:
        state_steps.register_component(deployment, Resource(root_urn, urns.ROOT_TYPE, custom=False), None)
    urn = deployment.urn_of(root_urn, type_, name)
    new = Resource(urn, type_, custom=True, parent=root_urn, protect=True, import_id=id_)
    provider = state_steps.provider_of(deployment, Goal(new, version=version))
    new.provider = provider.reference
    if urn in deployment.previous:
        raise Failed(f"{label(urn)} is in this stack already")
    with _imported(deployment, provider, new) as present:
        new.import_id = ""  # stays in the state only if the program has it
        new.inputs = provider.check(urn, present, present, deployment.seed(urn, None, provider))


@contextlib.contextmanager
def _imported(deployment: Deployment, provider: Provider, new: Resource) -> Iterator[Properties]:
    """Read the resource with the import id, yield its inputs, and record it after the body has checked them."""
    with (
        deployment.reporter.step(new, Operation.IMPORT),
        deployment.operation("importing", new, read_only=True),
    ):
        found = provider.read(new.urn, new.import_id, {}, {})
        if found is None:
            raise StepError(new.urn, f"there is nothing to import with the id {new.import_id}")
        new.id, live, new.outputs = found
        yield live
        new.created = new.modified = now()
        deployment.plan(Operation.IMPORT, new)
        deployment.record_registered(new)
