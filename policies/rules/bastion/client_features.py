"""Bastion transfers nothing: no clipboard, no files, no tunnels, no links (BA1)."""

from __future__ import annotations

from policies.model import ComplianceControls, Policy, Severity
from policies.requirements import equals, equals_if_set

OFF = ("enableFileCopy", "enableTunneling", "enableShareableLink", "enableIpConnect")


POLICY = Policy(
    id="BA1",
    title="Bastion transfers nothing: no clipboard, no files, no tunnels, no links",
    why="Data that is copied to a researcher's own computer has left without review.",
    resource_types=("network:BastionHost",),
    severity=Severity.CRITICAL,
    controls=ComplianceControls(
        satre=("2.1.01", "3.1.12"),
        ncsc=("12",),
        caf=("B3.d", "B4.a"),
        cyber_essentials=("2.3",),
        iso27001=("8.12",),
        five_safes=("outputs",),
    ),
    fix=f"Use the Standard or Premium SKU with disableCopyPaste true, and remove {', '.join(OFF)}.",
    requires=(
        equals("sku.name", "Standard", "Premium", default="Basic, which cannot disable copy and paste"),
        equals("disableCopyPaste", True, default="false"),
        *(equals_if_set(path, False) for path in OFF),
    ),
)
