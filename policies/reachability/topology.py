"""Topology: the subnets, firewalls and computers of an estate, with their NSGs and routes.

Unknown settings count as open: an NSG whose rules are unknown until the deployment allows everything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from ipaddress import IPv4Network
from typing import ParamSpec, TypeVar

from policies.azure_semantics import firewall as firewall_policy
from policies.azure_semantics import ids, network, routes, security_group
from policies.azure_semantics.addresses import Network
from policies.azure_semantics.private_link import ENDPOINT
from policies.azure_semantics.properties import entries, texts
from policies.model import MISSING, PolicyContext, Resource, Unknown
from policies.reachability.control_sets import ControlRegistry
from policies.reachability.free_addresses import RangesInRules, fixed_addresses, free_addresses
from policies.reachability.guardrails import Guardrails
from policies.reachability.nsg import Nsg

T = TypeVar("T")
D = TypeVar("D")
P = ParamSpec("P")

Unknowns = list[str]
"""The properties that could not be read, and so count as open."""


@dataclass(frozen=True, eq=False)
class Subnet:
    """A subnet with its NSG and routes."""

    id: str
    name: str
    network: str
    stack: str
    prefix: IPv4Network
    nsg: Nsg | None
    nsg_covers_endpoints: bool
    """True if the NSG applies to private endpoints too."""
    routes_cover_endpoints: bool
    """True if routes apply to private endpoints too, in place of Azure's own route to each of them."""
    table: str
    routes: tuple[routes.Route, ...] | None
    """None: unknown."""
    default_outbound: bool
    """True if the subnet has Azure's default outbound access, or a NAT gateway."""
    service_endpoints: bool
    """True if the subnet has a service endpoint, which ignores routes."""
    is_remote: bool = False
    """True for a network outside Azure that a gateway in this subnet connects."""

    @property
    def label(self) -> str:
        """Its name in reports."""
        return f"{ids.name(self.network)}/{self.name}"


@dataclass(frozen=True, eq=False)
class NetworkLocation:
    """A network location of a sender: a subnet, with the NSGs of the interface. Without a subnet: the Internet."""

    subnet: Subnet | None = None
    nsgs: tuple[Nsg, ...] = ()
    public: bool = False
    """True if an interface has a public address."""
    addresses: tuple[IPv4Network, ...] = ()
    """On the Internet: the public addresses of people's computers, if stores admit some."""
    connected: frozenset[str] = frozenset()
    """Outside the estate: the ids of stores that have a private endpoint in that network."""
    address: IPv4Network | None = None
    """The fixed address of the interface. None: any address of the subnet."""

    @property
    def source(self) -> IPv4Network | None:
        """The source of its packets, since Azure lets an interface send from its own address alone; None: public."""
        return self.address or (self.subnet.prefix if self.subnet else None)


INTERNET_LOCATION = NetworkLocation()
ANY_PROXY = (80, 443)
"""The ports of a proxy whose ports are unknown."""
NO_PEERINGS: tuple[tuple[str, str], ...] = ()
RESERVED_SUBNET_PREFIXES = ("azure", "gateway", "routeserver")
"""Prefixes of the names of subnets that are reserved for Azure's services."""


@dataclass(frozen=True, eq=False)
class Firewall:
    """An Azure Firewall with its rules."""

    id: str
    network: str
    prefix: IPv4Network
    address: str
    policy: str
    rules: tuple[firewall_policy.FirewallRule, ...] | None
    """In the order in which Azure evaluates them. None: unknown."""
    proxy: tuple[int, ...]
    """The ports of its explicit proxy."""
    public: bool
    dns_proxy: bool = True
    """True if it passes DNS queries on."""
    has_own_dns_servers: bool = True
    """True if it may ask other DNS servers than Azure's."""


class Topology:
    """The networks, subnets, firewalls and computers of an estate."""

    def __init__(self, estate: PolicyContext, unknowns: Unknowns) -> None:
        self.estate, self.unknowns = estate, unknowns
        self.registry = ControlRegistry()
        self.guardrails = Guardrails(estate, self.registry)
        self._nsgs: dict[str, Nsg] = {}
        self._free_cache: dict[str, tuple[IPv4Network, ...]] = {}

    def read_or_open(self, subject: str, default: D, read: Callable[P, T], *args: P.args, **options: P.kwargs) -> T | D:
        """Return the result of `read`. If that is unknown, record it and return `default`, which counts as open."""
        try:
            return read(*args, **options)
        except (Unknown, ValueError, TypeError, KeyError, IndexError) as error:
            path = error.path if isinstance(error, Unknown) else type(error).__name__
            self.unknowns.append(f"{subject}: {path} is not known, so it counts as open")
            return default

    @cached_property
    def subnets(self) -> dict[str, Subnet]:
        """Every subnet, by lower-case id."""
        nets = self.estate.of(network.NETWORK)
        nothing: list[network.SubnetDeclaration] = []
        found = [s for net in nets for s in self.read_or_open(net.urn, nothing, network.subnets_of, net, self.estate)]
        subnets = (self.read_or_open(s.resource.urn, None, self._subnet_of, s) for s in found)
        return {subnet.id: subnet for subnet in subnets if subnet}

    def _subnet_of(self, declaration: network.SubnetDeclaration) -> Subnet:
        prefixes = declaration.prefixes
        prefix = prefixes[0] if len(prefixes) == 1 else None  # rules are evaluated for one range only
        if not isinstance(prefix, IPv4Network):
            raise Unknown("addressPrefix")
        group, table = declaration.at("networkSecurityGroup.id"), declaration.at("routeTable.id")
        policies = str(declaration.at("privateEndpointNetworkPolicies")).lower()
        outbound, gateway = declaration.at("defaultOutboundAccess"), declaration.at("natGateway")
        return Subnet(
            id=declaration.id,
            name=declaration.name,
            network=declaration.network_id,
            stack=declaration.resource.stack,
            prefix=prefix,
            nsg=self.nsg(group) if group is not MISSING else None,
            nsg_covers_endpoints=policies in ("enabled", "networksecuritygroupenabled"),
            routes_cover_endpoints=policies in ("enabled", "routetableenabled"),
            table=ids.plain(table) if table is not MISSING else "",
            routes=self._routes(table) if table is not MISSING else (),
            default_outbound=outbound is not False or gateway is not MISSING,
            service_endpoints=declaration.at("serviceEndpoints") not in (MISSING, [], ()),
        )

    def nsg(self, id_: object) -> Nsg:
        """Return an NSG."""
        plain = ids.plain(id_)
        if plain not in self._nsgs:
            self._nsgs[plain] = self._nsg_of(plain)
        return self._nsgs[plain]

    def _nsg_of(self, id_: str) -> Nsg:
        group = self.estate.get(id_)
        if group is None:
            self.unknowns.append(f"security group {id_}: not in this check, so it counts as open")
            return Nsg(id_, None)
        rules = self.read_or_open(group.urn, None, security_group.rules_of, group, self.estate)
        return Nsg(id_, tuple(rules) if rules is not None else None)

    def free_addresses(self, subnet: Subnet) -> tuple[IPv4Network, ...]:
        """Return addresses that an added private endpoint could get, one for each set of rules that applies. Other
        resources' fixed addresses are not free, so that a rule for one of them does not allow a new endpoint."""
        if subnet.id not in self._free_cache:
            self._free_cache[subnet.id] = free_addresses(
                subnet.prefix, self._fixed_addresses.get(subnet.id, frozenset()), self._ranges_in_rules
            )
        return self._free_cache[subnet.id]

    @cached_property
    def _fixed_addresses(self) -> dict[str, frozenset[int]]:
        """The fixed addresses of private endpoints and interfaces, by the id of the subnet."""
        fixed_by_subnet: dict[str, frozenset[int]] = {}
        for resource in self.estate.of(ENDPOINT, "network:NetworkInterface"):
            for subnet_id, addresses in self.read_or_open(resource.urn, (), fixed_addresses, resource):
                fixed_by_subnet[subnet_id] = fixed_by_subnet.get(subnet_id, frozenset()) | addresses
        return fixed_by_subnet

    @cached_property
    def _ranges_in_rules(self) -> RangesInRules:
        """The ranges in all rules of NSGs and firewalls."""
        ends = [s for g in self._all_nsgs for r in g.rules or () for s in (*r.sources, *r.destinations)]
        ends += [s for firewall in self.firewalls for r in firewall.rules or () for s in (*r.sources, *r.destinations)]
        return RangesInRules(network_ for span in ends for network_ in span.networks)

    @property
    def _all_nsgs(self) -> list[Nsg]:
        return [self.nsg(group.id) for group in self.estate.of("network:NetworkSecurityGroup") if group.id]

    def _routes(self, id_: object) -> tuple[routes.Route, ...] | None:
        table = self.estate.get(id_)
        found = self.read_or_open(table.urn, None, routes.routes_of, table, self.estate) if table else None
        return tuple(found) if found is not None else None

    @cached_property
    def firewalls(self) -> tuple[Firewall, ...]:
        """Every firewall."""
        found = self.estate.of(firewall_policy.FIREWALL)
        return tuple(w for r in found if (w := self.read_or_open(r.urn, None, self._firewall, r)))

    def _firewall(self, resource: Resource) -> Firewall:
        configurations = entries(resource, "ipConfigurations")
        named = [ids.plain(resource.at(f"{c}.subnet.id")) for c in configurations]
        subnet = next((self.subnets[one] for one in named if one in self.subnets), None)
        if subnet is None:
            raise Unknown("ipConfigurations")
        policy = self.estate.get(resource.at("firewallPolicy.id"))
        return Firewall(
            id=ids.own(resource),
            network=subnet.network,
            prefix=subnet.prefix,
            address=str(subnet.prefix[4]),
            policy=ids.plain(resource.at("firewallPolicy.id")),
            rules=self.read_or_open(resource.urn, None, self._rules, policy),
            proxy=self.read_or_open(resource.urn, ANY_PROXY, _proxy, policy) if policy else ANY_PROXY,
            dns_proxy=self.read_or_open(resource.urn, True, _has_dns_proxy, policy) if policy else True,
            has_own_dns_servers=self.read_or_open(resource.urn, True, _has_dns_servers, policy) if policy else True,
            public=any(resource.at(f"{c}.publicIPAddress.id") is not MISSING for c in configurations),
        )

    def _rules(self, policy: Resource | None) -> tuple[firewall_policy.FirewallRule, ...]:
        if policy is None or policy.at("basePolicy") is not MISSING:
            raise Unknown("firewallPolicy")
        return tuple(firewall_policy.rules_of_policy(policy, self.estate))

    @cached_property
    def peered_pairs(self) -> frozenset[tuple[str, str]]:
        """The pairs of networks that are peered on both sides."""
        found = self.estate.of(network.NETWORK, "network:VirtualNetworkPeering")
        sides = {side for r in found for side in self.read_or_open(r.urn, NO_PEERINGS, _peering_ends, r)}
        return frozenset((a, b) for a, b in sides if (b, a) in sides)

    @cached_property
    def external_peers(self) -> frozenset[str]:
        """The networks with a peering to a network outside the estate, whose side of the peering counts as existing."""
        found = self.estate.of(network.NETWORK, "network:VirtualNetworkPeering")
        sides = {side for r in found for side in self.read_or_open(r.urn, NO_PEERINGS, _peering_ends, r)}
        return frozenset(near for near, far in sides if far not in self.networks)

    @cached_property
    def transit_pairs(self) -> frozenset[tuple[str, str]]:
        """The pairs of networks of which the first lets the second use its gateway."""
        found = self.estate.of(network.NETWORK, "network:VirtualNetworkPeering")
        sides = [s for r in found for s in self.read_or_open(r.urn, (), network.peerings_of, r)]
        lending = {self.read_or_open(s.resource.urn, None, _transit, s, "allowGatewayTransit") for s in sides}
        using = {self.read_or_open(s.resource.urn, None, _transit, s, "useRemoteGateways") for s in sides}
        return frozenset(pair for pair in lending if pair and (pair[1], pair[0]) in using)

    @cached_property
    def networks(self) -> frozenset[str]:
        """Every network, by lower-case id."""
        return frozenset(ids.plain(r.id) for r in self.estate.of(network.NETWORK) if r.id)

    @cached_property
    def spaces(self) -> Mapping[str, tuple[IPv4Network, ...]]:
        """The address space of each network by its id; none where it is unknown."""
        nothing: list[Network] = []
        found = {
            ids.plain(r.id): self.read_or_open(r.urn, nothing, network.prefixes_of, r)
            for r in self.estate.of(network.NETWORK)
            if r.id
        }
        return {id_: tuple(n for n in space if isinstance(n, IPv4Network)) for id_, space in found.items()}

    @cached_property
    def shared_networks(self) -> frozenset[str]:
        """The networks with subnets of other stacks than their own."""
        owners = {ids.plain(r.id): r.stack for r in self.estate.of(network.NETWORK) if r.id}
        return frozenset(s.network for s in self.subnets.values() if owners.get(s.network) != s.stack)

    def endpoint_subnets(self) -> Iterator[Subnet]:
        """Return every subnet that can have a private endpoint."""
        return (subnet for network_ in self._by_network for subnet in self.usable_subnets(network_))

    def usable_subnets(self, network_: str) -> Iterator[Subnet]:
        """Return the subnets of a network that can have computers and private endpoints."""
        return (s for s in self._by_network.get(network_, ()) if not s.name.startswith(RESERVED_SUBNET_PREFIXES))

    @cached_property
    def _by_network(self) -> dict[str, list[Subnet]]:
        found: dict[str, list[Subnet]] = {}
        for subnet in self.subnets.values():
            found.setdefault(subnet.network, []).append(subnet)
        return found

    def locations_of(self, computer: Resource) -> tuple[NetworkLocation, ...]:
        """Return the network locations of a computer, one for each interface; the Internet if they are unknown."""
        return self.read_or_open(computer.urn, (INTERNET_LOCATION,), self._locations, computer)

    def _locations(self, computer: Resource) -> tuple[NetworkLocation, ...]:
        paths = entries(computer, "networkProfile.networkInterfaces")
        if not paths:
            raise Unknown("networkProfile.networkInterfaces")
        interfaces = [self.estate.get(computer.at(f"{path}.id")) for path in paths]
        if None in interfaces:
            raise Unknown("networkProfile.networkInterfaces[*].id")
        return tuple(self._location(interface) for interface in interfaces if interface)

    def _location(self, interface: Resource) -> NetworkLocation:
        group, inner = interface.at("networkSecurityGroup.id"), entries(interface, "ipConfigurations")
        fixed = [address for _, addresses in fixed_addresses(interface) for address in addresses]
        return NetworkLocation(
            subnet=self.subnets[ids.plain(interface.at(f"{inner[0]}.subnet.id"))],
            nsgs=(self.nsg(group),) if group is not MISSING else (),
            address=IPv4Network(fixed[0]) if len(fixed) == len(inner) == 1 else None,
            public=any(interface.at(f"{one}.publicIPAddress") is not MISSING for one in inner),
        )


def _proxy(policy: Resource) -> tuple[int, ...]:
    """Return the ports of a policy's explicit proxy; none if it has no proxy."""
    if policy.at("explicitProxy.enableExplicitProxy") is not True:
        return ()
    ports = (policy.at(f"explicitProxy.{port}") for port in ("httpPort", "httpsPort"))
    return tuple(int(port) for port in ports if port is not MISSING)


def _has_dns_proxy(policy: Resource) -> bool:
    return policy.at("dnsSettings.enableProxy") is True


def _has_dns_servers(policy: Resource) -> bool:
    return bool(texts(policy, "dnsSettings.servers"))


def _transit(peering: network.Peering, flag: str) -> tuple[str, str] | None:
    """Return the ends of a peering with that flag; an unknown flag counts as set."""
    try:
        is_set = peering.resource.at(peering.path_of(flag)) not in (MISSING, False)
    except Unknown:
        is_set = True
    return (peering.local_id, peering.remote_id) if is_set else None


def _peering_ends(resource: Resource) -> tuple[tuple[str, str], ...]:
    return tuple((side.local_id, side.remote_id) for side in network.peerings_of(resource))
