"""Import of an existing cloud resource by command, into a stack whose program does not register it yet."""

from __future__ import annotations

from formats import urns
from formats.errors import Failed
from operations.engine.embedded import imports, steps
from operations.engine.embedded.deployment import Deployment
from operations.engine.embedded.goal import Goal
from operations.engine.embedded.model import Resource


def run(deployment: Deployment, type_: str, name: str, id_: str, version: str) -> None:
    """Import a resource with its present inputs, protected. `version` is that of its package's SDK."""
    context = deployment.context
    root_urn = deployment.urn_of("", urns.ROOT_TYPE, f"{context.project}-{context.stack}")
    if root_urn not in deployment.previous:
        steps.register(deployment, Goal(Resource(root_urn, urns.ROOT_TYPE, custom=False)))
    urn = deployment.urn_of(root_urn, type_, name)
    new = Resource(urn, type_, custom=True, parent=root_urn, protect=True, import_id=id_)
    provider = steps.provider_of(deployment, Goal(new, version=version))
    new.provider = provider.reference
    if urn in deployment.previous:
        raise Failed(f"{urns.label(urn)} is in this stack already")
    with imports.imported(deployment, provider, new) as present:
        new.import_id = ""  # stays in the state only if the program has it
        new.inputs = provider.check(urn, present, present, deployment.seed(urn, None, provider))
