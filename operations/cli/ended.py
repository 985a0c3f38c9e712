"""The tenancies that have ended by themselves, which `sde destroy --ended` destroys."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from formats.stack_config import DataClass
from operations.cli.stack_catalog import Stack

if TYPE_CHECKING:
    from formats.plan import Plan
    from operations.cli.session import Session

IMPORT = "import-"
"""The prefix of the logical names of an import airlock's resources."""


def ended(session: Session) -> list[Stack]:
    """Return the deployed stacks whose template says that they end, and whose end is past."""
    stacks = (stack for stack in session.catalog.stacks if session.cloud in (None, stack.cloud))
    return [stack for stack in stacks if stack.has_ended and session.is_deployed(stack)]


def objections(session: Session, stack: Stack) -> list[str]:
    """Return the reasons why a person must decide to destroy a deployed stack; none if it has no patient data.

    The request alone does not prove that, because a line of it changes the template. A tenancy that ever had an import
    airlock still has it, because no `up` deletes its stores.
    """
    deployed = session.engine(stack).current_state([stack.settings]).get(stack.name)
    return list(_objections(deployed)) if deployed else ["its state has no resources"]


def _objections(plan: Plan) -> Iterator[str]:
    tags = (resource.inputs.get("tags") for resource in plan.resources)
    classes = sorted({str(found.get("data-class")) for found in tags if isinstance(found, Mapping)})
    if classes != [DataClass.SYNTHETIC]:
        yield f"its resources have the data class {', '.join(classes) or 'of no tag'}"
    if any(resource.name.startswith(IMPORT) for resource in plan.resources):
        yield "it has an import airlock"
