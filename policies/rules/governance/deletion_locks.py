"""GV2: what holds data, or keys to it, cannot be deleted by a slip: it is locked in Azure."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.locks import HOLDS_DATA, is_locked
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation


def check(resource: Resource, context: PolicyContext) -> Iterator[Violation]:
    """A lock on the resource group counts; one that is taken away with the resource it guards does not matter here."""
    if not is_locked(resource, context):
        yield Violation("", "has no lock of level CanNotDelete or ReadOnly, on itself or on what it lies in")


POLICY = Policy(
    id="GV2",
    title="What holds data or keys is locked against deletion",
    why="Deleting a store of records is one call; the lock makes it two, the first of which somebody must explain.",
    on=HOLDS_DATA,
    reads=("authorization:ManagementLockByScope:scope", "authorization:ManagementLockByScope:level"),
    severity=Severity.MEDIUM,
    controls=ComplianceControls(
        satre=("2.6.01", "3.1.09"), ncsc=("2", "5"), cis=("6.2",), iso27001=("8.9",), five_safes=("data",)
    ),
    fix="Give it a management lock of level CanNotDelete.",
    check=check,
    scope="stack",
)
