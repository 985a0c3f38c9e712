"""A shared tenancy: two projects, a third joins, one leaves and comes back. Nobody reaches or lists another's."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from formats.property_paths import parse
from formats.stack_config import StackConfig
from local_azure.data_plane.answers import Control
from local_azure.data_plane.conditions import Attributes
from local_azure.data_plane.places import place_of
from local_azure.data_plane.rights import find_right
from local_azure.data_plane.sign_in import ssh
from local_azure.model import Cloud
from operations.cli.estate import open_estate
from operations.cli.stack_catalog import Stack
from operations.engine.choose import choose
from operations.settings import Settings
from policies.equivalence import EquivalenceClasses
from policies.estate_view import ReadablePaths
from policies.expected.shared_network import shared_network_id
from policies.model import PolicyContext, Resource
from policies.plan_resources import resources_of
from policies.reachability.control_sets import ControlKind
from policies.reachability.data_stores import DataStores
from policies.reachability.network_reachability import NetworkReachability
from policies.reachability.role_grants import RoleGrants
from policies.reachability.topology import Topology
from policies.rules import load
from policies.runner import evaluate
from policies.stack_content import content_of
from policies.stack_shape import shape_of
from tests.journeys.conftest import WITHOUT_POLICIES
from tests.journeys.working_estate import Estate
from tests.made_once import deployed_estate
from tests.operations.estates import TODAY, add_shared_project, add_shared_tenancy, change

SHARED, ONE, TWO, THREE = "shared-cardiology", "tre-one", "tre-two", "tre-three"
NETWORK, SUBNET, TABLE = "network:VirtualNetwork", "network:Subnet", "network:RouteTable"
MACHINE, NSG = "compute:VirtualMachine", "network:NetworkSecurityGroup"
REMOVED = object()
Resources = Sequence[Resource]
Edit = Callable[[Any], object]


class SharedEstate(Estate):
    """A deployed estate with a shared tenancy."""

    def stacks(self) -> Mapping[str, Stack]:
        settings = Settings.load({"SDE_HOME": str(self.home), "PATH": "/nowhere"})
        return {stack.name: stack for stack in open_estate(self.estate, settings).stacks}

    def resources(self) -> Resources:
        settings = Settings.load({"SDE_HOME": str(self.home), "PATH": "/nowhere"})
        found = choose("embedded", "local", settings).current_state([s.settings for s in self.stacks().values()])
        return [resource for plan in found.values() for resource in resources_of(plan)]

    def of_project(self, project: str, *types: str) -> list[str]:
        """Return the ids of a project's resources of some types in the local Azure."""
        found = (one.id for type_ in types for one in self.store.of_type(f"azure-native:{type_}"))
        return [id_ for id_ in found if f"-tre-{project}-" in id_]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> SharedEstate:
    """The deployed estate with a shared tenancy and two projects in it."""
    estate = SharedEstate(tmp_path_factory.mktemp("shared") / "workspace")
    shutil.copytree(deployed_estate(), estate.folder)
    add_shared_tenancy(estate.estate)
    for project in ("one", "two"):
        add_shared_project(estate.estate, project)
    estate.sde("up", SHARED, ONE, TWO, "--yes")
    return estate


@pytest.fixture(scope="module")
def resources(shared: SharedEstate) -> Resources:
    """All deployed resources, before a test changes them."""
    return shared.resources()


@pytest.fixture(scope="module")
def configs(shared: SharedEstate) -> Mapping[str, StackConfig]:
    return {name: stack.config for name, stack in shared.stacks().items() if stack.config}


def one(resources: Resources, stack: str, type_: str, name: str = "") -> Resource:
    return next(r for r in resources if (r.stack, r.type) == (stack, type_) and name in ("", r.name))


def having(resources: Resources, target: Resource, path: str, value: object) -> list[Resource]:
    """Return the resources with one property of one of them set or removed."""
    inputs: Any = json.loads(json.dumps(dict(target.inputs)))
    *steps, last = parse(path)
    inner = inputs
    for step in steps:
        inner = inner[step]
    if value is REMOVED:
        del inner[last]
    else:
        inner[last] = value
    return [replace(target, inputs=inputs) if r is target else r for r in resources]


def test_the_policies_know_the_network_by_the_estates_files(
    resources: Resources, configs: Mapping[str, StackConfig]
) -> None:
    network = one(resources, SHARED, NETWORK)
    assert {
        name: shared_network_id(config) for name, config in configs.items() if shared_network_id(config)
    } == dict.fromkeys((ONE, TWO), str(network.id).lower())


def test_two_projects_have_nothing_in_common_but_the_network(resources: Resources) -> None:
    ids = {stack: {str(r.id).lower() for r in resources if r.stack == stack and r.id} for stack in (ONE, TWO)}
    assert ids[ONE].isdisjoint(ids[TWO])
    assignments = [r for r in resources if r.type == "authorization:RoleAssignment"]
    holders = {stack: {str(r.at("principalId")) for r in assignments if r.stack == stack} for stack in (ONE, TWO)}
    staging = {str(r.at("principalId")) for r in assignments if r.stack == "safe-haven"}
    assert holders[ONE] & holders[TWO] <= staging  # its mover hands data to both


def test_nobody_lists_or_reaches_another_project(shared: SharedEstate) -> None:
    cloud: Cloud = shared.store
    researcher, read = shared.researcher("one"), Attributes("Microsoft.Resources/subscriptions/resourceGroups/read")
    stores = shared.of_project("two", "storage:StorageAccount")
    theirs = [
        *stores,
        *shared.of_project("two", "network:NetworkInterface", "compute:VirtualMachine", "keyvault:Vault"),
    ]
    networks = [net.id for net in cloud.of_type("azure-native:network:VirtualNetwork") if SHARED in net.id]
    assert (len(stores), len(theirs), len(networks)) == (5, 8, 1)
    assert not any(find_right(cloud, researcher, id_, read)[0] for id_ in [*theirs, *networks])
    identity, desk = shared.desk("one")
    for id_ in stores:
        answer = shared.send(desk, (id_.rpartition("/")[2], "any"))
        assert (answer.code, answer.steps[-1].control) == ("ConnectionTimedOut", Control.SECURITY_GROUP)
        assert not find_right(cloud, identity, id_, Attributes("Microsoft.Storage/storageAccounts/read"))[0]


Ways = list[tuple[ControlKind, ...]]


def ways(resources: Resources, limit: int) -> Ways:
    """Return the kinds of control on each way from the desk of one project to the store and the desk of the other."""
    unknowns: list[str] = []
    context = PolicyContext(resources, is_complete=True, today=TODAY)
    topology = Topology(context, unknowns)
    stores = DataStores(topology, RoleGrants(context))
    reachability = NetworkReachability(topology, stores)
    (start,) = topology.locations_of(one(resources, ONE, MACHINE))
    (other,) = topology.locations_of(one(resources, TWO, MACHINE))
    (store,) = (s for s in stores.stores.values() if s.stack == TWO and s.label.endswith("/data"))
    found = [*reachability.to_store(start, store, limit), *reachability.to_computer(start, other, limit)]
    assert not unknowns
    return sorted(tuple(sorted(c.kind for c in topology.registry.controls(each.mask))) for each in found)


def open_group(resources: Resources, name: str, *, inbound: bool) -> list[Resource]:
    """Return the resources with an NSG that allows all traffic in one direction."""
    everything = {
        "name": "all", "priority": 100, "direction": "Inbound" if inbound else "Outbound", "access": "Allow",
        "protocol": "*", "sourceAddressPrefix": "*", "sourcePortRange": "*", "destinationAddressPrefix": "*",
        "destinationPortRange": "*",
    }  # fmt: skip
    stack = TWO if inbound else ONE
    return having(resources, one(resources, stack, NSG, name), "securityRules", [everything])


def test_four_network_controls_and_a_role_keep_projects_apart(resources: Resources) -> None:
    """Two groups let nothing out, a route leads to the firewall, which has no rule, and a group lets nothing in. With
    the role that no desk has, each is one of five."""
    nsg, route, firewall = ControlKind.SECURITY_GROUP, ControlKind.ROUTE, ControlKind.FIREWALL
    found = ways(resources, 4)
    assert {tuple(sorted((nsg, nsg, nsg, control))) for control in (route, firewall)} <= set(found)
    assert ways(resources, 3) == []


def _without_others(table: list[dict[str, str]]) -> list[dict[str, str]]:
    return [route for route in table if not route["name"].endswith("others")]


@pytest.mark.parametrize("removed", ["subnet out", "interface out", "endpoints in", "route", "endpoint route"])
def test_each_removed_control_shows(resources: Resources, removed: str) -> None:
    """A network path between the projects then has one control fewer."""
    if removed == "subnet out":
        weaker = open_group(resources, "net-desks", inbound=False)
    elif removed == "interface out":
        weaker = open_group(resources, "desk-interface", inbound=False)
    elif removed == "endpoints in":
        weaker = open_group(resources, "net-endpoints", inbound=True)
    elif removed == "route":
        table = one(resources, ONE, TABLE)
        weaker = having(resources, table, "routes", _without_others(list(table.inputs["routes"])))
    else:  # Azure's own route to each private endpoint comes before others again
        endpoints = one(resources, TWO, SUBNET, "net-endpoints")
        weaker = having(resources, endpoints, "privateEndpointNetworkPolicies", "NetworkSecurityGroupEnabled")
    assert ways(weaker, 3)


def test_projects_of_one_shared_tenancy_are_equivalent(resources: Resources) -> None:
    """So the analysis of two of them holds for all 16; not for one with other routes."""
    readable = ReadablePaths.of(policy for policy in load().values() if policy.evaluation_scope == "estate")

    def signatures(found: Resources) -> tuple[object, object]:
        shapes = []
        for stack in dict.fromkeys(r.stack for r in found):
            visible = (readable.visible(r) for r in found if r.stack == stack)
            shapes.append(shape_of(stack, content_of(stack, visible, readable.types).read))
        classes = EquivalenceClasses(shapes)
        assert {ONE, TWO}.isdisjoint(classes.unexchangeable)
        return classes.signature(classes.shapes[ONE]), classes.signature(classes.shapes[TWO])

    first, second = signatures(resources)
    assert first == second
    table = one(resources, ONE, TABLE)
    first, second = signatures(having(resources, table, "routes", _without_others(list(table.inputs["routes"]))))
    assert first != second


Weakening = tuple[str, str, str, str, Edit, str]
WEAKENINGS: list[Weakening] = [
    ("no route to the firewall for other projects", ONE, TABLE, "routes",
     _without_others, "NW3"),
    ("a route that is shorter than the network", ONE, TABLE, "routes",
     lambda routes: [r | ({"addressPrefix": "10.64.0.0/14"} if r["name"].endswith("others") else {}) for r in routes],
     "NW3"),
    ("no route that keeps the project's own part inside", ONE, TABLE, "routes",
     lambda routes: [route for route in routes if not route["name"].endswith("own")], "NW3"),
    ("a route that keeps all projects inside", ONE, TABLE, "routes",
     lambda routes: [r | ({"addressPrefix": "10.64.128.0/20"} if r["name"].endswith("own") else {}) for r in routes],
     "NW22"),
    ("a route that keeps another project inside", ONE, TABLE, "routes",
     lambda routes: [*routes, {"name": "x", "addressPrefix": "10.64.129.0/24", "nextHopType": "VnetLocal"}], "NW22"),
    ("a subnet in another project's part", ONE, SUBNET, "addressPrefix", lambda _: "10.64.129.128/25", "NW22"),
    ("a subnet without routes for endpoints", ONE, SUBNET, "privateEndpointNetworkPolicies",
     lambda _: "NetworkSecurityGroupEnabled", "NW15"),
    ("a smaller network", SHARED, NETWORK, "addressSpace.addressPrefixes", lambda _: ["10.64.128.0/21"], "NW22"),
]  # fmt: skip


@pytest.mark.parametrize("weakening", WEAKENINGS, ids=[weakening[0] for weakening in WEAKENINGS])
def test_a_weaker_project_is_refused(
    resources: Resources, configs: Mapping[str, StackConfig], weakening: Weakening
) -> None:
    _, stack, type_, path, edit, policy = weakening
    target = one(resources, stack, type_, "net-desks" if type_ == SUBNET else "")
    weaker = having(resources, target, path, edit(json.loads(json.dumps(target.at(path)))))
    assert refused(weaker, configs, policy) == ({"net-desks", "net-endpoints"} if policy == "NW3" else {target.name})


def refused(resources: Resources, configs: Mapping[str, StackConfig], policy: str) -> set[str]:
    """Return the names of the resources that a policy refuses."""
    context = PolicyContext(resources, is_complete=True, today=TODAY, configs=configs)
    report = evaluate(context, {policy: load()[policy]}, stacks=frozenset(configs))
    return {finding.name for finding in report.findings if finding.verdict.blocks}


@pytest.mark.parametrize("policy", ["NW22", "SC1"])
def test_a_subnet_in_a_network_of_another_stack_is_refused(
    resources: Resources, configs: Mapping[str, StackConfig], policy: str
) -> None:
    """A project has subnets in the network of its own shared tenancy alone."""
    assert refused(resources, configs, policy) == set()
    subnet, bespoke = one(resources, ONE, SUBNET, "net-desks"), one(resources, "tre-hcm-progression", NETWORK)
    moved = replace(subnet, id=f"{bespoke.id}/subnets/snet-other")
    changed = [moved if r is subnet else r for r in resources]
    assert "net-desks" in refused(changed, configs, policy)
    alone = {**configs, ONE: configs[ONE].model_copy(update={"shared_tenancy": None})}
    assert "net-desks" in refused(resources, alone, policy)


def test_a_project_joins_leaves_and_comes_back_without_a_change_to_the_others(shared: SharedEstate) -> None:
    file = add_shared_project(shared.estate, "three")
    shared.open_gate = WITHOUT_POLICIES
    plans = shared.plans(SHARED, ONE, TWO, THREE)
    assert {stack for stack, changes in plans.items() if changes} == {THREE}
    shared.open_gate = None
    shared.sde("up", THREE, "--yes")
    addresses = shared.stacks()[THREE].settings.config["sde:addresses"]
    shared.sde("destroy", THREE, "--yes")
    assert not shared.of_project("three", "network:Subnet", "storage:StorageAccount")
    shared.open_gate = WITHOUT_POLICIES  # they permitted the same a moment ago
    assert not any(shared.plans(SHARED, ONE, TWO).values())
    shared.sde("up", THREE, "--yes")
    again = shared.stacks()[THREE].settings.config
    assert (again["sde:addresses"], again["sde:generation"]) == (addresses, 2)
    shared.sde("destroy", THREE, "--yes")
    shared.open_gate = None
    file.unlink()


def test_a_researcher_signs_in_only_with_a_stated_reason_to_read_the_network(shared: SharedEstate) -> None:
    """Azure documents the right to read a peered network for a session, and that right lists other projects' names."""

    def sign_in() -> int:
        home = place_of(shared.store, "203.0.113.200")
        return ssh(shared.store, shared.researcher("two"), home, "vm-wmsde-tre-two-desk").status

    assert sign_in() == 403
    reason = {"network_readers": "the projects are of one team, and know each other"}
    change(shared.estate / "estate.yaml", lambda data: data["shared_tenancies"][0].update(reason))
    plans = shared.plans(SHARED, TWO)
    assert [[r["urn"].rpartition("::")[2] for r in plans[stack]] for stack in (SHARED, TWO)] == [
        [], ["desk-researchers-see-network"],
    ]  # fmt: skip
    shared.sde("up", TWO, "--yes")
    assert sign_in() == 200
