"""Roads: what can reach what over the network, and which controls must fail before it can.

Every rule is asked about the ends that a packet has on its whole way, as Azure asks it. So a road is worked out for
each pair of ends, of four kinds: within a network, over a peering, through a firewall by the routes, and by its proxy.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Network

from policies.facts import ids
from policies.facts.routes import APPLIANCE, route_to
from policies.facts.security_group import Rule, denies_internet, may_pass
from policies.flows.places import Guard, Places, Spot, Standing, Wall
from policies.flows.stores import Store, Stores
from policies.flows.walls import HARMLESS, Passage
from policies.flows.ways import CLOSED, OPEN, Control, Layer, Ways, both, either, step, through

HTTPS = 443
EVERYTHING = IPv4Network("0.0.0.0/0")


@dataclass(frozen=True)
class Target:
    """What is to be reached: a subnet, or what stands in it under a name."""

    spot: Spot
    host: str = ""
    ports: tuple[int, ...] = (HTTPS,)
    endpoint: bool = True
    """Whether a private endpoint is reached: not every subnet's rules hold for those."""


class Roads:
    """Every road of an estate, each worked out once."""

    def __init__(self, places: Places, stores: Stores) -> None:
        self.places, self.stores = places, stores
        self._passages = tuple(Passage(wall) for wall in places.walls)
        self._known: dict[object, Ways] = {}

    def to_store(self, standing: Standing, store: Store) -> Ways:
        """From somewhere to where a store answers: over the public network, by a private endpoint of it, or by one that
        somebody adds."""
        key = (standing, store.id)
        if key not in self._known:
            self._known[key] = self._to_store(standing, store)
        return self._known[key]

    def _to_store(self, standing: Standing, store: Store) -> Ways:
        public = both(self.out(standing), store.public, step(f"reach {store.called} over the public network"))
        if standing.spot is None:
            return either(public, *(self._translated(spot, store) for spot in store.doors))
        doors = (self.to(standing, Target(spot, store.host)) for spot in store.doors)
        known = either(*(both(ways, step(f"reach the private endpoint of {store.called}")) for ways in doors))
        return either(public, known, self._added_door(standing, store.called))

    def _translated(self, spot: Spot, store: Store) -> Ways:
        """From the Internet to a private endpoint, if a firewall translates its own address to it."""
        ways = []
        for passage in self._passages:
            wall, name = passage.wall, ids.name(passage.wall.id)
            none = _control(Layer.ADDRESS, wall.id, "address", f"{name} has no public address")
            inside = both(self._joined(wall.network, spot.network), self._enter(Target(spot), (wall.prefix,)))
            words = step(f"reach the private endpoint of {store.called}")
            ways.append(both(OPEN if wall.public else through(none), passage.admits(), inside, words))
        return either(*ways)

    def _added_door(self, standing: Standing, what: str) -> Ways:
        """By a private endpoint that somebody adds in the sender's own network, where it takes a free address."""
        spot = standing.spot
        if spot is None:
            return CLOSED
        key = ("added", standing)
        if key not in self._known:
            none = _control(
                Layer.ENDPOINT,
                spot.network,
                "endpoint",
                f"{ids.name(spot.network)} has no private endpoint of anything beyond it",
            )
            there = either(*(self.to(standing, Target(s)) for s in self.places.within(spot.network)))
            self._known[key] = both(through(none), there)
        return both(self._known[key], step(f"reach {what} by a private endpoint added in {ids.name(spot.network)}"))

    def out(self, standing: Standing) -> Ways:
        """From somewhere to any place on the Internet, or in another tenant."""
        if standing.spot is None:
            return OPEN
        key = ("out", standing)
        if key not in self._known:
            spot = standing.spot
            foreign = [
                d.spot for d in self.stores.doors if d.spot.network == spot.network and self._is_foreign(d.targets)
            ]
            self._known[key] = either(
                self._straight_out(standing, spot),
                *(self._out_by(standing, spot, passage) for passage in self._passages),
                *(
                    both(self.to(standing, Target(s)), step("by a private endpoint of another tenant's"))
                    for s in foreign
                ),
                self._added_door(standing, "another tenant's store"),
            )
        return self._known[key]

    def _is_foreign(self, targets: Iterable[str]) -> bool:
        known = self.places.estate
        return any(known.get(target) is None for target in targets)

    def _straight_out(self, standing: Standing, spot: Spot) -> Ways:
        """Past every firewall, with an address of its own."""
        route = route_to(spot.routes, IPv4Network("8.8.8.8/32")) if spot.routes is not None else None
        kept = _control(
            Layer.ROUTE, spot.table, "route", f"routes keep {spot.called} off the direct way to the Internet"
        )
        bare = _control(Layer.ADDRESS, spot.id, "address", f"nothing in {spot.called} has a public address")
        return both(
            self._leave(standing, None, ()),
            through(kept) if route and route.next_hop in (APPLIANCE, "none") else OPEN,
            OPEN if standing.public or spot.default_outbound else through(bare),
            step("straight to the Internet"),
        )

    def _out_by(self, standing: Standing, spot: Spot, passage: Passage) -> Ways:
        wall, name = passage.wall, ids.name(passage.wall.id)
        by_route = both(
            self._leave(standing, None, ()),
            self._routed(spot, wall, IPv4Network("8.8.8.8/32")),
            passage.passes(spot.prefix, None, None, ""),
            step(f"to the Internet through {name}"),
        )
        by_proxy = both(
            self._to_proxy(standing, wall),
            passage.proxies(spot.prefix, ""),
            step(f"to the Internet by the proxy of {name}"),
        )
        return both(self._joined(spot.network, wall.network), either(by_route, by_proxy))

    def over_bastion(self, standings: Iterable[Standing]) -> Ways:
        """From a computer to the browser of whoever signed in to it, by what Bastion carries besides the screen."""
        networks = {s.spot.network for s in standings if s.spot}
        near = {b for a, b in self.places.peered if a in networks} | networks
        return either(*(b.carries for b in self.places.bastions if b.network in near))

    def to(self, standing: Standing, target: Target) -> Ways:
        """From a subnet to another."""
        spot = standing.spot
        if spot is None:
            return CLOSED
        key = (standing, target)
        if key not in self._known:
            direct = both(
                self._leave(standing, target.spot.prefix, target.ports),
                self._joined(spot.network, target.spot.network),
                self._enter(target, (spot.prefix,)),
            )
            near = spot.network == target.spot.network
            around = () if near else (self._by(standing, spot, passage, target) for passage in self._passages)
            self._known[key] = either(direct, *around)
        return self._known[key]

    def _by(self, standing: Standing, spot: Spot, passage: Passage, target: Target) -> Ways:
        wall, name, far = passage.wall, ids.name(passage.wall.id), target.spot
        port = target.ports[0] if len(target.ports) == 1 else None
        by_route = both(
            self._leave(standing, far.prefix, target.ports),
            self._routed(spot, wall, far.prefix),
            passage.passes(spot.prefix, far.prefix, port, target.host or f"{far.name}.internal"),
            step(f"through {name}"),
        )
        by_proxy = both(
            self._to_proxy(standing, wall),
            passage.proxies(spot.prefix, target.host or f"{far.name}.internal"),
            step(f"by the proxy of {name}"),
        )
        return both(
            self._joined(spot.network, wall.network),
            either(by_route, by_proxy),
            self._joined(wall.network, far.network),
            self._enter(target, (wall.prefix, spot.prefix)),
        )

    def _to_proxy(self, standing: Standing, wall: Wall) -> Ways:
        if not wall.proxy:
            return through(_control(Layer.FIREWALL, wall.policy, "proxy", f"{ids.name(wall.id)} is no proxy"))
        address = IPv4Network(f"{wall.address}/32")
        return either(*(self._leave(standing, address, (port,)) for port in wall.proxy))

    def _routed(self, spot: Spot, wall: Wall, to: IPv4Network) -> Ways:
        """Whether the routes of a subnet lead to that firewall."""
        route = route_to(spot.routes, to) if spot.routes is not None else None
        if spot.routes is None or (route and route.next_hop == APPLIANCE and route.address in (wall.address, "")):
            return OPEN
        return through(
            _control(Layer.ROUTE, spot.table or spot.id, f"to {wall.id}", f"no route leads from {spot.called} to it")
        )

    def _joined(self, one: str, other: str) -> Ways:
        """Whether two networks are one, or peered on both sides."""
        if one == other or (one, other) in self.places.peered:
            return OPEN
        first, second = sorted((one, other))
        names = f"{ids.name(first)} and {ids.name(second)} are not peered"
        return through(
            Control(Layer.PEERING, f"{first}+{second}", names, ""),
            step=f"over a new peering of {ids.name(first)} and {ids.name(second)}",
        )

    def _leave(self, standing: Standing, to: IPv4Network | None, ports: tuple[int, ...]) -> Ways:
        """Past the groups in front of whoever sends. `to` None: the Internet."""
        key = ("leave", standing, to, ports)
        if key not in self._known:
            self._known[key] = self._past_own_groups(standing, to, ports)
        return self._known[key]

    def _past_own_groups(self, standing: Standing, to: IPv4Network | None, ports: tuple[int, ...]) -> Ways:
        spot = standing.spot
        if spot is None:
            return OPEN
        guards = [*([spot.guard] if spot.guard else []), *standing.guards]
        held = [g for g in guards if not _lets_out(g, spot.prefix, to, ports)]
        return through(*(_guarding(g, "outbound", f"{ids.name(g.id)} lets it not out") for g in held))

    def _enter(self, target: Target, sources: Iterable[IPv4Network]) -> Ways:
        """Past the group in front of the target, as any of these senders."""
        return either(*(self._enters(target, source) for source in sources))

    def _enters(self, target: Target, source: IPv4Network) -> Ways:
        key = ("enter", target.spot, target.ports, target.endpoint, source)
        if key not in self._known:
            self._known[key] = self._past_its_group(target, source)
        return self._known[key]

    def _past_its_group(self, target: Target, source: IPv4Network) -> Ways:
        guard = target.spot.guard
        if guard is None or (target.endpoint and not target.spot.guards_endpoints):
            return OPEN
        if _lets_in(guard, source, target.spot.prefix, target.ports):
            return OPEN
        return through(_guarding(guard, "inbound", f"{ids.name(guard.id)} lets it not in"))


def _lets_out(guard: Guard, source: IPv4Network, to: IPv4Network | None, ports: tuple[int, ...]) -> bool:
    if guard.rules is None:
        return True
    if to is None:
        return _leaves(guard.rules, source)
    return any(_may(guard.rules, False, source, to, port) for port in ports or range(1, 2))


def _lets_in(guard: Guard, source: IPv4Network, to: IPv4Network, ports: tuple[int, ...]) -> bool:
    return guard.rules is None or any(_may(guard.rules, True, source, to, port) for port in ports or range(1, 2))


def _may(rules: tuple[Rule, ...], inbound: bool, source: IPv4Network, to: IPv4Network, port: int) -> bool:
    return may_pass(rules, inbound=inbound, source=source, destination=to, port=port) is not None


def _leaves(rules: tuple[Rule, ...], source: IPv4Network) -> bool:
    """Whether anything may leave for a place on the Internet where somebody could keep it."""
    for rule in (r for r in rules if not r.inbound):
        if rule.allows and (rule.by_group or any(s.overlaps(source) for s in rule.sources)):
            if rule.by_group or any(d.public and d.tag not in HARMLESS for d in rule.destinations):
                return True
        elif denies_internet(rule):
            return False
    return True


def _guarding(guard: Guard, way: str, says: str) -> Control:
    return _control(Layer.SECURITY_GROUP, guard.id, way, says)


def _control(layer: Layer, resource: str, what: str, says: str) -> Control:
    return Control(layer, f"{resource}#{what}", says, resource)
