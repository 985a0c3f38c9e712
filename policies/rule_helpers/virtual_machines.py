"""Virtual machines and scale sets. A scale set has the same properties below `virtualMachineProfile`."""

from __future__ import annotations

from dataclasses import replace

from policies.model import Resource
from policies.requirements import Requirement

SCALE_SET = "compute:VirtualMachineScaleSet"
MACHINES = ("compute:VirtualMachine", SCALE_SET, "compute:VirtualMachineScaleSetVM")
PROFILE = "virtualMachineProfile"


def profile_path(machine: Resource, path: str) -> str:
    """Return the path of a machine's property; in a scale set, below its profile."""
    return f"{PROFILE}.{path}" if machine.type == SCALE_SET else path


def for_vm_and_scale_set(*paths: str) -> tuple[str, ...]:
    """Return the paths in a virtual machine and in a scale set."""
    return tuple(found for path in paths for found in (path, f"{PROFILE}.{path}"))


def for_all_machine_types(*requirements: Requirement) -> tuple[Requirement, ...]:
    """Return the requirements for virtual machines and for scale sets."""
    return tuple(
        replace(
            requirement,
            only_on=type_,
            path=f"{PROFILE}.{requirement.path}" if type_ == SCALE_SET else requirement.path,
        )
        for requirement in requirements
        for type_ in MACHINES
    )
