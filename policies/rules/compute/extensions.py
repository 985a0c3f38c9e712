"""Virtual machines run only known extensions (VM7)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.properties import display
from policies.azure_semantics.windows_desk import is_first_boot
from policies.model import MISSING, ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.rule_helpers.virtual_machines import SCALE_SET

EXTENSIONS = ("compute:VirtualMachineExtension", "compute:VirtualMachineScaleSetVMExtension",
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
"""Types by publisher, in lower case: sign-in, monitoring, protection, patching, backup and drivers."""

COMMAND_SETTINGS = ("fileUris", "commandToExecute", "script", "scriptUri", "scripts", "commands")
"""Settings that name a command or a file that the extension runs."""


def check(resource: Resource, _: PolicyContext) -> Iterator[Violation]:
    """Refuse extensions that are not listed: those that run commands or set passwords are not."""
    if resource.type != SCALE_SET:
        yield from _check_extension(resource, "")
        return
    for index in range(len(resource.each(f"{INLINE}[*]"))):
        yield from _check_extension(resource, f"{INLINE}[{index}].")


def _check_extension(resource: Resource, prefix: str) -> Iterator[Violation]:
    if is_first_boot(resource, prefix):
        return  # VM16 judges what it runs
    publisher, kind = resource.at(f"{prefix}publisher"), resource.at(f"{prefix}type")
    if publisher is MISSING or kind is MISSING:
        yield Violation(f"{prefix}publisher", "is not set; publisher and type must be")
    elif str(kind).lower() not in ALLOWED.get(str(publisher).lower(), set()):
        yield Violation(f"{prefix}type", f"is {display(kind)} of {display(publisher)}, which is not a known extension")
    if resource.at(f"{prefix}protectedSettings") is not MISSING:
        yield Violation(f"{prefix}protectedSettings", "hides what the extension runs; it must not be set")
    for setting in COMMAND_SETTINGS:
        if resource.at(f"{prefix}settings.{setting}") is not MISSING:
            yield Violation(
                f"{prefix}settings.{setting}", "makes the extension fetch or run something else; it must not be set"
            )


POLICY = Policy(
    id="VM7",
    title="Virtual machines run only known extensions",
    why="Extensions run as root, started from outside: a custom script extension bypasses every sign-in and can "
    "take data out.",
    resource_types=(*EXTENSIONS, SCALE_SET),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.1.13", "2.4.02", "3.1.12"),
        ncsc=("5", "12"),
        caf=("B4.b", "B4.c"),
        cyber_essentials=("5.4",),
        iso27001=("8.9", "8.19"),
        five_safes=("settings",),
    ),
    fix="Remove the extension, and put what it did into the image. The first boot of a Windows desk has the command of "
    "policies/expected/windows_desk.py, and no other.",
    check=check,
    check_paths=(
        "publisher",
        "type",
        "settings",
        *(f"settings.{name}" for name in COMMAND_SETTINGS),
        "protectedSettings",
        f"{INLINE}[*].publisher",
        f"{INLINE}[*].type",
    ),
)
