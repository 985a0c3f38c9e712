"""Weaknesses of the gateway that connects sites, of the remote networks and of the connections.

Sources: learn.microsoft.com, Microsoft.Network template references, "About VPN Gateway configuration settings",
"Configure custom IPsec/IKE connection policies", "About BGP with VPN Gateway".
"""

from policies.mutations.model import Harmless, Table, Weakening
from policies.mutations.table import external

OTHERS = "another network would be connected"
READ = "the tunnel's traffic could be decrypted"
ROUTES = "a site could announce routes of its own"
KNOWN = "whoever knows the shared key could connect"
REQUIRED = "Azure refuses a {} without it"
GATEWAY_ID = f"{external.PROVIDERS}/Microsoft.Network/virtualNetworkGateways/vgw-elsewhere"
REMOTE_ID = f"{external.PROVIDERS}/Microsoft.Network/localNetworkGateways/lgw-elsewhere"
CIRCUIT = f"{external.PROVIDERS}/Microsoft.Network/expressRouteCircuits/erc-elsewhere"
CLIENTS = {"vpnClientAddressPool": {"addressPrefixes": ["10.255.0.0/24"]}, "vpnClientProtocols": ["OpenVPN"]}
BGP = {"asn": 65001, "bgpPeeringAddress": "10.255.255.4", "peerWeight": 0}
NAT = {"name": "mutant", "type": "Static", "mode": "IngressSnat",
       "internalMappings": [{"addressSpace": "10.255.0.0/28"}],
       "externalMappings": [{"addressSpace": "10.64.9.128/28"}]}  # fmt: skip


def _stated(path: str, values: tuple[object, ...], harm: str, of: str) -> Weakening:
    return Weakening(path, values, harm, missing_ok=REQUIRED.format(of))


GATEWAY = Table(
    "network:VirtualNetworkGateway",
    weakenings=(
        Weakening("gatewayType", ("ExpressRoute",), ROUTES),
        Weakening("vpnType", ("PolicyBased",), "IKEv1 alone, with old algorithms"),
        Weakening("sku.name", ("Basic",), "old algorithms, and no zones"),
        Weakening("enableBgp", (True,), ROUTES, missing_ok="Azure's default is off"),
        Weakening("bgpSettings", (BGP,), ROUTES, missing_ok="Azure's default is off"),
        Weakening("vpnClientConfiguration", (CLIENTS,), "people could connect past Bastion", missing_ok="none"),
        Weakening("natRules", ([NAT],), "a site could come with addresses of the estate", missing_ok="none"),
        Weakening("customRoutes", ({"addressPrefixes": ["0.0.0.0/0"]},), OTHERS, missing_ok="none"),
        Weakening("gatewayDefaultSite", ({"id": REMOTE_ID},), "all traffic would leave to a site", missing_ok="none"),
        Weakening("enableDnsForwarding", (True,), "names would be resolved for sites", missing_ok="Azure's default"),
        Weakening("enablePrivateIpAddress", (True,), OTHERS, missing_ok="Azure's default is off"),
        Weakening("allowRemoteVnetTraffic", (True,), OTHERS, missing_ok="Azure's default is off"),
        Weakening("allowVirtualWanTraffic", (True,), OTHERS, missing_ok="Azure's default is off"),
        Weakening("disableIPSecReplayProtection", (True,), "old packets could be sent again",
                  missing_ok="Azure's default is off"),
        _stated("ipConfigurations[*].subnet.id", (external.SUBNET,), OTHERS, "gateway"),
        _stated("ipConfigurations[*].publicIPAddress.id", (external.PUBLIC_ADDRESS,),
                "an address of others would be the gateway's", "gateway"),
    ),
    harmless=(
        Harmless("activeActive", "the number of instances that devices connect to"),
        Harmless("ipConfigurations[*].name", "a name"),
        Harmless("ipConfigurations[*].privateIPAllocationMethod", "the gateway's own address in its subnet"),
        Harmless("sku.tier", "Azure accepts that of the name alone"),
        Harmless("vpnGatewayGeneration", "the hardware, which decides the throughput"),
    ),
)  # fmt: skip
REMOTE = Table(
    "network:LocalNetworkGateway",
    weakenings=(
        _stated("gatewayIpAddress", ("198.51.100.7",), OTHERS, "remote network"),
        Weakening("fqdn", ("vpn.elsewhere.example",), "the owner of the name would choose the device",
                  missing_ok="the address is set"),
        Weakening("localNetworkAddressSpace.addressPrefixes",
                  (["0.0.0.0/0"], ["10.0.0.0/8"], ["172.31.0.0/28"], ["10.64.9.128/28"]), OTHERS,
                  missing_ok="nothing could connect"),
        Weakening("bgpSettings", (BGP,), ROUTES, missing_ok="Azure's default is off"),
    ),
)  # fmt: skip
CONNECTION = Table(
    "network:VirtualNetworkGatewayConnection",
    weakenings=(
        _stated("connectionType", ("Vnet2Vnet", "ExpressRoute", "VPNClient"), OTHERS, "connection"),
        Weakening("connectionProtocol", ("IKEv1",), READ),
        _stated("virtualNetworkGateway1.id", (GATEWAY_ID,), OTHERS, "connection"),
        Weakening("virtualNetworkGateway2", ({"id": GATEWAY_ID},), OTHERS, missing_ok="none"),
        Weakening("localNetworkGateway2.id", (REMOTE_ID,), OTHERS),
        Weakening("peer", ({"id": CIRCUIT},), OTHERS, missing_ok="none"),
        Weakening("authorizationKey", ("[secret]",), OTHERS, missing_ok="none"),
        Weakening("sharedKey", ("correct-horse",), KNOWN, unknown_ok="the first plan does not know it"),
        Weakening("enableBgp", (True,), ROUTES, missing_ok="Azure's default is off"),
        Weakening("gatewayCustomBgpIpAddresses", ([{"customBgpIpAddress": "169.254.21.1"}],), ROUTES,
                  missing_ok="none"),
        Weakening("ingressNatRules", ([{"id": f"{GATEWAY_ID}/natRules/mutant"}],), OTHERS, missing_ok="none"),
        Weakening("egressNatRules", ([{"id": f"{GATEWAY_ID}/natRules/mutant"}],), OTHERS, missing_ok="none"),
        Weakening("useLocalAzureIpAddress", (True,), OTHERS, missing_ok="Azure's default is off"),
        Weakening("expressRouteGatewayBypass", (True,), "traffic would pass the routes to the firewall",
                  missing_ok="Azure's default is off"),
        Weakening("enablePrivateLinkFastPath", (True,), "traffic would pass the routes to the firewall",
                  missing_ok="Azure's default is off"),
        Weakening("usePolicyBasedTrafficSelectors", (False,), "Azure would propose every address"),
        Weakening("trafficSelectorPolicies",
                  ([{"localAddressRanges": ["0.0.0.0/0"], "remoteAddressRanges": ["0.0.0.0/0"]}],),
                  "Azure would propose every address"),
        Weakening("trafficSelectorPolicies[*].localAddressRanges", (["10.64.0.0/15"], []), OTHERS),
        Weakening("trafficSelectorPolicies[*].remoteAddressRanges", (["10.0.0.0/8"], []), OTHERS),
        Weakening("ipsecPolicies", ([],), READ),
        Weakening("ipsecPolicies[*].ikeEncryption", ("DES3", "AES128"), READ),
        Weakening("ipsecPolicies[*].ikeIntegrity", ("SHA1", "MD5"), READ),
        Weakening("ipsecPolicies[*].dhGroup", ("DHGroup2", "None"), READ),
        Weakening("ipsecPolicies[*].ipsecEncryption", ("None", "DES"), READ),
        Weakening("ipsecPolicies[*].ipsecIntegrity", ("SHA1", "MD5"), READ),
        Weakening("ipsecPolicies[*].pfsGroup", ("None", "PFS2"), READ),
        Weakening("ipsecPolicies[*].saLifeTimeSeconds", (172799,), READ),
        Weakening("ipsecPolicies[*].saDataSizeKilobytes", (2147483647,), READ),
    ),
    harmless=(Harmless("connectionMode", "who opens the tunnel"),),
)  # fmt: skip
TABLES = (GATEWAY, REMOTE, CONNECTION)
