"""NW19: every computer's network card has a security group of its own, beside its subnet's."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics import ids
from policies.azure_semantics.network import subnet_of
from policies.azure_semantics.properties import entries
from policies.model import MISSING, ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

CARD = "network:NetworkInterface"
GROUP = "networkSecurityGroup.id"
CARDS = "networkProfile.networkInterfaceConfigurations"
LISTS = {"compute:VirtualMachine": CARDS, "compute:VirtualMachineScaleSet": f"virtualMachineProfile.{CARDS}"}
"""Where computers may make their cards themselves."""


def check(resource: Resource, context: PolicyContext) -> Iterator[Violation]:
    """The subnet's own group a second time is no second one: one change would open both."""
    if resource.type == CARD:
        yield from _grouped(resource, "", context)
    else:
        for entry in entries(resource, LISTS[resource.type]):
            yield from _grouped(resource, f"{entry}.", context)


def _grouped(resource: Resource, prefix: str, context: PolicyContext) -> Iterator[Violation]:
    path = f"{prefix}{GROUP}"
    own = resource.at(path)
    if own is MISSING:
        yield Violation(path, "is not set: only the subnet's group stands before the computer")
        return
    if context.get(own) is None:
        yield Violation(path, "names a security group that is not judged here, so nobody saw its rules")
    for entry in entries(resource, f"{prefix}ipConfigurations"):
        subnet = subnet_of(resource.at(f"{entry}.subnet.id"), context)
        shared = subnet.at(GROUP) if subnet is not None else MISSING
        if shared is not MISSING and ids.plain(shared) == ids.plain(own):
            yield Violation(path, "is the subnet's group too; one change to it would open both")


POLICY = Policy(
    id="NW19",
    title="Every computer's network card has a security group of its own",
    why="With the subnet's group alone, one wrong rule opens every computer behind it.",
    on=(CARD, *LISTS),
    reads=(GROUP, "ipConfigurations[*].subnet.id", f"{CARDS}[*].{GROUP}", f"network:Subnet:{GROUP}"),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.2.09",), ncsc=("3", "11"), iso27001=("8.20", "8.22"), five_safes=("settings",)
    ),
    fix="Give the card a networkSecurityGroup of its stack, with the flows that the computer needs and no others.",
    check=check,
    scope="stack",
)
