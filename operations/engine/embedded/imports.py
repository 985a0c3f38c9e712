"""Import of existing cloud resources, by the option `import_` or by command."""

from __future__ import annotations

from formats.errors import Failed
from formats.plan import Operation
from operations.engine.clock import now
from operations.engine.embedded.deployment import Deployment, display_name
from operations.engine.embedded.goal import Goal
from operations.engine.embedded.model import Resource
from operations.engine.embedded.providers import Provider, ProviderError


def adopted(deployment: Deployment, goal: Goal, provider: Provider, new: Resource, old: Resource | None) -> Resource:
    """Import the resource of the goal's import id. Raises `Failed` if the program's inputs differ from it."""
    if old is not None:
        raise Failed(
            f"{display_name(new.urn)} exists in this stack with another id than its import id {goal.import_id}: "
            "take the old one out of the program first"
        )
    with (
        deployment.reporter.step(new.urn, new.type, Operation.IMPORT),
        deployment.asking("importing", new, read_only=True),
    ):
        try:
            found = provider.read(new.urn, goal.import_id, {}, {})
        except ProviderError as error:
            raise Failed(f"{display_name(new.urn)}: {error}") from error
        if found is None:
            raise Failed(f"{display_name(new.urn)}: there is nothing to import with the id {goal.import_id}")
        new.id, live, new.outputs = found
        seed = deployment.seed(new.urn, None, provider)
        wanted = deployment.with_ignored_changes(new.urn, goal, live)
        new.inputs = provider.check(new.urn, live, wanted, seed)
        as_found = Resource(urn=new.urn, type=new.type, custom=True, id=new.id, inputs=live, outputs=new.outputs)
        difference = provider.diff(as_found, new.inputs, goal.ignore_changes)
        if difference.some:
            where = ", ".join(difference.changed)
            raise Failed(
                f"{display_name(new.urn)} cannot be imported: the program differs from the existing resource in {where}"
            )
        new.mark_secret_outputs()
        new.created = new.modified = now()
        deployment.plan(Operation.IMPORT, new)
        deployment.put(new)
    return new


def by_command(deployment: Deployment, goal: Goal, provider: Provider) -> Resource:
    """Import a resource that the program does not register yet, with its present inputs."""
    new = goal.resource(deployment.urn_of(goal))
    new.provider = provider.reference
    if new.urn in deployment.previous:
        raise Failed(f"{display_name(new.urn)} is in this stack already")
    with (
        deployment.reporter.step(new.urn, new.type, Operation.IMPORT),
        deployment.asking("importing", new, read_only=True),
    ):
        try:
            found = provider.read(new.urn, goal.import_id, {}, {})
        except ProviderError as error:
            raise Failed(f"{display_name(new.urn)}: {error}") from error
        if found is None:
            raise Failed(f"{display_name(new.urn)}: there is nothing to import with the id {goal.import_id}")
        new.id, live, new.outputs = found
        new.import_id = ""  # stays in the state only if the program has it
        new.inputs = provider.check(new.urn, live, live, deployment.seed(new.urn, None, provider))
        new.created = new.modified = now()
        deployment.plan(Operation.IMPORT, new)
        deployment.put(new)
    return new
