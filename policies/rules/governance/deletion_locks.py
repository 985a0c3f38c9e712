"""Resources with data or keys have a deletion lock (GV2)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.locks import HOLDS_DATA, is_locked
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation


def check(resource: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Accept a lock on the resource or on a scope that contains it."""
    if not is_locked(resource, context):
        yield Violation("", "has no lock of level CanNotDelete or ReadOnly, on itself or on a scope that contains it")


POLICY = Policy(
    id="GV2",
    title="Resources with data or keys have a deletion lock",
    why="Without a lock one request deletes the resource and its data; with one, the lock must be removed first.",
    resource_types=HOLDS_DATA,
    severity=Severity.MEDIUM,
    controls=ComplianceControls(
        satre=("2.6.01", "3.1.09"),
        ncsc=("2", "5"),
        caf=("B3.c",),
        cis=("6.2",),
        iso27001=("8.9",),
        five_safes=("data",),
    ),
    fix="Give it a management lock of level CanNotDelete.",
    check=check,
    check_paths=("authorization:ManagementLockByScope:scope", "authorization:ManagementLockByScope:level"),
    evaluation_scope="stack",
)
