"""References to resources that are checked here: of this stack, or of the estate."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics import ids
from policies.model import PolicyContext, Resource, Violation


def require_own(
    resource: Resource, path: str, context: PolicyContext, *types: str, same_stack: bool = False
) -> Iterator[Violation]:
    """Require the id of a checked resource of these types, and if so asked, of the same stack."""
    if own(resource.at(path), resource, context, *types, same_stack=same_stack) is None:
        scope = "this stack" if same_stack else "the estate"
        yield Violation(path, f"is not a resource of {scope} that is checked here; it must be {' or '.join(types)}")


def own(
    id_: object, resource: Resource, context: PolicyContext, *types: str, same_stack: bool = False
) -> Resource | None:
    """Return the checked resource with an id, if it has one of these types."""
    target = context.get(ids.plain(id_))
    if target is None or target.type not in types or (same_stack and target.stack != resource.stack):
        return None
    return target
