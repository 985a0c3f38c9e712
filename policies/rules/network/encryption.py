"""NW9: networks encrypt between the computers that can."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.network import NETWORK
from policies.azure_semantics.properties import must, word
from policies.model import MISSING, ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

REASON = "tags.unencrypted"
"""Where the network says why it does not encrypt."""
INTERFACE, SUBNETS = "network:NetworkInterface", "ipConfigurations[*].subnet.id"
COMPUTER, INTERFACES = "compute:VirtualMachine", "networkProfile.networkInterfaces[*].id"


def check(network: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Which computers are refused is a matter of their sizes: `AllowUnencrypted` is what Azure supports for all."""
    if not (word(network, REASON).strip() and _cannot(network, context)):
        yield from must(network, "encryption.enabled", True, default="false")
    if network.at("encryption.enforcement") is not MISSING:
        yield from must(network, "encryption.enforcement", "AllowUnencrypted", "DropUnencrypted")


def _cannot(network: Resource, context: PolicyContext) -> bool:
    """Whether a computer stands in it that cannot encrypt: a confidential one, or one with a slow interface."""
    return any(
        interface.at("enableAcceleratedNetworking") is not True or _is_confidential(interface, context)
        for interface in context.referencing(INTERFACE, SUBNETS, network)
    )


def _is_confidential(interface: Resource, context: PolicyContext) -> bool:
    computers = context.referencing(COMPUTER, INTERFACES, interface)
    return any(word(computer, "securityProfile.securityType") == "confidentialvm" for computer in computers)


POLICY = Policy(
    id="NW9",
    title="Networks encrypt between computers",
    why="Traffic inside a data centre passes shared hardware; encrypted, it is of no use to who taps it.",
    on=(NETWORK,),
    reads=("encryption.enabled", "encryption.enforcement", REASON, f"{INTERFACE}:enableAcceleratedNetworking",
           f"{COMPUTER}:securityProfile.securityType"),
    severity=Severity.LOW,
    controls=ComplianceControls(satre=("2.8.03",), ncsc=("1",), iso27001=("8.24",), five_safes=("settings",)),
    fix="Set encryption.enabled to true. Where a computer stands in the network that cannot encrypt (a confidential "
    "one, or one without accelerated networking), give the written reason in the tag unencrypted.",
    check=check,
    scope="stack",
)  # fmt: skip
