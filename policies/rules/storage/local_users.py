"""Storage accounts have no local users (ST12)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation


def check(_: Resource, __: PolicyContext) -> Iterator[Violation]:
    """Refuse every local user."""
    yield Violation("", "is a local user, which Entra ID does not know; it must be removed")


POLICY = Policy(
    id="ST12",
    title="Storage accounts have no local users",
    why="Entra ID does not know a local user: no second factor, no leavers' process and no conditional access apply.",
    resource_types=("storage:LocalUser",),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("1.5.03", "1.5.05", "3.2.01", "3.2.04"),
        ncsc=("9", "10"),
        caf=("B2.a",),
        cyber_essentials=("2.1", "4.3"),
        iso27001=("8.5",),
        five_safes=("people",),
    ),
    fix="Remove the local user and grant an Entra group its role. A provider that can only use SFTP needs an "
    "exemption with an owner and an expiry date.",
    check=check,
)
