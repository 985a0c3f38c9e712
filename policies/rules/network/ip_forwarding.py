"""NW10: no computer forwards what others send."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.properties import entries
from policies.model import MISSING, ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

CARDS = "networkProfile.networkInterfaceConfigurations"
LISTS = {
    "network:NetworkInterface": None,
    "compute:VirtualMachine": CARDS,
    "compute:VirtualMachineScaleSet": f"virtualMachineProfile.{CARDS}",
}
"""Where a type's network cards are listed; None: it is one."""


def check(resource: Resource, _: PolicyContext) -> Iterator[Violation]:
    """Missing is Azure's default, off."""
    listed = LISTS[resource.type]
    paths = [f"{entry}." for entry in entries(resource, listed)] if listed else [""]
    for prefix in paths:
        if resource.at(f"{prefix}enableIPForwarding") not in (MISSING, False):
            yield Violation(f"{prefix}enableIPForwarding", "is on; only the firewall forwards traffic")


POLICY = Policy(
    id="NW10",
    title="No computer forwards what others send",
    why="A computer that forwards becomes a router: a way round the firewall for whoever can use it.",
    on=tuple(LISTS),
    reads=("enableIPForwarding", f"{CARDS}[*].enableIPForwarding"),
    severity=Severity.MEDIUM,
    controls=ComplianceControls(satre=("2.2.09",), ncsc=("11",), iso27001=("8.20",), five_safes=("settings",)),
    fix="Set enableIPForwarding to false.",
    check=check,
)
