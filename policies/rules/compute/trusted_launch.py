"""Virtual machines use trusted launch; those with identifiable data are confidential, and so are their disks (VM2)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.data_class import is_identifiable
from policies.azure_semantics.properties import require
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.requirements import equals
from policies.rule_helpers.virtual_machines import MACHINES, for_all_machine_types, for_vm_and_scale_set, profile_path

KIND = "securityProfile.securityType"
SECURE_BOOT, TPM = "securityProfile.uefiSettings.secureBootEnabled", "securityProfile.uefiSettings.vTpmEnabled"
OS_DISK_ENCRYPTION = "storageProfile.osDisk.managedDisk.securityProfile.securityEncryptionType"


def check(machine: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Require trusted launch, or confidential computing with a confidential disk for identifiable data."""
    confidential = is_identifiable(machine, context)
    allowed = ("ConfidentialVM",) if confidential else ("TrustedLaunch", "ConfidentialVM")
    yield from require(
        machine, profile_path(machine, KIND), *allowed, default="Standard, unless the image asks for more"
    )
    if confidential:
        yield from require(
            machine,
            profile_path(machine, OS_DISK_ENCRYPTION),
            "DiskWithVMGuestState",
            default="a disk open to the host",
        )


POLICY = Policy(
    id="VM2",
    title="Virtual machines use trusted launch; those with identifiable data are confidential, and so are their disks",
    why="Secure boot and a virtual TPM show that nothing changed the boot chain. Confidential computing protects "
    "memory and disk from the operators of the cloud.",
    resource_types=MACHINES,
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("3.1.18", "3.1.19"), ncsc=("2", "3"), caf=("B3.c", "B4.b"), iso27001=("8.24",), five_safes=("settings",)
    ),
    fix="Set securityType to TrustedLaunch with secure boot and vTPM; for identifiable data to ConfidentialVM, with "
    "securityEncryptionType DiskWithVMGuestState.",
    requires=for_all_machine_types(equals(SECURE_BOOT, True, default="false"), equals(TPM, True, default="false")),
    check=check,
    check_paths=for_vm_and_scale_set(KIND, OS_DISK_ENCRYPTION),
)
