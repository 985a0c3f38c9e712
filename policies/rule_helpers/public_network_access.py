"""Public network access that is off, or that an enforced network security perimeter decides on."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from policies.azure_semantics.perimeters import SECURED, is_enforced_on
from policies.azure_semantics.properties import same
from policies.model import PolicyContext, Resource, Violation


def perimeter_is_enforced(path: str) -> Callable[[Resource, PolicyContext], Iterator[Violation]]:
    """Return a check that refuses `SecuredByPerimeter` without an enforced perimeter of the stack."""

    def check(resource: Resource, context: PolicyContext) -> Iterator[Violation]:
        if same(resource.at(path), SECURED) and not is_enforced_on(resource, context):
            yield Violation(path, f"is {SECURED}, but no network security perimeter of this stack is enforced on it")

    return check
