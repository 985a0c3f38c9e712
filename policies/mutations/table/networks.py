"""Weaknesses of networks: subnets, peerings, routes, rules, addresses, private endpoints and DNS.

Sources: learn.microsoft.com, Microsoft.Network template references, "Virtual network traffic routing", "Default
outbound access", "Manage network policies for private endpoints", "Azure Private DNS fallback to internet".
"""

from collections.abc import Iterator, Mapping
from typing import Any

from policies.expected.staff import machines
from policies.model import PolicyContext, Resource
from policies.mutations.model import Harmless, Removal, Table, Weakening, has_config
from policies.mutations.paths import entries
from policies.mutations.table import external

BYPASS = "traffic would bypass the firewall"
DNS = "DNS queries would go to a public resolver, which can carry data out"
INTERNET_ACCESS = "machines could reach the Internet"
UNENCRYPTED = "traffic between machines would not be encrypted"
OF_ANOTHER = "the machine could get the address of another one, and with it what that one reaches"


def _has_endpoints(subnet: Resource, estate: PolicyContext) -> bool:
    return any(_is_in(subnet, r.at("subnet.id")) for r in estate.of("network:PrivateEndpoint"))


def _encrypts(network: Resource, _: PolicyContext) -> bool:
    """True for a network that encrypts: one with confidential machines does not (NW9)."""
    return network.at("encryption.enabled") is True


def _is_of_staff(interface: Resource, estate: PolicyContext) -> bool:
    config = estate.configs.get(interface.stack)
    return config is not None and interface.name in machines(config)


def _is_in(subnet: Resource, id_: object) -> bool:
    return bool(subnet.id) and str(id_).lower() == str(subnet.id).lower()


def _is_not_firewall_subnet(subnet: Resource, _: PolicyContext) -> bool:
    return str(subnet.at("subnetName")) != "AzureFirewallSubnet"


def other_spokes(resource: Resource, estate: PolicyContext) -> Iterator[tuple[str, str]]:
    """Yield a spoke network of another resource group: a spoke must not be peered with it."""
    own_group = str(resource.id).lower().split("/providers/")[0]
    hubs = {str(r.at("ipConfigurations[0].subnet.id")).lower() for r in estate.of("network:AzureFirewall")}
    if any(hub.startswith(f"{own_group}/") for hub in hubs):
        return  # a hub may be peered with any of them
    for network in estate.of("network:VirtualNetwork"):
        is_hub = any(hub.startswith(f"{str(network.id).lower()}/") for hub in hubs)
        if network.id and not is_hub and network.id.lower().split("/providers/")[0] != own_group:
            yield f"the network of {network.stack}'s {network.name}", network.id
            return


def _is_hub_side(peering: Resource, estate: PolicyContext) -> bool:
    """True for the hub's side of a peering, which must not accept forwarded traffic."""
    return not peering.at("allowForwardedTraffic")


def _has_dns_servers(network: Resource, _: PolicyContext) -> bool:
    """False for a hub, whose only machines are those of Azure's own services."""
    return bool(network.at("dhcpOptions.dnsServers"))


NETWORK = Table(
    "network:VirtualNetwork",
    weakenings=(
        Weakening("addressSpace.addressPrefixes", (["10.0.0.0/8"],), "rules for others would apply", when=has_config),
        Weakening("dhcpOptions", (None,), DNS, when=_has_dns_servers),
        Weakening("dhcpOptions.dnsServers", ([external.PUBLIC_DNS], ["168.63.129.16"]), DNS,
                  missing_ok="only a hub has none: Azure's services in it need Azure's DNS"),
        Weakening("dhcpOptions.dnsServers", ([],), DNS, when=_has_dns_servers),
        Weakening("encryption", (None,), UNENCRYPTED, when=_encrypts),
        Weakening("encryption.enabled", (False,), UNENCRYPTED, when=_encrypts),
        Weakening("subnets", ([{"name": "snet-mutant", "addressPrefix": "10.65.0.64/28"}],),
                  "a subnet without an NSG would be created with the network"),
        Weakening("virtualNetworkPeerings",
                  ([{"name": "peer-elsewhere", "remoteVirtualNetwork": {"id": external.NETWORK}}],),
                  "a network outside of the estate would be peered"),
    ),
    harmless=(
        Harmless("enableDdosProtection", "only the hub's Bastion is public, and Azure operates it"),
        Harmless("enableVmProtection", "Azure ignores it"),
        Harmless("encryption.enforcement", "Azure has not released any other value"),
    ),
)  # fmt: skip
SUBNET = Table(
    "network:Subnet",
    weakenings=(
        Weakening("addressPrefix", ("10.0.0.0/9",), "rules for others would apply", when=has_config),
        Weakening("networkSecurityGroup", (None, {"id": external.SECURITY_GROUP}), "nothing would filter its traffic",
                  when=_is_not_firewall_subnet),
        Weakening("routeTable", (None, {"id": external.ROUTES}), BYPASS,
                  when=lambda subnet, _: bool(subnet.at("routeTable"))),
        Weakening("defaultOutboundAccess", (True,), INTERNET_ACCESS),
        Weakening("natGateway", ({"id": external.GATEWAY},), INTERNET_ACCESS, when=_is_not_firewall_subnet),
        Weakening("serviceEndpoints", ([{"service": "Microsoft.Storage"}], [{"service": "Microsoft.Storage.Global"}]),
                  "any tenant's storage account could be reached without the firewall", when=_is_not_firewall_subnet,
                  missing_ok="an empty list and none are the same"),
        Weakening("privateEndpointNetworkPolicies", ("Disabled", "RouteTableEnabled"),
                  "NSGs would not apply to private endpoints", when=_has_endpoints),
    ),
    harmless=(
        Harmless("delegations", "a delegation restricts the resources in the subnet"),
        Harmless("networkSecurityGroup", "Azure accepts none on the firewall's subnet"),
        Harmless("privateEndpointNetworkPolicies", "only affects subnets with private endpoints"),
        Harmless("privateLinkServiceNetworkPolicies", "only affects subnets with private link services"),
        Harmless("serviceEndpoints", "the subnet only contains the firewall"),
    ),
)  # fmt: skip
CONNECTED = "separate tenancies and zones could connect"
PEERING = Table(
    "network:VirtualNetworkPeering",
    weakenings=(
        Weakening("remoteVirtualNetwork.id", (external.NETWORK,), CONNECTED, pick=other_spokes,
                  missing_ok="Azure refuses a peering without a network"),
        Weakening("allowGatewayTransit", (True,), "networks behind a gateway could connect",
                  missing_ok="Azure's default is off"),
        Weakening("useRemoteGateways", (True,), "networks behind a gateway could connect",
                  missing_ok="Azure's default is off"),
        Weakening("allowForwardedTraffic", (True,), "traffic forwarded by a tenancy would be accepted",
                  missing_ok="Azure's default is off", when=_is_hub_side),
    ),
    harmless=(
        Harmless("allowVirtualNetworkAccess", "on is the widest value, and Azure's default"),
        Harmless("allowForwardedTraffic", "a spoke must accept traffic of the firewall; on is the widest value"),
    ),
)  # fmt: skip
SINGLE_NSG = "one wrong rule of the subnet's NSG would expose the machine"


def _nsg_of_its_subnet(interface: Resource, estate: PolicyContext) -> Iterator[tuple[str, Any]]:
    """Yield the NSG of the interface's subnet: the interface must have a different one."""
    for id_ in interface.each("ipConfigurations[*].subnet.id"):
        subnet = estate.get(id_)
        if subnet is not None and subnet.at("networkSecurityGroup"):
            yield "the subnet's own", subnet.at("networkSecurityGroup")


INTERFACE = Table(
    "network:NetworkInterface",
    weakenings=(
        Weakening("ipConfigurations[*].publicIPAddress", ({"id": external.PUBLIC_ADDRESS},),
                  "the machine would have a public address"),
        Weakening("ipConfigurations[*].subnet.id", (external.SUBNET,), "the machine would be in a foreign network",
                  missing_ok="Azure refuses an interface without a subnet"),
        Weakening("enableIPForwarding", (True,), "the machine could forward traffic of others",
                  missing_ok="Azure's default is off"),
        Weakening("dnsSettings.dnsServers", ([external.PUBLIC_DNS],), DNS),
        Weakening("networkSecurityGroup", (None, {"id": external.SECURITY_GROUP}), SINGLE_NSG, pick=_nsg_of_its_subnet),
        Weakening("ipConfigurations[*].privateIPAddress", (external.PRIVATE_ADDRESS,), OF_ANOTHER, when=_is_of_staff),
        Weakening("ipConfigurations[*].privateIPAllocationMethod", ("Dynamic",), OF_ANOTHER, when=_is_of_staff),
    ),
    harmless=(
        Harmless("enableAcceleratedNetworking", "speed"),
        Harmless("ipConfigurations[*].name", "a name"),
        Harmless("ipConfigurations[*].primary", "the order of addresses only"),
        Harmless("ipConfigurations[*].privateIPAddressVersion", "IPv4 or IPv6 only"),
        Harmless("ipConfigurations[*].privateIPAllocationMethod", "selects an address of a desk's subnet"),
        Harmless("ipConfigurations[*].subnet.privateEndpointNetworkPolicies", "set by the subnet itself"),
        Harmless("ipConfigurations[*].subnet.privateLinkServiceNetworkPolicies", "set by the subnet itself"),
    ),
)  # fmt: skip
PUBLIC_ADDRESS = Table(
    "network:PublicIPAddress",
    weakenings=(Weakening("sku.name", ("Basic",), "Basic addresses accept traffic without an NSG"),),
    harmless=(
        Harmless("publicIPAddressVersion", "IPv4 or IPv6 only"),
        Harmless("publicIPAllocationMethod", "Azure refuses any other for Standard addresses"),
        Harmless("sku.tier", "regional or global routing; both are the Internet"),
        Harmless("zones", "availability only"),
    ),
)


def _route(name: str, prefix: str, hop: str) -> Mapping[str, str]:
    return {"name": name, "addressPrefix": prefix, "nextHopType": hop}


def _with_routes(table: Resource, _: PolicyContext) -> Iterator[tuple[str, Any]]:
    routes = entries(table.at("routes"))
    for prefix in ("0.0.0.0/1", external.PUBLIC_RANGE, "AzureCloud", "Storage"):
        yield f"and {prefix} straight to the Internet", [*routes, _route("route-mutant", prefix, "Internet")]


def _has_default_route(table: Resource, _: PolicyContext) -> bool:
    """Return False for the table of a gateway's subnet, which does not work without propagated routes."""
    return "0.0.0.0/0" in table.each("routes[*].addressPrefix")


ROUTES = Table(
    "network:RouteTable",
    weakenings=(
        Weakening("routes", ([],), BYPASS, pick=_with_routes),
        Weakening("routes[*].nextHopType", ("Internet", "VirtualNetworkGateway", "VnetLocal"), BYPASS,
                  missing_ok="Azure refuses a route without a next hop"),
        Weakening("routes[*].nextHopIpAddress", ("10.65.0.133",), BYPASS,
                  missing_ok="Azure refuses an appliance without an address"),
        Weakening("routes[*].addressPrefix", ("10.0.0.0/8",), BYPASS,
                  missing_ok="Azure refuses a route without a prefix"),
        Weakening("disableBgpRoutePropagation", (False,), "a gateway could announce a bypass of the firewall",
                  when=_has_default_route),
    ),
    harmless=(
        Harmless("routes[*].name", "a name"),
        Harmless("tags.propagated", "a reason for people, and for Checkov"),
    ),
    removal=Removal(BYPASS),
)  # fmt: skip
ANY_ADDRESS = "NSG rules would have to allow the whole subnet, or would allow another endpoint"


def _has_one_address(endpoint: Resource, _: PolicyContext) -> bool:
    return bool(endpoint.each("ipConfigurations[*]"))


def _address_of_another_endpoint(endpoint: Resource, estate: PolicyContext) -> Iterator[tuple[str, str]]:
    """Yield the address of another endpoint of the same subnet."""
    for other in estate.same_stack(endpoint, "network:PrivateEndpoint"):
        found = other.each("ipConfigurations[*].privateIPAddress")
        if other.urn != endpoint.urn and found and other.at("subnet.id") == endpoint.at("subnet.id"):
            yield f"that of {other.name}", found[0]
            return


ENDPOINT = Table(
    "network:PrivateEndpoint",
    weakenings=(
        Weakening("privateLinkServiceConnections", ([],), "the service would have no endpoint"),
        Weakening("privateLinkServiceConnections[*].privateLinkServiceId", (external.STORE,),
                  "data could be written to an account outside of the estate",
                  missing_ok="Azure refuses a connection without a service"),
        Weakening("privateLinkServiceConnections[*].groupIds", (["queue"],), "the service would have no endpoint",
                  missing_ok="Azure refuses a connection without a group id"),
        Weakening("manualPrivateLinkServiceConnections",
                  ([{"name": "plc-elsewhere", "privateLinkServiceId": external.STORE, "groupIds": ["blob"]}],),
                  "data could be written to an account outside of the estate"),
        Weakening("subnet.id", (external.SUBNET,), "a network outside of the estate would have access",
                  missing_ok="Azure refuses an endpoint without a subnet"),
        Weakening("ipConfigurations", ([],), ANY_ADDRESS, when=_has_one_address),
        Weakening("ipConfigurations[*].privateIPAddress", (external.PRIVATE_ADDRESS,), ANY_ADDRESS,
                  pick=_address_of_another_endpoint),
    ),
    harmless=(
        Harmless("ipConfigurations[*].groupId", "Azure refuses another than the connection's"),
        Harmless("ipConfigurations[*].memberName", "Azure refuses another than the service's"),
        Harmless("ipConfigurations[*].name", "a name"),
        Harmless("privateLinkServiceConnections[*].name", "a name"),
        Harmless("subnet.privateEndpointNetworkPolicies", "set by the subnet itself"),
        Harmless("subnet.privateLinkServiceNetworkPolicies", "set by the subnet itself"),
    ),
    removal=Removal("the service would have no endpoint"),
)  # fmt: skip
PUBLIC_NAME = "its name would resolve to the public address"
ZONE_GROUP = Table(
    "network:PrivateDnsZoneGroup",
    weakenings=(
        Weakening("privateDnsZoneConfigs", ([],), PUBLIC_NAME),
        Weakening("privateDnsZoneConfigs[*].privateDnsZoneId", (external.ZONE,), PUBLIC_NAME),
    ),
    harmless=(Harmless("privateDnsZoneConfigs[*].name", "a name"),),
    removal=Removal(PUBLIC_NAME),
)
ZONE = Table("privatedns:PrivateZone", removal=Removal(PUBLIC_NAME))
LINK = Table(
    "privatedns:VirtualNetworkLink",
    weakenings=(
        Weakening("registrationEnabled", (True,), "a machine could register any name",
                  missing_ok="Azure's default is off"),
        Weakening("resolutionPolicy", ("Default",), "the firewall could not resolve the names that it needs"),
        Weakening("virtualNetwork.id", (external.NETWORK,), "a foreign network would resolve the names, not the hub",
                  missing_ok="Azure refuses a link without a network"),
    ),
    removal=Removal(PUBLIC_NAME),
)  # fmt: skip
TABLES = (NETWORK, SUBNET, PEERING, INTERFACE, PUBLIC_ADDRESS, ROUTES, ENDPOINT, ZONE_GROUP, ZONE, LINK)
