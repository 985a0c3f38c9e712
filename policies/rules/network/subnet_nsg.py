"""NW2: every subnet has a security group, and every network card stands behind one."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.network import SUBNETS, UNGUARDED, has_subnets, subnet_of, subnets_in
from policies.azure_semantics.properties import entries
from policies.model import MISSING, ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

CARD = "network:NetworkInterface"
GROUP = "networkSecurityGroup.id"


def check(resource: Resource, context: PolicyContext) -> Iterator[Violation]:
    """A group that is not judged here is none: nobody saw its rules."""
    if resource.type == CARD:
        yield from _card(resource, context)
        return
    for subnet in subnets_in(resource):
        group = subnet.at(GROUP)
        if subnet.name in UNGUARDED:
            continue
        if group is MISSING:
            yield subnet.problem(GROUP, "is not set, and Azure then lets every packet pass; the subnet must have one")
        elif context.get(group) is None:
            yield subnet.problem(GROUP, "names a security group that is not judged here, so nobody saw its rules")


def _card(card: Resource, context: PolicyContext) -> Iterator[Violation]:
    for entry in entries(card, "ipConfigurations"):
        subnet = subnet_of(card.at(f"{entry}.subnet.id"), context)
        if subnet is not None and subnet.name in UNGUARDED:
            yield Violation(
                f"{entry}.subnet.id", "stands in a subnet of Azure's own, where no security group is allowed"
            )
        elif subnet is None:
            yield Violation(f"{entry}.subnet.id", "is a subnet that is not judged here, so nobody saw its rules")


def _applies(resource: Resource, context: PolicyContext) -> bool:
    return resource.type == CARD or has_subnets(resource, context)


POLICY = Policy(
    id="NW2",
    title="Every subnet has a security group",
    why="Without one, every computer that reaches the network reaches everything in the subnet.",
    on=(*SUBNETS, CARD),
    reads=(GROUP, f"subnets[*].{GROUP}", "ipConfigurations[*].subnet.id"),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.2.09",), ncsc=("3",), cis=("7.11",), iso27001=("8.22",), five_safes=("settings",)
    ),
    fix="Give the subnet a networkSecurityGroup of the same stack. Only Azure's own firewall, gateway and route server "
    "subnets take none.",
    check=check,
    applies=_applies,
    scope="stack",
)
