"""Virtual machines encrypt at their host, or inside themselves where they are confidential (VM1)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.properties import may, must, same
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.rule_helpers.virtual_machines import MACHINES, in_both_models, inner

AT_HOST = "securityProfile.encryptionAtHost"
INSIDE = "storageProfile.osDisk.managedDisk.securityProfile.securityEncryptionType"


def check(machine: Resource, _: PolicyContext) -> Iterator[Violation]:
    """Refuse encryption at host on a confidential virtual machine: Azure excludes it, because the guest encrypts."""
    if same(machine.at(inner(machine, INSIDE)), "DiskWithVMGuestState"):
        yield from may(machine, inner(machine, AT_HOST), False)
    else:
        yield from must(machine, inner(machine, AT_HOST), True, default="false")


POLICY = Policy(
    id="VM1",
    title="Virtual machines encrypt at their host, or inside themselves where they are confidential",
    why="Without it the temporary disk and the caches are stored in plain text on a machine that other customers "
    "use next.",
    on=MACHINES,
    severity=Severity.HIGH,
    controls=ComplianceControls(satre=("2.8.01",), ncsc=("2",), iso27001=("8.24",), five_safes=("settings",)),
    fix="Set securityProfile.encryptionAtHost to true.",
    check=check,
    reads=in_both_models(AT_HOST, INSIDE),
    checkov=("CKV_AZURE_97", "CKV_AZURE_151"),
)
