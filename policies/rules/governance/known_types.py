"""Every resource has a type that a policy covers (TY1)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache

from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Unknown, Violation

HARMLESS: Mapping[str, str] = {
    "managedidentity:UserAssignedIdentity": "has no rights of its own; each role assignment is checked",
    "network:DdosProtectionPlan": "has no settings; it only adds protection to the networks that name it",
    "network:NetworkSecurityPerimeterProfile": "has no settings; its access rules and associations are checked",
}
"""Types that need no policy, with the reason."""
_SCALE_SET = "belongs to a scale set, whose computers the flows do not know; declare virtual machines"
_BATCH = (
    "belongs to Azure Batch, whose nodes must ask Azure's DNS server, and whose jobs may bring pools outside the "
    "estate's networks (docs/decisions/0027-optional-services.md); declare virtual machines"
)
REFUSED: Mapping[str, str] = {
    "batch": _BATCH,
    "compute:VirtualMachineScaleSet": _SCALE_SET,
    "compute:VirtualMachineScaleSetExtension": _SCALE_SET,
    "compute:VirtualMachineScaleSetVM": _SCALE_SET,
    "compute:VirtualMachineScaleSetVMExtension": _SCALE_SET,
    "compute:VirtualMachineScaleSetVMRunCommand": _SCALE_SET,
}
"""The types, and services with all their types, that are refused whatever their properties, with the reason."""
MAX_COVERED_TYPES = 20
"""A policy on more types than this checks what they have in common, which is not enough to cover a type."""


def check(resource: Resource, _: PolicyContext) -> Iterator[Violation]:
    """Raise `Unknown` for a type that no policy covers: a new service needs policies first."""
    reason = REFUSED.get(resource.type) or REFUSED.get(resource.type.partition(":")[0])
    if reason:
        yield Violation("", reason)
    elif resource.type not in known_types():
        raise Unknown("", f"is {resource.type}, which no policy covers")


@cache
def known_types() -> frozenset[str]:
    """Return the types that policies are about, or read for others."""
    from policies.rules import load  # noqa: PLC0415 - the catalogue loads this file too

    policies = load().values()
    checked = {
        type_
        for policy in policies
        if len(policy.resource_types) <= MAX_COVERED_TYPES
        for type_ in policy.resource_types
    }
    read = {path.rpartition(":")[0] for policy in policies for path in policy.property_paths}
    return frozenset(type_ for type_ in (checked | read | HARMLESS.keys()) if ":" in type_)


POLICY = Policy(
    id="TY1",
    title="Every resource has a type that a policy covers",
    why="A service without policies would pass them all, whatever its public endpoint.",
    resource_types=("*",),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.2.09", "2.4.04"), ncsc=("5",), caf=("B4.b",), iso27001=("8.9",), five_safes=("settings",)
    ),
    fix="Write policies for the type: scripts/sde policy new creates the file of one and its test.",
    check=check,
)
