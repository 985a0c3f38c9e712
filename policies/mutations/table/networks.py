"""Weaknesses of networks: subnets, peerings, routes, rules, addresses, private endpoints and DNS.

Sources: learn.microsoft.com, Microsoft.Network template references, "Virtual network traffic routing", "Default
outbound access", "Manage network policies for private endpoints", "Azure Private DNS fallback to internet".
"""

from collections.abc import Iterator, Mapping
from typing import Any

from policies.model import PolicyContext, Resource
from policies.mutations.model import Harmless, Removal, Table, Weakening
from policies.mutations.paths import entries
from policies.mutations.table import elsewhere

PAST = "traffic would pass by the firewall"
NAMES = "names would be asked of servers that answer for anybody, and carry data out"
OUT = "computers could reach the Internet"


def _holds_endpoints(subnet: Resource, estate: PolicyContext) -> bool:
    return any(_in(subnet, r.at("subnet.id")) for r in estate.of("network:PrivateEndpoint"))


def _in(subnet: Resource, id_: object) -> bool:
    return bool(subnet.id) and str(id_).lower() == str(subnet.id).lower()


def _not_the_firewalls(subnet: Resource, _: PolicyContext) -> bool:
    return str(subnet.at("subnetName")) != "AzureFirewallSubnet"


def other_spokes(resource: Resource, estate: PolicyContext) -> Iterator[tuple[str, str]]:
    """Yield the networks of other groups that are no hub: a spoke may not be peered with them."""
    mine = str(resource.id).lower().split("/providers/")[0]
    hubs = {str(r.at("ipConfigurations[0].subnet.id")).lower() for r in estate.of("network:AzureFirewall")}
    if any(hub.startswith(f"{mine}/") for hub in hubs):
        return  # a hub may be peered with any of them
    for network in estate.of("network:VirtualNetwork"):
        is_hub = any(hub.startswith(f"{str(network.id).lower()}/") for hub in hubs)
        if network.id and not is_hub and network.id.lower().split("/providers/")[0] != mine:
            yield f"the network of {network.stack}'s {network.name}", network.id
            return


def _hubs_side(peering: Resource, estate: PolicyContext) -> bool:
    """True for the hub's side, which must not accept forwarded traffic."""
    return not peering.at("allowForwardedTraffic")


NETWORK = Table(
    "network:VirtualNetwork",
    weakenings=(
        Weakening("dhcpOptions", (None,), NAMES),
        Weakening("dhcpOptions.dnsServers", ([elsewhere.PUBLIC_DNS], ["168.63.129.16"], []), NAMES),
        Weakening("encryption", (None,), "computers would speak in the clear"),
        Weakening("encryption.enabled", (False,), "computers would speak in the clear"),
        Weakening("subnets", ([{"name": "snet-side-door", "addressPrefix": "10.65.0.64/28"}],),
                  "a subnet that nothing guards would be made with the network"),
        Weakening("virtualNetworkPeerings",
                  ([{"name": "peer-elsewhere", "remoteVirtualNetwork": {"id": elsewhere.NETWORK}}],),
                  "a foreign network would be joined"),
    ),
    harmless=(
        Harmless("addressSpace", "addresses grant nothing: rules and routes say who may talk"),
        Harmless("enableDdosProtection", "nothing here answers the public but the hub's Bastion, which Azure runs"),
        Harmless("enableVmProtection", "Azure ignores it"),
        Harmless("encryption.enforcement", "Azure has not released any other value"),
    ),
)  # fmt: skip
SUBNET = Table(
    "network:Subnet",
    weakenings=(
        Weakening("networkSecurityGroup", (None, {"id": elsewhere.SECURITY_GROUP}), "nothing would filter its traffic",
                  when=_not_the_firewalls),
        Weakening("routeTable", (None, {"id": elsewhere.ROUTES}), PAST,
                  when=lambda subnet, _: bool(subnet.at("routeTable"))),
        Weakening("defaultOutboundAccess", (True,), OUT),
        Weakening("natGateway", ({"id": elsewhere.GATEWAY},), OUT, when=_not_the_firewalls),
        Weakening("serviceEndpoints", ([{"service": "Microsoft.Storage"}], [{"service": "Microsoft.Storage.Global"}]),
                  "any storage account of Azure could be reached past the firewall", when=_not_the_firewalls,
                  absent="an empty list and none are the same"),
        Weakening("privateEndpointNetworkPolicies", ("Disabled", "RouteTableEnabled"),
                  "security groups would not act on private endpoints", when=_holds_endpoints),
    ),
    harmless=(
        Harmless("addressPrefix", "addresses grant nothing: rules and routes say who may talk"),
        Harmless("delegations", "a delegation narrows what may be put there"),
        Harmless("networkSecurityGroup", "Azure takes none on the firewall's subnet"),
        Harmless("privateEndpointNetworkPolicies", "acts only where private endpoints are"),
        Harmless("privateLinkServiceNetworkPolicies", "acts only where private link services are"),
        Harmless("serviceEndpoints", "nothing but the firewall is in its subnet"),
    ),
)  # fmt: skip
JOINED = "tenancies and zones that must not know each other could talk"
PEERING = Table(
    "network:VirtualNetworkPeering",
    weakenings=(
        Weakening("remoteVirtualNetwork.id", (elsewhere.NETWORK,), JOINED, pick=other_spokes,
                  absent="Azure refuses a peering with nothing"),
        Weakening("allowGatewayTransit", (True,), "networks beyond a gateway could come in",
                  absent="Azure's default is off"),
        Weakening("useRemoteGateways", (True,), "networks beyond a gateway could come in",
                  absent="Azure's default is off"),
        Weakening("allowForwardedTraffic", (True,), "traffic that a tenancy forwards could come in",
                  absent="Azure's default is off", when=_hubs_side),
    ),
    harmless=(
        Harmless("allowVirtualNetworkAccess", "on is the widest value, and Azure's default"),
        Harmless("allowForwardedTraffic", "a spoke must take what the firewall forwards; on is the widest value"),
    ),
)  # fmt: skip
ONE_WALL = "one wrong rule of the subnet's would open the computer"


def _of_its_subnet(interface: Resource, estate: PolicyContext) -> Iterator[tuple[str, Any]]:
    """Yield the subnet's own NSG a second time."""
    for id_ in interface.each("ipConfigurations[*].subnet.id"):
        subnet = estate.get(id_)
        if subnet is not None and subnet.at("networkSecurityGroup"):
            yield "the subnet's own", subnet.at("networkSecurityGroup")


INTERFACE = Table(
    "network:NetworkInterface",
    weakenings=(
        Weakening("ipConfigurations[*].publicIPAddress", ({"id": elsewhere.PUBLIC_ADDRESS},),
                  "the computer would stand on the Internet"),
        Weakening("ipConfigurations[*].subnet.id", (elsewhere.SUBNET,), "the computer would stand in a foreign network",
                  absent="Azure refuses an interface without a subnet"),
        Weakening("enableIPForwarding", (True,), "the computer could carry others' traffic",
                  absent="Azure's default is off"),
        Weakening("dnsSettings.dnsServers", ([elsewhere.PUBLIC_DNS],), NAMES),
        Weakening("networkSecurityGroup", (None, {"id": elsewhere.SECURITY_GROUP}), ONE_WALL, pick=_of_its_subnet),
    ),
    harmless=(
        Harmless("enableAcceleratedNetworking", "speed"),
        Harmless("ipConfigurations[*].name", "a name"),
        Harmless("ipConfigurations[*].primary", "which address comes first"),
        Harmless("ipConfigurations[*].privateIPAddressVersion", "which kind of address"),
        Harmless("ipConfigurations[*].privateIPAllocationMethod", "which address of the subnet"),
        Harmless("ipConfigurations[*].subnet.privateEndpointNetworkPolicies", "the subnet itself says it"),
        Harmless("ipConfigurations[*].subnet.privateLinkServiceNetworkPolicies", "the subnet itself says it"),
    ),
)  # fmt: skip
PUBLIC_ADDRESS = Table(
    "network:PublicIPAddress",
    weakenings=(Weakening("sku.name", ("Basic",), "Basic addresses are open until something closes them"),),
    harmless=(
        Harmless("publicIPAddressVersion", "which kind of address"),
        Harmless("publicIPAllocationMethod", "Azure refuses any other for Standard addresses"),
        Harmless("sku.tier", "where it is announced, which is always the Internet"),
        Harmless("zones", "where it survives"),
    ),
)


def _route(name: str, prefix: str, hop: str) -> Mapping[str, str]:
    return {"name": name, "addressPrefix": prefix, "nextHopType": hop}


def _with_routes(table: Resource, _: PolicyContext) -> Iterator[tuple[str, Any]]:
    routes = entries(table.at("routes"))
    for prefix in ("0.0.0.0/1", elsewhere.PUBLIC_RANGE, "AzureCloud", "Storage"):
        yield f"and {prefix} straight to the Internet", [*routes, _route("route-side-door", prefix, "Internet")]


ROUTES = Table(
    "network:RouteTable",
    weakenings=(
        Weakening("routes", ([],), PAST, pick=_with_routes),
        Weakening("routes[*].nextHopType", ("Internet", "VirtualNetworkGateway", "VnetLocal"), PAST,
                  absent="Azure refuses a route without a next hop"),
        Weakening("routes[*].nextHopIpAddress", ("10.65.0.133",), PAST,
                  absent="Azure refuses an appliance without an address"),
        Weakening("routes[*].addressPrefix", ("10.0.0.0/8",), PAST,
                  absent="Azure refuses a route without a prefix"),
        Weakening("disableBgpRoutePropagation", (False,), "a gateway could announce a way past the firewall"),
    ),
    harmless=(Harmless("routes[*].name", "a name"),),
    removal=Removal(PAST),
)  # fmt: skip
ANY_ADDRESS = "rules would have to name the whole subnet to reach it, or would reach another in its place"


def _has_one_address(endpoint: Resource, _: PolicyContext) -> bool:
    return bool(endpoint.each("ipConfigurations[*]"))


def _its_neighbours(endpoint: Resource, estate: PolicyContext) -> Iterator[tuple[str, str]]:
    """Yield the address of another endpoint of the same subnet."""
    for other in estate.same_stack(endpoint, "network:PrivateEndpoint"):
        found = other.each("ipConfigurations[*].privateIPAddress")
        if other.urn != endpoint.urn and found and other.at("subnet.id") == endpoint.at("subnet.id"):
            yield f"that of {other.name}", found[0]
            return


ENDPOINT = Table(
    "network:PrivateEndpoint",
    weakenings=(
        Weakening("privateLinkServiceConnections", ([],), "its service would have no private way in"),
        Weakening("privateLinkServiceConnections[*].privateLinkServiceId", (elsewhere.STORE,),
                  "data could be written to a foreign store as if it were the estate's",
                  absent="Azure refuses a connection to nothing"),
        Weakening("privateLinkServiceConnections[*].groupIds", (["queue"],), "its service would have no private way in",
                  absent="Azure refuses a connection to a part of a service that is not said"),
        Weakening("manualPrivateLinkServiceConnections",
                  ([{"name": "plc-elsewhere", "privateLinkServiceId": elsewhere.STORE, "groupIds": ["blob"]}],),
                  "data could be written to a foreign store as if it were the estate's"),
        Weakening("subnet.id", (elsewhere.SUBNET,), "a foreign network would have a way in",
                  absent="Azure refuses an endpoint without a subnet"),
        Weakening("ipConfigurations", ([],), ANY_ADDRESS, when=_has_one_address),
        Weakening("ipConfigurations[*].privateIPAddress", (elsewhere.PRIVATE_ADDRESS,), ANY_ADDRESS,
                  pick=_its_neighbours),
    ),
    harmless=(
        Harmless("ipConfigurations[*].groupId", "Azure refuses another than the connection's"),
        Harmless("ipConfigurations[*].memberName", "Azure refuses another than the service's"),
        Harmless("ipConfigurations[*].name", "a name"),
        Harmless("privateLinkServiceConnections[*].name", "a name"),
        Harmless("subnet.privateEndpointNetworkPolicies", "the subnet itself says it"),
        Harmless("subnet.privateLinkServiceNetworkPolicies", "the subnet itself says it"),
    ),
    removal=Removal("its service would have no private way in"),
)  # fmt: skip
PUBLIC_NAME = "its name would lead to the public address"
ZONE_GROUP = Table(
    "network:PrivateDnsZoneGroup",
    weakenings=(
        Weakening("privateDnsZoneConfigs", ([],), PUBLIC_NAME),
        Weakening("privateDnsZoneConfigs[*].privateDnsZoneId", (elsewhere.ZONE,), PUBLIC_NAME),
    ),
    harmless=(Harmless("privateDnsZoneConfigs[*].name", "a name"),),
    removal=Removal(PUBLIC_NAME),
)
ZONE = Table("privatedns:PrivateZone", removal=Removal(PUBLIC_NAME))
LINK = Table(
    "privatedns:VirtualNetworkLink",
    weakenings=(
        Weakening("registrationEnabled", (True,), "any computer could take any name", absent="Azure's default is off"),
        Weakening("resolutionPolicy", ("NxDomainRedirect",), "names of foreign stores would be answered too",
                  absent="Azure's default is not to ask further"),
        Weakening("virtualNetwork.id", (elsewhere.NETWORK,), "the hub could not resolve, and a foreign network could",
                  absent="Azure refuses a link to nothing"),
    ),
    removal=Removal(PUBLIC_NAME),
)  # fmt: skip
TABLES = (NETWORK, SUBNET, PEERING, INTERFACE, PUBLIC_ADDRESS, ROUTES, ENDPOINT, ZONE_GROUP, ZONE, LINK)
