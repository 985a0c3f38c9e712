"""ST14: the portal opens a storage account as the person who looks, not with its key."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.properties import must
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation


def check(account: Resource, _: PolicyContext) -> Iterator[Violation]:
    """Azure's default is the account's key."""
    yield from must(account, "defaultToOAuthAuthentication", True, default="false")


POLICY = Policy(
    id="ST14",
    title="Storage accounts ask for Entra first",
    why="Tools that are told nothing else then act as the person who uses them, and the records name that person.",
    on=("storage:StorageAccount",),
    reads=("defaultToOAuthAuthentication",),
    severity=Severity.LOW,
    controls=ComplianceControls(satre=("1.5.05", "3.2.01"), ncsc=("10",), iso27001=("8.5",), five_safes=("people",)),
    fix="Set defaultToOAuthAuthentication to true.",
    check=check,
)
