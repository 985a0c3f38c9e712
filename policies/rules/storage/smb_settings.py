"""ST21: file shares speak the newest SMB, encrypted, and keep what is deleted."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.properties import at_least, must, shown
from policies.model import MISSING, ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

SMB = "protocolSettings.smb"
ALLOWED = {
    f"{SMB}.versions": ("SMB3.1.1",),
    f"{SMB}.authenticationMethods": ("Kerberos",),
    f"{SMB}.kerberosTicketEncryption": ("AES-256",),
    f"{SMB}.channelEncryption": ("AES-256-GCM", "AES-128-GCM"),
}
BIN = "shareDeleteRetentionPolicy"


def check(service: Resource, _: PolicyContext) -> Iterator[Violation]:
    """Each is a list with semicolons; what is not said is all that Azure knows, old and new."""
    for path, allowed in ALLOWED.items():
        found = service.at(path)
        words = [word.strip() for word in found.strip(";").split(";")] if isinstance(found, str) else []
        if found is MISSING:
            yield Violation(path, f"is not set, which leaves all that Azure knows; it must be {' or '.join(allowed)}")
        elif not words or not set(words) <= set(allowed):
            yield Violation(path, f"is {shown(found)}; it must be {' or '.join(allowed)} alone")
    yield from must(service, f"{BIN}.enabled", True, default="false")
    yield from at_least(service, f"{BIN}.days", 7, "days", default="nothing kept")


POLICY = Policy(
    id="ST21",
    title="File shares speak SMB 3.1.1 with Kerberos and GCM alone, and keep what is deleted",
    why="Older SMB and NTLM can be relayed or broken by whoever is on the same network.",
    on=("storage:FileServiceProperties",),
    reads=(*ALLOWED, f"{BIN}.enabled", f"{BIN}.days"),
    severity=Severity.MEDIUM,
    controls=ComplianceControls(satre=("2.6.01", "2.8.03", "2.8.04"), ncsc=("1", "2"), iso27001=("8.13", "8.24")),
    fix="Name SMB3.1.1, Kerberos, AES-256 and AES-256-GCM in protocolSettings.smb, and enable soft delete for a week.",
    check=check,
)
