"""NW1: nothing has a public address but what the hub needs one for: its firewall and its Bastion."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.properties import entries
from policies.model import MISSING, ComplianceControls, Policy, PolicyContext, Resource, Severity, Unknown, Violation

ADDRESSES = ("network:PublicIPAddress", "network:PublicIPPrefix")
HOLDERS = {
    "network:AzureFirewall": ("ipConfigurations[*].publicIPAddress.id", "managementIpConfiguration.publicIPAddress.id"),
    "network:BastionHost": ("ipConfigurations[*].publicIPAddress.id",),
}
"""Who may hold a public address, and where it names it."""
CARD = "networkProfile.networkInterfaceConfigurations"
REFUSED = {
    "network:NetworkInterface": ("ipConfigurations", "publicIPAddress"),
    "network:LoadBalancer": ("frontendIPConfigurations", "publicIPAddress"),
    "network:ApplicationGateway": ("frontendIPConfigurations", "publicIPAddress"),
    "network:VirtualNetworkGateway": ("ipConfigurations", "publicIPAddress"),
    "compute:VirtualMachine": (CARD, "ipConfigurations"),
    "compute:VirtualMachineScaleSet": (f"virtualMachineProfile.{CARD}", "ipConfigurations"),
}
"""Who may not: the list that could name one, and what of an entry does. Computers may make their cards themselves."""


def check(resource: Resource, context: PolicyContext) -> Iterator[Violation]:
    """An address that nobody holds is refused too: it waits for somebody to use it."""
    if resource.type in ADDRESSES:
        yield from _held(resource, context)
    else:
        yield from _named(resource)


def _held(address: Resource, context: PolicyContext) -> Iterator[Violation]:
    for property_ in ("natGateway", "linkedPublicIPAddress", "servicePublicIPAddress"):
        if address.at(property_) is not MISSING:
            yield Violation(property_, "gives the address to something other than the firewall or the Bastion")
    if str(address.at("sku.name")).lower() not in ("standard", "standardv2"):
        yield Violation("sku.name", "is not Standard; a Basic address is open to everything until something closes it")
    pointing = [(t, path) for t, paths in HOLDERS.items() for path in paths if context.referencing(t, path, address)]
    if not pointing:
        yield Violation("", "is a public address that neither a firewall nor a Bastion of this estate holds")


def _named(resource: Resource) -> Iterator[Violation]:
    lists, property_ = REFUSED[resource.type]
    for entry in entries(resource, lists):
        inner = entries(resource, f"{entry}.{property_}") if property_ == "ipConfigurations" else [entry]
        name = "publicIPAddressConfiguration" if property_ == "ipConfigurations" else property_
        for path in inner:
            if _is_set(resource, f"{path}.{name}"):
                yield Violation(
                    f"{path}.{name}", "gives this a public address; only the firewall and Bastion may have one"
                )


def _is_set(resource: Resource, path: str) -> bool:
    """An address that is not known yet is one all the same."""
    try:
        return resource.at(path) is not MISSING
    except Unknown:
        return True


POLICY = Policy(
    id="NW1",
    title="Only the hub's firewall and Bastion have a public address",
    why="A public address is a door past the firewall, in both directions; each one more is one more to watch.",
    on=(*ADDRESSES, *REFUSED),
    reads=(
        "sku.name",
        "ipConfigurations[*].publicIPAddress",
        "frontendIPConfigurations[*].publicIPAddress",
        f"{CARD}[*].ipConfigurations[*].publicIPAddressConfiguration",
        *(f"{type_}:{path}" for type_, paths in HOLDERS.items() for path in paths),
    ),
    severity=Severity.CRITICAL,
    controls=ComplianceControls(
        satre=("2.2.09", "2.2.11"), ncsc=("11",), cis=("7.7",), iso27001=("8.20",), five_safes=("settings",)
    ),
    fix="Remove the public address: people come in through Bastion, traffic leaves through the firewall.",
    check=check,
    scope="stack",
)
