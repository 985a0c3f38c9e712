"""Computers: alone, or the model that a scale set makes them by."""

from __future__ import annotations

from policies.model import Resource

COMPUTERS = ("compute:VirtualMachine", "compute:VirtualMachineScaleSet", "compute:VirtualMachineScaleSetVM")
SCALE_SET = "compute:VirtualMachineScaleSet"


def inner(computer: Resource, path: str) -> str:
    """The path of a computer's property, in a scale set's model where it is one."""
    return f"virtualMachineProfile.{path}" if computer.type == SCALE_SET else path


def everywhere(*paths: str) -> tuple[str, ...]:
    """The paths as both kinds have them."""
    return tuple(found for path in paths for found in (path, f"virtualMachineProfile.{path}"))
