"""Networks, subnets, private endpoints and staff's interfaces have the addresses that the estate states (NW22)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from policies.azure_semantics.addresses import Network, inside
from policies.azure_semantics.network import (
    NETWORK,
    SUBNET,
    SubnetDeclaration,
    network_of,
    prefixes_of,
    subnets_in,
)
from policies.azure_semantics.private_link import ENDPOINT
from policies.azure_semantics.properties import require
from policies.azure_semantics.routes import LOCAL, ROUTE, ROUTE_PATHS, TABLE, routes_in
from policies.expected.addresses import NetworkAddresses, networks, part_of_shared_network
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Unknown, Violation
from policies.rule_helpers.shared_networks import shared_network_part

SPACE = "addressSpace.addressPrefixes"
ADDRESS = "ipConfigurations[*].privateIPAddress"
INTERFACE, CONFIGURATION = "network:NetworkInterface", "ipConfigurations[0]"
METHOD = "ipConfigurations[*].privateIPAllocationMethod"


def check(resource: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Compare each range and address with the estate's, and keep routes inside the network to the stack's own."""
    config = context.configs[resource.stack]
    stated, part = networks(config), part_of_shared_network(config)
    own_ranges = [*stated.values(), *([part] if part else [])]
    if resource.type == NETWORK:
        own = stated.get(resource.name)
        found = prefixes_of(resource)
        if own is None:
            yield Violation(SPACE, f"is of {resource.name}, a network that the estate states no addresses for")
        elif found != [own.space]:
            yield Violation(SPACE, f"is {_text(found)}; the estate's is {own.space}")
    if resource.type in (NETWORK, SUBNET):
        for subnet in subnets_in(resource):
            yield from _check_home(subnet, stated, context)
    elif resource.type == ENDPOINT:
        yield from _check_endpoint(resource, own_ranges)
    elif resource.type == INTERFACE:
        yield from _check_interface(resource, own_ranges)
    else:
        for route in routes_in(resource):
            if route.next_hop == LOCAL and not all(
                any(inside(found, own.space) for own in own_ranges) for found in route.destination.networks
            ):
                yield route.violation(
                    f"{route.name} keeps {route.destination.text} past the firewall, which is no range of this stack"
                )


def _check_home(
    subnet: SubnetDeclaration, stated: Mapping[str, NetworkAddresses], context: PolicyContext
) -> Iterator[Violation]:
    """Require a network of the stack or, for a project of a shared tenancy, its own part of that network."""
    part = shared_network_part(subnet, context)
    if part:
        yield from _check_subnet(subnet, part)
        return
    stack, network = subnet.resource.stack, _network(subnet, context)
    if network.stack != stack:
        yield subnet.violation("virtualNetworkName", f"is a network of {network.stack}; {stack} has no part of it")
    yield from _check_subnet(subnet, stated.get(network.name))


def _network(subnet: SubnetDeclaration, context: PolicyContext) -> Resource:
    network = network_of(subnet, context)
    if network is None:
        raise Unknown("virtualNetworkName", "is a network that is not in this check")
    return network


def _check_subnet(subnet: SubnetDeclaration, stated: NetworkAddresses | None) -> Iterator[Violation]:
    """Require a range of the address plan: that of its name, if Azure prescribes it, or a part of another."""
    if stated is None:  # the network is refused
        return
    found = subnet.prefixes
    if subnet.name in stated.reserved:
        if found != [stated.reserved[subnet.name]]:
            yield subnet.violation(
                "addressPrefix", f"is {_text(found)}; the estate's for {subnet.name} is {stated.reserved[subnet.name]}"
            )
    elif not found or not any(all(inside(one, range_) for one in found) for range_ in stated.subnets):
        ranges = ", ".join(map(str, stated.subnets))
        yield subnet.violation("addressPrefix", f"is {_text(found)}; it must be in one of the estate's {ranges}")


def _check_endpoint(endpoint: Resource, stated: Iterable[NetworkAddresses]) -> Iterator[Violation]:
    wanted = next((one.endpoints[endpoint.name] for one in stated if endpoint.name in one.endpoints), None)
    for found in endpoint.each(ADDRESS):
        if wanted is not None and str(found) not in map(str, wanted):
            allowed = " or ".join(map(str, wanted))
            yield Violation(ADDRESS, f"is {found}; the estate's for {endpoint.name} is {allowed}")


def _check_interface(interface: Resource, stated: Iterable[NetworkAddresses]) -> Iterator[Violation]:
    """Require the address that the rules for a staff machine name: another one may get what it reaches."""
    wanted = next((one.interfaces[interface.name] for one in stated if interface.name in one.interfaces), None)
    if wanted is None:
        return
    found = [str(address) for address in interface.each(ADDRESS)]
    if found != [str(wanted)]:
        yield Violation(ADDRESS, f"is {', '.join(found) or 'not set'}; the estate's for {interface.name} is {wanted}")
    yield from require(interface, f"{CONFIGURATION}.privateIPAllocationMethod", "Static", default="Dynamic")


def _text(found: Sequence[Network]) -> str:
    return ", ".join(map(str, found)) or "not set"


POLICY = Policy(
    id="NW22",
    title="Networks, subnets, private endpoints and interfaces have the addresses that the estate states",
    why="Rules of firewalls and security groups name addresses: a wider or moved range gets what another was granted.",
    resource_types=(NETWORK, SUBNET, ENDPOINT, INTERFACE, TABLE, ROUTE),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.1.14", "2.2.09", "2.2.10"),
        ncsc=("3", "11"),
        caf=("B4.a",),
        iso27001=("8.20", "8.22"),
        five_safes=("settings",),
    ),
    fix="Take the ranges from the stack's configuration and formats/addresses.py; change `addresses` of the estate for "
    "others.",
    check=check,
    check_paths=(
        f"{NETWORK}:{SPACE}",
        *(f"{NETWORK}:subnets[*].{name}" for name in ("addressPrefix", "addressPrefixes")),
        *(f"{SUBNET}:{name}" for name in ("subnetName", "addressPrefix", "addressPrefixes")),
        f"{ENDPOINT}:{ADDRESS}",
        *(f"{INTERFACE}:{path}" for path in (ADDRESS, METHOD)),
        *ROUTE_PATHS,
    ),
    evaluation_scope="stack",
    needs_config=True,
)
