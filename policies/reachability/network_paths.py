"""Roads: what can reach what over the network, and which controls must fail before it can.

Every rule is asked about the ends that a packet has on its whole way, as Azure asks it. So a road is worked out for
each pair of ends, of four kinds: within a network, over a peering, through a firewall by the routes, and by its proxy.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from ipaddress import IPv4Network

from policies.azure_semantics import ids
from policies.azure_semantics.addresses import Span
from policies.azure_semantics.routes import APPLIANCE, route_to
from policies.reachability.bastion import RDP, SSH, Screens
from policies.reachability.control_sets import CLOSED, OPEN, Control, Layer, Ways, both, either, step
from policies.reachability.data_stores import Door, Store, Stores
from policies.reachability.egress import Leaving, guarding, strays
from policies.reachability.firewall import Passage
from policies.reachability.nsg import Guard
from policies.reachability.topology import Places, Spot, Standing, Wall

HTTPS = 443
OUT_THERE = IPv4Network("8.8.8.8/32")


@dataclass(frozen=True)
class Target:
    """What is to be reached in a subnet."""

    spot: Spot
    at: IPv4Network | None = None
    """Its address; None: any of the subnet's."""
    host: str = ""
    """The name under which it answers."""
    ports: tuple[int, ...] = (HTTPS,)
    """Empty: any, as whoever works there may want."""
    endpoint: bool = True
    """Whether a private endpoint is reached: not every subnet's rules hold for those."""
    guards: tuple[Guard, ...] = ()
    """The groups of its own interface."""

    @property
    def prefix(self) -> IPv4Network:
        """The addresses that it may have."""
        return self.at or self.spot.prefix


class Roads:
    """Every road of an estate, each worked out once."""

    def __init__(self, places: Places, stores: Stores) -> None:
        self.places, self.stores, self.ledger = places, stores, places.ledger
        self.leaving, self.screens = Leaving(places), Screens(places)
        self._passages = tuple(Passage(wall, places) for wall in places.walls)
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
            return either(public, *(self._from_outside(door, store) for door in store.doors))
        ways = (self._to_door(standing, door, store.host) for door in store.doors)
        known = both(either(*ways), step(f"reach the private endpoint of {store.called}"))
        return either(public, known, self._to_added(standing, store.called, store.group))

    def _to_door(self, standing: Standing, door: Door, host: str) -> Ways:
        return either(*(self.to(standing, Target(door.spot, at, host)) for at in door.at))

    def _to_added(self, standing: Standing, what: str, group: str) -> Ways:
        """By a private endpoint that somebody adds, in any network that the sender can reach, at any address that is
        free there. `group`: of what it leads to, for Azure Policy may refuse what stands elsewhere."""
        key = ("added", standing, group)
        if key not in self._known:
            found = (self._added_in(standing, spot, group) for spot in self.places.roomy())
            self._known[key] = either(*found)
        return both(self._known[key], step(f"reach {what} by it"))

    def _added_in(self, standing: Standing, spot: Spot, group: str) -> Ways:
        key = ("added in", standing, spot)
        if key not in self._known:
            self._known[key] = either(*(self.to(standing, Target(spot, at)) for at in self.places.free(spot)))
        name = ids.name(spot.network)
        none = f"{name} has no private endpoint of anything beyond it"
        refused = (
            OPEN if group == ids.resource_group(spot.network) else self.places.rails.of("endpoints-stay", spot.network)
        )
        return both(
            self._control(Layer.ENDPOINT, spot.network, "endpoint", none),
            refused,
            self._known[key],
            step(f"a private endpoint is added in {name}"),
        )

    def _from_outside(self, door: Door, store: Store) -> Ways:
        """From the Internet to a private endpoint: by a translation of a firewall's own address, by Bastion's tunnel to
        any address, or from a network of somebody else's that is peered."""
        words = step(f"reach the private endpoint of {store.called}")
        targets = [Target(door.spot, at) for at in door.at]
        return both(
            either(
                *(self._translated(passage, target) for passage in self._passages for target in targets),
                *(self._tunnelled(target) for target in targets),
                *(both(self._strange(door.spot), self._enters(target, None)) for target in targets),
            ),
            words,
        )

    def _translated(self, passage: Passage, target: Target) -> Ways:
        wall, name = passage.wall, ids.name(passage.wall.id)
        none = self._control(Layer.ADDRESS, wall.id, "address", f"{name} has no public address")
        inside = both(self._joined(wall.network, target.spot.network), self._enters(target, wall.prefix))
        return both(OPEN if wall.public else none, passage.admits(), inside)

    def _tunnelled(self, target: Target) -> Ways:
        """A tunnel of Bastion's to an address leads to any port there (learn.microsoft.com, "Connect to a VM via
        specified private IP address")."""
        return either(
            *(
                both(
                    screen.ways["tunnel"],
                    screen.ways["connection by address"],
                    self._from_screen(screen.spot, target),
                    step("through Bastion, by address"),
                )
                for screen in self.screens.all
            )
        )

    def _from_screen(self, spot: Spot, target: Target) -> Ways:
        """Bastion speaks to what it reaches from its own subnet."""
        bastion = Standing(spot)
        return both(
            self._joined(spot.network, target.spot.network),
            either(*(self.leaving.to(bastion, target.prefix, port) for port in target.ports)),
            self._enters(target, spot.prefix),
        )

    def _strange(self, spot: Spot) -> Ways:
        """From or to a network of somebody else's, of which nothing can be seen."""
        if spot.network in self.places.strangers:
            return OPEN
        name = ids.name(spot.network)
        says = f"{name} is peered with no network of somebody else's"
        return both(
            self._control(Layer.PEERING, spot.network, "stranger", says),
            step(f"{name} is peered with somebody else's network"),
        )

    def out(self, standing: Standing) -> Ways:
        """From somewhere to any place on the Internet, or in another tenant."""
        if standing.spot is None:
            return OPEN
        key = ("out", standing)
        if key not in self._known:
            spot = standing.spot
            self._known[key] = either(
                self._straight_out(standing, spot),
                self._service_out(standing, spot),
                *(self._out_by(standing, spot, passage) for passage in self._passages),
                *(
                    both(self._to_door(standing, door, ""), step("by a private endpoint of another tenant's"))
                    for door in self._foreign
                ),
                both(self._strange(spot), self.leaving.elsewhere(standing)),
                self._to_added(standing, "another tenant's store", ""),
            )
        return self._known[key]

    @cached_property
    def _foreign(self) -> tuple[Door, ...]:
        """The private endpoints of what is not of the estate."""
        known = self.places.estate
        return tuple(d for d in self.stores.doors if any(known.get(target) is None for target in d.targets))

    def _straight_out(self, standing: Standing, spot: Spot) -> Ways:
        """Past every firewall, with an address of its own."""
        kept = f"routes keep {spot.called} off the direct way to the Internet"
        bare = both(
            self._control(Layer.ADDRESS, spot.id, "address", f"nothing in {spot.called} has a public address"),
            self.places.rails.of("no-public-addresses", spot.network),
        )
        return both(
            self.leaving.abroad(standing, lambda _: OPEN),
            OPEN if strays(spot, self.places.walls) else self._control(Layer.ROUTE, spot.table, "route", kept),
            OPEN if standing.public or spot.default_outbound else bare,
            step("straight to the Internet"),
        )

    def _service_out(self, standing: Standing, spot: Spot) -> Ways:
        """By a service endpoint: Azure's own road to every store of a service, whosever, past every route
        (learn.microsoft.com, "Virtual Network service endpoints")."""
        none = self._control(Layer.SERVICE_ENDPOINT, spot.id, "service", f"{spot.called} has no service endpoint")
        return both(
            self.leaving.abroad(standing, lambda _: OPEN),
            OPEN if spot.service_endpoints else none,
            step("to another tenant's store by a service endpoint"),
        )

    def _out_by(self, standing: Standing, spot: Spot, passage: Passage) -> Ways:
        wall, name = passage.wall, ids.name(passage.wall.id)
        routed = both(self._joined(spot.network, wall.network), self._routed(spot, wall, OUT_THERE))
        by_address = self.leaving.abroad(standing, lambda far: passage.by_address(spot.prefix, far, None))
        by_name = both(self.leaving.asking(standing, passage), passage.by_name(spot.prefix, ""))
        by_proxy = both(
            self._joined(spot.network, wall.network),
            self.leaving.to_proxy(standing, wall),
            passage.by_name(spot.prefix, ""),
            step(f"to the Internet by the proxy of {name}"),
        )
        return either(both(routed, either(by_address, by_name), step(f"to the Internet through {name}")), by_proxy)

    def over_bastion(self, standings: Iterable[Standing], shell: Ways) -> Ways:
        """From a computer to the browser of whoever signed in to it, by what Bastion carries besides the screen. Over
        SSH a clipboard holds what the screen shows, and no more; over RDP whatever was copied."""
        return either(
            *(self._carried(screen.spot, screen.ways, standing, shell) for screen in self.screens.all
              for standing in standings if standing.spot)
        )  # fmt: skip

    def _carried(self, bastion: Spot, ways: dict[str, Ways], standing: Standing, shell: Ways) -> Ways:
        if standing.spot is None:
            return CLOSED
        at = Target(standing.spot, ports=(SSH,), endpoint=False, guards=standing.guards)
        by_ssh = both(self._from_screen(bastion, at), shell)
        by_rdp = self._from_screen(bastion, replace(at, ports=(RDP,)))
        others = (replace(at, ports=(port,)) for port in self._ports(Standing(bastion), at) if port != SSH)
        by_any = either(by_rdp, *(self._from_screen(bastion, other) for other in others))
        return either(
            both(ways["clipboard"], by_rdp, step("by Bastion's clipboard")),
            both(ways["tunnel"], either(by_ssh, by_any), step("by Bastion's tunnel")),
            both(ways["file copy"], either(by_ssh, by_rdp), step("by Bastion's file copy")),
        )

    def to(self, standing: Standing, target: Target) -> Ways:
        """From a subnet to another."""
        spot = standing.spot
        if spot is None:
            return CLOSED
        key = (standing, target)
        if key not in self._known:
            several = (replace(target, ports=(p,)) for p in target.ports or self._ports(standing, target))
            self._known[key] = either(*(self._to(standing, spot, one) for one in several))
        return self._known[key]

    def _to(self, standing: Standing, spot: Spot, target: Target) -> Ways:
        direct = both(
            self.leaving.to(standing, target.prefix, target.ports[0]),
            self._joined(spot.network, target.spot.network),
            self._enters(target, spot.prefix),
        )
        near = spot.network == target.spot.network
        around = () if near else (self._by(standing, spot, passage, target) for passage in self._passages)
        return either(direct, *around)

    def _ports(self, standing: Standing, target: Target) -> Iterator[int]:
        """One port of each kind that the rules on the way tell apart."""
        outward = [*self.leaving.guards(standing)]
        inward = [*([target.spot.guard] if target.spot.guard else []), *target.guards]
        told = {port for g in outward for port in g.ports_told(inbound=False)}
        told |= {port for g in inward for port in g.ports_told(inbound=True)}
        told |= {port for passage in self._passages for port in passage.ports}
        yield from sorted(port for port in told | {1} if 0 < port < 65536)

    def _by(self, standing: Standing, spot: Spot, passage: Passage, target: Target) -> Ways:
        """Through a firewall, which what is reached sees as the sender, or sees the sender itself."""
        wall, name, far, port = passage.wall, ids.name(passage.wall.id), target.spot, target.ports[0]
        host = target.host or f"{far.name}.internal"
        span = _span(target.prefix)
        by_address = both(
            self.leaving.to(standing, target.prefix, port),
            self._routed(spot, wall, target.prefix),
            passage.by_address(spot.prefix, span, port, host),
            step(f"through {name}"),
        )
        asked = passage.by_name(spot.prefix, host)
        by_name = both(
            self.leaving.asking(standing, passage),
            self._routed(spot, wall, OUT_THERE),
            asked,
            step(f"through {name}, by name"),
        )
        by_proxy = both(self.leaving.to_proxy(standing, wall), asked, step(f"by the proxy of {name}"))
        return both(
            self._joined(spot.network, wall.network),
            either(by_address, by_name, by_proxy),
            self._joined(wall.network, far.network),
            either(self._enters(target, wall.prefix), self._enters(target, spot.prefix)),
        )

    def _routed(self, spot: Spot, wall: Wall, to: IPv4Network) -> Ways:
        """Whether the routes of a subnet lead to that firewall."""
        route = route_to(spot.routes, to) if spot.routes is not None else None
        if spot.routes is None or (route and route.next_hop == APPLIANCE and route.address in (wall.address, "")):
            return OPEN
        says = f"no route leads from {spot.called} to it"
        return self._control(Layer.ROUTE, spot.table or spot.id, f"to {wall.id}", says)

    def _joined(self, one: str, other: str) -> Ways:
        """Whether two networks are one, or peered on both sides."""
        if one == other or (one, other) in self.places.peered:
            return OPEN
        first, second = sorted((one, other))
        names = f"{ids.name(first)} and {ids.name(second)} are not peered"
        return self.ledger.through(
            Control(Layer.PEERING, f"{first}+{second}", names, ""),
            step=f"over a new peering of {ids.name(first)} and {ids.name(second)}",
        )

    def _enters(self, target: Target, source: IPv4Network | None) -> Ways:
        """Past the groups in front of the target. `source` None: from a network of which nothing is known."""
        key = ("enters", target, source)
        if key not in self._known:
            self._known[key] = self._past_its_groups(target, source)
        return self._known[key]

    def _past_its_groups(self, target: Target, source: IPv4Network | None) -> Ways:
        own = target.spot.guard if not target.endpoint or target.spot.guards_endpoints else None
        guards = [*([own] if own else []), *target.guards]
        held = [g for g in guards if not self._lets_in(g, target, source)]
        return self.ledger.through(*(guarding(g, "inbound", f"{ids.name(g.id)} does not let it in") for g in held))

    def _lets_in(self, guard: Guard, target: Target, source: IPv4Network | None) -> bool:
        """A network of somebody else's may have any addresses but those of the estate."""
        wide = [] if source else [n for n in guard.wide_sources if not self.leaving.is_ours(n)]
        sources = [source] if source else [OUT_THERE, *wide]
        return any(
            guard.lets(inbound=True, source=one, to=target.prefix, port=port)
            for port in target.ports
            for one in sources
        )

    def _control(self, layer: Layer, resource: str, what: str, says: str) -> Ways:
        return self.ledger.through(Control(layer, f"{resource}#{what}", says, resource))


def _span(network: IPv4Network) -> Span:
    return Span("", (network,))
