"""A preview and an up name each new way out with its people, and refuse ways that are not approved any more."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from formats.people import NamedApproval
from formats.plan import Operation, Plan, PlannedResource
from operations.cli.ways_out import new_ways
from operations.estate import ApprovedWay, Expiry
from operations.estate.approvals import IN, OUT, Way
from tests.operations.cli.fakes import CliRunner
from tests.people import ADA, MARY, ROSTER

APPROVAL = NamedApproval(owner=ADA, approver=MARY, purpose="A mirror of packages.", expires=date(2099, 1, 1))
MIRROR = ApprovedWay(Way(OUT, "mirror", "egress.bespoke[0].approval", ("bespoke",), ("203.0.113.16/29",)), APPROVAL)
OTHER = ApprovedWay(Way(OUT, "other", "egress.bespoke[1].approval", ("bespoke",), ("198.51.100.7/32",)), APPROVAL)
LOCAL = ("--cloud", "local")


def firewall(*addresses: str, ports: tuple[str, ...] = ("443",)) -> dict[str, Any]:
    rule = {"name": "x", "destinationAddresses": list(addresses), "destinationPorts": list(ports)}
    return {"ruleCollections": [{"rules": [rule], "name": "c"}], "priority": 1}


def group(*addresses: str, port: str = "443") -> dict[str, Any]:
    return {"securityRules": [{"name": "x", "destinationAddressPrefixes": list(addresses),
                               "destinationPortRange": port}]}  # fmt: skip


def planned(operation: Operation, inputs: dict[str, Any], old: dict[str, Any] | None = None) -> Plan:
    type_ = "azure-native:network:NetworkSecurityGroup"
    resource = PlannedResource(f"urn:pulumi:s::sde::{type_}::net", type_, operation, inputs=inputs, old_inputs=old)
    return Plan("sde", "tre-heart", "local", (resource,))


MIRROR_AT, OTHER_AT = "203.0.113.16/29", "198.51.100.7/32"
UPDATES = [
    (firewall(), firewall(MIRROR_AT), ["mirror"]),
    (group(MIRROR_AT), group(MIRROR_AT, OTHER_AT), ["other"]),
    (firewall(MIRROR_AT), firewall(MIRROR_AT, ports=("443", "80")), ["mirror"]),
    (firewall(MIRROR_AT, ports=("443", "80")), firewall(MIRROR_AT), []),
    (group(MIRROR_AT), group(), []),
    (group("10.0.0.1"), group("10.0.0.2"), []),
]


@pytest.mark.parametrize(("old", "new", "names"), UPDATES)
def test_an_opened_address_or_port_is_a_new_way(old: dict[str, Any], new: dict[str, Any], names: list[str]) -> None:
    found = new_ways(planned(Operation.UPDATE, new, old), [MIRROR, OTHER])
    assert [one.way.way.name for one in found] == names


def test_a_new_stack_opens_its_ways_and_a_deleted_one_none() -> None:
    assert new_ways(planned(Operation.CREATE, group(MIRROR_AT)), [MIRROR])
    assert not new_ways(planned(Operation.SAME, group(MIRROR_AT)), [MIRROR])
    assert not new_ways(planned(Operation.DELETE, group(MIRROR_AT)), [MIRROR])


def test_a_host_that_a_rule_allows_by_name_is_a_new_way() -> None:
    join = ApprovedWay(Way(OUT, "join", "windows_desks.approval", ("platform",), opened_by=frozenset({"join.example"})),
                       APPROVAL)  # fmt: skip
    type_ = "azure-native:network:FirewallPolicyRuleCollectionGroup"

    def plan(*hosts: str) -> Plan:
        inputs = {"ruleCollections": [{"rules": [{"name": "x", "targetFqdns": list(hosts)}]}]}
        resource = PlannedResource(f"urn:pulumi:s::sde::{type_}::names", type_, Operation.CREATE, inputs=inputs)
        return Plan("sde", "platform", "local", (resource,))

    assert [one.way.way.name for one in new_ways(plan("join.example"), [join])] == ["join"]
    assert not new_ways(plan("login.example"), [join])


ROLE, MACHINE = "azure-native:authorization:RoleAssignment", "azure-native:compute:VirtualMachine"
GROUP_ID, KEY = "621c57c4-96c3-5141-ab42-965c5b73e31b", "ssh-ed25519 AAAA break-glass"
UPLOADS = ApprovedWay(Way(IN, "uploads of ZQ1", "providers[0].approval", ("junction-zone",), (), GROUP_ID), APPROVAL)
BREAK_GLASS = ApprovedWay(Way(IN, "the key", "admin_key_approval", ("bespoke",), (), KEY), APPROVAL)


def changed(type_: str, operation: Operation, new: dict[str, Any], old: dict[str, Any] | None = None) -> Plan:
    resource = PlannedResource(f"urn:pulumi:s::sde::{type_}::x", type_, operation, inputs=new, old_inputs=old)
    return Plan("sde", "junction-zone", "local", (resource,))


def keys(*found: str) -> dict[str, Any]:
    return {"osProfile": {"linuxConfiguration": {"ssh": {"publicKeys": [{"keyData": one} for one in found]}}}}


@pytest.mark.parametrize(("plan", "names"), [
    (changed(ROLE, Operation.CREATE, {"principalId": GROUP_ID.upper()}), ["ZQ1"]),
    (changed(ROLE, Operation.SAME, {"principalId": GROUP_ID}), []),
    (changed(ROLE, Operation.DELETE, {"principalId": GROUP_ID}), []),
    (changed(ROLE, Operation.REPLACE, {"principalId": GROUP_ID},
             {"principalId": "another"}), ["ZQ1"]),
    (changed(MACHINE, Operation.CREATE, keys(KEY)), ["key"]),
    (changed(MACHINE, Operation.UPDATE, keys(KEY), keys(KEY)), []),
    (changed(MACHINE, Operation.REPLACE, keys(KEY), keys("another")), ["key"]),
])  # fmt: skip
def test_a_role_for_a_group_or_a_key_on_a_computer_is_a_new_way_in(plan: Plan, names: list[str]) -> None:
    found = new_ways(plan, [UPLOADS, BREAK_GLASS, MIRROR])
    assert [one.way.way.name.split()[-1] for one in found] == names


def test_a_new_way_in_is_shown_with_its_people(sde: CliRunner) -> None:
    with_way(sde, UPLOADS)
    role = changed(ROLE, Operation.CREATE, {"principalId": GROUP_ID})
    sde.engine.plans["platform"] = role.resources
    assert sde("preview", "platform") == 0
    assert "new way into platform: uploads of ZQ1: owner Ada Lovelace, approver Mary Seacole" in sde.out
    sde("preview", "platform", "--json")
    (event,) = [line for line in sde.lines if line.get("event") == "new-way-in"]
    assert event["name"] == "uploads of ZQ1"


def with_way(sde: CliRunner, way: ApprovedWay = MIRROR, *ends: Expiry) -> None:
    stacks = [replace(s, ways=(way,), expiries=ends) if s.name == "platform" else s for s in sde.catalog.stacks]
    sde.catalog.stacks = stacks
    sde.engine.plans["platform"] = planned(Operation.CREATE, group(MIRROR_AT)).resources


@pytest.mark.parametrize("command", [("preview",), ("up", "--yes"), ("preview", "--summary")])
def test_a_command_names_each_new_way_out_and_its_people(sde: CliRunner, command: tuple[str, ...]) -> None:
    with_way(sde)
    assert sde(*command, "platform") == 0
    line = "new way out of platform: mirror to 203.0.113.16/29: owner Ada Lovelace, approver Mary Seacole, purpose: A "
    assert line + "mirror of packages, end 2099-01-01" in sde.out
    with_way(sde)
    sde(*command, "platform", "--json")
    (event,) = [line for line in sde.lines if line.get("event") == "new-way-out"]
    assert (event["stacks"], event["name"]) == (["platform"], "mirror")
    assert (event["owner"]["id"], event["approver"]["name"]) == (str(ADA.id), "Mary Seacole")
    assert (event["purpose"], event["expires"]) == ("A mirror of packages.", "2099-01-01")


@pytest.mark.parametrize(
    "command", [("preview",), ("preview", "--summary"), ("up", "--yes"), ("policy", "check")], ids=" ".join
)
def test_a_way_that_is_not_approved_any_more_is_refused(sde: CliRunner, command: tuple[str, ...]) -> None:
    today = datetime.now(UTC).date()
    old = replace(MIRROR, approval=APPROVAL.model_copy(update={"expires": today}))
    with_way(sde, old, next(old.expiries(Path("estate"), ROSTER, today)))
    assert sde(*command, "platform") == 3
    for part in ("estate.yaml", "egress.bespoke[0].approval.expires", str(today), "set a later day"):
        assert part in sde.err


def test_commands_warn_before_the_end_of_a_way(sde: CliRunner) -> None:
    today = datetime.now(UTC).date()
    near = replace(MIRROR, approval=APPROVAL.model_copy(update={"expires": today + timedelta(40)}))
    with_way(sde, near, next(near.expiries(Path("estate"), ROSTER, today)))
    assert sde("preview", "platform") == 0
    assert "is in 40 days; from then on preview and up refuse platform" in sde.err
