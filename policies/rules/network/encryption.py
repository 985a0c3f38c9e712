"""Networks encrypt traffic between virtual machines (NW9)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.network import NETWORK
from policies.azure_semantics.properties import lower_text, require
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.requirements import equals_if_set

REASON = "tags.unencrypted"
"""The tag with the reason why the network does not encrypt."""
INTERFACE, SUBNETS = "network:NetworkInterface", "ipConfigurations[*].subnet.id"
MACHINE, INTERFACES = "compute:VirtualMachine", "networkProfile.networkInterfaces[*].id"


def check(network: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Require encryption, unless a machine cannot encrypt and the tag gives the reason."""
    if not (lower_text(network, REASON).strip() and _has_machine_without_encryption(network, context)):
        yield from require(network, "encryption.enabled", True, default="false")


def _has_machine_without_encryption(network: Resource, context: PolicyContext) -> bool:
    """Return True if a machine in the network cannot encrypt: no accelerated networking, or confidential."""
    return any(
        interface.at("enableAcceleratedNetworking") is not True or _is_confidential(interface, context)
        for interface in context.referencing(INTERFACE, SUBNETS, network)
    )


def _is_confidential(interface: Resource, context: PolicyContext) -> bool:
    machines = context.referencing(MACHINE, INTERFACES, interface)
    return any(lower_text(machine, "securityProfile.securityType") == "confidentialvm" for machine in machines)


POLICY = Policy(
    id="NW9",
    title="Networks encrypt traffic between virtual machines",
    why="Traffic inside a data centre passes shared hardware; encrypted, it is useless to an eavesdropper.",
    resource_types=(NETWORK,),
    severity=Severity.LOW,
    controls=ComplianceControls(
        satre=("2.8.03",), ncsc=("1",), caf=("B3.b",), iso27001=("8.24",), five_safes=("settings",)
    ),
    fix="Set encryption.enabled to true. If a virtual machine in the network cannot encrypt (a confidential one, "
    "or one without accelerated networking), give the reason in the tag unencrypted.",
    requires=(equals_if_set("encryption.enforcement", "AllowUnencrypted", "DropUnencrypted"),),
    check=check,
    check_paths=(
        "encryption.enabled",
        REASON,
        f"{INTERFACE}:{SUBNETS}",
        f"{INTERFACE}:enableAcceleratedNetworking",
        f"{MACHINE}:{INTERFACES}",
        f"{MACHINE}:securityProfile.securityType",
    ),
    evaluation_scope="stack",
)
