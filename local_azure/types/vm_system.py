"""The operating system of a virtual machine, and what Azure refuses for another one.

Facts: docs/azure-facts.md#windows-images.
"""

from __future__ import annotations

from local_azure.model import Json, Request
from local_azure.types.common import refuse, value_at

LINUX_PUBLISHERS = ("canonical", "debian", "redhat", "suse", "almalinux", "microsoftcblmariner")
"""Publishers of Linux images alone."""
WINDOWS_IMAGE_GIB = 127


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
