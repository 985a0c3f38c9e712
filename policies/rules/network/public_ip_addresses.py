"""Only the hub's firewall, Bastion and gateway have a public address (NW1)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.properties import entries
from policies.expected.sites import GATEWAY, sites_of
from policies.model import MISSING, ComplianceControls, Policy, PolicyContext, Resource, Severity, Unknown, Violation
from policies.requirements import Operator, Requirement

ADDRESSES = ("network:PublicIPAddress", "network:PublicIPPrefix")
HOLDERS = {
    "network:AzureFirewall": ("ipConfigurations[*].publicIPAddress.id", "managementIpConfiguration.publicIPAddress.id"),
    "network:BastionHost": ("ipConfigurations[*].publicIPAddress.id",),
    GATEWAY: ("ipConfigurations[*].publicIPAddress.id",),
}
"""Types that may have a public address, and the paths of its id; a gateway only where the estate connects sites."""
INTERFACES = "networkProfile.networkInterfaceConfigurations"
REFUSED = {
    "network:NetworkInterface": ("ipConfigurations", "publicIPAddress"),
    "network:LoadBalancer": ("frontendIPConfigurations", "publicIPAddress"),
    "network:ApplicationGateway": ("frontendIPConfigurations", "publicIPAddress"),
    GATEWAY: ("ipConfigurations", "publicIPAddress"),
    "compute:VirtualMachine": (INTERFACES, "ipConfigurations"),
    "compute:VirtualMachineScaleSet": (f"virtualMachineProfile.{INTERFACES}", "ipConfigurations"),
}
"""Types that may not: the list, and the property of an entry. Virtual machines may create interfaces themselves."""


def check(resource: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Refuse unused addresses too: someone may attach them later."""
    if resource.type in ADDRESSES:
        yield from _check_address(resource, context)
    elif resource.type != GATEWAY or not sites_of(context.configs.get(resource.stack)):
        yield from _check_configurations(resource)


def _check_address(address: Resource, context: PolicyContext) -> Iterator[Violation]:
    for property_ in ("natGateway", "linkedPublicIPAddress", "servicePublicIPAddress"):
        if address.at(property_) is not MISSING:
            yield Violation(property_, "attaches the address to something other than the firewall or Bastion")
    if str(address.at("sku.name")).lower() not in ("standard", "standardv2"):
        yield Violation("sku.name", "is not Standard; a Basic address is open to all traffic by default")
    holders = [(t, path) for t, paths in HOLDERS.items() for path in paths if context.referencing(t, path, address)]
    if not holders:
        yield Violation("", "is a public address that no firewall, Bastion or gateway of the estate uses")


def _check_configurations(resource: Resource) -> Iterator[Violation]:
    lists, property_ = REFUSED[resource.type]
    for entry in entries(resource, lists):
        inner = entries(resource, f"{entry}.{property_}") if property_ == "ipConfigurations" else [entry]
        name = "publicIPAddressConfiguration" if property_ == "ipConfigurations" else property_
        for path in inner:
            if _is_set(resource, f"{path}.{name}"):
                yield Violation(f"{path}.{name}", "is a public address; only the firewall and Bastion may have one")


def _is_set(resource: Resource, path: str) -> bool:
    """Return True for an unknown address too: it is an address."""
    try:
        return resource.at(path) is not MISSING
    except Unknown:
        return True


POLICY = Policy(
    id="NW1",
    title="Only the hub's firewall, Bastion and gateway have a public address",
    why="A public address bypasses the firewall in both directions.",
    resource_types=(*ADDRESSES, *REFUSED),
    severity=Severity.CRITICAL,
    controls=ComplianceControls(
        satre=("2.2.09", "2.2.11"),
        ncsc=("11",),
        caf=("B4.a",),
        cyber_essentials=("1.1",),
        cis=("7.7",),
        iso27001=("8.20",),
        five_safes=("settings",),
    ),
    fix="Remove the public address: people connect through Bastion, sites through the estate's gateway, and traffic "
    "leaves through the firewall.",
    check=check,
    required_by_check=(
        Requirement("ipConfigurations[*].publicIPAddress", Operator.EMPTY, only_on="network:NetworkInterface"),
    ),
    check_paths=(
        "network:PublicIPAddress:sku.name",
        "network:PublicIPPrefix:sku.name",
        "natGateway",
        "linkedPublicIPAddress",
        "servicePublicIPAddress",
        "ipConfigurations",
        "frontendIPConfigurations",
        INTERFACES,
        f"virtualMachineProfile.{INTERFACES}",
        *(f"{type_}:{path}" for type_, paths in HOLDERS.items() for path in paths),
    ),
    evaluation_scope="stack",
)
