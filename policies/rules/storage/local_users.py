"""ST12: no storage account has users of its own."""

from __future__ import annotations

from collections.abc import Iterator

from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation


def check(_: Resource, __: PolicyContext) -> Iterator[Violation]:
    """That it is there at all is what must not be."""
    yield Violation("", "is a user of the storage account's own, whom Entra does not know; it must not be")


POLICY = Policy(
    id="ST12",
    title="No storage account has local users",
    why="A local user is outside Entra: no second factor, no leaver's process, no conditional access.",
    on=("storage:LocalUser",),
    reads=(),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("1.5.03", "1.5.05", "3.2.01", "3.2.04"), ncsc=("9", "10"), iso27001=("8.5",), five_safes=("people",)
    ),
    fix="Remove the local user and grant an Entra group its role. A provider that can speak only SFTP needs an "
    "exemption with an owner and an end.",
    check=check,
)
