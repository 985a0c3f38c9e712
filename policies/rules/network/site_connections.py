"""A gateway connects exactly the sites that the estate names, and leads to their inboxes alone (NW24)."""

from __future__ import annotations

from collections.abc import Iterator

from formats.urns import type_of
from policies.azure_semantics.network import SUBNET, SubnetDeclaration, subnets_in
from policies.azure_semantics.properties import display, entries, is_secret, texts
from policies.azure_semantics.routes import APPLIANCE, ROUTE_PATHS, routes_of
from policies.expected.sites import CONNECTION, GATEWAY, GATEWAY_TYPES, REMOTE, devices, routes, sites_of
from policies.model import MISSING, ComplianceControls, Policy, PolicyContext, Resource, Severity, Unknown, Violation
from policies.requirements import Requirement, empty, equals, equals_if_set

GATEWAY_SUBNET = "gatewaysubnet"
SUBNET_ID, TABLE_ID = "ipConfigurations[*].subnet.id", "routeTable.id"
DEVICE, RANGES = "gatewayIpAddress", "localNetworkAddressSpace.addressPrefixes"
NEAR, FAR = "virtualNetworkGateway1.id", "localNetworkGateway2.id"
SELECTORS, LOCAL, DISTANT = "trafficSelectorPolicies", "localAddressRanges", "remoteAddressRanges"
ALGORITHMS = "ipsecPolicies"
KEY, RANDOM = "sharedKey", "random:"
LIFETIMES = {"saLifeTimeSeconds": 27_000, "saDataSizeKilobytes": 102_400_000}
"""When the keys of a tunnel are renewed at the latest: Azure's defaults."""
SKUS = tuple(f"VpnGw{number}AZ" for number in range(1, 6))
OTHER_WAYS = "is another way in than the estate's sites"
ROUTED = "is a route that nobody reviewed"


def check(resource: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Compare what a gateway connects with the stack's configuration."""
    if resource.type == SUBNET:
        for subnet in subnets_in(resource):
            yield from _check_routes(subnet, context)
    elif resource.type == GATEWAY:
        for id_ in resource.each(SUBNET_ID):
            if (subnet_ := context.get(id_)) is None or subnet_.stack != resource.stack:
                yield Violation(SUBNET_ID, f"is {display(id_)}, which is not in this stack")
    elif resource.type == REMOTE:
        yield from _check_remote(resource, context)
    else:
        yield from _check_connection(resource, context)


def _check_routes(subnet: SubnetDeclaration, context: PolicyContext) -> Iterator[Violation]:
    """Require a route to the firewall for each inbox, and no other: Azure routes to peered networks directly."""
    table = context.get(subnet.at(TABLE_ID))
    wanted = routes(context.configs[subnet.resource.stack])
    if table is None:
        yield subnet.violation(TABLE_ID, "is no route table of this check, so sites reach inboxes past the firewall")
        return
    found = {
        route.destination.text: route.address for route in routes_of(table, context) if route.next_hop == APPLIANCE
    }
    if found != wanted or len(routes_of(table, context)) != len(wanted):
        yield subnet.violation(
            TABLE_ID, f"leads to {_text(found)}; the estate's are {_text(wanted)}, each to the firewall"
        )


def _check_remote(remote: Resource, context: PolicyContext) -> Iterator[Violation]:
    known, address = devices(context.configs[remote.stack]), str(remote.at(DEVICE))
    if address not in known:
        yield Violation(DEVICE, f"is {address}, which is no device of the estate's sites: {_text(known)}")
    elif (found := frozenset(texts(remote, RANGES))) != known[address].ranges:
        yield Violation(RANGES, f"is {_text(found)}; the estate's are {_text(known[address].ranges)}")


def _check_connection(connection: Resource, context: PolicyContext) -> Iterator[Violation]:
    near, far = context.get(connection.at(NEAR)), context.get(connection.at(FAR))
    for path, type_, end in ((NEAR, GATEWAY, near), (FAR, REMOTE, far)):
        if end is None or end.type != type_ or end.stack != connection.stack:
            yield Violation(path, f"is {display(connection.at(path))}, which is no {type_} of this stack")
    device = devices(context.configs[connection.stack]).get(str(far.at(DEVICE)) if far else "")
    found = frozenset(
        (frozenset(texts(connection, f"{one}.{LOCAL}")), frozenset(texts(connection, f"{one}.{DISTANT}")))
        for one in entries(connection, SELECTORS)
    )
    if device and found != device.selectors:
        yield Violation(SELECTORS, "is not from each site's ranges to its inboxes, and no more")
    yield from _check_algorithms(connection)
    yield from _check_key(connection)


def _check_algorithms(connection: Resource) -> Iterator[Violation]:
    found = entries(connection, ALGORITHMS)
    if len(found) != 1:
        yield Violation(ALGORITHMS, "is not one policy, which leaves Azure's list of algorithms, old ones among them")
    for entry in found:
        for name, most in LIFETIMES.items():
            value = connection.at(f"{entry}.{name}")
            if not isinstance(value, int | float) or not 0 < value <= most:
                yield Violation(f"{entry}.{name}", f"is {display(value)}; it must be at most {most}")


def _check_key(connection: Resource) -> Iterator[Violation]:
    """Require a shared key that the program generates, and that no plan shows. An unknown one is in none yet."""
    sources = connection.property_dependencies.get(KEY, ())
    if connection.from_program and not any(type_of(urn).startswith(RANDOM) for urn in sources):
        yield Violation(KEY, "comes from no random value of the program, so it may be known outside")
    try:
        value = connection.at(KEY)
    except Unknown:
        return
    if not is_secret(value) and connection.from_program:
        yield Violation(KEY, "is not set" if value is MISSING else "is in the plan as plain text; mark it as secret")


def _applies(resource: Resource, context: PolicyContext) -> bool:
    if not sites_of(context.configs.get(resource.stack)):
        return False  # NW18 refuses gateways there
    return resource.type != SUBNET or any(one.name == GATEWAY_SUBNET for one in subnets_in(resource))


def _text(found: object) -> str:
    if isinstance(found, dict):
        return ", ".join(f"{key} by {value}" for key, value in sorted(found.items())) or "nothing"
    return ", ".join(sorted(map(str, found))) or "nothing"  # type: ignore[call-overload]


def _off(type_: str, why: str, *paths: str) -> Iterator[Requirement]:
    return (empty(path, why, only_on=type_) for path in paths)


def _algorithm(name: str, value: str) -> Requirement:
    return equals(f"{ALGORITHMS}[*].{name}", value, only_on=CONNECTION)


POLICY = Policy(
    id="NW24",
    title="A gateway connects exactly the sites that the estate names, and leads to their inboxes alone",
    why="Whoever is connected is inside the network: another device, range or route is a way in that nobody approved.",
    resource_types=(*GATEWAY_TYPES, SUBNET),
    severity=Severity.CRITICAL,
    controls=ComplianceControls(
        satre=("2.2.09", "2.2.10", "2.2.11"),
        ncsc=("1", "11"),
        caf=("A4.a", "B3.b", "B4.a"),
        cyber_essentials=("1.5",),
        iso27001=("8.20", "8.22", "8.24"),
        five_safes=("settings",),
    ),
    fix="Take devices and ranges from `sites` of the estate; use IKEv2 with AES-256-GCM, SHA-384 and ECP384, no BGP, "
    "no NAT and no point-to-site.",
    requires=(
        equals("gatewayType", "Vpn", only_on=GATEWAY),
        equals("vpnType", "RouteBased", only_on=GATEWAY),
        equals("sku.name", *SKUS, only_on=GATEWAY),
        *_off(GATEWAY, ROUTED, "enableBgp", "bgpSettings", "enableBgpRouteTranslationForNat", "customRoutes",
              "gatewayDefaultSite"),
        *_off(GATEWAY, OTHER_WAYS, "vpnClientConfiguration", "virtualNetworkGatewayPolicyGroups", "natRules",
              "allowRemoteVnetTraffic", "allowVirtualWanTraffic", "enablePrivateIpAddress", "extendedLocation",
              "vNetExtendedLocationResourceId"),
        *_off(GATEWAY, "answers names for sites", "enableDnsForwarding"),
        *_off(GATEWAY, "lets old packets in again", "disableIPSecReplayProtection"),
        *_off(GATEWAY, "is not needed", "identity"),
        *_off(REMOTE, ROUTED, "bgpSettings"),
        *_off(REMOTE, "is a name, whose owner chooses the device", "fqdn"),
        equals("connectionType", "IPsec", only_on=CONNECTION),
        equals("connectionProtocol", "IKEv2", only_on=CONNECTION),
        equals("usePolicyBasedTrafficSelectors", True, only_on=CONNECTION),
        equals_if_set("connectionMode", "Default", "InitiatorOnly", "ResponderOnly", only_on=CONNECTION),
        _algorithm("ikeEncryption", "GCMAES256"),
        _algorithm("ikeIntegrity", "SHA384"),
        _algorithm("dhGroup", "ECP384"),
        _algorithm("ipsecEncryption", "GCMAES256"),
        _algorithm("ipsecIntegrity", "GCMAES256"),
        _algorithm("pfsGroup", "ECP384"),
        *_off(CONNECTION, ROUTED, "enableBgp", "gatewayCustomBgpIpAddresses"),
        *_off(CONNECTION, OTHER_WAYS, "virtualNetworkGateway2", "peer", "authorizationKey", "ingressNatRules",
              "egressNatRules", "useLocalAzureIpAddress", "expressRouteGatewayBypass", "enablePrivateLinkFastPath"),
    ),
    check=check,
    check_paths=(
        f"{GATEWAY}:{SUBNET_ID}",
        f"{REMOTE}:{DEVICE}",
        f"{REMOTE}:{RANGES}",
        *(f"{CONNECTION}:{path}" for path in (
            NEAR, FAR, f"{SELECTORS}[*].{LOCAL}", f"{SELECTORS}[*].{DISTANT}", KEY,
            *(f"{ALGORITHMS}[*].{name}" for name in LIFETIMES),
        )),
        f"{SUBNET}:{TABLE_ID}",
        f"{SUBNET}:subnetName",
        *ROUTE_PATHS,
    ),
    applies=_applies,
    evaluation_scope="stack",
    needs_config=True,
)  # fmt: skip
