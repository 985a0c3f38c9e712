"""Virtual machines do not forward traffic (NW10)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.properties import entries
from policies.model import MISSING, ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.requirements import equals_if_set

INTERFACES = "networkProfile.networkInterfaceConfigurations"
LISTS = {
    "network:NetworkInterface": None,
    "compute:VirtualMachine": INTERFACES,
    "compute:VirtualMachineScaleSet": f"virtualMachineProfile.{INTERFACES}",
}
"""Paths of the list of network interfaces; None for an interface itself."""


def check(resource: Resource, _: PolicyContext) -> Iterator[Violation]:
    """Refuse forwarding on each interface. Azure's default is off."""
    listed = LISTS[resource.type]
    paths = [f"{entry}." for entry in entries(resource, listed)] if listed else [""]
    for prefix in paths:
        if resource.at(f"{prefix}enableIPForwarding") not in (MISSING, False):
            yield Violation(f"{prefix}enableIPForwarding", "is on; only the firewall forwards traffic")


POLICY = Policy(
    id="NW10",
    title="Virtual machines do not forward traffic",
    why="A machine that forwards traffic is a router that bypasses the firewall.",
    on=tuple(LISTS),
    severity=Severity.MEDIUM,
    controls=ComplianceControls(satre=("2.2.09",), ncsc=("11",), iso27001=("8.20",), five_safes=("settings",)),
    fix="Set enableIPForwarding to false.",
    check=check,
    required_by_check=(equals_if_set("enableIPForwarding", False, on="network:NetworkInterface"),),
    reads=(INTERFACES, f"virtualMachineProfile.{INTERFACES}"),
)
