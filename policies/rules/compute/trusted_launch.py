"""VM2: a computer proves what it started, and keeps identifiable data from whoever runs its host."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.data_class import is_identifiable
from policies.azure_semantics.properties import must
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.rule_helpers.virtual_machines import COMPUTERS, everywhere, inner

KIND = "securityProfile.securityType"
SECURE_BOOT, TPM = "securityProfile.uefiSettings.secureBootEnabled", "securityProfile.uefiSettings.vTpmEnabled"
INSIDE = "storageProfile.osDisk.managedDisk.securityProfile.securityEncryptionType"


def check(computer: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Trusted launch for all; confidential computing, its disk too, where data is identifiable."""
    confidential = is_identifiable(computer, context)
    allowed = ("ConfidentialVM",) if confidential else ("TrustedLaunch", "ConfidentialVM")
    yield from must(computer, inner(computer, KIND), *allowed, default="Standard, unless the image asks for more")
    yield from must(computer, inner(computer, SECURE_BOOT), True, default="false")
    yield from must(computer, inner(computer, TPM), True, default="false")
    if confidential:
        yield from must(computer, inner(computer, INSIDE), "DiskWithVMGuestState", default="a disk open to the host")


POLICY = Policy(
    id="VM2",
    title="Computers start trusted; those with identifiable data are confidential, and so are their disks",
    why="Secure boot and a virtual TPM show that nothing got in below the system. Confidential computing keeps memory "
    "and disk even from the operators of the cloud.",
    on=COMPUTERS,
    reads=everywhere(KIND, SECURE_BOOT, TPM, INSIDE),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("3.1.18", "3.1.19"), ncsc=("2", "3"), iso27001=("8.24",), five_safes=("settings",)
    ),
    fix="Set securityType to TrustedLaunch with secure boot and vTPM; for identifiable data to ConfidentialVM, with "
    "securityEncryptionType DiskWithVMGuestState.",
    check=check,
)  # fmt: skip
