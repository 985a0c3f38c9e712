"""Disks are not shared between virtual machines (VM14)."""

from __future__ import annotations

from policies.model import ComplianceControls, Policy, Severity
from policies.requirements import equals_if_set

POLICY = Policy(
    id="VM14",
    title="Disks are not shared between virtual machines",
    why="A shared disk connects two machines below networks, sign-in and logs.",
    resource_types=("compute:Disk",),
    severity=Severity.MEDIUM,
    controls=ComplianceControls(
        satre=("2.1.14", "3.2.03"), ncsc=("3",), caf=("B4.a",), iso27001=("8.22",), five_safes=("projects",)
    ),
    fix="Leave maxShares out, or set it to 1.",
    requires=(equals_if_set("maxShares", 1),),
)
