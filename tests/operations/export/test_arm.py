"""The ARM template of a Plan."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from formats.errors import InputError
from formats.plan import UNKNOWN, Operation, Plan
from operations.export.arm import template
from operations.export.nesting import escaped
from tests.operations.export.plans import SUBSCRIPTION, grant, group, made, network, one, plan_of, store, subnet, urn

ELSEWHERE = "10ca1000-0000-4000-8000-000000000009"
GROUP_ID = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-hub"
NETWORK_ID = f"{GROUP_ID}/providers/Microsoft.Network/virtualNetworks/vnet-hub"
STORE_ID = f"{GROUP_ID}/providers/Microsoft.Storage/storageAccounts/stsdehub"

FORM = {
    # The parts of the deployment template's schema that hold for every type.
    "type": "object",
    "required": ["$schema", "contentVersion", "resources"],
    "additionalProperties": False,
    "properties": {
        "$schema": {
            "pattern": r"^https://schema\.management\.azure\.com/schemas/2019-04-01/deploymentTemplate\.json#$"
        },
        "contentVersion": {"pattern": r"^\d+\.\d+\.\d+\.\d+$"},
        "metadata": {"type": "object"},
        "resources": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["type", "apiVersion", "name"],
                "properties": {
                    "type": {"pattern": r"^[A-Za-z.]+(/[A-Za-z]+)+$"},
                    "apiVersion": {"pattern": r"^\d{4}-\d\d-\d\d(-preview)?$"},
                    "name": {"type": "string", "minLength": 1},
                    "location": {"type": "string"},
                    "tags": {"type": "object", "additionalProperties": {"type": "string"}},
                    "properties": {"type": "object"},
                    "dependsOn": {"type": "array", "uniqueItems": True, "items": {"type": "string"}},
                },
            },
        },
    },
}


def test_a_store_is_nested_renamed_and_placed_as_arm_has_it() -> None:
    room = group()
    tags = {"owner": "platform"}
    assert one(plan_of(room, store(room, tags=tags)), "Microsoft.Storage/storageAccounts") == {
        "type": "Microsoft.Storage/storageAccounts",
        "apiVersion": "2024-01-01",
        "name": "stsdehub",
        "location": "uksouth",
        "tags": tags,
        "sku": {"name": "Standard_LRS"},
        "kind": "StorageV2",
        "properties": {
            "minimumTlsVersion": "TLS1_2",
            "networkAcls": {"bypass": "None", "defaultAction": "Deny", "ipRules": []},
            "supportsHttpsTrafficOnly": True,
        },
        "dependsOn": [GROUP_ID],
        "metadata": {
            "subscriptionId": SUBSCRIPTION,
            "resourceGroup": "rg-hub",
            "id": STORE_ID,
            "urn": urn("azure-native:storage:StorageAccount", "stsdehub"),
        },
    }


def test_the_template_has_the_standard_form() -> None:
    room = group()
    vnet = network(room)
    made_ = template(plan_of(room, vnet, subnet(room, vnet), store(room)))
    jsonschema.validate(made_, FORM)
    assert len(made_["resources"]) == 4


def test_the_same_plan_gives_the_same_template_in_whatever_order_its_inputs_stand() -> None:
    room = group()
    vnet = network(room)
    turned = made("resources:ResourceGroup", "rg-hub", dict(reversed(list(room.inputs.items()))))
    first, second = template(plan_of(room, vnet)), template(plan_of(turned, vnet))
    assert json.dumps(first["resources"]) == json.dumps(second["resources"])


def test_what_the_providers_check_adds_for_itself_is_no_property_but_its_api_version_counts() -> None:
    room = group()
    notes = {"azureApiVersion": "2023-05-01", "__createBeforeDelete": True, "__defaults": []}
    found = one(plan_of(room, store(room, **notes)), "Microsoft.Storage/storageAccounts")
    assert found["apiVersion"] == "2023-05-01"
    assert not [key for key in (*found, *found["properties"]) if key in notes]
    with pytest.raises(InputError, match="API version"):
        template(plan_of(room, store(room, azureApiVersion="[resourceGroup().id]")))


def test_inline_subnets_rules_and_routes_are_nested_at_every_depth() -> None:
    room = group()
    inner = [{"name": "data", "addressPrefix": "10.0.1.0/24", "delegations": [{"name": "d", "serviceName": "a/b"}]}]
    body = one(plan_of(room, network(room, subnets=inner)), "Microsoft.Network/virtualNetworks")["properties"]
    assert body["subnets"] == [
        {
            "name": "data",
            "properties": {
                "addressPrefix": "10.0.1.0/24",
                "delegations": [{"name": "d", "properties": {"serviceName": "a/b"}}],
            },
        }
    ]


def test_rule_collections_keep_the_properties_of_the_kind_that_they_name() -> None:
    room = group()
    rule = {"ruleType": "ApplicationRule", "name": "updates", "targetFqdns": ["packages.nhs.example"],
            "protocols": [{"protocolType": "Https", "port": 443}]}  # fmt: skip
    collection = {"ruleCollectionType": "FirewallPolicyFilterRuleCollection", "name": "out", "priority": 100,
                  "action": {"type": "Allow"}, "rules": [rule]}  # fmt: skip
    rules = made(
        "network:FirewallPolicyRuleCollectionGroup",
        "egress",
        {"resourceGroupName": "rg-hub", "firewallPolicyName": "afwp", "ruleCollectionGroupName": "egress",
         "priority": 200, "ruleCollections": [collection]},
    )  # fmt: skip
    found = one(plan_of(room, rules), "Microsoft.Network/firewallPolicies/ruleCollectionGroups")
    assert found["name"] == "afwp/egress"
    assert found["properties"] == {"priority": 200, "ruleCollections": [collection]}


def test_a_vaults_properties_stay_where_they_are() -> None:
    room = group()
    inner = {"tenantId": "t", "sku": {"family": "A", "name": "premium"}, "enablePurgeProtection": True}
    vault = made("keyvault:Vault", "kv", {"resourceGroupName": "rg-hub", "vaultName": "kv", "properties": inner})
    assert one(plan_of(room, vault), "Microsoft.KeyVault/vaults")["properties"] == inner


def test_identities_given_as_a_list_become_arms_map() -> None:
    room = group()
    who = made("managedidentity:UserAssignedIdentity", "id", {"resourceGroupName": "rg-hub", "resourceName": "id"})
    account = store(room, identity={"type": "UserAssigned", "userAssignedIdentities": [UNKNOWN]})
    account = made("storage:StorageAccount", "stsdehub", dict(account.inputs), from_={"identity": [who.urn]})
    found = one(plan_of(room, who, account), "Microsoft.Storage/storageAccounts")
    id_ = f"{GROUP_ID}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id"
    assert found["identity"] == {"type": "UserAssigned", "userAssignedIdentities": {id_: {}}}
    assert found["dependsOn"] == [GROUP_ID, id_]


def test_a_child_is_named_after_its_parent_and_depends_on_it() -> None:
    room = group()
    vnet = network(room)
    bare = made("network:Subnet", "s", dict(subnet(room, vnet).inputs))  # the plan tells of no dependency
    found = one(plan_of(room, vnet, bare), "Microsoft.Network/virtualNetworks/subnets")
    assert found["name"] == "vnet-hub/snet-data"
    assert found["dependsOn"] == [GROUP_ID, NETWORK_ID]


def test_a_name_that_azure_has_fixed_is_used_and_no_other() -> None:
    room, account = group(), store(group())
    inputs = {"resourceGroupName": "rg-hub", "accountName": "stsdehub", "isVersioningEnabled": True}
    service = made("storage:BlobServiceProperties", "b", {**inputs, "blobServicesName": "default"})
    found = one(plan_of(room, account, service), "Microsoft.Storage/storageAccounts/blobServices")
    assert (found["name"], found["properties"]) == ("stsdehub/default", {"isVersioningEnabled": True})
    other = made("storage:BlobServiceProperties", "b", {**inputs, "blobServicesName": "other"})
    with pytest.raises(InputError, match="fixed"):
        template(plan_of(room, account, other))


def test_an_extension_resource_carries_its_scope() -> None:
    room, account = group(), store(group())
    role = made("authorization:RoleAssignment", "r", grant(scope=UNKNOWN), from_={"scope": [account.urn]})
    found = one(plan_of(room, account, role), "Microsoft.Authorization/roleAssignments")
    assert found["scope"] == STORE_ID
    assert found["dependsOn"] == [GROUP_ID, STORE_ID]
    assert "scope" not in found["properties"]


def test_dependencies_lead_through_components_and_other_providers() -> None:
    room = group()
    part = made("sde:parts:Part", "part", custom=False)
    inside = made("storage:StorageAccount", "stinside", {**store(room).inputs, "accountName": "stinside"},
                  parent=part.urn)  # fmt: skip
    suffix = made("random:index/randomId:RandomId", "suffix", dependencies=[inside.urn])
    user = made("storage:StorageAccount", "stuser", {**store(room).inputs, "accountName": "stuser"},
                dependencies=[part.urn])  # fmt: skip
    second = made("storage:StorageAccount", "stsecond", {**store(room).inputs, "accountName": "stsecond"},
                  dependencies=[suffix.urn])  # fmt: skip
    found = {
        r["name"]: r["dependsOn"] for r in template(plan_of(room, part, inside, suffix, user, second))["resources"]
    }
    inner = STORE_ID.replace("stsdehub", "stinside")
    assert found == {"rg-hub": [], "stinside": [GROUP_ID], "stuser": [GROUP_ID, inner], "stsecond": [GROUP_ID, inner]}


def test_deleted_and_read_resources_are_left_out_but_ids_of_read_ones_are_used() -> None:
    room = group()
    gone = made("storage:StorageAccount", "stgone", {}, operation=Operation.DELETE)
    there = made("network:VirtualNetwork", "there", {}, operation=Operation.READ, id=f"{NETWORK_ID}-old")
    peer = made(
        "network:VirtualNetworkPeering",
        "peer",
        {"resourceGroupName": "rg-hub", "virtualNetworkName": "vnet-hub", "virtualNetworkPeeringName": "p",
         "remoteVirtualNetwork": {"id": UNKNOWN}},
        from_={"remoteVirtualNetwork": [there.urn]},
    )  # fmt: skip
    made_ = template(plan_of(room, gone, there, peer))
    assert [r["type"].rpartition("/")[2] for r in made_["resources"]] == ["resourceGroups", "virtualNetworkPeerings"]
    assert made_["resources"][1]["properties"]["remoteVirtualNetwork"]["id"] == f"{NETWORK_ID}-old"
    assert made_["resources"][1]["dependsOn"] == [GROUP_ID]


@pytest.mark.parametrize(
    ("resource", "said"),
    [
        (made("storage:StorageAccount", "a", {"resourceGroupName": "g", "accountName": "a", "cold": 1}), "cold"),
        (made("nowhere:Nothing", "a", {}), "nowhere:Nothing"),
        (made("aws:s3/bucket:Bucket", "a", {}), "aws:s3/bucket:Bucket"),
        (made("storage:StorageAccount", "a", {"resourceGroupName": "g", "accountName": "a/b"}), "accountName"),
        (made("storage:StorageAccount", "a", {"accountName": "a"}), "resourceGroupName"),
        (made("storage:StorageAccount", "a", {"resourceGroupName": "g", "accountName": "a", "sku": "x"}), "sku"),
        (made("storage:StorageAccount", "a", {"resourceGroupName": "g", "accountName": "a", "tags": {"t": object()}}),
         "tags.t"),
        (made("network:Subnet", "a", {"resourceGroupName": "g", "virtualNetworkName": "v", "subnetName": "s",
                                      "provisioningState": "Succeeded"}), "provisioningState"),
        (made("authorization:RoleAssignment", "a", grant(scope="../../etc")), "scope"),
    ],
)  # fmt: skip
def test_what_has_no_place_is_refused_by_name(resource: Any, said: str) -> None:
    with pytest.raises(InputError, match=said.replace(".", r"\.")):
        template(Plan("sde", "platform", "local", (resource,)))


def test_two_resources_that_azure_would_take_for_one_are_refused() -> None:
    room = group()
    twin = made("storage:StorageAccount", "twin", dict(store(room).inputs))
    with pytest.raises(InputError, match="same one in Azure"):
        template(plan_of(room, store(room), twin))


def test_a_value_without_end_is_refused() -> None:
    deep: Any = "x"
    for _ in range(200):
        deep = {"a": deep}
    extension = made(
        "compute:VirtualMachineExtension",
        "e",
        {"resourceGroupName": "g", "vmName": "v", "vmExtensionName": "e", "settings": deep},
    )
    with pytest.raises(InputError, match="too deeply"):
        template(plan_of(extension))


def test_each_resource_lies_in_its_own_providers_subscription() -> None:
    """A stack makes things in its hub's subscription too, with a provider of its own for it."""
    hub = made("pulumi:providers:azure-native", "hub", {"subscriptionId": ELSEWHERE})
    room = group()
    there = dataclasses.replace(network(room, "vnet-there"), provider=hub.urn)
    plan = plan_of(room, network(room), there)
    plan = dataclasses.replace(plan, resources=(hub, *plan.resources))
    found = {r["name"]: r["metadata"] for r in template(plan)["resources"]}
    assert found["vnet-there"]["subscriptionId"] == ELSEWHERE
    assert found["vnet-there"]["id"].startswith(f"/subscriptions/{ELSEWHERE}/")
    assert found["vnet-hub"]["subscriptionId"] == SUBSCRIPTION, "whichever provider comes first"


def test_a_subscription_that_is_not_known_yet_is_listed() -> None:
    hub = made("pulumi:providers:azure-native", "hub", {"subscriptionId": UNKNOWN})
    there = dataclasses.replace(group("rg-there"), provider=hub.urn)
    made_ = template(plan_of(hub, there))
    assert made_["resources"][0]["metadata"]["subscriptionId"] == SUBSCRIPTION
    assert "subscription" in made_["metadata"]["placeholders"]["resources[0].metadata"]
    id_ = f"/subscriptions/{ELSEWHERE}/resourceGroups/rg-there"
    kept = dataclasses.replace(there, operation=Operation.SAME, id=id_)
    made_ = template(plan_of(hub, kept))
    assert made_["resources"][0]["metadata"]["id"] == kept.id
    assert not made_["metadata"]["placeholders"]


def test_without_a_subscription_zeros_stand_for_it_and_it_says_so() -> None:
    made_ = template(Plan("sde", "platform", "azure", (group(),)))
    assert "subscription" in made_["metadata"]["placeholders"]
    assert made_["resources"][0]["metadata"]["subscriptionId"] == "00000000-0000-0000-0000-000000000000"


def read_as_arm_does(text: str) -> str:
    """ARM's own rule: text in square brackets is an expression, unless a second bracket opens it."""
    if text.startswith("[") and text.endswith("]"):
        assert text.startswith("[["), f"{text!r} would be run as an expression"
        return text[1:]
    return text


@settings(max_examples=60)
@given(st.text("[]a('", max_size=8))
def test_every_text_comes_back_as_the_literal_that_it_was(text: str) -> None:
    assert read_as_arm_does(escaped(text)) == text


@settings(max_examples=20)
@given(st.dictionaries(st.text("[]ab", min_size=1, max_size=5), st.text("[]ab(", max_size=6), max_size=4))
def test_no_tag_becomes_an_expression(tags: dict[str, str]) -> None:
    room = made("resources:ResourceGroup", "rg", {"resourceGroupName": "rg", "location": "uksouth", "tags": tags})
    (found,) = template(plan_of(room))["resources"]
    read = {read_as_arm_does(k): read_as_arm_does(v) for k, v in found.get("tags", {}).items()}
    assert read == tags


def activity(provider: str | None = None) -> Any:
    """The setting that sends a subscription's activity log."""
    logs = [{"category": "Administrative", "enabled": True}]
    setting = made("monitor:SubscriptionDiagnosticSetting", "activity", {"name": "to-logs", "logs": logs})
    return dataclasses.replace(setting, provider=provider) if provider else setting


def test_what_stands_in_a_subscription_itself_says_which() -> None:
    there = made("pulumi:providers:azure-native", "there", {"subscriptionId": ELSEWHERE})
    found = one(plan_of(there, activity(there.urn)), "Microsoft.Insights/diagnosticSettings")
    assert found["name"] == "to-logs"
    assert found["apiVersion"] == "2021-05-01-preview"
    assert found["properties"] == {"logs": [{"category": "Administrative", "enabled": True}]}
    assert found["metadata"]["subscriptionId"] == ELSEWHERE
    assert "resourceGroup" not in found["metadata"]
    assert "scope" not in found
    id_ = f"/subscriptions/{ELSEWHERE}/providers/Microsoft.Insights/diagnosticSettings/to-logs"
    assert found["metadata"]["id"] == id_
