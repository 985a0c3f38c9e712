"""ARM ids that are derived before the deployment, and values that must stay unknown."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from formats.arm.resolve import resolved
from formats.plan import SECRET, UNKNOWN, Operation, Plan, PlannedResource
from policies.plan_resources import resources_of
from tests.operations.export.plans import SUBSCRIPTION, group, made, network, plan_of, store, subnet
from tests.policies.shipped import STACKS, after, before

GROUP_ID = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-hub"
REFERENCE = PlannedResource(
    "urn:pulumi:platform::sde::pulumi:pulumi:StackReference::organization/sde/other",
    "pulumi:pulumi:StackReference",
    Operation.READ,
)


def inputs_of(plan: Plan, name: str) -> Any:
    (found,) = [r for r in resolved(plan).resources if r.name == name]
    return found.inputs


@pytest.mark.parametrize("stack", STACKS)
def test_derived_values_equal_the_deployed_ones(stack: str) -> None:
    """Apart from case, and from values that only Azure knows: these stay unknown."""
    planned = {r.urn: r for r in resources_of(before(stack))}
    deployed = {r.urn: r for r in resources_of(after(stack))}
    assert planned.keys() == deployed.keys()
    for urn, resource in planned.items():
        assert str(resource.id).lower() == str(deployed[urn].id).lower()
        paths = differences(resource.inputs, deployed[urn].inputs)
        wrong = [path for path in paths if path.rpartition(".")[2] not in ASSIGNED_BY_AZURE]
        assert wrong == [], urn


ASSIGNED_BY_AZURE = ("principalId", "keyVaultUri", "keyUrl", "identity")
"""Properties whose values Azure generates; `identity` is the client id with which a registry uses its key."""


def differences(one: Any, other: Any, path: str = "") -> list[str]:
    """Return the paths at which two values differ, apart from case."""
    if isinstance(one, dict) and isinstance(other, dict):
        return [d for k in one.keys() | other.keys() for d in differences(one.get(k), other.get(k), f"{path}.{k}")]
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return [d for a, b in zip(one, other, strict=True) for d in differences(a, b, path)]
    same = one.lower() == other.lower() if isinstance(one, str) and isinstance(other, str) else one == other
    return [] if same else [path]


def test_the_id_of_the_only_matching_source_is_derived() -> None:
    resource_group = group()
    vnet = network(resource_group)
    nsg = made("network:NetworkSecurityGroup", "nsg",
               {"resourceGroupName": "rg-hub", "networkSecurityGroupName": "nsg"})  # fmt: skip
    planned = subnet(resource_group, vnet, networkSecurityGroup={"id": UNKNOWN})
    planned = made("network:Subnet", "s", dict(planned.inputs), from_={"networkSecurityGroup": [nsg.urn]})
    found = inputs_of(plan_of(resource_group, vnet, nsg, planned), "s")
    assert found["networkSecurityGroup"]["id"] == f"{GROUP_ID}/providers/Microsoft.Network/networkSecurityGroups/nsg"


def test_two_sources_of_one_type_leave_the_id_unknown() -> None:
    resource_group = group()
    one, other = store(resource_group, "stone"), store(resource_group, "stother")
    lock = made("authorization:ManagementLockByScope", "lock", {"lockName": "l", "level": "CanNotDelete",
                "scope": UNKNOWN}, from_={"scope": [one.urn, other.urn]})  # fmt: skip
    assert inputs_of(plan_of(resource_group, one, other, lock), "lock")["scope"] == UNKNOWN


def test_a_source_of_another_type_leaves_the_id_unknown() -> None:
    resource_group = group()
    vnet = network(resource_group)
    interface = made("network:PrivateEndpoint", "p", {"resourceGroupName": "rg-hub", "privateEndpointName": "p",
                "subnet": {"id": UNKNOWN}}, from_={"subnet": [vnet.urn]})  # fmt: skip
    assert inputs_of(plan_of(resource_group, vnet, interface), "p")["subnet"]["id"] == UNKNOWN


def test_a_stack_reference_as_source_leaves_the_id_unknown() -> None:
    resource_group = group()
    vault = made("keyvault:Vault", "kv", {"resourceGroupName": "rg-hub", "vaultName": "kv", "properties": {}})
    endpoint = made("network:PrivateEndpoint", "p", {"resourceGroupName": "rg-hub", "privateEndpointName": "p",
                "privateLinkServiceConnections": [{"privateLinkServiceId": UNKNOWN}]},
                from_={"privateLinkServiceConnections": [REFERENCE.urn, vault.urn]})  # fmt: skip
    found = inputs_of(plan_of(REFERENCE, resource_group, vault, endpoint), "p")
    assert found["privateLinkServiceConnections"][0]["privateLinkServiceId"] == UNKNOWN


@pytest.mark.parametrize("other", ["pulumi:pulumi:StackReference", "random:index/randomPet:RandomPet",
                                   "aws:s3/bucket:Bucket", "azure-native:quantum:Workspace"])  # fmt: skip
def test_a_second_source_of_any_type_leaves_the_id_unknown(other: str) -> None:
    """Even if only one source has the property's type: the other may hold an id of that type."""
    resource_group = group()
    foreign = made(other.removeprefix("azure-native:"), "other", {"length": 2})
    nsg = made("network:NetworkSecurityGroup", "nsg", {"resourceGroupName": "rg-hub", "networkSecurityGroupName": "n"})
    inputs = {"resourceGroupName": "rg-hub", "networkInterfaceName": "nic", "networkSecurityGroup": {"id": UNKNOWN}}
    interface = made("network:NetworkInterface", "nic", inputs, from_={"networkSecurityGroup": [nsg.urn, foreign.urn]})
    assert inputs_of(plan_of(resource_group, foreign, nsg, interface), "nic")["networkSecurityGroup"]["id"] == UNKNOWN
    alone = replace(interface, property_dependencies={"networkSecurityGroup": (nsg.urn,)})
    assert inputs_of(plan_of(resource_group, nsg, alone), "nic")["networkSecurityGroup"]["id"] != UNKNOWN


def test_a_property_that_is_not_listed_stays_unknown() -> None:
    resource_group = group()
    account = store(resource_group)
    vault = made("keyvault:Vault", "kv", {"resourceGroupName": "rg-hub", "vaultName": "kv",
                 "properties": {"storageAccountId": UNKNOWN}, "tags": {"storageAccountId": UNKNOWN}},
                 from_={"properties": [account.urn], "tags": [account.urn]})  # fmt: skip
    found = inputs_of(plan_of(resource_group, account, vault), "kv")
    assert found["properties"]["storageAccountId"] == found["tags"]["storageAccountId"] == UNKNOWN


def test_a_child_of_an_unnamed_resource_has_no_id() -> None:
    resource_group = group()
    account = made("storage:StorageAccount", "st", {"resourceGroupName": "rg-hub", "accountName": UNKNOWN})
    inputs = {"resourceGroupName": UNKNOWN, "accountName": UNKNOWN, "containerName": "c"}
    sources = {"resourceGroupName": [resource_group.urn], "accountName": [account.urn]}
    container = made("storage:BlobContainer", "c", inputs, from_=sources)
    lock = made("authorization:ManagementLockByScope", "lock", {"lockName": "l", "scope": UNKNOWN},
                from_={"scope": [container.urn]})  # fmt: skip
    plan = plan_of(resource_group, account, container, lock)
    assert {r.name: r.id for r in resources_of(plan) if r.name != "rg-hub"} == {"st": None, "c": None, "lock": None}
    assert inputs_of(plan, "c")["resourceGroupName"] == "rg-hub"


def test_principal_ids_stay_unknown_and_secrets_masked() -> None:
    resource_group = group()
    identity = made("managedidentity:UserAssignedIdentity", "id", {"resourceGroupName": "rg-hub", "resourceName": "id"})
    grant = made("authorization:RoleAssignment", "g", {"scope": GROUP_ID, "principalId": UNKNOWN,
                 "description": SECRET}, from_={"principalId": [identity.urn]})  # fmt: skip
    found = inputs_of(plan_of(resource_group, identity, grant), "g")
    assert (found["principalId"], found["description"]) == (UNKNOWN, SECRET)


def test_a_resource_with_an_unknown_name_has_no_id() -> None:
    resource_group = group()
    nameless = store(resource_group, accountName=UNKNOWN)
    lock = made("authorization:ManagementLockByScope", "lock", {"lockName": "l", "scope": UNKNOWN},
                from_={"scope": [nameless.urn]})  # fmt: skip
    plan = plan_of(resource_group, nameless, lock)
    assert inputs_of(plan, "lock")["scope"] == UNKNOWN
    assert {r.name: r.id for r in resources_of(plan)}["stsdehub"] is None


def test_policies_get_managed_resources_of_any_provider() -> None:
    resource_group = group()
    component = PlannedResource("urn:pulumi:platform::sde::sde:infra:Group::group", "sde:infra:Group", Operation.CREATE,
                                custom=False)  # fmt: skip
    child = made("storage:StorageAccount", "child", {"accountName": "child", "resourceGroupName": "rg-hub"},
                parent=component.urn)  # fmt: skip
    user = made("authorization:ManagementLockByScope", "l", {"lockName": "l", "scope": GROUP_ID},
                dependencies=[component.urn])  # fmt: skip
    deleted = made("storage:StorageAccount", "deleted", {}, operation=Operation.DELETE)
    read = made("storage:StorageAccount", "read", {}, operation=Operation.READ, id="/x")
    foreign = made("aws:s3:Bucket", "bucket", {})
    random_id = made("random:index/randomUuid:RandomUuid", "uuid", {})
    found = resources_of(plan_of(resource_group, component, child, user, deleted, read, foreign, random_id))
    assert [(r.type, r.name) for r in found] == [
        ("resources:ResourceGroup", "rg-hub"),
        ("storage:StorageAccount", "child"),
        ("authorization:ManagementLockByScope", "l"),
        ("aws:s3:Bucket", "bucket"),
        ("random:index/randomUuid:RandomUuid", "uuid"),
    ]
    assert found[2].dependencies == (child.urn,)


def test_a_malformed_plan_gives_none_for_unknown_ids() -> None:
    """Ids that cannot be derived are None, so that a policy reports them as unknown."""
    unknown_type = made("storage:NoSuchThing", "odd", {"accountName": "x"})
    circle = made("storage:BlobContainer", "c", {"accountName": UNKNOWN, "resourceGroupName": UNKNOWN,
                  "containerName": "c"}, from_={"accountName": [], "resourceGroupName": []})  # fmt: skip
    deep: Any = UNKNOWN
    for _ in range(200):
        deep = {"id": deep}
    found = resources_of(plan_of(unknown_type, circle, made("storage:StorageAccount", "d", {"tags": deep})))
    assert [r.id for r in found] == [None, None, None]


def test_ids_of_types_without_a_package_are_derived() -> None:
    resource_group = group()
    vnet = network(resource_group)
    dns = made("dnsresolver:DnsResolverPolicy", "dns",
               {"resourceGroupName": "rg-hub", "dnsResolverPolicyName": "dns"})  # fmt: skip
    link = made(
        "dnsresolver:DnsResolverPolicyVirtualNetworkLink",
        "link",
        {"resourceGroupName": "rg-hub", "dnsResolverPolicyName": "dns", "dnsResolverPolicyVirtualNetworkLinkName": "a",
         "virtualNetwork": {"id": UNKNOWN}},
        from_={"virtualNetwork": [vnet.urn]},
    )  # fmt: skip
    plan = plan_of(resource_group, vnet, dns, link)
    assert inputs_of(plan, "link")["virtualNetwork"]["id"].endswith("/virtualNetworks/vnet-hub")
    (found,) = [r for r in resources_of(plan) if r.name == "link"]
    assert found.id == f"{GROUP_ID}/providers/Microsoft.Network/dnsResolverPolicies/dns/virtualNetworkLinks/a"
