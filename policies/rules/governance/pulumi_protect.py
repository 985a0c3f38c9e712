"""GV3: what holds data, or keys to it, is protected by the deployment that made it."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.locks import HOLDS_DATA, INSIDE
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation


def check(resource: Resource, _: PolicyContext) -> Iterator[Violation]:
    """Protection stops the program itself: a rename or a typing error in it would replace the resource."""
    if not resource.protect:
        yield Violation("", "is not protected: a change of the program could delete or replace it")


POLICY = Policy(
    id="GV3",
    title="What holds data or keys is protected by its program",
    why="A renamed resource is deleted and made anew; for a key that is the loss of everything under it.",
    on=(*HOLDS_DATA, *INSIDE),
    reads=("protect",),
    severity=Severity.MEDIUM,
    controls=ComplianceControls(satre=("2.2.03", "3.1.09"), ncsc=("2", "5"), iso27001=("8.9",), five_safes=("data",)),
    fix="Declare the resource with protect=True.",
    check=check,
    applies=lambda resource, _: resource.declared,
)
