"""Stores with public network access: the ones that the estate names, from exactly the addresses that it names."""

from __future__ import annotations

import json
from ipaddress import IPv4Network
from typing import Any

import pytest

from formats.ways_in import storage_ip_rules
from policies.model import Resource
from policies.reachability.allowed_flows import allowed_flows
from policies.reachability.control_sets import ControlKind
from policies.reachability.forbidden_flows import FlowKind, ForbiddenFlow, analyse_flows
from tests.policies.inboxes import CONNECTION, ENDPOINT, JUNCTION, having, one, refused, seen

ACCOUNT, GUARDRAIL = "storage:StorageAccount", "authorization:PolicyDefinition"


def account(name: str = "inbox-rrk") -> Resource:
    return one(ACCOUNT, name)


def opened(name: str, *addresses: str, **more: Any) -> Resource:
    """Return a store with public network access from some addresses."""
    found = account(name)
    rules = [{"iPAddressOrRange": address, "action": "Allow"} for address in addresses]
    network = {**found.inputs["networkRuleSet"], "ipRules": rules, **more}
    tags = {**found.inputs["tags"], "public-access": "a reason"}
    return having(found, publicNetworkAccess="Enabled", networkRuleSet=network, tags=tags)


def guardrail(old: str, new: str, key: str = "stores-stay-closed") -> Resource:
    definition = one(GUARDRAIL, key)
    text = json.dumps(definition.inputs["policyRule"])
    assert old in text
    return having(definition, policyRule=json.loads(text.replace(old, new)))


def flow_between(*changed: Resource) -> ForbiddenFlow:
    """Return the flow from one provider to the others' intakes."""
    flows = [f for f in analyse_flows(seen(*changed)).flows if f.kind is FlowKind.BETWEEN_PROVIDERS]
    return next(flow for flow in flows if flow.subject.endswith("::inbox-rrk-uploads"))


def test_the_estate_with_inboxes_passes_every_policy() -> None:
    assert refused() == set()
    for policy in ("ST1", "ST2", "GD1", "GD4", "AL2"):
        assert refused(known=False, only=policy) == set()


def test_a_public_store_admits_the_named_addresses_alone() -> None:
    found = account().inputs
    assert found["publicNetworkAccess"] == "Enabled"
    assert found["networkRuleSet"]["defaultAction"] == "Deny"
    assert [rule["iPAddressOrRange"] for rule in found["networkRuleSet"]["ipRules"]] == ["20.33.0.16/28", "20.33.1.4"]
    assert [rule["iPAddressOrRange"] for rule in account("inbox-m85001").inputs["networkRuleSet"]["ipRules"]] == [
        "20.33.2.8", "20.33.2.9"]  # fmt: skip


@pytest.mark.parametrize("name", ["junction", "inbox-y01"])
def test_a_store_that_the_estate_does_not_name_is_closed(name: str) -> None:
    assert refused(opened(name, "20.33.0.16/28"), only="ST1") == {name}
    assert refused(opened(name, "20.33.0.16/28"), only="ST2") == {name}


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("addresses", [
    ("20.33.0.16/28", "20.33.1.4", "20.33.9.9"), ("20.33.0.16/28",), ("20.33.2.8", "20.33.2.9"), ("0.0.0.0/0",),
    ("20.33.0.0/24", "20.33.1.4"),
], ids=str)  # fmt: skip
def test_other_addresses_are_refused(addresses: tuple[str, ...], known: bool) -> None:
    assert refused(opened("inbox-rrk", *addresses), known=known, only="ST2") == {"inbox-rrk"}


def test_the_reason_of_public_access_is_required() -> None:
    found = account()
    tags = {key: text for key, text in found.inputs["tags"].items() if key != "public-access"}
    assert refused(having(found, tags=tags), only="ST1") == {"inbox-rrk"}


@pytest.mark.parametrize(("old", "new"), [
    ('"20.33.1.4"', '"20.33.1.5"'), ('["20.33.0.16/28", "20.33.1.4"]', '["20.33.0.0/16"]'),
    ("stwmsdeinboxrrk", "stother"), ('"notIn"', '"in"'), ('"Deny"', '"Allow"'),
])  # fmt: skip
def test_a_guardrail_that_opens_another_store_is_refused(old: str, new: str) -> None:
    assert refused(guardrail(old, new), only="GD4") == {"stores-stay-closed"}


def test_a_guardrail_that_pins_a_network_is_refused_without_configuration() -> None:
    wide = guardrail('["20.33.0.16/28", "20.33.1.4"]', '["20.33.0.0/16"]')
    assert refused(wide, known=False, only="GD4") == {"stores-stay-closed"}


def test_three_kinds_of_control_lie_between_providers_with_open_stores() -> None:
    flow = flow_between()
    assert flow.depth == 3
    assert flow.minimal_cut_sets
    kinds = [{control.kind for control in path.controls} for path in flow.minimal_cut_sets.paths]
    assert {ControlKind.GRANT, ControlKind.NETWORK_RULES, ControlKind.GUARDRAIL} in kinds


@pytest.mark.parametrize("addresses", [
    ("20.33.2.8", "20.33.2.9", "20.33.0.16/28"), ("20.33.2.8", "20.33.2.9", "20.33.0.0/16"), ("0.0.0.0/0",),
], ids=str)  # fmt: skip
def test_network_rules_that_admit_another_provider_are_no_control(addresses: tuple[str, ...]) -> None:
    assert flow_between(opened("inbox-m85001", *addresses)).depth == 1


def test_network_rules_that_allow_by_default_are_no_control() -> None:
    assert flow_between(opened("inbox-m85001", defaultAction="Allow")).depth == 1


def test_a_guardrail_that_admits_another_provider_is_no_control() -> None:
    both = guardrail('["20.33.2.8", "20.33.2.9"]', '["20.33.2.8", "20.33.2.9", "20.33.0.16/28"]')
    assert flow_between(both).depth == 2


def test_a_store_past_its_guardrail_shows_that_it_does_not_hold() -> None:
    assert flow_between(opened("inbox-m85001", "20.33.2.8", "20.33.2.9", "20.99.0.1")).depth == 2


def test_a_provider_with_a_private_endpoint_reaches_its_own_store_alone() -> None:
    flow = next(f for f in analyse_flows(seen()).flows if f.subject.endswith("::inbox-x26-uploads"))
    assert flow.depth == 3
    assert account("inbox-x26").inputs["publicNetworkAccess"] == "Disabled"


@pytest.mark.parametrize(("old", "new"), [
    (f"{CONNECTION}", "another"), (ENDPOINT, ENDPOINT.replace("pep-sde", "pep-other")),
    ("stwmsdeinboxx26", "stwmsdeinboxrrk"), ('"Approved"', '"Pending"'),
])  # fmt: skip
def test_a_guardrail_that_permits_another_endpoint_is_refused(old: str, new: str) -> None:
    assert refused(guardrail(old, new, "connections-stay"), only="GD4") == {"connections-stay"}


@pytest.mark.parametrize(("store", "connection", "found"), [
    ("inbox-x26", CONNECTION, set()), ("inbox-x26", "another", {"added"}), ("inbox-rrk", CONNECTION, {"added"}),
    ("junction", "another", {"added"}),
])  # fmt: skip
def test_a_connection_that_the_estate_does_not_name_is_refused(store: str, connection: str, found: set[str]) -> None:
    state = {"status": "Approved"}
    id_ = f"{account(store).id}/privateEndpointConnections/{connection}"
    added = Resource(f"urn:{store}", "storage:PrivateEndpointConnection", "added", JUNCTION,
                     {"privateLinkServiceConnectionState": state}, id_)  # fmt: skip
    assert refused(added, only="PE9") == found


def test_an_approved_connection_leaves_two_controls() -> None:
    id_ = f"{account('inbox-m85001').id}/privateEndpointConnections/any"
    added = Resource("urn:any", "storage:PrivateEndpointConnection", "added", JUNCTION,
                     {"privateLinkServiceConnectionState": {"status": "Approved"}}, id_)  # fmt: skip
    assert flow_between(added).depth == 2


def test_an_endpoint_permitted_at_another_store_is_no_control_there() -> None:
    name = one(ACCOUNT, "inbox-rrk").inputs["accountName"]
    elsewhere = guardrail(one(ACCOUNT, "inbox-x26").inputs["accountName"], name, "connections-stay")
    flows = [f for f in analyse_flows(seen(elsewhere)).flows if f.kind is FlowKind.BETWEEN_PROVIDERS]
    assert {flow.depth for flow in flows if "inbox-rrk" in flow.subject} == {3}


def test_each_way_in_is_an_allowed_flow_with_its_controls() -> None:
    flows = [f for f in allowed_flows(analyse_flows(seen()), seen()) if "stewards" not in f.who]
    ways = {flow.to.split("/")[1]: flow.controls for flow in flows}
    assert ways.keys() == {"inbox-rrk", "inbox-m85001", "inbox-x26"}
    assert ways["inbox-rrk"] == (
        "role: inbox-rrk-rrk-writes, with sign-in by Entra",
        "addresses: 20.33.0.16/28, 20.33.1.4/32 alone, by network rules, which Azure Policy pins",
        "encryption in transit: TLS 1.2",
        "malware scan of every upload",
    )
    assert ways["inbox-x26"][1] == ("private endpoint: the only one outside the estate that Azure Policy permits there")


def test_small_ranges_are_single_addresses_in_network_rules() -> None:
    assert storage_ip_rules([IPv4Network("20.1.0.0/30"), IPv4Network("20.2.0.2/31"), IPv4Network("20.3.0.3/32")]) == (
        "20.1.0.0/30", "20.2.0.2", "20.2.0.3", "20.3.0.3")  # fmt: skip
