"""Sites: the networks outside Azure that a gateway connects, and the people there.

A site is a sender in the gateway's subnet, with the site's addresses. Replies go to the ranges of the connection alone,
so a sender cannot use others; the traffic selectors of a tunnel are no control, since a gateway accepts those of the
remote device (learn.microsoft.com, "About custom traffic selectors"). With BGP the site announces ranges itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from ipaddress import IPv4Network

from formats.arm.id_parents import with_parents
from policies.azure_semantics import ids
from policies.azure_semantics.addresses import span
from policies.azure_semantics.properties import entries, texts
from policies.model import Resource, Unknown
from policies.reachability.data_stores import DataStores
from policies.reachability.topology import NetworkLocation, Subnet, Topology

CONNECTION = "network:VirtualNetworkGatewayConnection"
ANYWHERE = (IPv4Network("0.0.0.0/0"),)


class Sites:
    """The connected sites of an estate, and which people are there."""

    def __init__(self, topology: Topology, stores: DataStores) -> None:
        self.topology, self.stores = topology, stores

    def of(self, scopes: Sequence[str]) -> Iterator[NetworkLocation]:
        """Yield the sites of people with rights on these scopes: those that a firewall admits to a store there, and
        those that it admits to no store."""
        for location, admitted in self._locations.items():
            if not admitted or not admitted.isdisjoint(scopes):
                yield location

    @cached_property
    def _locations(self) -> Mapping[NetworkLocation, frozenset[str]]:
        """The location of each site, with the scopes of the stores to which a firewall admits it."""
        connections = self.topology.estate.of(CONNECTION)
        found = [s for c in connections for s in self.topology.read_or_open(c.urn, (), self._subnets, c)]
        return {NetworkLocation(subnet): self._admitted(subnet.prefix) for subnet in found}

    def _subnets(self, connection: Resource) -> tuple[Subnet, ...]:
        """Return the gateway's subnet with the addresses of each range of the remote network."""
        gateway = self.topology.estate.get(connection.at("virtualNetworkGateway1.id"))
        if gateway is None:
            raise Unknown("virtualNetworkGateway1.id")
        named = [ids.plain(gateway.at(f"{path}.subnet.id")) for path in entries(gateway, "ipConfigurations")]
        own = [self.topology.subnets[id_] for id_ in named]
        ranges = self.topology.read_or_open(connection.urn, ANYWHERE, self._ranges, connection, gateway)
        return tuple(replace(subnet, prefix=range_, is_remote=True) for subnet in own for range_ in ranges)

    def _ranges(self, connection: Resource, gateway: Resource) -> tuple[IPv4Network, ...]:
        remote = self.topology.estate.get(connection.at("localNetworkGateway2.id"))
        if remote is None or connection.at("enableBgp") is True or gateway.at("enableBgp") is True:
            return ANYWHERE
        texts_ = texts(remote, "localNetworkAddressSpace.addressPrefixes")
        return tuple(n for text in texts_ for n in span(text).networks if isinstance(n, IPv4Network))

    def _admitted(self, source: IPv4Network) -> frozenset[str]:
        rules = [
            rule
            for firewall in self.topology.firewalls
            for rule in firewall.rules or ()
            if rule.allows and any(one.overlaps(source) for one in rule.sources)
        ]
        return frozenset(
            scope
            for store in self.stores.stores.values()
            for endpoint in store.endpoints
            if any(d.overlaps(a) for rule in rules for d in rule.destinations for a in endpoint.addresses)
            for scope in ("", *with_parents(store.id), *(container.id for container in self.stores.of(store)))
        )
