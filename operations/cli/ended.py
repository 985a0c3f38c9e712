"""The tenancies that end by themselves, and whose end is past: those that `sde destroy --ended` destroys."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from operations.cli.stack_catalog import Stack

if TYPE_CHECKING:
    from formats.plan import Plan
    from operations.cli.session import Session

SYNTHETIC = "synthetic"
IMPORT = "import-"
"""Begins the logical names of the parts of an import airlock."""


def ended(session: Session) -> list[Stack]:
    """Return the deployed stacks whose template says that they end, and whose end is past."""
    stacks = (stack for stack in session.catalog.stacks if session.cloud in (None, stack.cloud))
    return [stack for stack in stacks if stack.has_ended and session.is_deployed(stack)]


def objections(session: Session, stack: Stack) -> list[str]:
    """Return why what is deployed may not be destroyed without a person: the request alone does not prove that it has
    no patient data, because a line of it changes the template.

    A tenancy that ever had an import airlock still has it, because no `up` deletes its stores.
    """
    deployed = session.engine(stack).current_state([stack.settings]).get(stack.name)
    return list(_objections(deployed)) if deployed else ["its state has no resources"]


def _objections(plan: Plan) -> Iterator[str]:
    tagged = [
        tags for tags in (resource.inputs.get("tags") for resource in plan.resources) if isinstance(tags, Mapping)
    ]
    classes = sorted({str(tags.get("data-class")) for tags in tagged})
    if classes != [SYNTHETIC]:
        yield f"its resources have the data class {', '.join(classes) or 'of no tag'}"
    if any(resource.name.startswith(IMPORT) for resource in plan.resources):
        yield "it has an import airlock"
