"""The platform stack: a cell's hub."""

from __future__ import annotations

from typing import Any

import pytest

from formats.addresses import TenancyEndpoint, TenancyKind
from formats.errors import InputError
from infra.network_services import CELL_DNS_ZONES
from infra.stacks.programs import declare_stack
from tests.certificates import certificate
from tests.infra import samples
from tests.infra.mock_stack import SUBSCRIPTION, MockStack, run
from tests.infra.samples import CELL, group

TENANCIES = {kind.value: [str(CELL.tenancies(kind))] for kind in TenancyKind}
CONTROL_PLANE = {"Administrative", "Security", "Alert", "Policy"}


def test_outputs_for_other_stacks_are_exported(platform: MockStack) -> None:
    assert platform.outputs["firewall_address"] == "10.64.0.4"
    assert set(platform.outputs["dns_zones"]) == set(CELL_DNS_ZONES)
    assert all(platform.outputs.values())


def test_each_kind_of_tenancy_with_egress_has_a_rule_group(platform: MockStack) -> None:
    groups = {group.name: group.inputs["priority"] for group in platform.of("FirewallPolicyRuleCollectionGroup")}
    assert groups == {
        "firewall-names": 100, "firewall-zones": 200, "firewall-release": 300, "firewall-bespoke": 1000,
    }  # fmt: skip


def _collections(platform: MockStack, action: str) -> list[dict[str, Any]]:
    groups = platform.of("FirewallPolicyRuleCollectionGroup")
    return [c for group in groups for c in group.inputs["ruleCollections"] if c["action"]["type"] == action]


def test_allow_rules_have_no_wildcards(platform: MockStack) -> None:
    rules = [rule for collection in _collections(platform, "Allow") for rule in collection["rules"]]
    for rule in (rule for rule in rules if rule["ruleType"] == "NetworkRule"):
        assert "*" not in rule["sourceAddresses"] + rule["destinationAddresses"] + rule["destinationPorts"]


def test_every_host_name_but_those_of_sign_in_is_denied(platform: MockStack) -> None:
    (collection,) = _collections(platform, "Deny")
    (rule,) = collection["rules"]
    assert (collection["priority"], rule["sourceAddresses"], rule["targetFqdns"]) == (101, ["*"], ["*"])
    assert {(p["protocolType"], p["port"]) for p in rule["protocols"]} == {("Https", 443), ("Http", 80)}


def _network_rules(platform: MockStack, noun: str) -> dict[str, tuple[list[str], list[str]]]:
    (collection,) = platform.one("FirewallPolicyRuleCollectionGroup", f"firewall-{noun}").inputs["ruleCollections"]
    return {rule["name"]: (rule["sourceAddresses"], rule["destinationAddresses"]) for rule in collection["rules"]}


def test_only_staging_reaches_the_pending_imports_of_tenancies(platform: MockStack) -> None:
    ((source, targets),) = _network_rules(platform, "release").values()
    assert source == ["10.64.11.128/25"]
    assert len(targets) == 128 + 256
    asked = {str(CELL.tenancy(kind, 7).address(TenancyEndpoint.IMPORT_PENDING)) for kind in TenancyKind}
    assert asked < set(targets)
    assert {target.rpartition(".")[2] for target in targets} == {"6"}


def test_each_zone_reaches_its_source_zones_stores_only(platform: MockStack) -> None:
    inboxes = [f"10.64.8.{number}" for number in range(68, 127)]
    assert _network_rules(platform, "zones") == {
        "landing-fetches": (["10.64.9.128/25"], ["10.64.8.4", *inboxes]),
        "warehouse-fetches": (["10.64.10.128/25"], ["10.64.9.4"]),
        "staging-fetches": (["10.64.11.128/25"], ["10.64.10.4"]),
        "archive-fetches": (["10.64.12.128/25"], ["10.64.10.4"]),
    }


def test_the_monitoring_subnet_allows_no_traffic(platform: MockStack) -> None:
    rules = platform.one("NetworkSecurityGroup", "hub-monitoring").inputs["securityRules"]
    assert {rule["access"] for rule in rules} == {"Deny"}
    assert "monitoring_range" not in platform.outputs


def test_people_sign_in_by_name_from_the_ranges_of_the_plan_and_a_lock_keeps_that(platform: MockStack) -> None:
    group = platform.one("FirewallPolicyRuleCollectionGroup", "firewall-names")
    allowed, denied = group.inputs["ruleCollections"]
    (rule,) = allowed["rules"]
    assert (allowed["priority"], denied["priority"]) == (100, 101)
    assert rule["sourceAddresses"] == [*TENANCIES["bespoke"], *TENANCIES["shared"], "10.64.4.64/26"]
    assert rule["targetFqdns"] == ["login.microsoftonline.com", "pas.windows.net"]
    assert rule["protocols"] == [{"protocolType": "Https", "port": 443}]
    lock = platform.one("ManagementLockByScope", "firewall-names")
    assert (lock.inputs["level"], lock.inputs["scope"].rpartition("/")[2]) == ("ReadOnly", "firewall-names")


def test_without_a_certificate_authority_the_firewall_decrypts_nothing(platform: MockStack) -> None:
    prepared = run(lambda: declare_stack(samples.platform(tenant_restrictions={"root_certificates": [certificate()]})))
    before, after = (stack.one("FirewallPolicyRuleCollectionGroup", "firewall-names") for stack in (platform, prepared))
    assert before.inputs["ruleCollections"] == after.inputs["ruleCollections"]
    policy = prepared.one("FirewallPolicy", "firewall")
    assert "transportSecurity" not in policy.inputs
    assert policy.inputs["identity"]["type"] == "UserAssigned"
    assert prepared.outputs["ca_reader_principal_id"]
    assert "ca_reader_principal_id" not in platform.outputs


def test_a_kind_of_tenancy_reaches_its_egress_destinations(platform: MockStack) -> None:
    rules = _network_rules(platform, "bespoke")
    assert set(rules) == {"packages"}
    assert rules["packages"] == (TENANCIES["bespoke"], ["203.0.113.16/29", "192.168.40.8/32"])


def test_availability_zones_are_those_of_the_region(platform: MockStack) -> None:
    west = run(lambda: declare_stack(samples.platform(region="ukwest")))
    for kind in ("AzureFirewall", "BastionHost", "PublicIPAddress"):
        assert all(one.inputs["zones"] == ["1", "2", "3"] for one in platform.of(kind))
        assert west.of(kind)
        assert all("zones" not in one.inputs for one in west.of(kind))


def test_desk_users_may_read_bastion(platform: MockStack) -> None:
    grant = platform.one("RoleAssignment", "bastion-desk-users-see")
    assert grant.inputs["principalId"] == group(2)
    assert grant.inputs["scope"].endswith("/BastionHost/bastion")


def test_dns_zones_are_linked_to_the_hub_only(platform: MockStack) -> None:
    links = platform.of("VirtualNetworkLink")
    assert len(links) == len(CELL_DNS_ZONES)
    assert all(link.inputs["registrationEnabled"] is False for link in links)
    assert all(link.inputs["virtualNetwork"]["id"].endswith("/VirtualNetwork/hub") for link in links)


def test_the_hub_has_azures_own_dns(platform: MockStack) -> None:
    """Bastion keeps the DNS server of its creation, when there is no firewall yet."""
    assert "dhcpOptions" not in platform.one("VirtualNetwork", "hub").inputs


def test_the_log_workspace_has_retention_and_no_public_access(platform: MockStack) -> None:
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
def test_the_wrong_cloud_is_refused(cloud: str, subscription: str) -> None:
    config = samples.platform(cloud=cloud, subscription=subscription)
    with pytest.raises(InputError, match="This stack is for cloud"):
        run(lambda: declare_stack(config), subscription=subscription)


def test_a_provider_of_another_subscription_is_refused() -> None:
    with pytest.raises(InputError, match="another subscription"):
        run(lambda: declare_stack(samples.platform(subscription="10ca1000-0000-4000-8000-000000000002")))


OTHERS = ("10ca1000-0000-4000-8000-000000000002", "10ca1000-0000-4000-8000-000000000003")


def test_the_activity_log_of_every_subscription_is_collected() -> None:
    """By a provider of that subscription, with a setting name that is unique to the cell."""
    stack = run(lambda: declare_stack(samples.platform(subscriptions=[SUBSCRIPTION, *OTHERS])))
    settings = stack.of("SubscriptionDiagnosticSetting")
    assert [s.name for s in settings] == [f"activity-{one}" for one in (SUBSCRIPTION, *OTHERS)]
    for setting in settings:
        assert setting.inputs["workspaceId"].endswith("/Workspace/logs")
        assert setting.inputs["name"] == "activity-wmsde-platform"
        assert {log["category"] for log in setting.inputs["logs"] if log["enabled"]} >= CONTROL_PLANE
    assert [s.provider for s in settings[:1]] == [""]
    for one, setting in zip(OTHERS, settings[1:], strict=True):
        provider = stack.one("azure-native", f"in-{one}")
        assert provider.inputs["subscriptionId"] == one
        assert f"::in-{one}::" in setting.provider


def test_every_subscription_of_a_cell_has_guardrails_of_its_own() -> None:
    """A definition can be assigned in its own subscription only, so each has its definitions, by a provider of it."""
    stack = run(lambda: declare_stack(samples.platform(subscriptions=[SUBSCRIPTION, *OTHERS])))
    assigned = [one for one in stack.of("PolicyAssignment") if one.name.startswith("subscription-types-stay")]
    assert [one.inputs["scope"] for one in assigned] == [f"/subscriptions/{one}" for one in (SUBSCRIPTION, *OTHERS)]
    for subscription, assignment in zip(OTHERS, assigned[1:], strict=True):
        definition = stack.one("PolicyDefinition", f"types-stay-{subscription}")
        provider = stack.one("azure-native", f"subscriptions-in-{subscription}")
        assert provider.inputs["subscriptionId"] == subscription
        assert assignment.provider == definition.provider
        assert f"::subscriptions-in-{subscription}::" in definition.provider


def test_two_cells_in_one_subscription_do_not_collide() -> None:
    ids = {run(lambda: declare_stack(samples.platform()), name=stack).one(
        "SubscriptionDiagnosticSetting", f"activity-{SUBSCRIPTION}").inputs["name"]
        for stack in ("platform", "platform-two")}  # fmt: skip
    assert len(ids) == 2


@pytest.mark.parametrize(
    "subscriptions",
    [[], [OTHERS[0]], [SUBSCRIPTION, SUBSCRIPTION], [SUBSCRIPTION, "20000000-0000-4000-8000-000000000001"]],
    ids=("none", "without its own", "twice", "of two clouds"),
)
def test_invalid_subscriptions_are_refused(subscriptions: list[str]) -> None:
    with pytest.raises(ValueError, match="subscriptions"):
        samples.platform(subscriptions=subscriptions)
