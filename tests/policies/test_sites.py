"""A hub with sites: the policies pass, and refuse everything that leads elsewhere."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from formats.plan import Operation, Plan
from formats.property_paths import parse
from policies.model import Verdict
from policies.mutations.generate import mutants
from policies.mutations.proof import GateDetector, ready
from policies.plan_evaluation import evaluate_plans, today
from policies.rules import load
from tests.infra import samples
from tests.infra.local_stacks import LocalStacks
from tests.infra.stacks.test_site_gateway import EXPIRE, PRACTICE, TRUST

SITES: dict[str, Any] = {"sites": [TRUST, PRACTICE], **EXPIRE}
GATEWAY, REMOTE = "network:VirtualNetworkGateway", "network:LocalNetworkGateway"
CONNECTION = "network:VirtualNetworkGatewayConnection"
TRIED = {GATEWAY, REMOTE, CONNECTION, "network:FirewallPolicyRuleCollectionGroup", "network:RouteTable"}


@pytest.fixture(scope="module")
def plans(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Plan, Plan]]:
    """The plans of the first `up` of a hub with sites, and of the second one."""
    stacks = LocalStacks(tmp_path_factory.mktemp("hub"))
    stack = stacks.stack("platform", **SITES)
    first = stacks.engine.preview(stack)
    stacks.engine.up(stack)
    yield first, stacks.engine.preview(stack)


def blocking(plan: Plan, **config: Any) -> set[tuple[str, str]]:
    report = evaluate_plans([plan], configs={"platform": samples.platform(**config)})
    return {(f.policy, f.name) for f in report.blocking if f.policy != "GV1"}


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
    assert ("NW24", "gateway-203-0-113-9") in blocking(plans[1], sites=[site], **EXPIRE)


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
    tried = [one for one in mutants(gate.estate) if (one.type in TRIED and "site" in f"{one.name}{one.type}".lower())
             or one.type in (GATEWAY, REMOTE, CONNECTION) or one.name == "hub-gateway"]  # fmt: skip
    assert len(tried) > 200
    assert [one.id for one in tried if gate.refuses(one) is None] == []


def _gate(plan: Plan) -> GateDetector:
    return GateDetector(tuple(ready([plan])), load(), today=today(), is_complete=True,
                        configs={"platform": samples.platform(**SITES)})  # fmt: skip


def test_the_route_of_a_gateway_alone_may_be_propagated(plans: tuple[Plan, Plan]) -> None:
    plan = changed(plans[1], "network:RouteTable", "disableBgpRoutePropagation", False)
    report = evaluate_plans([plan], configs={"platform": samples.platform(**SITES)})
    assert {(f.name, f.verdict) for f in report.findings if f.policy == "NW3" and f.type == "network:RouteTable"} == {
        ("hub", Verdict.FAIL), ("hub-gateway", Verdict.PASS)
    }  # fmt: skip
