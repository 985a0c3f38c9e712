"""Virtual machines have encryption at host, or confidential OS disk encryption (VM1)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.properties import require, require_if_set, same
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.rule_helpers.virtual_machines import MACHINES, for_vm_and_scale_set, profile_path

ENCRYPTION_AT_HOST = "securityProfile.encryptionAtHost"
OS_DISK_ENCRYPTION = "storageProfile.osDisk.managedDisk.securityProfile.securityEncryptionType"


def check(machine: Resource, _: PolicyContext) -> Iterator[Violation]:
    """Require encryption at host; with confidential OS disk encryption require it off, as Azure does not allow both."""
    if same(machine.at(profile_path(machine, OS_DISK_ENCRYPTION)), "DiskWithVMGuestState"):
        yield from require_if_set(machine, profile_path(machine, ENCRYPTION_AT_HOST), False)
    else:
        yield from require(machine, profile_path(machine, ENCRYPTION_AT_HOST), True, default="false")


POLICY = Policy(
    id="VM1",
    title="Virtual machines have encryption at host, or confidential OS disk encryption",
    why="Without encryption at host, the temporary disk and the disk caches are stored unencrypted on a physical host "
    "that later serves other customers.",
    resource_types=MACHINES,
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.8.01",), ncsc=("2",), caf=("B3.c",), iso27001=("8.24",), five_safes=("settings",)
    ),
    fix="Set securityProfile.encryptionAtHost to true; with confidential OS disk encryption, remove it.",
    check=check,
    check_paths=for_vm_and_scale_set(ENCRYPTION_AT_HOST, OS_DISK_ENCRYPTION),
    checkov=("CKV_AZURE_97", "CKV_AZURE_151"),
)
