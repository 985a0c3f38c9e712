"""VM7: only known extensions run in a computer."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.properties import shown
from policies.model import MISSING, ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.rule_helpers.virtual_machines import SCALE_SET

SINGLE = ("compute:VirtualMachineExtension", "compute:VirtualMachineScaleSetVMExtension",
          "compute:VirtualMachineScaleSetExtension")  # fmt: skip
INLINE = "virtualMachineProfile.extensionProfile.extensions"
ALLOWED = {
    "microsoft.azure.activedirectory": {"aadsshloginforlinux", "aadloginforwindows"},
    "microsoft.azure.monitor": {"azuremonitorlinuxagent", "azuremonitorwindowsagent"},
    "microsoft.azure.monitoring.dependencyagent": {"dependencyagentlinux", "dependencyagentwindows"},
    "microsoft.azure.changetrackingandinventory": {"changetracking-linux", "changetracking-windows"},
    "microsoft.azure.security.linuxattestation": {"guestattestation"},
    "microsoft.azure.security.windowsattestation": {"guestattestation"},
    "microsoft.azure.security": {"iaasantimalware"},
    "microsoft.azure.azuredefenderforservers": {"mde.linux", "mde.windows"},
    "microsoft.guestconfiguration": {"configurationforlinux", "configurationforwindows"},
    "microsoft.azure.networkwatcher": {"networkwatcheragentlinux", "networkwatcheragentwindows"},
    "microsoft.azure.keyvault": {"keyvaultforlinux", "keyvaultforwindows"},
    "microsoft.azure.recoveryservices": {"vmsnapshot", "vmsnapshotlinux"},
    "microsoft.cplat.core": {"linuxpatchextension", "windowspatchextension"},
    "microsoft.hpccompute": {"nvidiagpudriverlinux", "nvidiagpudriverwindows"},
}
"""By publisher, in lower case: signing in, monitoring, protection, patching, backup and drivers."""

ORDERS = ("fileUris", "commandToExecute", "script", "scriptUri", "scripts", "commands")
"""Settings by which an extension is told what to fetch or run."""


def check(resource: Resource, _: PolicyContext) -> Iterator[Violation]:
    """What runs somebody's own commands, or sets passwords, is not among them."""
    if resource.type != SCALE_SET:
        yield from _extension(resource, "")
        return
    for index in range(len(resource.each(f"{INLINE}[*]"))):
        yield from _extension(resource, f"{INLINE}[{index}].")


def _extension(resource: Resource, where: str) -> Iterator[Violation]:
    publisher, kind = resource.at(f"{where}publisher"), resource.at(f"{where}type")
    if publisher is MISSING or kind is MISSING:
        yield Violation(f"{where}publisher", "does not say which extension this is; publisher and type must be set")
    elif str(kind).lower() not in ALLOWED.get(str(publisher).lower(), set()):
        yield Violation(f"{where}type", f"is {shown(kind)} of {shown(publisher)}, which no computer may run")
    for order in ORDERS:
        if resource.at(f"{where}settings.{order}") is not MISSING:
            yield Violation(f"{where}settings.{order}", "has the extension fetch or run something else; it must not be")


POLICY = Policy(
    id="VM7",
    title="Computers run only the extensions that the catalogue knows",
    why="Extensions run as root from outside: a custom script or an access extension is a way in, and data's way out, "
    "past every sign-in.",
    on=(*SINGLE, SCALE_SET),
    reads=("publisher", "type", "settings", f"{INLINE}[*].publisher", f"{INLINE}[*].type"),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.1.13", "2.4.02", "3.1.12"), ncsc=("5", "12"), iso27001=("8.9", "8.19"), five_safes=("settings",)
    ),
    fix="Remove the extension, and put what it did into the image.",
    check=check,
)
