"""BA1: through Bastion people see and type, and carry nothing."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.properties import must
from policies.model import MISSING, ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

OFF = ("enableFileCopy", "enableTunneling", "enableShareableLink", "enableIpConnect")


def check(bastion: Resource, _: PolicyContext) -> Iterator[Violation]:
    """Below Standard copy and paste cannot be turned off. The other four are off where nothing is said."""
    yield from must(bastion, "sku.name", "Standard", "Premium", default="Basic")
    yield from must(bastion, "disableCopyPaste", True, default="false")
    for property_ in OFF:
        if bastion.at(property_) not in (MISSING, False):
            yield Violation(property_, "is on; people's browsers are the only way in, and nothing is carried")


POLICY = Policy(
    id="BA1",
    title="Bastion carries nothing: no clipboard, no files, no tunnel, no link",
    why="Whatever is copied to a researcher's own computer has left, without anybody having checked it.",
    on=("network:BastionHost",),
    reads=("sku.name", "disableCopyPaste", *OFF),
    severity=Severity.CRITICAL,
    controls=ComplianceControls(satre=("2.1.01", "3.1.12"), ncsc=("12",), iso27001=("8.12",), five_safes=("outputs",)),
    fix="Use the Standard or Premium SKU with disableCopyPaste, and leave file copy, tunnelling, links and IP off.",
    check=check,
)
