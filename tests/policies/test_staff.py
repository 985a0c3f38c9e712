"""The staff network: its plan passes the policies, staff open no forbidden flow, and weaker networks are refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from itertools import combinations
from typing import Any
from uuid import UUID

import pytest

from formats.addresses import StaffRole
from formats.plan import Operation
from formats.stack_config import StackConfig, TenancyConfig
from formats.ways_in import SHARED_ROLES
from policies.model import PolicyContext, Resource
from policies.plan_evaluation import evaluate_plans
from policies.plan_resources import resources_of
from policies.reachability.control_sets import MIN_CONTROLS
from policies.reachability.forbidden_flows import FlowReport, analyse_flows
from policies.rules import load
from policies.runner import evaluate
from tests.operations.estates import TODAY
from tests.policies import staffed
from tests.policies.staffed import MACHINES, changed

NSG, GROUP, INTERFACE = (
    "network:NetworkSecurityGroup",
    "network:FirewallPolicyRuleCollectionGroup",
    "network:NetworkInterface",
)
MACHINE, ASSIGNMENT = "compute:VirtualMachine", "authorization:RoleAssignment"
NOBODY = "00000000-0000-4000-8000-000000000099"
Edit = Callable[[list[Resource]], list[Resource]]


@cache
def _configs() -> Mapping[str, StackConfig]:
    """Return the configuration of each stack; the copied tenancy has the groups of its own role assignments."""
    found = dict(staffed.configs())
    first = found["tre-hcm-progression"]
    assert isinstance(first, TenancyConfig)
    holders = {
        resource.name: UUID(resource.inputs["principalId"])
        for resource in staffed.resources()
        if resource.stack == "tre-project-1" and resource.type == ASSIGNMENT and "asked-checks" in resource.name
    }
    (stewards,) = (id_ for name, id_ in holders.items() if name.startswith("import"))
    (checkers,) = (id_ for name, id_ in holders.items() if name.startswith("export"))
    return found | {"tre-project-1": first.model_copy(update={"stewards": stewards, "checkers": checkers})}


def _flows(resources: list[Resource], configs: Mapping[str, StackConfig]) -> FlowReport:
    return analyse_flows(PolicyContext(resources, is_complete=True, configs=configs), limit=MIN_CONTROLS - 1)


def _refused(policy: str, resources: list[Resource]) -> list[str]:
    context = PolicyContext(resources, is_complete=True, today=TODAY, configs=staffed.configs())
    return [finding.name for finding in evaluate(context, {policy: load()[policy]}, today=TODAY).blocking]


def test_a_second_preview_changes_nothing() -> None:
    assert {resource.operation for resource in staffed.after().resources} == {Operation.SAME}


@pytest.mark.parametrize("plan", [staffed.before, staffed.after], ids=["first", "second"])
def test_the_plan_of_a_platform_with_staff_passes(plan: Callable[[], Any]) -> None:
    report = evaluate_plans([plan()], day=TODAY, configs=staffed.configs(), scopes=("resource", "stack"))
    assert [(finding.policy, finding.name, finding.message) for finding in report.blocking] == []


def test_three_controls_prevent_each_forbidden_flow_with_staff() -> None:
    report = _flows(staffed.resources(), _configs())
    assert [(flow.kind, flow.source) for flow in report.findings] == []
    assert report.unknowns == ()
    assert report.flows


def test_staff_whose_groups_are_not_known_block() -> None:
    report = _flows(staffed.resources(1), {})
    assert len(report.unknowns) == len(MACHINES)


def _sharing(role: str, other: str) -> tuple[list[Resource], Mapping[str, StackConfig]]:
    """Return the estate in which the machine of a role has another role too, with its rules."""
    own, shared = MACHINES[role], f"{MACHINES[other].removeprefix('staff-vm-')}_{other}"
    (address,) = (r.inputs["ipConfigurations"][0]["privateIPAddress"] for r in _of(INTERFACE, own))

    def with_rules(resource: Resource) -> Resource:
        if resource.type == NSG and resource.name in ("staff-machines", f"{own}-interface"):
            (rule,) = (r for g in _of(NSG, "staff-machines") for r in g.inputs["securityRules"] if r["name"] == shared)
            return _with_rule(resource, rule, address)
        if resource.type == NSG and resource.name == "hub-monitoring" and other == StaffRole.ENGINEERS:
            return _with_rule(resource, resource.inputs["securityRules"][0], address)
        if resource.name == "firewall-staff":
            (collection,) = resource.inputs["ruleCollections"]
            added = [r for r in collection["rules"] if r["name"] == shared]
            rules = [*collection["rules"], *({**r, "name": "shared", "sourceAddresses": [address]} for r in added)]
            return replace(resource, inputs={**resource.inputs, "ruleCollections": [{**collection, "rules": rules}]})
        return resource

    platform = staffed.config()
    staff = tuple(
        machine.model_copy(update={"roles": (*machine.roles, StaffRole(other))}) if role in machine.roles else machine
        for machine in platform.staff
    )
    configs = {**_configs(), "platform": platform.model_copy(update={"staff": staff})}
    return [with_rules(r) if r.stack == "platform" else r for r in staffed.resources()], configs


def _with_rule(group: Resource, rule: Mapping[str, Any], address: str) -> Resource:
    """Return a security group with the same rule for another source."""
    added = {**rule, "name": "shared", "priority": 3000, "sourceAddressPrefix": f"{address}/32"}
    return replace(group, inputs={**group.inputs, "securityRules": [*group.inputs["securityRules"], added]})


def _of(type_: str, *names: str) -> list[Resource]:
    return [r for r in resources_of(staffed.after()) if r.type == type_ and r.name in names]


PAIRS = [
    (role, other)
    for other, role in combinations(MACHINES, 2)
    if not any(shared >= {role, other} for shared in SHARED_ROLES)
]


@pytest.mark.parametrize(("role", "other"), PAIRS)
def test_the_analysis_finds_separate_roles_on_one_machine(role: str, other: str) -> None:
    assert _flows(*_sharing(role, other)).findings


def test_engineers_share_a_machine_with_the_stewards_of_zones() -> None:
    assert _flows(*_sharing("zone-stewards", "engineers")).findings == ()


def _rule(resources: list[Resource], group: str, number: int, **other: Any) -> list[Resource]:
    (found,) = (r for r in resources if r.type == NSG and r.name == group)
    rules = [{**rule, **other} if i == number else rule for i, rule in enumerate(found.inputs["securityRules"])]
    return changed(resources, NSG, group, securityRules=rules)


def _configuration(**other: Any) -> Edit:
    def edit(resources: list[Resource]) -> list[Resource]:
        (found,) = (r for r in resources if r.type == INTERFACE and r.name == "staff-vm-checks")
        return changed(
            resources, INTERFACE, found.name, ipConfigurations=[{**found.inputs["ipConfigurations"][0], **other}]
        )

    return edit


def _firewall(source: str) -> Edit:
    def edit(resources: list[Resource]) -> list[Resource]:
        (found,) = (r for r in resources if r.type == GROUP and r.name == "firewall-staff")
        (collection,) = found.inputs["ruleCollections"]
        rules = [{**rule, "sourceAddresses": [source]} for rule in collection["rules"]]
        return changed(resources, GROUP, found.name, ruleCollections=[{**collection, "rules": rules}])

    return edit


def _taken(path: str, key: str, of: str) -> Edit:
    """Give the checkers' machine a part of another machine."""

    def edit(resources: list[Resource]) -> list[Resource]:
        ends = {r.name: r.inputs[path] for r in resources if r.type == MACHINE}
        return changed(resources, MACHINE, "staff-vm-checks", **{path: ends["staff-vm-checks"] | {key: ends[of][key]}})

    return edit


WEAKER: list[tuple[str, str, Edit]] = [
    ("an address of another machine", "NW22", _configuration(privateIPAddress="10.64.4.70")),
    ("an address that Azure assigns", "NW22", _configuration(privateIPAllocationMethod="Dynamic")),
    ("SSH from the whole hub", "NW23",
     lambda r: _rule(r, "staff-vm-checks-interface", 0, sourceAddressPrefix="10.64.0.0/22")),
    ("SSH to the whole subnet", "NW23",
     lambda r: _rule(r, "staff-machines", 0, destinationAddressPrefix="10.64.4.64/26")),
    ("logs for the whole staff network", "NW23",
     lambda r: _rule(r, "hub-monitoring", 0, sourceAddressPrefix="10.64.4.64/26")),
    ("stores of another role", "NW23", lambda r: _rule(r, "staff-vm-checks-interface", 2,
                                                       sourceAddressPrefix="10.64.4.68/32")),
    ("the firewall for the whole network", "NW23", _firewall("10.64.4.64/26")),
    ("the firewall for a tenancy", "FW8", _firewall("10.65.0.128/25")),
    ("the interface of another machine", "VM22", _taken("networkProfile", "networkInterfaces", "staff-vm-projects")),
    ("the data disk of another machine", "VM22", _taken("storageProfile", "dataDisks", "staff-vm-projects")),
    ("another group that signs in", "IA8",
     lambda r: changed(r, ASSIGNMENT, "staff-vm-checks-users-sign-in", principalId=NOBODY)),
    ("another group at Bastion", "IA8",
     lambda r: changed(r, ASSIGNMENT, "bastion-staff-checks-see", principalId=NOBODY)),
    ("another size", "VM22", lambda r: changed(r, MACHINE, "staff-vm-checks",
                                               hardwareProfile={"vmSize": "Standard_DC64as_v5"})),
]  # fmt: skip


@pytest.mark.parametrize(("policy", "edit"), [pytest.param(p, e, id=name) for name, p, e in WEAKER])
def test_a_weaker_staff_network_is_refused(policy: str, edit: Edit) -> None:
    resources = resources_of(staffed.after())
    assert _refused(policy, list(resources)) == []
    assert _refused(policy, edit(list(resources)))


@pytest.mark.parametrize("key", ["networkInterfaces", "dataDisks"])
def test_a_machine_without_its_own_part_is_refused(key: str) -> None:
    path = "networkProfile" if key == "networkInterfaces" else "storageProfile"
    resources = list(resources_of(staffed.after()))
    (machine,) = (r for r in resources if r.type == MACHINE and r.name == "staff-vm-checks")
    inputs = {path: machine.inputs[path] | {key: []}}
    assert _refused("VM22", changed(resources, MACHINE, machine.name, **inputs))
