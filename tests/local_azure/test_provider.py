"""The azure-native provider: each call of the protocol, and the checks that apply to every type."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import pytest
from pulumi.runtime.proto import provider_pb2

from formats.property_values import SECRET_SIGNATURE, SIGNATURE, UNKNOWN, to_struct
from local_azure.provider import AzureProvider
from local_azure.schema import azure_native, resource
from tests.local_azure.support import (
    ACCOUNT,
    CONTAINER,
    GROUP,
    KEY,
    LOCK,
    NSG,
    ROLE,
    SUBNET,
    SUBSCRIPTION,
    TYPES,
    VAULT,
    VNET,
    WORKSPACE,
    Aborted,
    Cloud,
    Context,
    account,
    urn,
)  # fmt: skip
from tests.local_azure.support import SECRET as VAULT_SECRET

KIND = provider_pb2.PropertyDiff


@pytest.fixture
def cloud(tmp_path: Path) -> Cloud:
    found = Cloud(tmp_path)
    found.group()
    return found


def refused(code: str) -> Any:
    return pytest.raises(Aborted, match=f"Code={code} ")


def secret(value: Any) -> dict[str, Any]:
    return {SIGNATURE: SECRET_SIGNATURE, "value": value}


def vnet(name: str = "hub") -> dict[str, Any]:
    return {
        "resourceGroupName": "rg-one",
        "virtualNetworkName": name,
        "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]},
    }


def subnet(**more: Any) -> dict[str, Any]:
    parent = {"resourceGroupName": "rg-one", "virtualNetworkName": "hub", "subnetName": "a"}
    return {**parent, "addressPrefix": "10.0.0.0/24", **more}


def vault(name: str = "kv-one", **properties: Any) -> dict[str, Any]:
    sku = {"family": "A", "name": "standard"}
    tenant = "10ca1000-0000-4000-8000-0000000000aa"
    return {
        "resourceGroupName": "rg-one",
        "vaultName": name,
        "properties": {"sku": sku, "tenantId": tenant, **properties},
    }


# Configuration


def test_plugin_version_is_the_sdk_version(cloud: Cloud) -> None:
    assert cloud.provider.GetPluginInfo(None, Context()).version == azure_native().version


def test_configure_returns_the_supported_features(cloud: Cloud) -> None:
    response = cloud.provider.Configure(
        provider_pb2.ConfigureRequest(variables={"azure-native:config:subscriptionId": SUBSCRIPTION}), Context()
    )
    assert response.acceptSecrets
    assert response.acceptResources
    assert response.supportsPreview


@pytest.mark.parametrize("subscription", ["", "0ca1fd00-0000-4000-8000-000000000001", "10ca1", "10ca1-not-a-guid"])
def test_configure_accepts_only_local_subscriptions(cloud: Cloud, subscription: str) -> None:
    provider = AzureProvider(cloud.store, azure_native(), TYPES)
    request = provider_pb2.ConfigureRequest(args=to_struct({"subscriptionId": subscription}))
    with pytest.raises(Aborted, match="begin with 10ca1"):
        provider.Configure(request, Context())


@pytest.mark.parametrize("method", ["Call", "Construct", "GetSchema", "Parameterize", "StreamInvoke", "List"])
def test_unsupported_methods_are_refused_by_name(cloud: Cloud, method: str) -> None:
    request = {"Construct": provider_pb2.ConstructRequest}.get(method, provider_pb2.InvokeRequest)()
    if method == "Call":
        request = provider_pb2.CallRequest(tok="x:y:z")
    with pytest.raises(Aborted, match=f"does not support {method}") as found:
        getattr(cloud.provider, method)(request, Context())
    assert found.value.code is grpc.StatusCode.UNIMPLEMENTED


# Create


def test_create_returns_defaults_and_computed_outputs(cloud: Cloud) -> None:
    id_, found = cloud.create(ACCOUNT, account(location="UK South", minimumTlsVersion="TLS1_2"))
    assert id_.endswith("/resourceGroups/rg-one/providers/Microsoft.Storage/storageAccounts/storeone")
    assert (found["name"], found["type"]) == ("storeone", "Microsoft.Storage/storageAccounts")
    assert found["azureApiVersion"] == resource(ACCOUNT).api_version
    assert found["location"] == "uksouth"
    assert found["provisioningState"] == "Succeeded"
    assert found["minimumTlsVersion"] == "TLS1_2"
    assert found["networkRuleSet"] == {"defaultAction": "Allow"}
    assert found["primaryEndpoints"]["blob"].startswith("https://storeone.")
    assert "resourceGroupName" not in found
    assert "accountName" not in found


def test_preview_creates_nothing_and_computed_outputs_are_unknown(cloud: Cloud) -> None:
    id_, found = cloud.create(ACCOUNT, account(identity={"type": "SystemAssigned"}, tags={"a": UNKNOWN}), preview=True)
    assert id_ == ""
    assert (found["name"], found["kind"]) == ("storeone", "StorageV2")
    assert found["primaryEndpoints"] == UNKNOWN
    assert found["identity"]["type"] == "SystemAssigned"
    assert found["identity"]["principalId"] == UNKNOWN
    assert found["tags"] == {"a": UNKNOWN}
    assert cloud.store.count() == 1
    assert cloud.create(ACCOUNT, account(UNKNOWN), preview=True)[1]["name"] == UNKNOWN


def test_create_needs_the_resource_group(cloud: Cloud) -> None:
    with refused("ResourceGroupNotFound"):
        cloud.create(ACCOUNT, account() | {"resourceGroupName": "rg-none"})


def test_create_needs_the_parent(cloud: Cloud) -> None:
    with refused("ParentResourceNotFound"):
        cloud.create(SUBNET, subnet())
    container = {"resourceGroupName": "rg-one", "accountName": "storeone", "containerName": "c"}
    with refused("ParentResourceNotFound"):
        cloud.create(CONTAINER, container)
    cloud.create(ACCOUNT, account())
    assert cloud.create(CONTAINER, container)[0].endswith("/storeone/blobServices/default/containers/c")


def test_create_needs_the_scope(cloud: Cloud) -> None:
    role = {
        "principalId": "5" * 8 + "-0000-4000-8000-000000000000",
        "principalType": "ServicePrincipal",
        "roleDefinitionId": f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/x",
        "roleAssignmentName": "11111111-0000-4000-8000-000000000000",
    }
    group = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-one"
    with refused("ResourceGroupNotFound"):
        cloud.create(ROLE, role | {"scope": f"{group}-none"})
    with refused("ResourceNotFound"):
        cloud.create(ROLE, role | {"scope": f"{group}/providers/Microsoft.Network/virtualNetworks/none"})
    id_, _ = cloud.create(ROLE, role | {"scope": f"/subscriptions/{SUBSCRIPTION}"})
    assert id_.startswith(f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Authorization/")


def test_services_of_a_storage_account_exist_with_it(cloud: Cloud) -> None:
    id_, _ = cloud.create(ACCOUNT, account())
    lock_id = {"lockName": "keep", "level": "CanNotDelete"}
    cloud.create(LOCK, lock_id | {"scope": f"{id_}/blobServices/default"})
    with refused("ResourceNotFound"):
        cloud.create(LOCK, lock_id | {"scope": f"{id_}/blobServices/other"})


def test_internal_error_shows_no_values(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    def faulty(*_: object, **__: object) -> None:
        raise KeyError("secret-value")

    monkeypatch.setattr(cloud.store, "put", faulty)
    with pytest.raises(Aborted, match=r"an internal error of the local Azure: KeyError at test_provider\.py") as found:
        cloud.create(ACCOUNT, account())
    assert "secret" not in found.value.details
    assert found.value.code is grpc.StatusCode.INTERNAL


def test_references_must_exist_and_have_the_declared_type(cloud: Cloud) -> None:
    hub, _ = cloud.create(VNET, vnet())
    with refused("InvalidResourceReference"):
        cloud.create(SUBNET, subnet(networkSecurityGroup={"id": hub.replace("hub", "none")}))
    with pytest.raises(Aborted, match="is not of the type network:NetworkSecurityGroup"):
        cloud.create(SUBNET, subnet(networkSecurityGroup={"id": hub}))
    with refused("LinkedInvalidPropertyId"):
        cloud.create(SUBNET, subnet(networkSecurityGroup={"id": "nsg"}))
    group, _ = cloud.create(NSG, {"resourceGroupName": "rg-one", "networkSecurityGroupName": "nsg"})
    cloud.create(SUBNET, subnet(networkSecurityGroup={"id": group.upper().replace("/SUBSCRIPTIONS", "/subscriptions")}))


def test_create_of_an_existing_resource_is_refused(cloud: Cloud) -> None:
    cloud.create(ACCOUNT, account())
    with pytest.raises(Aborted, match="cannot create already existing resource"):
        cloud.create(ACCOUNT, account())


def test_global_name_is_unique_across_resource_groups(cloud: Cloud) -> None:
    cloud.create(ACCOUNT, account())
    cloud.group("rg-two")
    with refused("StorageAccountAlreadyTaken"):
        cloud.create(ACCOUNT, account() | {"resourceGroupName": "rg-two"})


def test_messages_of_constraints_mask_secrets(cloud: Cloud) -> None:
    with pytest.raises(Aborted, match="Code=Forbidden") as found:
        cloud.create(ACCOUNT, account("eastone", tags={"a": secret("secret-value")}))
    assert "secret-value" not in found.value.details
    assert found.value.code is grpc.StatusCode.PERMISSION_DENIED


def test_create_with_an_unknown_input_is_refused(cloud: Cloud) -> None:
    with pytest.raises(Aborted, match="tags has an unknown value"):
        cloud.create(ACCOUNT, account(tags=UNKNOWN))


def test_secret_inputs_and_outputs_stay_secret(cloud: Cloud) -> None:
    _, found = cloud.create(ACCOUNT, account(tags={"a": secret("secret")}))
    assert found["tags"]["a"] == secret("secret")
    _, workspace = cloud.create(WORKSPACE, {"resourceGroupName": "rg-one", "workspaceName": "logs"})
    assert workspace["customerId"] == secret("66666666")


def test_write_only_properties_are_not_stored(cloud: Cloud) -> None:
    cloud.create(VAULT, vault())
    inputs = {"resourceGroupName": "rg-one", "vaultName": "kv-one", "secretName": "s"}
    id_, found = cloud.create(
        VAULT_SECRET, inputs | {"properties": {"value": secret("secret-value"), "contentType": "t"}}
    )
    assert found["properties"] == {"contentType": "t", "attributes": {"enabled": True}}
    assert "secret-value" not in str(cloud.store.all_resources())
    assert b"secret-value" not in cloud.store.path.read_bytes()
    assert cloud.read(VAULT_SECRET, id_)[2] == found


# Diff


def kinds(response: Any) -> dict[str, int]:
    return {path: entry.kind for path, entry in response.detailedDiff.items()}


def test_equal_inputs_have_no_diff(cloud: Cloud) -> None:
    inputs = cloud.inputs(ACCOUNT, account())
    response = cloud.diff(ACCOUNT, inputs, inputs | {"location": "UK South"})
    assert response.changes == provider_pb2.DiffResponse.DIFF_NONE
    assert not response.detailedDiff


def test_ids_compare_case_insensitively(cloud: Cloud) -> None:
    id_ = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.Network/networkSecurityGroups/n"
    old, new = (
        {"networkSecurityGroup": {"id": value}} for value in (id_, id_.replace("resourceGroups", "resourcegroups"))
    )
    assert not kinds(cloud.diff(SUBNET, old, new))
    assert kinds(cloud.diff(SUBNET, old, {"networkSecurityGroup": {"id": id_ + "2"}}))


def test_diff_has_the_path_of_each_change(cloud: Cloud) -> None:
    old = account(tags={"a": "1", "b.c": "2"}, networkRuleSet={"defaultAction": "Deny", "bypass": "None"})
    new = account(tags={"a": "9", "d": "3"}, networkRuleSet={"defaultAction": UNKNOWN, "bypass": "None"})
    response = cloud.diff(ACCOUNT, old, new)
    assert kinds(response) == {
        "tags.a": KIND.UPDATE,
        'tags["b.c"]': KIND.DELETE,
        "tags.d": KIND.ADD,
        "networkRuleSet.defaultAction": KIND.UPDATE,
    }
    assert not response.replaces
    assert list(response.diffs) == ["networkRuleSet", "tags"]


def test_lists_are_compared_by_index(cloud: Cloud) -> None:
    old, new = ({"addressSpace": {"addressPrefixes": prefixes}} for prefixes in (["a", "b"], ["x", "b", "c"]))
    assert kinds(cloud.diff(VNET, old, new)) == {
        "addressSpace.addressPrefixes[0]": KIND.UPDATE,
        "addressSpace.addressPrefixes[2]": KIND.ADD,
    }


@pytest.mark.parametrize(
    ("change", "path", "kind"),
    [
        ({"accountName": "other"}, "accountName", KIND.UPDATE_REPLACE),
        ({"resourceGroupName": "other"}, "resourceGroupName", KIND.UPDATE_REPLACE),
        ({"location": "ukwest"}, "location", KIND.UPDATE_REPLACE),
        ({"isHnsEnabled": True}, "isHnsEnabled", KIND.ADD_REPLACE),
        ({"encryption": {"requireInfrastructureEncryption": True}}, "encryption", KIND.ADD_REPLACE),
        ({"encryption": {"keySource": "Microsoft.Keyvault"}}, "encryption", KIND.ADD),
    ],
)
def test_change_of_a_declared_property_forces_replacement(
    cloud: Cloud, change: dict[str, Any], path: str, kind: int
) -> None:
    old = account(location="uksouth")
    response = cloud.diff(ACCOUNT, old, {**old, **change})
    assert kinds(response) == {path: kind}
    replacing = kind != KIND.ADD
    assert list(response.replaces) == ([path] if replacing else [])
    assert response.deleteBeforeReplace == replacing


def test_automatic_name_is_replaced_create_first(cloud: Cloud) -> None:
    old = account(location="uksouth", __createBeforeDelete=True)
    response = cloud.diff(ACCOUNT, old, {**old, "location": "ukwest"})
    assert response.replaces
    assert not response.deleteBeforeReplace


def test_ignored_changes_are_not_in_the_diff(cloud: Cloud) -> None:
    old = account(tags={"a": "1"})
    response = cloud.diff(
        ACCOUNT, old, account(tags={"a": "2"}, isHnsEnabled=True), ignoreChanges=["tags", "isHnsEnabled"]
    )
    assert not kinds(response)
    assert not response.replaces


# Update


def test_update_keeps_computed_outputs(cloud: Cloud) -> None:
    old = cloud.inputs(ACCOUNT, account(tags={"a": "1"}))
    id_, made = cloud.create(ACCOUNT, account(tags={"a": "1"}))
    new = old | {"tags": {"a": "2"}}
    found = cloud.update(ACCOUNT, id_, old, made, new)
    assert found == made | {"tags": {"a": "2"}}
    assert cloud.read(ACCOUNT, id_)[2] == found


def test_update_preview_keeps_outputs_of_unchanged_inputs(cloud: Cloud) -> None:
    old = cloud.inputs(ACCOUNT, account(tags={"a": "1"}, identity={"type": "SystemAssigned"}))
    id_, made = cloud.create(ACCOUNT, account(tags={"a": "1"}, identity={"type": "SystemAssigned"}))
    found = cloud.update(ACCOUNT, id_, old, made, old | {"tags": {"a": "2"}}, preview=True)
    assert found == made | {"tags": {"a": "2"}}
    assert cloud.read(ACCOUNT, id_)[2]["tags"] == {"a": "1"}


def test_change_of_an_immutable_property_is_refused(cloud: Cloud) -> None:
    old = cloud.inputs(VAULT, vault(softDeleteRetentionInDays=7))
    id_, made = cloud.create(VAULT, vault(softDeleteRetentionInDays=7))
    new = cloud.inputs(VAULT, vault(softDeleteRetentionInDays=90))
    with refused("BadRequest"):
        cloud.update(VAULT, id_, old, made, new)
    assert cloud.read(VAULT, id_)[2] == made


def test_update_of_a_missing_resource_is_refused(cloud: Cloud) -> None:
    old = cloud.inputs(ACCOUNT, account())
    id_, made = cloud.create(ACCOUNT, account())
    cloud.delete(ACCOUNT, id_)
    with refused("ResourceNotFound"):
        cloud.update(ACCOUNT, id_, old, made, old)


# Read


def test_refresh_updates_only_changed_inputs(cloud: Cloud) -> None:
    inputs = cloud.inputs(ACCOUNT, account(tags={"a": "1"}, location="UK South"))
    id_, made = cloud.create(ACCOUNT, account(tags={"a": "1"}, location="UK South"))
    assert cloud.read(ACCOUNT, id_, inputs, made) == (id_, inputs, made)
    cloud.update(ACCOUNT, id_, inputs, made, inputs | {"tags": {"a": "1", "b": "2"}, "minimumTlsVersion": "TLS1_2"})
    _, now, state = cloud.read(ACCOUNT, id_, inputs, made)
    assert now == inputs | {"tags": {"a": "1", "b": "2"}, "minimumTlsVersion": "TLS1_2"}
    assert state["minimumTlsVersion"] == "TLS1_2"


def test_read_of_a_missing_resource_is_empty(cloud: Cloud) -> None:
    id_, _ = cloud.create(ACCOUNT, account())
    cloud.delete(ACCOUNT, id_)
    assert cloud.read(ACCOUNT, id_)[0] == ""


def test_import_derives_the_inputs(cloud: Cloud) -> None:
    given = account(tags={"a": "1"}, identity={"type": "SystemAssigned"}, location="uksouth")
    inputs = cloud.inputs(ACCOUNT, given)
    id_, made = cloud.create(ACCOUNT, given)
    assert cloud.read(ACCOUNT, id_.replace("storeone", "STOREONE")) == (id_, inputs | {}, made)
    assert not kinds(cloud.diff(ACCOUNT, cloud.read(ACCOUNT, id_)[1], inputs))


def test_import_omits_defaults_but_not_required_inputs(cloud: Cloud) -> None:
    cloud.create(VAULT, vault())
    parent = {"resourceGroupName": "rg-one", "vaultName": "kv-one", "secretName": "s"}
    id_, made = cloud.create(VAULT_SECRET, parent | {"properties": {"value": secret("secret-value")}})
    assert made["properties"] == {"attributes": {"enabled": True}}
    inputs = cloud.read(VAULT_SECRET, id_)[1]
    assert inputs["properties"] == {}
    assert not cloud.check(VAULT_SECRET, inputs).failures


def test_import_of_a_key_restores_its_properties_object(cloud: Cloud) -> None:
    cloud.create(VAULT, vault())
    parent = {"resourceGroupName": "rg-one", "vaultName": "kv-one", "keyName": "k"}
    id_, _ = cloud.create(KEY, parent | {"properties": {"kty": "RSA", "keySize": 3072}})
    assert cloud.read(KEY, id_)[1]["properties"] == {"kty": "RSA", "keySize": 3072}


def test_import_with_an_id_of_another_type_is_refused(cloud: Cloud) -> None:
    with refused("InvalidResourceId"):
        cloud.read(ACCOUNT, f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-one")


# Delete


def test_delete_of_a_missing_resource_succeeds(cloud: Cloud) -> None:
    id_, _ = cloud.create(ACCOUNT, account())
    cloud.delete(ACCOUNT, id_)
    cloud.delete(ACCOUNT, id_)


def test_delete_of_a_resource_group_deletes_its_resources(cloud: Cloud) -> None:
    cloud.create(VNET, vnet())
    cloud.create(SUBNET, subnet())
    cloud.create(VAULT, vault())
    cloud.delete(GROUP, f"/subscriptions/{SUBSCRIPTION}/resourceGroups/RG-ONE")
    assert cloud.store.count() == 0
    assert [held.resource.name for held in cloud.store.all_soft_deleted()] == ["kv-one"]


def lock(cloud: Cloud, scope: str, level: str) -> str:
    return cloud.create(LOCK, {"scope": scope, "lockName": "keep", "level": level})[0]


def test_lock_blocks_delete_of_the_resource_and_its_group(cloud: Cloud) -> None:
    id_, _ = cloud.create(ACCOUNT, account())
    lock_id = lock(cloud, id_, "CanNotDelete")
    for token, target in ((ACCOUNT, id_), (GROUP, id_.split("/providers")[0])):
        with refused("ScopeLocked"):
            cloud.delete(token, target)
    cloud.delete(LOCK, lock_id)
    cloud.delete(ACCOUNT, id_)


def test_read_only_lock_blocks_writes(cloud: Cloud) -> None:
    lock_id = lock(cloud, f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-one", "ReadOnly")
    with refused("ScopeLocked"):
        cloud.create(ACCOUNT, account())
    cloud.delete(LOCK, lock_id)
    cloud.create(ACCOUNT, account())


def test_soft_deleted_name_needs_a_recovery_request(cloud: Cloud) -> None:
    id_, _ = cloud.create(VAULT, vault(enableRbacAuthorization=True))
    cloud.delete(VAULT, id_)
    with refused("VaultAlreadyExists"):
        cloud.create(VAULT, vault())
    cloud.group("rg-two")
    with refused("VaultAlreadyExists"):
        cloud.create(VAULT, vault() | {"resourceGroupName": "rg-two"})
    back, made = cloud.create(VAULT, vault(createMode="recover"))
    assert back == id_
    assert "createMode" not in made["properties"]
    assert cloud.store.all_soft_deleted() == []


def test_create_recovers_some_soft_deleted_types(cloud: Cloud) -> None:
    inputs = {"resourceGroupName": "rg-one", "workspaceName": "logs"}
    id_, made = cloud.create(WORKSPACE, inputs)
    cloud.delete(WORKSPACE, id_)
    assert cloud.create(WORKSPACE, inputs) == (id_, made)


# Concurrency


def test_concurrent_creates_are_all_stored(cloud: Cloud, tmp_path: Path) -> None:
    clouds = [cloud, Cloud(tmp_path)]
    cloud.create(VNET, vnet())

    def make(number: int) -> str:
        return clouds[number % 2].create(SUBNET, subnet(subnetName=f"s{number}"))[0]

    with ThreadPoolExecutor(8) as pool:
        ids = list(pool.map(make, range(60)))
    assert len(set(ids)) == 60
    assert {child.id for child in cloud.store.children(f"{ids[0].rsplit('/', 2)[0]}")} == set(ids)


def test_concurrent_creates_of_one_name_succeed_once(cloud: Cloud, tmp_path: Path) -> None:
    clouds = [cloud, Cloud(tmp_path)]

    def make(number: int) -> str:
        try:
            return clouds[number % 2].create(ACCOUNT, account())[0]
        except Aborted as error:
            return error.details

    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(make, range(4)))
    assert sum(response.startswith("/subscriptions/") for response in results) == 1
    assert sum("already existing" in response for response in results) == 3


# Functions


def test_client_config_is_local(cloud: Cloud) -> None:
    found = cloud.invoke("azure-native:authorization:getClientConfig")
    assert found["subscriptionId"] == SUBSCRIPTION
    assert set(found) == {"clientId", "objectId", "subscriptionId", "tenantId"}
    assert all(value.startswith("10ca1") for value in found.values())


def test_get_function_returns_the_stored_resource(cloud: Cloud) -> None:
    id_, made = cloud.create(ACCOUNT, account())
    arguments = {"resourceGroupName": "rg-one", "accountName": "storeone"}
    assert cloud.invoke("azure-native:storage:getStorageAccount", arguments) == {"id": id_, **made}
    with refused("ResourceNotFound"):
        cloud.invoke("azure-native:storage:getStorageAccount", arguments | {"accountName": "none"})


@pytest.mark.parametrize(
    "token", ["authorization:getClientToken", "storage:listStorageAccountKeys", "kusto:getCluster"]
)
def test_unsupported_functions_are_refused_by_name(cloud: Cloud, token: str) -> None:
    with pytest.raises(Aborted, match=f"azure-native:{token}") as found:
        cloud.invoke(f"azure-native:{token}")
    assert found.value.code is grpc.StatusCode.UNIMPLEMENTED


def test_unknown_type_is_refused_by_name(cloud: Cloud) -> None:
    request = provider_pb2.CreateRequest(urn=urn("azure-native:kusto:Cluster"))
    with pytest.raises(Aborted, match="azure-native:kusto:Cluster"):
        cloud.provider.Create(request, Context())


def test_type_of_the_request_wins_over_the_urn(cloud: Cloud) -> None:
    request = provider_pb2.CheckRequest(
        type=ACCOUNT, name="x", news=to_struct(account()), urn="urn:pulumi:a::b::c$d::x"
    )
    assert not cloud.provider.Check(request, Context()).failures
