"""Places: the subnets, firewalls and computers of an estate, with what guards them.

What is not known guards nothing: a security group whose rules only the deployment will tell lets everything through.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from ipaddress import IPv4Network
from typing import ParamSpec, TypeVar

from policies.azure_semantics import firewall, ids, network, routes, security_group
from policies.azure_semantics.private_link import ENDPOINT
from policies.azure_semantics.properties import entries
from policies.model import MISSING, Estate, Resource, Unknown
from policies.reachability.control_sets import Ledger
from policies.reachability.free_addresses import Named, fixed_addresses, free_places
from policies.reachability.guardrails import Rails
from policies.reachability.nsg import Guard

T = TypeVar("T")
D = TypeVar("D")
P = ParamSpec("P")

Doubts = list[str]
"""What could not be told, and so counts as open."""


@dataclass(frozen=True, eq=False)
class Spot:
    """A subnet."""

    id: str
    name: str
    network: str
    stack: str
    prefix: IPv4Network
    guard: Guard | None
    guards_endpoints: bool
    """Whether the group is asked about private endpoints too."""
    table: str
    routes: tuple[routes.Route, ...] | None
    """None: not known."""
    default_outbound: bool
    """Whether Azure itself lets what stands here out to the Internet."""
    service_endpoints: bool
    """Whether it has a road to a service of Azure's, past every route."""

    @property
    def called(self) -> str:
        """How people name it."""
        return f"{ids.name(self.network)}/{self.name}"


@dataclass(frozen=True, eq=False)
class Standing:
    """Where somebody sends from: a subnet, with the groups of the interface. Without a spot: the Internet."""

    spot: Spot | None = None
    guards: tuple[Guard, ...] = ()
    public: bool = False
    """Whether an interface has a public address."""


OUTSIDE = Standing()
ANY_PROXY = (80, 443)
"""What a proxy is taken to listen to where that is not known."""
NO_SIDES: tuple[tuple[str, str], ...] = ()
RESERVED = ("azure", "gateway", "routeserver")
"""How the names of the subnets begin that Azure keeps for its own devices."""


@dataclass(frozen=True, eq=False)
class Wall:
    """A firewall."""

    id: str
    network: str
    prefix: IPv4Network
    address: str
    policy: str
    rules: tuple[firewall.Rule, ...] | None
    """In the order in which they act. None: not known."""
    proxy: tuple[int, ...]
    """The ports of its explicit proxy."""
    public: bool


class Places:
    """Everything that has an address."""

    def __init__(self, estate: Estate, doubts: Doubts) -> None:
        self.estate, self.doubts = estate, doubts
        self.ledger = Ledger()
        self.rails = Rails(estate, self.ledger)
        self._guards: dict[str, Guard] = {}
        self._free: dict[str, tuple[IPv4Network, ...]] = {}

    def told(self, what: str, otherwise: D, read: Callable[P, T], *args: P.args, **options: P.kwargs) -> T | D:
        """What can be read; else what is open, and a doubt."""
        try:
            return read(*args, **options)
        except (Unknown, ValueError, TypeError, KeyError, IndexError) as error:
            path = error.path if isinstance(error, Unknown) else type(error).__name__
            self.doubts.append(f"{what}: {path} is not known, so it counts as open")
            return otherwise

    @cached_property
    def spots(self) -> dict[str, Spot]:
        """Every subnet, by lower-case id."""
        nets = self.estate.of(network.NETWORK)
        nothing: list[network.Subnet] = []
        found = [s for net in nets for s in self.told(net.urn, nothing, network.subnets_of, net, self.estate)]
        spots = (self.told(s.resource.urn, None, self._spot, s) for s in found)
        return {spot.id: spot for spot in spots if spot}

    def _spot(self, subnet: network.Subnet) -> Spot:
        (prefix,) = subnet.prefixes  # more than one, or IPv6: rules would have to be asked about each
        if not isinstance(prefix, IPv4Network):
            raise Unknown("addressPrefix")
        group, table = subnet.at("networkSecurityGroup.id"), subnet.at("routeTable.id")
        policies = str(subnet.at("privateEndpointNetworkPolicies")).lower()
        outbound, gateway = subnet.at("defaultOutboundAccess"), subnet.at("natGateway")
        return Spot(
            id=subnet.id,
            name=subnet.name,
            network=subnet.network_id,
            stack=subnet.resource.stack,
            prefix=prefix,
            guard=self.guard(group) if group is not MISSING else None,
            guards_endpoints=policies in ("enabled", "networksecuritygroupenabled"),
            table=ids.plain(table) if table is not MISSING else "",
            routes=self._routes(table) if table is not MISSING else (),
            default_outbound=outbound is not False or gateway is not MISSING,
            service_endpoints=subnet.at("serviceEndpoints") not in (MISSING, [], ()),
        )

    def guard(self, id_: object) -> Guard:
        """A security group."""
        plain = ids.plain(id_)
        if plain not in self._guards:
            self._guards[plain] = self._guard(plain)
        return self._guards[plain]

    def _guard(self, id_: str) -> Guard:
        group = self.estate.get(id_)
        if group is None:
            self.doubts.append(f"security group {id_}: not judged here, so it counts as open")
            return Guard(id_, None)
        rules = self.told(group.urn, None, security_group.rules_of, group, self.estate)
        return Guard(id_, tuple(rules) if rules is not None else None)

    def free(self, spot: Spot) -> tuple[IPv4Network, ...]:
        """Addresses that a private endpoint added in a subnet could get: one of each that rules tell apart. What
        another has for ever is not among them, so that a rule for it admits no newcomer."""
        if spot.id not in self._free:
            self._free[spot.id] = free_places(spot.prefix, self._taken.get(spot.id, frozenset()), self._named)
        return self._free[spot.id]

    @cached_property
    def _taken(self) -> dict[str, frozenset[int]]:
        """The addresses that private endpoints and interfaces were given by name, by the id of the subnet."""
        taken: dict[str, frozenset[int]] = {}
        for resource in self.estate.of(ENDPOINT, "network:NetworkInterface"):
            for subnet, addresses in self.told(resource.urn, (), fixed_addresses, resource):
                taken[subnet] = taken.get(subnet, frozenset()) | addresses
        return taken

    @cached_property
    def _named(self) -> Named:
        """Every range that a rule names."""
        ends = [s for g in self._every_guard for r in g.rules or () for s in (*r.sources, *r.destinations)]
        ends += [s for wall in self.walls for r in wall.rules or () for s in (*r.sources, *r.destinations)]
        return Named(network_ for span in ends for network_ in span.networks)

    @property
    def _every_guard(self) -> list[Guard]:
        return [self.guard(group.id) for group in self.estate.of("network:NetworkSecurityGroup") if group.id]

    def _routes(self, id_: object) -> tuple[routes.Route, ...] | None:
        table = self.estate.get(id_)
        found = self.told(table.urn, None, routes.routes_of, table, self.estate) if table else None
        return tuple(found) if found is not None else None

    @cached_property
    def walls(self) -> tuple[Wall, ...]:
        """Every firewall."""
        found = self.estate.of(firewall.FIREWALL)
        return tuple(w for r in found if (w := self.told(r.urn, None, self._wall, r)))

    def _wall(self, resource: Resource) -> Wall:
        configurations = entries(resource, "ipConfigurations")
        named = [ids.plain(resource.at(f"{c}.subnet.id")) for c in configurations]
        spot = next((self.spots[one] for one in named if one in self.spots), None)
        if spot is None:
            raise Unknown("ipConfigurations")
        policy = self.estate.get(resource.at("firewallPolicy.id"))
        return Wall(
            id=ids.own(resource),
            network=spot.network,
            prefix=spot.prefix,
            address=str(spot.prefix[4]),
            policy=ids.plain(resource.at("firewallPolicy.id")),
            rules=self.told(resource.urn, None, self._rules, policy),
            proxy=self.told(resource.urn, ANY_PROXY, _proxy, policy) if policy else ANY_PROXY,
            public=any(resource.at(f"{c}.publicIPAddress.id") is not MISSING for c in configurations),
        )

    def _rules(self, policy: Resource | None) -> tuple[firewall.Rule, ...]:
        if policy is None or policy.at("basePolicy") is not MISSING:
            raise Unknown("firewallPolicy")
        return tuple(firewall.rules_of_policy(policy, self.estate))

    @cached_property
    def peered(self) -> frozenset[tuple[str, str]]:
        """The pairs of networks whose peering stands on both sides."""
        found = self.estate.of(network.NETWORK, "network:VirtualNetworkPeering")
        sides = {side for r in found for side in self.told(r.urn, NO_SIDES, _sides, r)}
        return frozenset((a, b) for a, b in sides if (b, a) in sides)

    @cached_property
    def strangers(self) -> frozenset[str]:
        """The networks that are peered with one that is not of the estate. Its side cannot be seen, and so stands."""
        found = self.estate.of(network.NETWORK, "network:VirtualNetworkPeering")
        sides = {side for r in found for side in self.told(r.urn, NO_SIDES, _sides, r)}
        return frozenset(near for near, far in sides if far not in self.networks)

    @cached_property
    def networks(self) -> frozenset[str]:
        """Every network, by lower-case id."""
        return frozenset(ids.plain(r.id) for r in self.estate.of(network.NETWORK) if r.id)

    def roomy(self) -> Iterator[Spot]:
        """Every subnet in which a private endpoint may stand."""
        return (spot for network_ in self._by_network for spot in self.within(network_))

    def within(self, network_: str) -> Iterator[Spot]:
        """The subnets of a network in which computers and private endpoints may stand."""
        return (s for s in self._by_network.get(network_, ()) if not s.name.startswith(RESERVED))

    @cached_property
    def _by_network(self) -> dict[str, list[Spot]]:
        found: dict[str, list[Spot]] = {}
        for spot in self.spots.values():
            found.setdefault(spot.network, []).append(spot)
        return found

    def standings_of(self, computer: Resource) -> tuple[Standing, ...]:
        """Where a computer sends from, one for each interface; the Internet, where that cannot be told."""
        return self.told(computer.urn, (OUTSIDE,), self._standings, computer)

    def _standings(self, computer: Resource) -> tuple[Standing, ...]:
        paths = entries(computer, "networkProfile.networkInterfaces")
        if not paths:
            raise Unknown("networkProfile.networkInterfaces")
        cards = [self.estate.get(computer.at(f"{path}.id")) for path in paths]
        if None in cards:
            raise Unknown("networkProfile.networkInterfaces[*].id")
        return tuple(self._standing(card) for card in cards if card)

    def _standing(self, card: Resource) -> Standing:
        group, inner = card.at("networkSecurityGroup.id"), entries(card, "ipConfigurations")
        return Standing(
            spot=self.spots[ids.plain(card.at(f"{inner[0]}.subnet.id"))],
            guards=(self.guard(group),) if group is not MISSING else (),
            public=any(card.at(f"{one}.publicIPAddress") is not MISSING for one in inner),
        )


def _proxy(policy: Resource) -> tuple[int, ...]:
    """The ports of a policy's explicit proxy, where it has one."""
    if policy.at("explicitProxy.enableExplicitProxy") is not True:
        return ()
    ports = (policy.at(f"explicitProxy.{port}") for port in ("httpPort", "httpsPort"))
    return tuple(int(port) for port in ports if port is not MISSING)


def _sides(resource: Resource) -> tuple[tuple[str, str], ...]:
    return tuple((side.near, side.far) for side in network.peerings_of(resource))
