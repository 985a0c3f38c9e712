"""Leaving: past the security groups in front of whoever sends, to somewhere in particular or to any of many places."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from ipaddress import IPv4Network

from policies.azure_semantics import ids
from policies.azure_semantics.addresses import Network, Span
from policies.azure_semantics.routes import APPLIANCE, route_to
from policies.reachability.control_sets import OPEN, Control, Layer, Ways, both, either
from policies.reachability.firewall import Passage
from policies.reachability.nsg import ANYWHERE, Guard, is_internet, is_wide
from policies.reachability.topology import Places, Spot, Standing, Wall

WEB = 443
DNS = 53
Place = tuple[Span, int | None]
"""Addresses that something may go to, and the port; None: any."""


class Leaving:
    """The outward half of every road."""

    def __init__(self, places: Places) -> None:
        self.places, self.ledger = places, places.ledger
        self._known: dict[object, Ways] = {}

    def guards(self, standing: Standing) -> list[Guard]:
        """The groups in front of a sender: the subnet's and the interface's."""
        own = [standing.spot.guard] if standing.spot and standing.spot.guard else []
        return [*own, *standing.guards]

    def to(self, standing: Standing, to: IPv4Network, port: int) -> Ways:
        """To a port in a network."""
        key = (standing, to, port)
        if key not in self._known:
            spot, guards = standing.spot, self.guards(standing)
            held = [g for g in guards if spot and not g.lets(inbound=False, source=spot.prefix, to=to, port=port)]
            self._known[key] = self._held(held)
        return self._known[key]

    def to_proxy(self, standing: Standing, wall: Wall) -> Ways:
        """To a firewall's proxy; where there is none, to any port of the firewall at which one could be made to
        answer."""
        to = IPv4Network(f"{wall.address}/32")
        if wall.proxy:
            return either(*(self.to(standing, to, port) for port in wall.proxy))
        label = ids.name(wall.id)
        none = Control(Layer.FIREWALL, f"{wall.policy}#proxy", f"{label} is no proxy", wall.policy)
        ports = {WEB} | {low for g in self.guards(standing) for _, low in g.allowed_out} - {0, DNS}
        return both(self.ledger.through(none), either(*(self.to(standing, to, port) for port in sorted(ports))))

    def abroad(self, standing: Standing, onward: Callable[[Span], Ways]) -> Ways:
        """To any place on the Internet to which the rest of the way leads."""
        return self._to_any(standing, [(far, None) for far in self._wanted(standing, is_internet)], onward)

    def elsewhere(self, standing: Standing) -> Ways:
        """To a network that is none of the estate's."""
        found = self._wanted(standing, is_wide)
        wanted = [far for far in found if far.tag or not all(self.is_ours(n) for n in far.networks)]
        return self._to_any(standing, [(far, None) for far in wanted])

    def is_ours(self, network: Network) -> bool:
        """Whether a range lies in a subnet of the estate's, so that nobody's network can join it with the same."""
        return any(_in(network, spot.prefix) for spot in self.places.spots.values())

    def asking(self, standing: Standing, passage: Passage) -> Ways:
        """To a firewall's application rules. Which address something is sent to is all the same to those: the firewall
        looks up the name that is asked for, and goes there (learn.microsoft.com, "Azure Firewall DNS Proxy details":
        "The destination IP address the client was trying to connect to is ignored"). So any address will do that the
        routes take to the firewall, and of which no network rule decides before."""
        key = ("asking", standing, passage.wall.id)
        if key not in self._known:
            self._known[key] = self._asking(standing, passage)
        return self._known[key]

    def _asking(self, standing: Standing, passage: Passage) -> Ways:
        spot = standing.spot
        if spot is None:
            return OPEN
        told = {place for guard in self.guards(standing) for place in guard.allowed_out}
        asked = [
            (far, port or WEB)
            for far, port in sorted(told, key=str)
            if not far.everywhere
            and self._is_routed(spot, far, passage.wall)
            and not passage.decides_by_address(spot.prefix, far, port or WEB)
        ]
        return self._to_any(standing, [*asked, (ANYWHERE, WEB)])

    def _is_routed(self, spot: Spot, far: Span, wall: Wall) -> bool:
        """Whether something for these addresses comes to a firewall: not what stays in the network, or goes to a
        neighbour, or to the firewall itself."""
        near = {spot.network} | {b for a, b in self.places.peered if a == spot.network}
        local = [s.prefix for s in self.places.spots.values() if s.network in near]
        return not far.networks or not all(any(_in(n, prefix) for prefix in local) for n in far.networks)

    def _wanted(self, standing: Standing, fits: Callable[[Span], bool]) -> list[Span]:
        told = {far for g in self.guards(standing) for far, _ in g.allowed_out if fits(far) and not far.everywhere}
        return [ANYWHERE, *sorted(told - {ANYWHERE}, key=lambda far: far.text)]

    def _to_any(self, standing: Standing, to: list[Place], onward: Callable[[Span], Ways] = lambda _: OPEN) -> Ways:
        return either(*(both(self._past(standing, far, port), onward(far)) for far, port in to))

    def _past(self, standing: Standing, to: Span, port: int | None) -> Ways:
        key = (standing, to, port)
        if key not in self._known:
            spot = standing.spot
            held = [g for g in self.guards(standing) if spot and not g.lets_out(spot.prefix, to, port)]
            self._known[key] = self._held(held)
        return self._known[key]

    def _held(self, guards: Iterable[Guard]) -> Ways:
        controls = (guarding(g, "outbound", f"{ids.name(g.id)} does not let it out") for g in guards)
        return self.ledger.through(*controls)


def guarding(guard: Guard, way: str, says: str) -> Control:
    """A direction of a security group."""
    return Control(Layer.SECURITY_GROUP, f"{guard.id}#{way}", says, guard.id)


def strays(spot: Spot, walls: tuple[Wall, ...]) -> bool:
    """Whether some route takes what is for the Internet elsewhere than to a firewall that is known, or to nowhere."""
    if spot.routes is None:
        return True
    kept = [w.address for w in walls]
    public = [r for r in spot.routes if is_internet(r.destination) or r.is_default]
    default = route_to(spot.routes, IPv4Network("8.8.8.8/32"))
    return default is None or any(
        not (r.next_hop == "none" or (r.next_hop == APPLIANCE and r.address in kept)) for r in public
    )


def _in(inner: object, outer: IPv4Network) -> bool:
    return isinstance(inner, IPv4Network) and inner.subnet_of(outer)
