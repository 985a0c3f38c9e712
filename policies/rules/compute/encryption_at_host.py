"""VM1: a computer's disks, caches and temporary disk are encrypted where they are written."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.properties import may, must, same
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.rule_helpers.virtual_machines import COMPUTERS, everywhere, inner

AT_HOST = "securityProfile.encryptionAtHost"
INSIDE = "storageProfile.osDisk.managedDisk.securityProfile.securityEncryptionType"


def check(computer: Resource, _: PolicyContext) -> Iterator[Violation]:
    """A confidential computer encrypts its own disk inside, which excludes doing so at the host."""
    if same(computer.at(inner(computer, INSIDE)), "DiskWithVMGuestState"):
        yield from may(computer, inner(computer, AT_HOST), False)
    else:
        yield from must(computer, inner(computer, AT_HOST), True, default="false")


POLICY = Policy(
    id="VM1",
    title="Computers encrypt at their host, or inside themselves where they are confidential",
    why="Without it the temporary disk and the caches lie in the clear on a machine that others use next.",
    on=COMPUTERS,
    reads=everywhere(AT_HOST, INSIDE),
    severity=Severity.HIGH,
    controls=ComplianceControls(satre=("2.8.01",), ncsc=("2",), iso27001=("8.24",), five_safes=("settings",)),
    fix="Set securityProfile.encryptionAtHost to true.",
    check=check,
    checkov=("CKV_AZURE_97", "CKV_AZURE_151"),
)
