"""The platform: what the cell's hub is made of."""

from __future__ import annotations

from typing import Any

import pytest

from infra.addresses import TenancyKind, TenancySeat
from infra.errors import BadInput
from infra.roles import ALL_ZONES
from infra.stacks.programs import bring_up
from tests.infra import samples
from tests.infra.samples import CELL, group
from tests.infra.world import SUBSCRIPTION, World, run

TENANCIES = {kind.value: [str(CELL.tenancies(kind))] for kind in TenancyKind}
CONTROL_PLANE = {"Administrative", "Security", "Alert", "Policy"}


def test_exports_what_others_lean_on(platform: World) -> None:
    assert platform.outputs["firewall_address"] == "10.64.0.4"
    assert set(platform.outputs["dns_zones"]) == set(ALL_ZONES)
    assert all(platform.outputs.values())


def test_the_number_of_rule_groups_follows_the_kinds_of_tenancy(platform: World) -> None:
    groups = {group.name: group.inputs["priority"] for group in platform.of("FirewallPolicyRuleCollectionGroup")}
    assert groups == {"firewall-names": 100, "firewall-zones": 200, "firewall-release": 300, "firewall-bespoke": 1000,
                      "firewall-shared": 1100}  # fmt: skip


def _collections(platform: World, action: str) -> list[dict[str, Any]]:
    groups = platform.of("FirewallPolicyRuleCollectionGroup")
    return [c for group in groups for c in group.inputs["ruleCollections"] if c["action"]["type"] == action]


def test_rules_name_everything_and_say_from_where(platform: World) -> None:
    for rule in (rule for collection in _collections(platform, "Allow") for rule in collection["rules"]):
        assert rule["ruleType"] == "NetworkRule"
        assert "*" not in rule["sourceAddresses"] + rule["destinationAddresses"] + rule["destinationPorts"]


def test_every_name_is_denied_before_anything_else(platform: World) -> None:
    (collection,) = _collections(platform, "Deny")
    (rule,) = collection["rules"]
    assert (collection["priority"], rule["sourceAddresses"], rule["targetFqdns"]) == (100, ["*"], ["*"])
    assert {(p["protocolType"], p["port"]) for p in rule["protocols"]} == {("Https", 443), ("Http", 80)}


def _network_rules(platform: World, noun: str) -> dict[str, tuple[list[str], list[str]]]:
    (collection,) = platform.one("FirewallPolicyRuleCollectionGroup", f"firewall-{noun}").inputs["ruleCollections"]
    return {rule["name"]: (rule["sourceAddresses"], rule["destinationAddresses"]) for rule in collection["rules"]}


def test_staging_alone_reaches_tenancies_and_there_only_where_data_is_asked_in(platform: World) -> None:
    ((source, targets),) = _network_rules(platform, "release").values()
    assert source == ["10.64.11.128/25"]
    assert len(targets) == 128 + 256
    asked = {str(CELL.tenancy(kind, 7).address(TenancySeat.IMPORT_ASKED)) for kind in TenancyKind}
    assert asked < set(targets)
    assert {target.rpartition(".")[2] for target in targets} == {"6"}


def test_each_zone_reaches_the_store_of_the_stage_before_and_nothing_else(platform: World) -> None:
    assert _network_rules(platform, "zones") == {
        "landing-fetches": (["10.64.9.128/25"], ["10.64.8.4"]),
        "warehouse-fetches": (["10.64.10.128/25"], ["10.64.9.4"]),
        "staging-fetches": (["10.64.11.128/25"], ["10.64.10.4"]),
        "archive-fetches": (["10.64.12.128/25"], ["10.64.10.4"]),
    }


def test_no_agents_are_there_and_no_way_for_them(platform: World) -> None:
    rules = platform.one("NetworkSecurityGroup", "hub-monitoring").inputs["securityRules"]
    assert {rule["access"] for rule in rules} == {"Deny"}
    assert "monitoring_range" not in platform.outputs


def test_every_desk_can_sign_people_in(platform: World) -> None:
    for kind in ("bespoke", "shared"):
        assert [TENANCIES[kind], ["AzureActiveDirectory"]] == list(_network_rules(platform, kind)["people_sign_in"])


def test_a_kind_reaches_the_hosts_that_the_estate_names(platform: World) -> None:
    rules = _network_rules(platform, "bespoke")
    assert set(rules) == {"people_sign_in", "packages"}
    assert rules["packages"] == (TENANCIES["bespoke"], ["203.0.113.16/29", "192.168.40.8/32"])


def test_a_kind_that_nobody_knows_is_refused() -> None:
    with pytest.raises(BadInput, match="not known at all"):
        run(lambda: bring_up(samples.platform(tenancy_ranges={"castle": "10.65.0.0/16"}, egress={})))


def test_a_way_out_of_a_kind_without_a_range_is_refused() -> None:
    with pytest.raises(BadInput, match="no range"):
        run(lambda: bring_up(samples.platform(tenancy_ranges={})))


def test_zones_of_the_region_are_used_only_where_it_has_them(platform: World) -> None:
    west = run(lambda: bring_up(samples.platform(region="ukwest")))
    for kind in ("AzureFirewall", "BastionHost", "PublicIPAddress"):
        assert all(one.inputs["zones"] == ["1", "2", "3"] for one in platform.of(kind))
        assert west.of(kind)
        assert all("zones" not in one.inputs for one in west.of(kind))


def test_who_has_a_desk_sees_bastion(platform: World) -> None:
    grant = platform.one("RoleAssignment", "bastion-desk-users-see")
    assert grant.inputs["principalId"] == group(2)
    assert grant.inputs["scope"].endswith("/BastionHost/bastion")


def test_dns_is_answered_by_the_hub_alone(platform: World) -> None:
    links = platform.of("VirtualNetworkLink")
    assert len(links) == len(ALL_ZONES)
    assert all(link.inputs["registrationEnabled"] is False for link in links)
    assert all(link.inputs["virtualNetwork"]["id"].endswith("/VirtualNetwork/hub") for link in links)


def test_logs_are_kept_and_closed(platform: World) -> None:
    (workspace,) = platform.of("Workspace")
    assert workspace.inputs["retentionInDays"] == 365
    assert workspace.inputs["publicNetworkAccessForIngestion"] == "Disabled"
    assert workspace.inputs["publicNetworkAccessForQuery"] == "Disabled"
    assert workspace.inputs["features"]["disableLocalAuth"] is True
    (scope,) = platform.of("PrivateLinkScope")
    assert scope.inputs["accessModeSettings"] == {"ingestionAccessMode": "PrivateOnly",
                                                  "queryAccessMode": "PrivateOnly"}  # fmt: skip


@pytest.mark.parametrize(
    ("cloud", "subscription"),
    [("azure", "10ca1000-0000-4000-8000-000000000001"), ("local", "5d3c9f5e-0000-4000-8000-000000000001")],
)
def test_the_wrong_cloud_is_refused_before_anything_is_declared(cloud: str, subscription: str) -> None:
    config = samples.platform(cloud=cloud, subscription=subscription)
    with pytest.raises(BadInput, match="This stack is for cloud"):
        run(lambda: bring_up(config), subscription=subscription)


def test_another_subscription_than_the_stacks_is_refused() -> None:
    with pytest.raises(BadInput, match="another subscription"):
        run(lambda: bring_up(samples.platform(subscription="10ca1000-0000-4000-8000-000000000002")))


OTHERS = ("10ca1000-0000-4000-8000-000000000002", "10ca1000-0000-4000-8000-000000000003")


def test_the_activity_log_of_every_subscription_of_the_cell_reaches_the_log_sink() -> None:
    """Through a provider of that subscription, under a name that another cell in it does not have."""
    world = run(lambda: bring_up(samples.platform(subscriptions=[SUBSCRIPTION, *OTHERS])))
    settings = world.of("SubscriptionDiagnosticSetting")
    assert [s.name for s in settings] == [f"activity-{one}" for one in (SUBSCRIPTION, *OTHERS)]
    for setting in settings:
        assert setting.inputs["workspaceId"].endswith("/Workspace/logs")
        assert setting.inputs["name"] == "activity-wmsde-platform"
        assert {log["category"] for log in setting.inputs["logs"] if log["enabled"]} >= CONTROL_PLANE
    assert [s.provider for s in settings[:1]] == [""]
    for one, setting in zip(OTHERS, settings[1:], strict=True):
        provider = world.one("azure-native", f"in-{one}")
        assert provider.inputs["subscriptionId"] == one
        assert f"::in-{one}::" in setting.provider


def test_two_cells_that_share_a_subscription_do_not_collide() -> None:
    ids = {run(lambda: bring_up(samples.platform()), name=stack).one(
        "SubscriptionDiagnosticSetting", f"activity-{SUBSCRIPTION}").inputs["name"]
        for stack in ("platform", "platform-two")}  # fmt: skip
    assert len(ids) == 2


@pytest.mark.parametrize(
    "subscriptions",
    [[], [OTHERS[0]], [SUBSCRIPTION, SUBSCRIPTION], [SUBSCRIPTION, "20000000-0000-4000-8000-000000000001"]],
    ids=("none", "without its own", "twice", "of two Azures"),
)
def test_subscriptions_that_cannot_be_are_refused(subscriptions: list[str]) -> None:
    with pytest.raises(ValueError, match="subscriptions"):
        samples.platform(subscriptions=subscriptions)
