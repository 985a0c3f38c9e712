"""BA2: Bastions stand in the hub, before the firewall's network, and nowhere else."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.network import NETWORK, SubnetDeclaration, is_hub, network_of, subnet_of
from policies.azure_semantics.properties import entries
from policies.model import MISSING, ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation


def check(bastion: Resource, context: PolicyContext) -> Iterator[Violation]:
    """The Developer kind names a network instead of a subnet; it is shared with Azure's other customers."""
    if bastion.at("virtualNetwork.id") is not MISSING:
        yield Violation("virtualNetwork.id", "is set, as for the Developer kind, which is shared with others")
    configurations = entries(bastion, "ipConfigurations")
    if not configurations:
        yield Violation("ipConfigurations", "is not set: where it stands cannot be told")
    for entry in configurations:
        if not _in_hub(subnet_of(bastion.at(f"{entry}.subnet.id"), context), context):
            yield Violation(f"{entry}.subnet.id", "is no subnet of a hub that is judged here")


def _in_hub(subnet: SubnetDeclaration | None, context: PolicyContext) -> bool:
    network = network_of(subnet, context) if subnet is not None else None
    return network is not None and network.type == NETWORK and is_hub(network, context)


POLICY = Policy(
    id="BA2",
    title="Bastions stand in the hub",
    why="A Bastion in a workspace is a second way in, with a public address of its own, that no hub sees.",
    on=("network:BastionHost",),
    reads=("ipConfigurations[*].subnet.id", "virtualNetwork.id", "network:Subnet:subnetName"),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.2.09", "2.2.10"), ncsc=("11", "12"), iso27001=("8.20",), five_safes=("settings",)
    ),
    fix="Let people use the hub's Bastion, which reaches peered networks.",
    check=check,
    scope="stack",
)
