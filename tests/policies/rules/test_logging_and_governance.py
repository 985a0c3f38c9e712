"""Rules for logs, locations, tags, locks and ignored changes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from formats.plan import UNKNOWN
from policies.model import PolicyContext, Resource, Verdict
from policies.rules import load
from policies.runner import evaluate
from tests.policies.rules.cases import GONE, TODAY, World, changed, findings, made, verdict, without
from tests.policies.rules.sample_estate import GROUP, LOGS, STORE, TAGGED, TAGS, activity, below, site
from tests.policies.rules.weakening import REMOVED, cases, unknowns

ELSEWHERE = "/subscriptions/e15e/resourceGroups/rg/providers/Microsoft.OperationalInsights/workspaces/x"
CLASS, EXPIRY = 'tags["data-class"]', "tags.expiry"
WEAK = cases({
    "LG1": [
        ("vault<vault-setting", REMOVED, ()),
        ("store<store-setting", REMOVED, ()),
        ("store<store-setting", "resourceUri", (below(STORE),)),
        ("guard<guard-setting", "workspaceId", (GONE,)),
        ("guard<guard-setting", "logs", ([], GONE, [{"categoryGroup": "allLogs", "enabled": False}],
                                         [{"categoryGroup": "audit", "enabled": True}],
                                         [{"category": "NetworkSecurityGroupEvent", "enabled": True}])),
        ("firewall<firewall-setting", "resourceUri", (below("Microsoft.Network/azureFirewalls/other"),)),
    ],
    "LG2": [
        ("logs", "retentionInDays", (30, 364, GONE)),
        ("logs", "publicNetworkAccessForIngestion", ("Enabled", "SecuredByPerimeter", GONE)),
        ("logs", "publicNetworkAccessForQuery", ("Enabled", GONE)),
        ("logs", "features", ({"disableLocalAuth": False}, {}, GONE)),
        ("logs", "features.enableLogAccessUsingOnlyResourcePermissions", (True, GONE)),
        ("logs", "features.immediatePurgeDataOn30Days", (True,)),
        ("logs", "features.enableDataExport", (True,)),
        ("logs", "workspaceCapping.dailyQuotaGb", (1, 0.023)),
    ],
    "LG3": [
        ("vault-setting", "workspaceId", (ELSEWHERE, GONE, below(STORE))),
        ("vault-setting", "storageAccountId", (below(STORE),)),
        ("vault-setting", "eventHubAuthorizationRuleId", (ELSEWHERE,)),
        ("vault-setting", "marketplacePartnerId", (ELSEWHERE,)),
        ("activity", "workspaceId", (ELSEWHERE, GONE, below(STORE))),
        ("activity", "storageAccountId", (below(STORE),)),
    ],
    "LG4": [
        ("logs<member", REMOVED, ()),
        ("logs<member", "linkedResourceId", (ELSEWHERE,)),
        ("scope", "accessModeSettings", ({}, GONE, {"queryAccessMode": "PrivateOnly"})),
        ("scope", "accessModeSettings.queryAccessMode", ("Open",)),
        ("scope", "accessModeSettings.ingestionAccessMode", ("Open",)),
        ("scope", "accessModeSettings.exclusions",
         ([{"queryAccessMode": "Open", "ingestionAccessMode": "PrivateOnly"}],)),
    ],
    "LG5": [
        ("activity", "logs", ([], GONE, [{"category": "Administrative", "enabled": True}])),
        *(("activity", f"logs[{place}].enabled", (False, GONE)) for place in range(4)),
        ("activity", "logs[0].category", ("ServiceHealth",)),
    ],
    "LG6": [
        ("group<activity", REMOVED, ()),
        ("group<activity", "workspaceId", (ELSEWHERE, GONE, below(STORE))),
    ],
    "LG7": [
        ("logs<activity", REMOVED, ()),
        ("logs<activity", "workspaceId", (ELSEWHERE, GONE, below(STORE))),
    ],
    "GV1": [
        ("store", "location", ("westeurope", "ukeast", GONE)),
        *(("store", f'tags["{tag}"]', ("", " ", GONE)) for tag in TAGS),
        ("store", CLASS, ("public", "Identifiable")),
        ("store", EXPIRY, ("2026-10-31", "soon", "31/03/2027")),
        ("store", "tags", (GONE, {})),
        ("store", "replication", ({"targetRegions": [{"name": "UK South"}, {"name": "North Europe"}]},)),
        ("store", "locations", ([{"locationName": "uksouth"}, {"locationName": "eastus"}],)),
    ],
    "GV2": [
        ("store<store-lock", REMOVED, ()),
        ("store<store-lock", "level", ("NotSpecified", GONE)),
        ("store<store-lock", "scope", (below(LOGS),)),
        ("vault<vault-lock", REMOVED, ()),
        ("logs<logs-lock", REMOVED, ()),
    ],
    "GV5": [("store-lock", "level", ("NotSpecified", GONE))],
    "GV6": [
        ("store", CLASS, ("synthetic", GONE)),
        ("store", "tags.project", ("lungs",)),
        ("store", "tags.controller", ("somebody else",)),
        ("store<group", "tags.request", ("DAR-2",)),
    ],
})  # fmt: skip
UNKNOWNS = unknowns({
    "LG1": [("vault<vault-setting", "resourceUri"), ("guard<guard-setting", "logs"),
            ("guard<guard-setting", "logs[0].enabled"), ("guard<guard-setting", "workspaceId")],
    "LG2": [("logs", "retentionInDays"), ("logs", "features.disableLocalAuth"),
            ("logs", "publicNetworkAccessForQuery")],
    "LG3": [("vault-setting", "workspaceId"), ("vault-setting", "storageAccountId")],
    "LG4": [("logs<member", "linkedResourceId"), ("scope", "accessModeSettings.queryAccessMode")],
    "LG5": [("activity", "logs"), ("activity", "logs[0].enabled"), ("activity", "logs[3].category")],
    "LG6": [("group<activity", "workspaceId")],
    "LG7": [("logs<activity", "workspaceId")],
    "GV1": [("store", "location"), ("store", CLASS), ("store", EXPIRY), ("store", "tags")],
    "GV2": [],
    "GV5": [("store-lock", "level")],
    "GV6": [("store", "tags.project"), ("store<group", CLASS)],
})  # fmt: skip


def test_all_categories_by_name_pass_like_the_group() -> None:
    logs = [{"category": name, "enabled": True} for name in ("StorageRead", "storagewrite", "StorageDelete")]
    assert verdict(changed(site(), "store-setting", "logs", logs), "LG1", "store") is Verdict.PASS
    assert verdict(changed(site(), "store-setting", "logs", logs[:2]), "LG1", "store") is Verdict.FAIL


def test_missing_categories_are_named() -> None:
    logs = [{"category": "StorageRead", "enabled": True}]
    said = findings(changed(site(), "store-setting", "logs", logs), "LG1", "store")
    assert "StorageDelete, StorageWrite" in said[0].message


SECOND = "/subscriptions/10ca1000-0000-4000-8000-000000000002"


def elsewhere(*settings: Resource) -> World:
    """Return the estate with a second stack in a second subscription."""
    group = replace(site()["group"], name="far-group", stack="tre-far", id=f"{SECOND}/resourceGroups/rg-far",
                    urn="urn:pulumi:tre-far::sde::azure-native:resources:ResourceGroup::far-group")  # fmt: skip
    return site() | {"far-group": group} | {s.name: s for s in settings}


def test_every_subscription_needs_its_activity_log_kept() -> None:
    assert verdict(elsewhere(), "LG6", "far-group") is Verdict.FAIL
    assert verdict(elsewhere(), "LG6", "group") is Verdict.PASS
    assert verdict(elsewhere(activity("far", SECOND)), "LG6", "far-group") is Verdict.PASS


def test_a_setting_of_an_unknown_subscription_does_not_pass() -> None:
    world = site() | {"activity": replace(site()["activity"], id=None)}
    assert verdict(world, "LG6", "group") is Verdict.UNKNOWN
    assert verdict(world, "LG7", "logs") is Verdict.UNKNOWN


def test_a_single_stack_is_checked_for_its_own_workspace() -> None:
    """The platform, another stack, records the tenancy's subscription."""

    def said(world: World, policy: str) -> set[Verdict]:
        report = evaluate(PolicyContext(world.values(), today=TODAY), {policy: load()[policy]}, today=TODAY)
        return {f.verdict for f in report.findings}

    assert said(without(site(), "activity"), "LG7") == {Verdict.FAIL}
    assert said(without(site(), "activity"), "LG6") == {Verdict.NOT_APPLICABLE}
    assert said(without(site(), "activity", "logs"), "LG7") == set()


def test_the_group_of_all_categories_passes() -> None:
    world = changed(site(), "activity", "logs", [{"categoryGroup": "allLogs", "enabled": True}])
    assert verdict(world, "LG5", "activity") is Verdict.PASS


def test_a_copy_of_the_logs_is_refused() -> None:
    export = made("operationalinsights:DataExport", "export", f"{LOGS}/dataExports/x")
    assert verdict(site() | {"export": export}, "LG3", "export") is Verdict.FAIL


@pytest.mark.parametrize("place", ["UK South", "ukwest", "UKSOUTH", "global"])
def test_both_regions_pass_however_they_are_spelled(place: str) -> None:
    assert verdict(changed(site(), "store", "location", place), "GV1", "store") is Verdict.PASS


def test_an_approval_is_valid_on_its_last_day() -> None:
    assert verdict(changed(site(), "store", EXPIRY, TODAY.isoformat()), "GV1", "store") is Verdict.PASS


def test_a_type_without_tags_needs_none() -> None:
    assert verdict(site(), "GV1", "desks") is Verdict.PASS
    stranger = made("somethingnew:Widget", "widget", "Microsoft.New/widgets/w", location="uksouth")
    assert verdict(site() | {"widget": stranger}, "GV1", "widget") is Verdict.FAIL


@pytest.mark.parametrize("type_", [
    "authorization:ManagementLockAtResourceGroupLevel", "authorization:ManagementLockByScope",
])  # fmt: skip
def test_a_lock_on_the_resource_group_protects_its_resources(type_: str) -> None:
    world = {name: r for name, r in site().items() if not name.endswith("-lock")}
    assert verdict(world, "GV2", "store") is Verdict.FAIL
    inputs: dict[str, Any] = {"level": "CanNotDelete", "resourceGroupName": "rg-heart", "scope": GROUP}
    lock = replace(made(type_, "lock", **inputs), id=f"{GROUP}/providers/Microsoft.Authorization/locks/lock")
    assert verdict(world | {"lock": lock}, "GV2", "store") is Verdict.PASS


def test_a_lock_with_an_unknown_scope_counts_by_dependency() -> None:
    world = changed(site(), "store-lock", "scope", UNKNOWN)
    assert verdict(world, "GV2", "store") is Verdict.FAIL
    world["store-lock"] = replace(world["store-lock"], dependencies=(world["store"].urn,))
    assert verdict(world, "GV2", "store") is Verdict.UNKNOWN
    assert verdict(world, "GV2", "vault") is Verdict.PASS


def test_a_resource_of_a_program_must_be_protected() -> None:
    world = site()
    world["store"] = replace(world["store"], protect=False)
    world["north"] = replace(world["north"], protect=False)
    assert verdict(world, "GV3", "store") is Verdict.FAIL
    assert verdict(world, "GV3", "north") is Verdict.FAIL
    world["store"] = replace(world["store"], from_program=False)
    assert verdict(world, "GV3", "store") is Verdict.NOT_APPLICABLE


@pytest.mark.parametrize(("ignored", "said"), [
    ((), Verdict.PASS), (("friendlyName",), Verdict.PASS), (("publicNetworkAccess",), Verdict.FAIL),
    (("*",), Verdict.FAIL), (("networkRuleSet.ipRules[0]",), Verdict.FAIL), (("tags",), Verdict.FAIL),
])  # fmt: skip
def test_ignored_changes_are_refused(ignored: tuple[str, ...], said: Verdict) -> None:
    world = site()
    world["store"] = replace(world["store"], ignore_changes=ignored)
    assert verdict(world, "GV4", "store") is said


@pytest.mark.parametrize("type_", ["resources:Deployment", "resources:AzureCliScript", "resources:Resource"])
def test_a_resource_that_deploys_others_is_refused(type_: str) -> None:
    maker = made(type_, "maker", "Microsoft.Resources/deployments/d", properties={"template": {"resources": []}})
    assert verdict({"maker": maker}, "GV7", "maker") is Verdict.FAIL


def test_a_secret_in_a_tag_is_not_printed() -> None:
    said = findings(changed(site(), "store", EXPIRY, "password=hunter22"), "GV1", "store")
    assert all("hunter22" not in f.message for f in said)
    assert TAGGED["tags"] == TAGS
