"""Every subnet has a network security group (NW2)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.network import SUBNETS, SUBNETS_WITHOUT_NSG, has_subnets, subnet_of, subnets_in
from policies.azure_semantics.properties import entries
from policies.model import MISSING, ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.requirements import not_empty

INTERFACE = "network:NetworkInterface"
GROUP = "networkSecurityGroup.id"
WITHOUT_NSG = ("AzureFirewallSubnet", "AzureFirewallManagementSubnet", "AzureBastionSubnet", "GatewaySubnet")


def check(resource: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Require an NSG that is evaluated too, so that its rules are checked."""
    if resource.type == INTERFACE:
        yield from _check_interface(resource, context)
        return
    for subnet in subnets_in(resource):
        group = subnet.at(GROUP)
        if subnet.name in SUBNETS_WITHOUT_NSG:
            continue
        if group is MISSING:
            yield subnet.violation(GROUP, "is not set, so Azure allows all traffic; the subnet must have one")
        elif context.get(group) is None:
            yield subnet.violation(
                GROUP, "names a network security group that is not in this check, so its rules are unknown"
            )


def _check_interface(interface: Resource, context: PolicyContext) -> Iterator[Violation]:
    for entry in entries(interface, "ipConfigurations"):
        subnet = subnet_of(interface.at(f"{entry}.subnet.id"), context)
        if subnet is not None and subnet.name in SUBNETS_WITHOUT_NSG:
            yield Violation(
                f"{entry}.subnet.id", "is a subnet of Azure's own, where no network security group is allowed"
            )
        elif subnet is None:
            yield Violation(f"{entry}.subnet.id", "is a subnet that is not in this check, so its rules are unknown")


def _applies(resource: Resource, context: PolicyContext) -> bool:
    return resource.type == INTERFACE or has_subnets(resource, context)


POLICY = Policy(
    id="NW2",
    title="Every subnet has a network security group",
    why="Without one, any machine that reaches the network reaches everything in the subnet.",
    resource_types=(*SUBNETS, INTERFACE),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.2.09",),
        ncsc=("3",),
        caf=("B4.a",),
        cyber_essentials=("1.1",),
        cis=("7.11",),
        iso27001=("8.22",),
        five_safes=("settings",),
    ),
    fix="Give the subnet a networkSecurityGroup of the same stack. Only Azure's own subnets for firewalls, "
    "gateways and route servers have none.",
    check=check,
    required_by_check=(not_empty(GROUP, only_on="network:Subnet", unless=("name", WITHOUT_NSG)),),
    check_paths=(
        f"subnets[*].{GROUP}",
        "ipConfigurations[*].subnet.id",
        "subnetName",
    ),
    applies=_applies,
    evaluation_scope="stack",
)
