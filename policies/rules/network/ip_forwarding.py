"""Virtual machines do not forward traffic (NW10)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.properties import entries
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.requirements import equals_if_set
from policies.violations import violations_at

INTERFACES = "networkProfile.networkInterfaceConfigurations"
OFF = equals_if_set("enableIPForwarding", False, only_on="network:NetworkInterface")
INTERFACE_LISTS = {
    "network:NetworkInterface": None,
    "compute:VirtualMachine": INTERFACES,
    "compute:VirtualMachineScaleSet": f"virtualMachineProfile.{INTERFACES}",
}
"""Paths of the list of network interfaces; None for an interface itself."""


def check(resource: Resource, _: PolicyContext) -> Iterator[Violation]:
    """Refuse forwarding on each interface. Azure's default is off."""
    list_path = INTERFACE_LISTS[resource.type]
    prefixes = [f"{entry}." for entry in entries(resource, list_path)] if list_path else [""]
    for prefix in prefixes:
        yield from violations_at(f"{prefix}{OFF.path}", OFF, resource)


POLICY = Policy(
    id="NW10",
    title="Virtual machines do not forward traffic",
    why="A machine that forwards traffic is a router that bypasses the firewall.",
    resource_types=tuple(INTERFACE_LISTS),
    severity=Severity.MEDIUM,
    controls=ComplianceControls(
        satre=("2.2.09",), ncsc=("11",), caf=("B4.a",), iso27001=("8.20",), five_safes=("settings",)
    ),
    fix="Set enableIPForwarding to false.",
    check=check,
    required_by_check=(OFF,),
    check_paths=(INTERFACES, f"virtualMachineProfile.{INTERFACES}"),
)
