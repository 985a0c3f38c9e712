"""The flow analysis of an estate: roles with their scopes, open settings, and unknown properties."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from formats.errors import InputError
from formats.plan import UNKNOWN
from policies.azure_semantics import ids
from policies.model import Resource
from policies.plan_resources import resources_of
from policies.reachability.control_sets import ControlKind
from policies.reachability.forbidden_flows import FlowKind, ForbiddenFlow, analyse_flows
from tests.policies import shipped
from tests.policies.reachability import sample_estates as estates
from tests.policies.reachability.sample_estates import TENANCY, added, changed, estate, grant, named, seen

READER, BLOB_READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7", "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"
OWNER, MADE_UP = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635", "00000000-0000-4000-8000-000000000001"
RESEARCHERS = "db7a0118-c48f-5463-aec7-50d383efab17"


@pytest.fixture(scope="module")
def one() -> tuple[Resource, ...]:
    """The estate with one tenancy."""
    return estate(1)


def _flow(
    resources: Sequence[Resource], kind: FlowKind = FlowKind.PAST_STAGING, source: str = "warehouse"
) -> ForbiddenFlow:
    return next(f for f in analyse_flows(seen(resources)).flows if f.kind is kind and f.source == source)


def _warehouse(resources: Sequence[Resource]) -> str:
    return str(named(resources, "safe-haven", "resources:ResourceGroup", "warehouse").id)


def test_a_role_on_a_resource_group_applies_to_its_stores(one: tuple[Resource, ...]) -> None:
    flow = _flow([*one, grant(RESEARCHERS, BLOB_READER, _warehouse(one))])
    assert flow.depth == _flow(one).depth - 1
    assert flow.minimal_cut_sets
    assert ControlKind.GRANT not in {c.kind for path in flow.minimal_cut_sets.paths for c in path.controls}


def test_a_role_that_reads_settings_alone_opens_no_flow(one: tuple[Resource, ...]) -> None:
    assert _flow([*one, grant(RESEARCHERS, READER, _warehouse(one))]).depth == _flow(one).depth


@pytest.mark.parametrize("role", [OWNER, MADE_UP], ids=["owner", "one that nobody knows"])
def test_a_role_that_changes_settings_makes_every_control_fail(one: tuple[Resource, ...], role: str) -> None:
    assert _flow([*one, grant(RESEARCHERS, role, _warehouse(one))]).depth == 0


def test_an_unknown_principal_may_be_anyone(one: tuple[Resource, ...]) -> None:
    unknown = grant(UNKNOWN, BLOB_READER, _warehouse(one))
    assert _flow([*one, unknown]).depth < _flow(one).depth


def test_unknown_rules_allow_everything(one: tuple[Resource, ...]) -> None:
    group = str(named(one, TENANCY, "network:NetworkSecurityGroup", "net-desks").id).lower()
    verdict = analyse_flows(seen(changed(one, group, securityRules=UNKNOWN)))
    assert any("net-desks" in doubt and "open" in doubt for doubt in verdict.unknowns)


def test_a_separate_route_and_rule_are_evaluated(one: tuple[Resource, ...]) -> None:
    table, group = (named(one, TENANCY, f"network:{kind}", name) for kind, name in
                    (("RouteTable", "net"), ("NetworkSecurityGroup", "net-desks")))  # fmt: skip
    route = added("network:Route", "r", f"{table.id}/routes/r", TENANCY, addressPrefix="198.51.100.0/24",
                  nextHopType="Internet")  # fmt: skip
    rule = added("network:SecurityRule", "s", f"{group.id}/securityRules/s", TENANCY, access="Allow", priority=200,
                 direction="Outbound", protocol="*", sourceAddressPrefix="*", sourcePortRange="*",
                 destinationAddressPrefix="*", destinationPortRange="*")  # fmt: skip
    (flow,) = (f for f in analyse_flows(seen([*one, route, rule])).flows if f.kind is FlowKind.PAST_AIRLOCK)
    assert flow.depth < _flow(one, FlowKind.PAST_AIRLOCK, TENANCY).depth


def test_the_ports_of_an_explicit_proxy_are_evaluated(one: tuple[Resource, ...]) -> None:
    policy = named(one, "platform", "network:FirewallPolicy", "firewall")
    ports = {"enableExplicitProxy": True, "httpPort": 8080, "httpsPort": 8443}
    found = analyse_flows(seen(changed(one, ids.plain(policy.id), explicitProxy=ports)))
    assert found.unknowns == ()


def test_a_public_store_is_read_by_every_holder_of_a_role(one: tuple[Resource, ...]) -> None:
    account = named(one, TENANCY, "storage:StorageAccount", "data")
    open_ = changed(
        one, str(account.id).lower(), publicNetworkAccess="Enabled", networkRuleSet={"defaultAction": "Allow"}
    )
    assert _flow(open_, FlowKind.PAST_AIRLOCK, TENANCY).depth > 0
    read = [*open_, grant(RESEARCHERS, BLOB_READER, str(account.id))]
    assert _flow(read, FlowKind.PAST_AIRLOCK, TENANCY).depth == 0


def test_anonymous_reading_needs_a_public_account_and_container(one: tuple[Resource, ...]) -> None:
    account = named(one, TENANCY, "storage:StorageAccount", "data")
    container = named(one, TENANCY, "storage:BlobContainer", "data-project")
    bare = [r for r in one if not (r.type == "authorization:RoleAssignment" and r.stack == TENANCY)]
    open_ = changed(bare, str(account.id).lower(), publicNetworkAccess="Enabled", networkRuleSet=None,
                    allowBlobPublicAccess=True)  # fmt: skip
    open_ = changed(open_, str(container.id).lower(), publicAccess="Blob")
    assert _flow(open_, FlowKind.PAST_AIRLOCK, TENANCY).depth == 0


def test_a_store_without_a_right_to_its_key_is_not_read(one: tuple[Resource, ...]) -> None:
    keyless = [r for r in one if r.name != "warehouse-keys-encrypts" or r.type != "authorization:RoleAssignment"]
    flow = _flow([*keyless, grant(RESEARCHERS, BLOB_READER, _warehouse(one))])
    assert flow.minimal_cut_sets
    assert all(ControlKind.ENCRYPTION in {c.kind for c in path.controls} for path in flow.minimal_cut_sets.paths)


ASKED = {"ruleType": "ApplicationRule", "name": "asked", "sourceAddresses": ["10.65.0.0/16"],
         "protocols": [{"protocolType": "Https", "port": 443}]}  # fmt: skip


def _asked(resources: Sequence[Resource], *names: str, besides: bool) -> ForbiddenFlow:
    """Return the flow with an application rule for names, beside network rules for every destination of desks or in
    their place. The denial of every name, which acts before all of them, is removed."""
    resources = [r for r in resources if r.name != "firewall-names"]
    group = named(resources, "platform", "network:FirewallPolicyRuleCollectionGroup", "firewall-bespoke")
    (collection,) = group.inputs["ruleCollections"]
    rule = {**ASKED, "targetFqdns": list(names)}
    asked = {**collection, "name": "asked", "rules": [rule]}
    sign_in = {**collection["rules"][0], "name": "sign-in", "destinationAddresses": ["192.0.2.1/32"]}
    collections = [{**collection, "rules": [*collection["rules"], sign_in]}, asked] if besides else [asked]
    return _flow(changed(resources, str(group.id).lower(), ruleCollections=collections), FlowKind.PAST_AIRLOCK, TENANCY)


@pytest.mark.parametrize("name", ["*", "elsewhere.blob.core.windows.net"])
def test_a_shared_host_leads_past_nsgs_that_allow_the_firewall(one: tuple[Resource, ...], name: str) -> None:
    """Desks may send to the address of sign-in, and the firewall ignores the address for which a name is asked."""
    assert _asked(one, name, besides=False).depth == 0


def test_network_rules_that_decide_first_leave_the_nsgs_as_controls(
    one: tuple[Resource, ...],
) -> None:
    flow = _asked(one, "*", besides=True)
    assert flow.depth == 2
    assert flow.minimal_cut_sets
    assert {c.kind for path in flow.minimal_cut_sets.paths for c in path.controls} == {ControlKind.SECURITY_GROUP}


def test_a_locked_denial_of_every_name_is_two_controls(one: tuple[Resource, ...]) -> None:
    group = named(one, "platform", "network:FirewallPolicyRuleCollectionGroup", "firewall-bespoke")
    (collection,) = group.inputs["ruleCollections"]
    rules = [{**ASKED, "targetFqdns": ["*"]}]
    wide = changed(one, str(group.id).lower(), ruleCollections=[{**collection, "rules": rules}])
    flow = _flow(wide, FlowKind.PAST_AIRLOCK, TENANCY)
    assert flow.minimal_cut_sets
    kinds = {c.kind for c in flow.minimal_cut_sets.paths[0].controls}
    assert (flow.depth, kinds) == (2, {ControlKind.FIREWALL_DENIAL, ControlKind.LOCK})


@pytest.mark.parametrize("name", ["graph.microsoft.com", "*.microsoftonline.com", "elsewhere.blob.core.windows.net"])
def test_another_name_beside_those_of_sign_in_is_open(one: tuple[Resource, ...], name: str) -> None:
    group = named(one, "platform", "network:FirewallPolicyRuleCollectionGroup", "firewall-names")
    first, denial = group.inputs["ruleCollections"]
    rule = {**first["rules"][0], "targetFqdns": [*first["rules"][0]["targetFqdns"], name]}
    wide = changed(one, str(group.id).lower(), ruleCollections=[{**first, "rules": [rule]}, denial])
    assert _flow(wide, FlowKind.PAST_AIRLOCK, TENANCY).depth == 0


def test_sign_in_by_name_is_no_way_out_and_each_control_on_names_counts(one: tuple[Resource, ...]) -> None:
    """Without the lock or the guardrail, one control fewer prevents another name."""
    lock = named(one, "platform", "authorization:ManagementLockByScope", "firewall-names")
    guardrail = named(one, "platform", "authorization:PolicyAssignment", "hub-names-stay")
    depths = [
        _flow([r for r in one if r not in gone], FlowKind.PAST_AIRLOCK, TENANCY).depth
        for gone in ([], [lock], [guardrail], [lock, guardrail])
    ]
    assert depths == [3, 2, 2, 1]
    weaker = changed(one, str(lock.id).lower(), level="CanNotDelete")
    assert _flow(weaker, FlowKind.PAST_AIRLOCK, TENANCY).depth == 2


def test_a_host_of_one_owner_is_no_path_to_the_internet(one: tuple[Resource, ...]) -> None:
    assert _asked(one, "packages.mirror.example", besides=False).depth > 0


def test_a_peering_of_two_projects_is_one_control() -> None:
    two = estate(2)
    nets = [r for r in two if r.type == "network:VirtualNetwork" and r.stack.startswith("tre-")]
    ends = [str(net.id) for net in nets]
    sides = [estates.peering(near, far) for near, far in (ends, ends[::-1])]
    before = _control_kinds(two)
    assert _control_kinds([*two, *sides[:1]]) == before, "one side alone joins nothing"
    assert _control_kinds([*two, *sides]) == before - {ControlKind.PEERING}


def _control_kinds(resources: Sequence[Resource]) -> set[ControlKind]:
    """Return the kinds of control between two desks of different projects, on the direct path between the networks."""
    from policies.reachability.egress import Egress
    from policies.reachability.subnet_paths import Destination, SubnetPaths
    from policies.reachability.topology import NetworkLocation, Topology

    topology = Topology(seen(resources), [])
    first, second = [s for s in topology.subnets.values() if s.name == "snet-desks"][:2]
    paths = SubnetPaths(topology, Egress(topology), evaluators=(), hosts={})
    (path,) = paths.to(NetworkLocation(first), Destination(second, ports=(22,), endpoint=False))
    return {control.kind for control in topology.registry.controls(path.mask)}


def test_an_estate_without_data_is_refused() -> None:
    with pytest.raises(InputError, match="The estate has no data containers"):
        analyse_flows(seen([]))


def test_a_resource_without_an_id_is_reported_as_unknown(one: tuple[Resource, ...]) -> None:
    account = named(one, TENANCY, "storage:StorageAccount", "data")
    verdict = analyse_flows(seen([replace(r, id=None) if r is account else r for r in one]))
    assert any("data" in doubt for doubt in verdict.unknowns)


def test_each_tenancy_has_a_flow_of_its_own() -> None:
    flows = analyse_flows(seen(estate(12))).flows
    assert sum(flow.kind is FlowKind.BETWEEN_PROJECTS for flow in flows) == 12


@pytest.mark.parametrize("name", shipped.STACKS[1:])
def test_the_first_plan_of_a_stack_has_the_depths_of_its_last(name: str) -> None:
    """Before the first deployment ids and principals are unknown, but not which resources they belong to."""
    others = [r for other in shipped.STACKS[: shipped.STACKS.index(name)] for r in estates.stack(other)]
    verdict = analyse_flows(seen([*others, *resources_of(shipped.before(name))]))
    last = analyse_flows(seen([*others, *estates.stack(name)]))
    assert verdict.unknowns == ()
    assert _depths(verdict.flows) == _depths(last.flows)


def _depths(flows: Sequence[ForbiddenFlow]) -> dict[tuple[FlowKind, str], int]:
    return {(flow.kind, flow.source): flow.depth for flow in flows}
