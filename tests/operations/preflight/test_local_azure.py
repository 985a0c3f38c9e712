"""Each missing precondition of the sample stacks is found, with the command that cures it, before their first `up`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from formats.errors import Failed
from local_azure.management import Management
from local_azure.store import SETTINGS, Store
from operations.engine.scratch import declared
from operations.preflight import Finding, findings, needs_of
from operations.preflight.needs import Needs
from tests.infra.local_stacks import DEPLOYMENT_ORDER, ROOT, LocalStacks
from tests.infra.samples import SUBSCRIPTION

pytestmark = pytest.mark.xdist_group("preflight-local")
AT_HOST = "Microsoft.Compute/EncryptionAtHost"
KERBEROS = "Microsoft.Network/bastionHosts/enableKerberos"
SIZE, FAMILY = "Standard_NC24ads_A100_v4", "standardNCADSA100v4Family"
WITHOUT_LOCKS = {"actions": ["*"], "not_actions": ["Microsoft.Authorization/locks/write"]}
WITHOUT_SCANNERS = {"actions": ["*"], "not_actions": ["Microsoft.Security/datascanners/write"]}
WITHOUT_JOIN = {"actions": ["*"], "not_actions": ["Microsoft.Network/privateDnsZones/join/action"]}


@pytest.fixture(scope="module")
def needs(tmp_path_factory: pytest.TempPathFactory) -> Sequence[Needs]:
    """Return the needs of the sample stacks."""
    stacks = LocalStacks(tmp_path_factory.mktemp("needs"))
    return needs_of(declared([stacks.stack(name) for name in DEPLOYMENT_ORDER], ROOT, 600))


@contextmanager
def local_azure(folder: Path, needs: Sequence[Needs], **settings: Any) -> Iterator[Management]:
    content = json.dumps({"subscriptions": {SUBSCRIPTION: settings}})  # JSON is YAML
    (folder / SETTINGS).write_text(content, encoding="utf-8")
    store = Store(folder / "azure.db")
    yield Management(store, needs[0].sizes, {alias for used in needs[0].aliases.values() for alias in used})
    store.close()


def failed(folder: Path, needs: Sequence[Needs], **settings: Any) -> list[Finding]:
    with local_azure(folder, needs, **settings) as azure:
        return [one for one in findings(needs, azure.answer) if not one.holds]


def vault(needs: Sequence[Needs]) -> str:
    return next(one.short_name for one in needs[0].resources if one.type == "microsoft.keyvault/vaults")


def test_default_subscription_is_ready(tmp_path: Path, needs: Sequence[Needs]) -> None:
    with local_azure(tmp_path, needs) as azure:
        found = list(findings(needs, azure.answer))
    assert [one for one in found if not one.holds or one.fix] == []
    assert {"rights", "names", "Defender for Storage", "NetworkWatcher_uksouth"} <= {one.what for one in found}


@pytest.mark.parametrize(
    ("settings", "what", "said"),
    [
        ({"state": "Disabled"}, "subscription", ("Disabled", "az account show")),
        ({"unregistered_providers": ["Microsoft.EventGrid"]}, "provider Microsoft.EventGrid",
         ("NotRegistered", f"az provider register --namespace Microsoft.EventGrid --subscription {SUBSCRIPTION}")),
        ({"unregistered_features": [AT_HOST]}, f"feature {AT_HOST}",
         ("NotRegistered", "az feature register --namespace Microsoft.Compute --name EncryptionAtHost")),
        ({"permissions": [WITHOUT_LOCKS]}, "rights",
         ("without Microsoft.Authorization/locks/write", '--role "SDE locks and guardrails"')),
        ({"permissions": [WITHOUT_JOIN]}, "rights",
         ("without Microsoft.Network/privateDnsZones/join/action", '--role "Contributor"')),
        ({"permissions": [WITHOUT_SCANNERS]}, "rights",
         ("without Microsoft.Security/datascanners/write", '--role "Defender for Storage Scanner Operator"')),
        ({"unknown_aliases": [KERBEROS]}, "policy aliases of Microsoft.Network",
         (f"unknown: {KERBEROS}", "az provider show --namespace Microsoft.Network")),
        ({"defender_for_storage": "Standard"}, "Defender for Storage",
         ("Standard for the subscription", "az security pricing create --name StorageAccounts --tier Free")),
        ({"automatic_network_watchers": False}, "NetworkWatcher_uksouth", ("404", "az network watcher configure")),
        ({"unavailable_sizes": [SIZE]}, f"size {SIZE}",
         ("NotAvailableForSubscription", "az vm list-skus --location uksouth")),
        ({"quotas": {"uksouth": {FAMILY: 3}}}, "quotas of Microsoft.Compute in uksouth",
         (f"{FAMILY}: 24 more needed, 0 of 3 used", f"--resource-name {FAMILY}")),
        ({"quotas": {"uksouth": {"cores": 3}}}, "quotas of Microsoft.Compute in uksouth",
         ("cores: 24 more needed, 0 of 3 used", "--limit-object value=24 --resource-type dedicated")),
        ({"quotas": {"uksouth": {"StorageAccounts": 1}}}, "quotas of Microsoft.Storage in uksouth",
         ("StorageAccounts: ", "az quota update --resource-name StorageAccounts")),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)  # fmt: skip
def test_missing_precondition_is_found_with_its_cure(
    tmp_path: Path, needs: Sequence[Needs], settings: dict[str, Any], what: str, said: tuple[str, str]
) -> None:
    (one,) = failed(tmp_path, needs, **settings)
    assert one.what == what
    assert said[0] in one.found
    assert said[1] in one.fix


def test_alias_that_a_guardrail_cannot_write_is_found(tmp_path: Path, needs: Sequence[Needs]) -> None:
    with local_azure(tmp_path, needs) as azure:

        def answer(*request: Any) -> tuple[int, Any]:
            found = azure.answer(*request)
            text = json.dumps(found[1]).replace('"Modifiable"', '"None"')
            return found[0], json.loads(text)

        (one,) = [one for one in findings(needs, answer) if not one.holds]
    assert one.what == "policy aliases of Microsoft.Compute"
    assert "not modifiable: Microsoft.Compute/disks/networkAccessPolicy" in one.found


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({"state": "Disabled"}, "ReadOnlyDisabledSubscription"),
        ({"unregistered_providers": ["Microsoft.Insights"]}, "MissingSubscriptionRegistration"),
        ({"permissions": [WITHOUT_LOCKS]}, "AuthorizationFailed"),
        ({"permissions": [WITHOUT_JOIN]}, "LinkedAuthorizationFailed"),
        ({"unknown_aliases": [KERBEROS]}, "InvalidPolicyAlias"),
        ({"quotas": {"uksouth": {"VirtualNetworks": 0}}}, "VnetCountLimitReached"),
        ({"quotas": {"uksouth": {"AzureFirewalls": 0}}}, "QuotaExceeded"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_first_up_fails_without_what_the_check_names(
    tmp_path: Path, needs: Sequence[Needs], settings: dict[str, Any], code: str
) -> None:
    assert failed(tmp_path, needs, **settings)
    stacks = LocalStacks(tmp_path)
    with pytest.raises(Failed, match=f"Code={code} "):
        stacks.engine.up(stacks.stack("platform"))


def test_first_up_fails_where_defender_for_storage_is_on(tmp_path: Path, needs: Sequence[Needs]) -> None:
    stacks = LocalStacks(tmp_path)
    stacks.engine.up(stacks.stack("platform"))
    assert failed(tmp_path, needs, defender_for_storage="Standard")
    with pytest.raises(Failed, match="cannot create already existing subresource"):
        stacks.engine.up(stacks.stack("junction-zone"))
    assert failed(tmp_path, needs, defender_for_storage="Free") == []
    stacks.engine.up(stacks.stack("junction-zone"))


AUTHORIZATION = "Microsoft.Authorization"
CONTRIBUTOR = {"actions": ["*"], "not_actions": [f"{AUTHORIZATION}/*/Delete", f"{AUTHORIZATION}/*/Write"]}
ADMINISTRATOR = {"actions": [f"{AUTHORIZATION}/roleAssignments/{verb}" for verb in ("write", "delete")]}
LOCKS_AND_GUARDRAILS = {
    "actions": [
        f"{AUTHORIZATION}/{type_}/*" for type_ in ("locks", "policyDefinitions", "policyAssignments", "roleDefinitions")
    ]
}


def test_the_roles_of_the_guide_suffice(tmp_path: Path, needs: Sequence[Needs]) -> None:
    """The built-in roles' actions are those of "Azure built-in roles"."""
    assert not failed(tmp_path, needs, permissions=[CONTRIBUTOR, ADMINISTRATOR, LOCKS_AND_GUARDRAILS])
    without = failed(tmp_path, needs, permissions=[CONTRIBUTOR])
    assert [one.what for one in without] == ["rights", "rights to replace and destroy"]
    for one, verb in zip(without, ("write", "delete"), strict=True):
        for type_ in ("locks", "policyAssignments", "policyDefinitions", "roleAssignments"):
            assert f"Microsoft.Authorization/{type_}/{verb}" in one.found
        assert one.fix.count("az role assignment create") == 2


def test_name_of_somebody_else_is_found(tmp_path: Path, needs: Sequence[Needs]) -> None:
    (one,) = failed(tmp_path, needs, taken_names=[vault(needs)])
    assert one.what == f"name {vault(needs)}"
    assert "already taken" in one.found
    assert "generation in estate/allocations.yaml" in one.fix


def test_name_of_a_deleted_vault_is_reserved(tmp_path: Path, needs: Sequence[Needs]) -> None:
    stacks = LocalStacks(tmp_path)
    stacks.engine.up(stacks.stack("platform"))
    assert not failed(tmp_path, needs)
    stacks.engine.destroy(stacks.stack("platform"), release_protected=True)
    (one,) = failed(tmp_path, needs)
    assert one.what == f"name {vault(needs)}"
    assert "reserved by a deleted key vault until 20" in one.found
    assert "generation in estate/allocations.yaml" in one.fix  # it has purge protection
    with pytest.raises(Failed, match=r"VaultAlreadyExists|ConflictError"):
        stacks.engine.up(stacks.stack("platform"))


def test_scanning_that_stayed_off_is_found(tmp_path: Path, needs: Sequence[Needs]) -> None:
    stacks = LocalStacks(tmp_path)
    stacks.engine.up(stacks.stack("platform"))
    with local_azure(tmp_path, needs, malware_scanning={"code": "UnknownError"}), pytest.raises(Failed):
        stacks.engine.up(stacks.stack("junction-zone"))
    (one,) = failed(tmp_path, needs, defender_for_storage="Free")
    assert (one.what.startswith("malware scanning of st"), one.found) == (True, "off")
    assert "onUpload.isEnabled=true && scripts/sde refresh junction-zone" in one.fix


def test_full_activity_log_is_found(tmp_path: Path, needs: Sequence[Needs]) -> None:
    with local_azure(tmp_path, needs) as azure:
        at_most = [{"name": f"other-{n}"} for n in range(5)]

        def send(method: str, path: str, query: Mapping[str, str], body: Any) -> tuple[int, Any]:
            is_list = path.endswith("/Microsoft.Insights/diagnosticSettings")
            return (200, {"value": at_most}) if is_list else azure.answer(method, path, query, body)

        (one,) = [found for found in findings(needs, send) if not found.holds]
    assert (one.what, one.found) == ("diagnostic settings of the activity log", "5 of 5, 1 more needed")
    assert "az monitor diagnostic-settings subscription delete" in one.fix


def test_subscription_of_another_tenant_is_found(tmp_path: Path, needs: Sequence[Needs]) -> None:
    with local_azure(tmp_path, needs) as azure:
        (one,) = [found for found in findings(needs, azure.answer, tenant=SUBSCRIPTION) if not found.holds]
    assert one.what == "tenant"
    assert f"az login --tenant {SUBSCRIPTION}" in one.fix


def test_account_without_a_setting_is_no_failed_scan(tmp_path: Path, needs: Sequence[Needs]) -> None:
    off = {"isEnabled": False, "overrideSubscriptionLevelSettings": True}
    stacks = LocalStacks(tmp_path)
    stacks.engine.up(stacks.stack("platform"))
    stacks.engine.up(stacks.stack("junction-zone"))
    with local_azure(tmp_path, needs) as azure:

        def send(method: str, path: str, query: Mapping[str, str], body: Any) -> tuple[int, Any]:
            is_setting = path.endswith("/defenderForStorageSettings/current")
            return (200, {"properties": off}) if is_setting else azure.answer(method, path, query, body)

        assert [found.what for found in findings(needs, send) if not found.holds] == []


def test_right_in_the_resource_group_is_enough(tmp_path: Path, needs: Sequence[Needs]) -> None:
    stacks = LocalStacks(tmp_path)
    stacks.engine.up(stacks.stack("platform"))
    (hub,) = [scope for scope in needs[0].actions if scope.endswith("platform-hub")]
    everywhere = {"actions": ["Microsoft.*"], "not_actions": ["Microsoft.Network/firewallPolicies/join/action"]}
    assert [one.what for one in failed(tmp_path, needs, permissions=[everywhere])] == ["rights"]
    assert not failed(tmp_path, needs, permissions=[everywhere, {"scope": hub, "actions": ["Microsoft.Network/*"]}])
