"""A path that is left out before it is evaluated has more controls than the limit."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from policies.model import Resource
from policies.reachability.actors import actors_of
from policies.reachability.control_sets import MAX_CONTROLS
from policies.reachability.data_stores import DataStores
from policies.reachability.egress import Egress
from policies.reachability.firewall import FirewallEvaluator
from policies.reachability.forbidden_flows import analyse_flows
from policies.reachability.network_reachability import NetworkReachability
from policies.reachability.role_grants import RoleGrants
from policies.reachability.subnet_paths import Destination, SubnetPaths
from policies.reachability.topology import Topology
from tests.policies.reachability.sample_estates import estate, failing, seen


class EveryPath(SubnetPaths):
    """Evaluates every path."""

    def _exceeds(self, *_: object) -> bool:
        return False


def _weakened(chance: random.Random) -> Sequence[Resource]:
    """Return the estate after some controls of its smallest cuts failed."""
    resources = list(estate())
    flows = [flow for flow in analyse_flows(seen(resources)).flows if flow.minimal_cut_sets]
    found = sorted({c for f in flows if f.minimal_cut_sets for path in f.minimal_cut_sets.paths for c in path.controls})
    for control in chance.sample(found, 4):
        resources = failing(resources, control)
    return resources


@pytest.mark.parametrize("seed", range(3))
def test_a_limit_leaves_out_no_path_within_it(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - a sample that can be repeated
    view = seen(_weakened(chance) if seed else estate())
    topology = Topology(view, [])
    grants = RoleGrants(view)
    stores = DataStores(topology, grants)
    reachability = NetworkReachability(topology, stores)
    locations = [one for actor in actors_of(topology, grants, stores) for one in actor.locations if one.subnet]
    at_endpoints = [
        Destination(end.subnet, at, one.host)
        for one in stores.stores.values()
        for end in one.endpoints
        for at in end.addresses
    ]
    at_computers = [one for location in locations if (one := reachability._computer_at(location))]
    at_free = [Destination(s, at) for s in topology.endpoint_subnets() for at in topology.free_addresses(s)[:1]]
    evaluators = tuple(FirewallEvaluator(one, topology) for one in topology.firewalls)
    every = EveryPath(topology, Egress(topology), evaluators, stores.hosts)
    for limit in (1, 2, 3):
        limited = SubnetPaths(topology, Egress(topology), evaluators, stores.hosts)
        for location in locations:
            for destination in (*at_endpoints, *at_computers, *at_free):
                found = {one.mask for one in limited.to(location, destination, limit)}
                whole = {one.mask for one in every.to(location, destination, MAX_CONTROLS) if one.size <= limit}
                assert found == whole
