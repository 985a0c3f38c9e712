"""Microsoft.Compute: extensions of virtual machines.

Facts: docs/azure-facts.md#names-of-disks-and-virtual-machines, #virtual-machines, #sign-in-of-windows-desks.
"""

from __future__ import annotations

from collections.abc import Mapping

from local_azure.fixed_properties import PROPERTY_FIXED
from local_azure.model import AzureType, Json, NameRule, Request, StoredResource
from local_azure.types.common import ancestor_id, refuse, value_at
from local_azure.types.vm_system import is_windows

EXTENSION = "azure-native:compute:VirtualMachineExtension"
OF_WINDOWS = frozenset({("microsoft.azure.activedirectory", "aadloginforwindows"),
                        ("microsoft.compute", "customscriptextension")})  # fmt: skip
OF_LINUX = frozenset({("microsoft.azure.activedirectory", "aadsshloginforlinux"),
                      ("microsoft.azure.extensions", "customscript")})  # fmt: skip
"""Extensions by publisher and type, in lower case. Others are for both systems, or not known."""


def _handler_is_complete(request: Request) -> None:
    for path in ("publisher", "type", "typeHandlerVersion"):
        if not request.new.get(path):
            refuse("InvalidParameter", f"Required parameter '{path}' is missing (null).", target=path)


def _extensions_are_allowed(request: Request) -> None:
    machine = _machine_of(request)
    if machine and value_at(machine.properties, "osProfile.allowExtensionOperations") is False:
        text = f"Extension operations are disallowed on virtual machine {machine.name}."
        refuse("OperationNotAllowed", text, status=409)


def _fits_the_system(request: Request) -> None:
    """Refuse an extension for another operating system, which installs nothing there."""
    machine = _machine_of(request)
    named = (str(request.new.get("publisher", "")).lower(), str(request.new.get("type", "")).lower())
    if machine and named in (OF_LINUX if is_windows(machine.properties) else OF_WINDOWS):
        text = f"VM has reported a failure when processing extension '{request.name}'. This extension is not supported "
        refuse("VMExtensionProvisioningError", text + "on this operating system (exit code 51).", status=409)


def _join_has_an_identity(request: Request) -> None:
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


def _outputs(_: Request) -> Mapping[str, Json]:
    return {"provisioningState": "Succeeded"}


TYPES = (
    AzureType(
        token=EXTENSION,
        name=NameRule(r"[A-Za-z0-9_.-]{1,80}", "1-80 letters, digits, _, . or -"),
        location="inherited",
        computed=_outputs,
        immutable=dict.fromkeys(("publisher", "type"), PROPERTY_FIXED),
        write_only=("protectedSettings",),
        constraints=(_handler_is_complete, _extensions_are_allowed, _fits_the_system, _join_has_an_identity),
    ),
)
