"""The operating system of a virtual machine, and what Azure refuses for another one.

Facts: docs/azure-facts.md#windows-images, #sign-in-of-windows-desks.
"""

from __future__ import annotations

from local_azure.model import Json, Request, StoredResource
from local_azure.types.common import ancestor_id, refuse, value_at

LINUX_PUBLISHERS = ("canonical", "debian", "redhat", "suse", "almalinux", "microsoftcblmariner")
"""Publishers of Linux images alone."""
WINDOWS_IMAGE_GIB = 127
OF_WINDOWS = frozenset({("microsoft.azure.activedirectory", "aadloginforwindows"),
                        ("microsoft.compute", "customscriptextension")})  # fmt: skip
OF_LINUX = frozenset({("microsoft.azure.activedirectory", "aadsshloginforlinux"),
                      ("microsoft.azure.extensions", "customscript")})  # fmt: skip
"""Extensions by publisher and type, in lower case. Others are for both systems, or not known."""


def has_windows_image(properties: Json) -> bool:
    """Return True if the publisher of the image has Windows images alone."""
    return str(value_at(properties, "storageProfile.imageReference.publisher", "")).lower().startswith(
        "microsoftwindows"
    )  # fmt: skip


def is_windows(properties: Json) -> bool:
    """Return True for a virtual machine with Windows."""
    configured = value_at(properties, "osProfile.windowsConfiguration") is not None
    disk = value_at(properties, "storageProfile.osDisk.osType") == "Windows"
    return bool(configured or disk or has_windows_image(properties))


def profile_fits_the_image(request: Request) -> None:
    """Refuse the settings of another operating system than that of the image."""
    publisher = str(value_at(request.new, "storageProfile.imageReference.publisher", "")).lower()
    wrong = "linuxConfiguration" if has_windows_image(request.new) else "windowsConfiguration"
    known = has_windows_image(request.new) or publisher in LINUX_PUBLISHERS
    if known and value_at(request.new, f"osProfile.{wrong}") is not None:
        refuse("InvalidParameter", f"The value of parameter {wrong} is invalid.", target=wrong)


def system_disk_holds_the_image(request: Request) -> None:
    """Refuse a system disk that is smaller than the image of Windows."""
    size = value_at(request.new, "storageProfile.osDisk.diskSizeGB")
    if has_windows_image(request.new) and isinstance(size, int | float) and size < WINDOWS_IMAGE_GIB:
        text = (
            f"The specified disk size {size:.0f} GB is smaller than the size of the corresponding disk in the VM "
            f"image: {WINDOWS_IMAGE_GIB} GB. This is not allowed. Please choose equal or greater size or do not "
            "specify an explicit size."
        )
        refuse("OperationNotAllowed", text, status=409, target="osDisk.diskSizeGB")


def extension_fits_the_system(request: Request) -> None:
    """Refuse an extension for another operating system, which installs nothing there."""
    machine = _machine_of(request)
    named = (str(request.new.get("publisher", "")).lower(), str(request.new.get("type", "")).lower())
    if machine and named in (OF_LINUX if is_windows(machine.properties) else OF_WINDOWS):
        text = f"VM has reported a failure when processing extension '{request.name}'. This extension is not supported "
        refuse("VMExtensionProvisioningError", text + "on this operating system (exit code 51).", status=409)


def join_has_an_identity(request: Request) -> None:
    """Refuse the join to Entra of a virtual machine without a system-assigned identity."""
    machine = _machine_of(request)
    if not machine or str(request.new.get("type", "")).lower() != "aadloginforwindows":
        return
    if "SystemAssigned" not in str(value_at(machine.properties, "identity.type", "")):
        text = (
            f"VM has reported a failure when processing extension '{request.name}'. The tenant of the virtual machine "
        )
        refuse(
            "VMExtensionProvisioningError", text + "is not available (DSREG_E_MSI_TENANTID_UNAVAILABLE).", status=409
        )


def _machine_of(request: Request) -> StoredResource | None:
    return request.cloud.get(str(ancestor_id(request.id, "virtualMachines")))
