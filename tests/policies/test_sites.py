"""A hub with sites: the policies pass, and refuse everything that leads elsewhere."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import pytest

from formats.plan import Operation, Plan
from formats.property_paths import parse
from policies.model import PolicyContext, Resource, Verdict
from policies.mutations.generate import mutants
from policies.mutations.proof import GateDetector, ready
from policies.plan_evaluation import evaluate_plans, today
from policies.plan_resources import resources_of
from policies.reachability.allowed_flows import allowed_flows
from policies.reachability.forbidden_flows import FlowKind, analyse_flows
from policies.rules import load
from policies.runner import evaluate
from tests.infra import samples
from tests.infra.local_stacks import LocalStacks
from tests.infra.stacks.test_site_gateway import PRACTICE, TRUST
from tests.policies.inboxes import HUB_TAGS, TAGS

SITES: dict[str, Any] = {"sites": [TRUST, PRACTICE], "tags": HUB_TAGS, "estate_addresses": "10.64.0.0/10"}
PROVIDERS: dict[str, Any] = {"tags": TAGS, "estate_addresses": "10.64.0.0/10", "providers": [
    {"code": "rrk", "name": "A trust", "group": samples.group(20), "inbox": TRUST["inboxes"][0],
     "way_in": {"site": "trust"}},
    {"code": "m85001", "name": "A practice", "group": samples.group(21), "inbox": PRACTICE["inboxes"][0],
     "way_in": {"site": "practice"}},
    {"code": "y01", "name": "Another trust", "group": samples.group(22), "inbox": "10.64.8.70",
     "way_in": {"public_ranges": ["20.33.0.16/28"]}},
]}  # fmt: skip
CONFIGS = {"platform": samples.platform(**SITES), "junction-zone": samples.junction_zone(**PROVIDERS)}
GATEWAY, REMOTE = "network:VirtualNetworkGateway", "network:LocalNetworkGateway"
CONNECTION = "network:VirtualNetworkGatewayConnection"
OWN, LIMITS = {GATEWAY, REMOTE, CONNECTION}, ("firewall-sites", "firewall-site-limits")


@pytest.fixture(scope="module")
def stacks(tmp_path_factory: pytest.TempPathFactory) -> tuple[LocalStacks, Plan]:
    """A hub with sites and a junction zone, deployed, and the plan of the hub's first `up`."""
    made = LocalStacks(tmp_path_factory.mktemp("hub"))
    hub = made.stack("platform", **SITES)
    first = made.engine.preview(hub)
    made.engine.up(hub)
    made.engine.up(made.stack("junction-zone", **PROVIDERS))
    return made, first


@pytest.fixture(scope="module")
def plans(stacks: tuple[LocalStacks, Plan]) -> tuple[Plan, Plan]:
    """The plans of the hub's first `up`, and of its second one."""
    made, first = stacks
    return first, made.engine.preview(made.stack("platform", **SITES))


@pytest.fixture(scope="module")
def estate(stacks: tuple[LocalStacks, Plan]) -> tuple[Resource, ...]:
    """The deployed resources of both stacks."""
    made, _ = stacks
    deployed = made.engine.current_state([made.stack("platform", **SITES), made.stack("junction-zone", **PROVIDERS)])
    return tuple(resource for plan in deployed.values() for resource in resources_of(plan))


def blocking(plan: Plan, **config: Any) -> set[tuple[str, str]]:
    report = evaluate_plans([plan], configs={"platform": samples.platform(**{**SITES, "sites": [], **config})})
    return {(f.policy, f.name) for f in report.blocking}


def changed(plan: Plan, type_: str, path: str, value: object) -> Plan:
    """Return the plan with one property of the resources of a type changed."""
    resources = []
    for resource in plan.resources:
        inputs: Any = copy.deepcopy(dict(resource.inputs))
        if resource.type == f"azure-native:{type_}":
            inner = inputs
            *steps, last = parse(path)
            for step in steps:
                inner = inner[step]
            inner[last] = value
        resources.append(replace(resource, inputs=inputs))
    return replace(plan, resources=tuple(resources))


def test_a_hub_with_sites_is_deployed_once_and_passes(plans: tuple[Plan, Plan]) -> None:
    first, second = plans
    assert {one.operation for one in second.resources} <= {Operation.SAME, Operation.READ}
    assert blocking(first, **SITES) == blocking(second, **SITES) == set()


def test_no_plan_shows_a_shared_key(plans: tuple[Plan, Plan]) -> None:
    connection = next(one for one in plans[1].resources if one.type.endswith(CONNECTION))
    assert connection.inputs["sharedKey"] == "[secret]"


def test_a_gateway_that_the_estate_does_not_name_is_refused(plans: tuple[Plan, Plan]) -> None:
    found = blocking(plans[1])
    assert {("NW18", "gateway"), ("NW18", "gateway-203-0-113-9"), ("NW1", "gateway")} <= found
    assert ("NW23", "firewall-sites") in found


@pytest.mark.parametrize("site", [TRUST, {**TRUST, "device": "203.0.113.10"}, {**TRUST, "inboxes": ["10.64.8.99"]}])
def test_a_gateway_for_other_sites_is_refused(plans: tuple[Plan, Plan], site: dict[str, Any]) -> None:
    assert ("NW24", "gateway-203-0-113-9") in blocking(plans[1], sites=[site])


@pytest.mark.parametrize(
    ("type_", "path", "value", "policy"),
    [
        (REMOTE, "localNetworkAddressSpace.addressPrefixes", ["0.0.0.0/0"], "NW24"),
        (REMOTE, "gatewayIpAddress", "198.51.100.1", "NW24"),
        (CONNECTION, "enableBgp", True, "NW24"),
        (CONNECTION, "sharedKey", "correct-horse", "NW24"),
        (CONNECTION, "ipsecPolicies", [], "NW24"),
        (CONNECTION, "ingressNatRules", [{"id": "/subscriptions/x"}], "NW24"),
        (GATEWAY, "vpnClientConfiguration", {"vpnClientAddressPool": {"addressPrefixes": ["10.9.0.0/24"]}}, "NW24"),
        (GATEWAY, "sku.name", "Basic", "NW24"),
        (GATEWAY, "resiliencyModel", "[unknown]", None),
    ],
)
def test_another_kind_of_connection_is_refused(
    plans: tuple[Plan, Plan], type_: str, path: str, value: object, policy: str | None
) -> None:
    found = {one for one, _ in blocking(changed(plans[1], type_, path, value), **SITES)}
    assert (policy in found) if policy else not found


def test_every_weakening_of_a_site_is_refused(plans: tuple[Plan, Plan]) -> None:
    gate = _gate(plans[1])
    own = [m for m in mutants(gate.estate) if m.type in OWN or m.name in ("hub-gateway", *LIMITS)]
    tried = list({(m.type, m.label): m for m in own if "without" not in m.label or m.label.endswith("/32")}.values())
    assert len(tried) > 150
    assert [one.id for one in tried if gate.refuses(one) is None] == []


def context(resources: Iterable[Resource]) -> PolicyContext:
    return PolicyContext(resources, is_complete=True, configs=CONFIGS)


def test_the_whole_estate_passes_every_policy(estate: tuple[Resource, ...]) -> None:
    found = evaluate(context(estate), load()).findings
    assert {f.policy for f in found if f.verdict.blocks} == set()


def depths(estate: Iterable[Resource]) -> list[int]:
    """Return the number of controls between each provider and the others' inboxes."""
    return [f.depth for f in analyse_flows(context(estate)).flows if f.kind is FlowKind.BETWEEN_PROVIDERS]


def test_three_controls_lie_between_providers_in_sites(estate: tuple[Resource, ...]) -> None:
    assert depths(estate) == [3, 3, 3]
    assert analyse_flows(context(estate)).unknowns == ()


def test_uploads_from_a_site_are_allowed_flows(estate: tuple[Resource, ...]) -> None:
    found = allowed_flows(analyse_flows(context(estate)), context(estate))
    ways = {(flow.to, flow.controls[1]) for flow in found if flow.controls[1].startswith("site")}
    assert ways == {
        ("junction-zone/inbox-rrk/uploads", _site("192.168.60.16/28")),
        ("junction-zone/inbox-m85001/uploads", _site("192.168.61.4/32")),
    }


def _site(range_: str) -> str:
    return f"site: from {range_} alone, through a gateway, by its routes and firewall rules"


def having(type_: str, **inputs: Any) -> Callable[[Resource], Resource | None]:
    return lambda r: replace(r, inputs={**r.inputs, **inputs}) if r.type == f"network:{type_}" else r


def ranges(*texts: str) -> Callable[[Resource], Resource | None]:
    return having("LocalNetworkGateway", localNetworkAddressSpace={"addressPrefixes": list(texts)})


def lifted(resource: Resource) -> Resource | None:
    """Remove the firewall's limits on sites."""
    return None if resource.name == "firewall-site-limits" else resource


@pytest.mark.parametrize(
    ("change", "depth"),
    [
        (ranges("0.0.0.0/0"), 1),
        (ranges("192.168.0.0/16"), 1),
        (ranges("172.31.0.0/28"), 2),
        (ranges("[unknown]"), 1),
        (having("VirtualNetworkGatewayConnection", enableBgp=True), 1),
        (having("VirtualNetworkGateway", enableBgp=True), 1),
        (having("VirtualNetworkGatewayConnection", localNetworkGateway2={}), 1),
        (having("VirtualNetworkPeering", allowGatewayTransit=True, useRemoteGateways=True), 2),
        (having("VirtualNetworkPeering", allowGatewayTransit="[unknown]", useRemoteGateways="[unknown]"), 2),
        (lifted, 2),
    ],
    ids=("all addresses", "a network", "another site", "unknown addresses", "routes of the site", "a routing gateway",
         "an unknown network", "gateway transit", "unknown transit", "no limits"),
)  # fmt: skip
def test_a_gateway_that_opens_more_is_a_finding(
    estate: tuple[Resource, ...], change: Callable[[Resource], Resource | None], depth: int
) -> None:
    assert min(depths(one for resource in estate if (one := change(resource)))) == depth


def _gate(plan: Plan) -> GateDetector:
    return GateDetector(tuple(ready([plan])), load(), today=today(), is_complete=True,
                        configs=CONFIGS)  # fmt: skip


def test_the_route_of_a_gateway_alone_may_be_propagated(plans: tuple[Plan, Plan]) -> None:
    plan = changed(plans[1], "network:RouteTable", "disableBgpRoutePropagation", False)
    report = evaluate_plans([plan], configs=CONFIGS)
    assert {(f.name, f.verdict) for f in report.findings if f.policy == "NW3" and f.type == "network:RouteTable"} == {
        ("hub", Verdict.FAIL), ("hub-gateway", Verdict.PASS)
    }  # fmt: skip
