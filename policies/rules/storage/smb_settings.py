"""File shares use SMB 3.1.1 with Kerberos and GCM only, and keep deleted shares (ST21)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.properties import display
from policies.model import MISSING, ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.requirements import at_least, equals

SMB = "protocolSettings.smb"
ALLOWED = {
    f"{SMB}.versions": ("SMB3.1.1",),
    f"{SMB}.authenticationMethods": ("Kerberos",),
    f"{SMB}.kerberosTicketEncryption": ("AES-256",),
    f"{SMB}.channelEncryption": ("AES-256-GCM", "AES-128-GCM"),
}
DELETED = "shareDeleteRetentionPolicy"


def check(service: Resource, _: PolicyContext) -> Iterator[Violation]:
    """Each setting is a list divided by semicolons. A missing one allows all values, old and new."""
    for path, allowed in ALLOWED.items():
        found = service.at(path)
        words = [word.strip() for word in found.strip(";").split(";")] if isinstance(found, str) else []
        if found is MISSING:
            yield Violation(path, f"is not set, which allows every value; it must be {' or '.join(allowed)}")
        elif not words or not set(words) <= set(allowed):
            yield Violation(path, f"is {display(found)}; it must be {' or '.join(allowed)} only")


POLICY = Policy(
    id="ST21",
    title="File shares use SMB 3.1.1 with Kerberos and GCM only, and keep deleted shares",
    why="An attacker on the same network can relay or break older SMB and NTLM.",
    resource_types=("storage:FileServiceProperties",),
    severity=Severity.MEDIUM,
    controls=ComplianceControls(
        satre=("2.6.01", "2.8.03", "2.8.04"), ncsc=("1", "2"), caf=("B3.b", "B3.c"), iso27001=("8.13", "8.24")
    ),
    fix="Name SMB3.1.1, Kerberos, AES-256 and AES-256-GCM in protocolSettings.smb, and enable soft delete for a week.",
    requires=(
        equals(f"{DELETED}.enabled", True, default="false"),
        at_least(f"{DELETED}.days", 7, "days", default="nothing kept"),
    ),
    check=check,
    check_paths=tuple(ALLOWED),
)
