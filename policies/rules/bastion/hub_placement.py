"""Bastions are in the hub (BA2)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.network import NETWORK, SubnetDeclaration, is_hub, network_of, subnet_of
from policies.azure_semantics.properties import entries
from policies.model import MISSING, ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation


def check(bastion: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Refuse the Developer SKU, which is shared with other customers, and subnets outside a hub."""
    if bastion.at("virtualNetwork.id") is not MISSING:
        yield Violation("virtualNetwork.id", "is set, as for the Developer SKU, which is shared with other customers")
    configurations = entries(bastion, "ipConfigurations")
    if not configurations:
        yield Violation("ipConfigurations", "is not set, so the network is unknown")
    for entry in configurations:
        if not _in_hub(subnet_of(bastion.at(f"{entry}.subnet.id"), context), context):
            yield Violation(f"{entry}.subnet.id", "is not a subnet of a hub of the estate")


def _in_hub(subnet: SubnetDeclaration | None, context: PolicyContext) -> bool:
    network = network_of(subnet, context) if subnet is not None else None
    return network is not None and network.type == NETWORK and is_hub(network, context)


POLICY = Policy(
    id="BA2",
    title="Bastions are in the hub",
    why="A Bastion in another network is a second entry, with a public address of its own.",
    resource_types=("network:BastionHost",),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.2.09", "2.2.10"), ncsc=("11", "12"), caf=("B4.a",), iso27001=("8.20",), five_safes=("settings",)
    ),
    fix="Use the hub's Bastion, which reaches peered networks.",
    check=check,
    check_paths=(
        "ipConfigurations[*].subnet.id",
        "virtualNetwork.id",
        "network:Subnet:subnetName",
        "network:VirtualNetwork:subnets",
    ),
    evaluation_scope="stack",
)
