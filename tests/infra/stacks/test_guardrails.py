"""The guardrails are assigned everywhere, and refuse violations but nothing that the program declares."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from formats.plan import canonical
from infra.guardrails import HUB_GUARDRAILS, SPOKE_GUARDRAILS
from infra.subscription_guardrails import SCANNER_TENANT, subscription_guardrails
from local_azure.arm import Arm
from local_azure.model import AzureError, StoredResource
from local_azure.policy.enforcement import refuse_disallowed
from local_azure.policy.fields import PolicyTarget
from local_azure.schema import azure_native
from local_azure.store import Store
from local_azure.types import TYPES
from tests.infra import samples
from tests.infra.local_stacks import LocalStacks
from tests.infra.mock_stack import MockStack, Registration

AZURE = "azure-native:"
INTERFACE = "Microsoft.Network/networkInterfaces"
FOREIGN = "/subscriptions/f0e10000-0000-4000-8000-000000000001/resourceGroups/rg/providers/Microsoft.Storage"
pytestmark = pytest.mark.xdist_group("infra-guards")


def test_each_resource_group_has_its_guardrails_enforced(stack: MockStack) -> None:
    groups = len(stack.of("ResourceGroup"))
    expected = HUB_GUARDRAILS if stack.of("AzureFirewall") else SPOKE_GUARDRAILS
    assigned = stack.of("PolicyAssignment")
    assert len([one for one in assigned if not of_subscription(one)]) == groups * len(expected)
    for one in assigned:
        assert one.inputs["enforcementMode"] == "Default"
        assert not {"notScopes", "overrides", "resourceSelectors", "parameters"} & one.inputs.keys()
        assert one.inputs["nonComplianceMessages"][0]["message"]


def of_subscription(assignment: Registration) -> bool:
    return assignment.name.startswith("subscription-")


def test_a_hub_protects_each_subscription_of_its_cell(stack: MockStack) -> None:
    """Only the platform stack does: it is deployed before all others, and removed after them."""
    wanted = subscription_guardrails("rg-wmsde-") if stack.of("AzureFirewall") else ()
    assigned = {one.name: one for one in stack.of("PolicyAssignment") if of_subscription(one)}
    assert sorted(assigned) == sorted(f"subscription-{one.key}-{samples.SUBSCRIPTION}" for one in wanted)
    for guardrail in wanted:
        one = assigned[f"subscription-{guardrail.key}-{samples.SUBSCRIPTION}"]
        assert one.inputs["scope"] == f"/subscriptions/{samples.SUBSCRIPTION}"
        assert ("identity" in one.inputs) is bool(guardrail.values)
        # Azure copies a definition while the network is written.
        assert any("Microsoft.Network" in urn or ":network:" in urn for urn in one.depends_on), one.depends_on


def test_each_stack_defines_its_guardrails_once(stack: MockStack) -> None:
    expected = tuple(HUB_GUARDRAILS if stack.of("AzureFirewall") else SPOKE_GUARDRAILS)
    expected += subscription_guardrails("rg-wmsde-") if stack.of("AzureFirewall") else ()
    rules = [one.inputs["policyRule"] for one in stack.of("PolicyDefinition")]
    assert sorted(map(canonical, rules)) == sorted(canonical(guard.policy_rule) for guard in expected)


class GuardrailProbe:
    """A client that writes to the local Azure outside the program."""

    def __init__(self, site: LocalStacks) -> None:
        self.store = Store(site.folder / "azure.db")
        self.arm = Arm(self.store, azure_native(), TYPES)

    def one(self, token: str, id_part: str = "") -> StoredResource:
        return next(r for r in self.store.of_type(AZURE + token) if id_part in r.id)

    def make(self, token: str, sibling: StoredResource, **inputs: Any) -> StoredResource:
        parts = sibling.id.split("/")
        defaults = {"resourceGroupName": parts[4], "location": "uksouth"}
        return self.arm.create(AZURE + token, {**defaults, **inputs}, parts[2])

    def change(self, found: StoredResource, **inputs: Any) -> StoredResource:
        known = self.arm.known_type(found.token).schema.inputs
        before = {key: value for key, value in found.properties.items() if key in known}
        return self.arm.update(found.id, found.token, {**before, **inputs}, found.id.split("/")[2])


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> LocalStacks:
    """Return a deployed hub and zone."""
    made = LocalStacks(tmp_path_factory.mktemp("guarded"))
    for name in ("platform", "junction-zone"):
        made.engine.up(made.stack(name))
    return made


@pytest.fixture(scope="module")
def probe(site: LocalStacks) -> GuardrailProbe:
    return GuardrailProbe(site)


@contextmanager
def disallowed(key: str) -> Iterator[None]:
    with pytest.raises(AzureError) as caught:
        yield
    assert (caught.value.code, caught.value.status) == ("RequestDisallowedByPolicy", 403), caught.value
    assert key in caught.value.message


def test_no_declared_resource_is_refused(site: LocalStacks, probe: GuardrailProbe) -> None:
    """Evaluated again after all assignments exist: the order of creation must not matter."""
    for name in ("platform", "junction-zone"):
        for one in site.engine.export_state(name)["deployment"]["resources"]:
            if one["type"].startswith(AZURE):
                type_ = probe.arm.known_type(one["type"]).schema.arm_type
                refuse_disallowed(probe.store, PolicyTarget(one["id"], type_, one["inputs"]))


@pytest.mark.parametrize("kind", ["FirewallPolicyNatRuleCollection", "firewallpolicynatrulecollection"])
def test_a_dnat_rule_is_refused(probe: GuardrailProbe, kind: str) -> None:
    policy = probe.one("network:FirewallPolicy")
    with disallowed("no-translation"):
        probe.make("network:FirewallPolicyRuleCollectionGroup", policy, firewallPolicyName=policy.name,
                    ruleCollectionGroupName="rcg-in", priority=150, ruleCollections=[
                        {"ruleCollectionType": "FirewallPolicyFilterRuleCollection", "name": "a", "priority": 100},
                        {"ruleCollectionType": kind, "name": "in", "priority": 110, "action": {"type": "DNAT"}},
                    ])  # fmt: skip


def requested(probe: GuardrailProbe, sibling: StoredResource, type_: str, **inputs: Any) -> None:
    """Ask the policies alone, also for types that the local Azure does not create."""
    group = "/".join(sibling.id.split("/")[:5])
    namespace, *types = type_.split("/")
    path = "/".join(part for one in types for part in (one, "one"))
    refuse_disallowed(probe.store, PolicyTarget(f"{group}/providers/{namespace}/{path}", type_, inputs))


@pytest.mark.parametrize("draft", ["firewallPolicyDrafts", "ruleCollectionGroups/ruleCollectionGroupDrafts"])
def test_a_draft_of_firewall_rules_is_refused(probe: GuardrailProbe, draft: str) -> None:
    with disallowed("no-translation"):
        requested(probe, probe.one("network:FirewallPolicy"), f"Microsoft.Network/firewallPolicies/{draft}")


SIGN_IN = {
    "ruleType": "ApplicationRule", "name": "a", "sourceAddresses": ["10.65.0.0/16"],
    "protocols": [{"protocolType": "Https", "port": 443}], "targetFqdns": ["login.microsoftonline.com"],
}  # fmt: skip
MORE_NAMES: tuple[dict[str, Any], ...] = (
    {"targetFqdns": ["graph.microsoft.com"]},
    {"targetFqdns": ["login.microsoftonline.com", "*"]},
    {"fqdnTags": ["WindowsUpdate"]},
    {"targetUrls": ["login.microsoftonline.com/x"]},
    {"webCategories": ["business"]},
)


@pytest.mark.parametrize("rule", MORE_NAMES, ids=lambda rule: next(iter(rule)))
def test_a_rule_of_the_firewall_for_other_names_than_sign_in_is_refused(
    probe: GuardrailProbe, rule: dict[str, Any]
) -> None:
    """Beside the rule for sign-in, and with a denial, which may name everything."""
    denial = {"ruleCollectionType": "FirewallPolicyFilterRuleCollection", "name": "d", "priority": 110,
              "action": {"type": "Deny"}, "rules": [{**SIGN_IN, "targetFqdns": ["*"]}]}  # fmt: skip
    allowing = {**denial, "priority": 100, "action": {"type": "Allow"}, "rules": [SIGN_IN]}
    type_, hub = "Microsoft.Network/firewallPolicies/ruleCollectionGroups", probe.one("network:FirewallPolicy")
    requested(probe, hub, type_, ruleCollections=[allowing, denial])
    with disallowed("names-stay"):
        requested(probe, hub, type_, ruleCollections=[{**allowing, "rules": [SIGN_IN, {**SIGN_IN, **rule}]}, denial])


def test_the_names_of_the_firewall_are_locked(probe: GuardrailProbe) -> None:
    group = probe.one("network:FirewallPolicyRuleCollectionGroup", "names")
    with pytest.raises(AzureError) as caught:
        probe.change(group, priority=101)
    assert caught.value.code == "ScopeLocked"


def test_a_firewall_with_another_groups_policy_is_refused(probe: GuardrailProbe) -> None:
    firewall = probe.one("network:AzureFirewall")
    policy = firewall.properties["firewallPolicy"]["id"]
    elsewhere = policy.replace(policy.split("/")[4], "rg-elsewhere")
    for given in ({"id": elsewhere}, None):
        with disallowed("no-translation"):
            probe.change(firewall, firewallPolicy=given)


@pytest.mark.parametrize(("type_", "inputs"), [
    ("Microsoft.Compute/virtualMachineScaleSets", {}),
    ("Microsoft.ContainerInstance/containerGroups", {}),
    ("Microsoft.Network/privateLinkServices", {}),
    ("Microsoft.Network/networkVirtualAppliances", {}),
    ("Microsoft.Network/virtualNetworks/subnets", {"natGateway": {"id": "/subscriptions/x/natGateways/out"}}),
    ("Microsoft.Compute/virtualMachines", {"networkProfile": {"networkInterfaceConfigurations": [{"name": "a",
        "ipConfigurations": [{"name": "a"}, {"name": "b", "publicIPAddressConfiguration": {"name": "out"}}]}]}}),
], ids=lambda one: one if isinstance(one, str) else "")  # fmt: skip
def test_other_ways_to_a_public_address_are_refused(probe: GuardrailProbe, type_: str, inputs: dict[str, Any]) -> None:
    with disallowed("no-public-addresses"):
        requested(probe, probe.one("keyvault:Vault", "junction"), type_, **inputs)


@pytest.mark.parametrize(
    "opened",
    [{"enableTunneling": True}, {"enableFileCopy": True}, {"enableIpConnect": True}, {"enableShareableLink": True},
     {"enableKerberos": True}, {"disableCopyPaste": False}, {"disableCopyPaste": None}],
    ids=str,
)  # fmt: skip
def test_a_bastion_feature_that_transfers_data_is_refused(probe: GuardrailProbe, opened: dict[str, Any]) -> None:
    with disallowed("bastion-carries-nothing"):
        probe.change(probe.one("network:BastionHost"), **opened)


@pytest.mark.parametrize("connections", ["privateLinkServiceConnections", "manualPrivateLinkServiceConnections"])
@pytest.mark.parametrize("group", ["hub", "junction"])
@pytest.mark.parametrize(
    "target", [f"{FOREIGN}/storageAccounts/s", "theirs.1a2b.uksouth.azure.privatelinkservice", "", None, "other group"]
)
def test_an_endpoint_to_another_resource_group_is_refused(
    probe: GuardrailProbe, connections: str, group: str, target: str | None
) -> None:
    own = probe.one("keyvault:Vault", group if group == "junction" else "platform")
    other = probe.one("keyvault:Vault", "platform" if group == "junction" else "junction")
    leads = {"privateLinkServiceId": other.id if target == "other group" else target} if target is not None else {}
    with disallowed("endpoints-stay"):
        probe.make("network:PrivateEndpoint", own, privateEndpointName="pep-out",
                    subnet={"id": probe.one("network:Subnet", "endpoints").id},
                    **{connections: [{"name": "out", "groupIds": ["blob"], **leads}]})  # fmt: skip


def test_public_addresses_are_refused_in_zones_only(probe: GuardrailProbe) -> None:
    address = {"publicIpAddressName": "pip-out", "sku": {"name": "Standard"}, "publicIPAllocationMethod": "Static"}
    with disallowed("no-public-addresses"):
        probe.make("network:PublicIPAddress", probe.one("keyvault:Vault", "junction"), **address)
    made = probe.make("network:PublicIPAddress", probe.one("network:BastionHost"), **address)
    with disallowed("no-public-addresses"):
        probe.make("network:NetworkInterface", probe.one("keyvault:Vault", "junction"), networkInterfaceName="nic",
                    ipConfigurations=[{"name": "ip", "publicIPAddress": {"id": made.id}}])  # fmt: skip
    probe.arm.delete(made.id, made.token, made.id.split("/")[2])


@pytest.mark.parametrize(
    "opened",
    [{"publicNetworkAccess": "Enabled"}, {"publicNetworkAccess": "SecuredByPerimeter"}, {"publicNetworkAccess": None},
     {"allowSharedKeyAccess": True}, {"allowSharedKeyAccess": None}, {"allowBlobPublicAccess": True}],
    ids=str,
)  # fmt: skip
def test_public_access_to_a_store_is_refused(probe: GuardrailProbe, opened: dict[str, Any]) -> None:
    for store in probe.store.of_type(f"{AZURE}storage:StorageAccount"):
        with disallowed("stores-stay-closed"):
            probe.change(store, **opened)


def test_public_access_to_a_vault_is_refused(probe: GuardrailProbe) -> None:
    for vault in probe.store.of_type(f"{AZURE}keyvault:Vault"):
        with disallowed("stores-stay-closed"):
            probe.change(vault, properties={**vault.properties["properties"], "publicNetworkAccess": "Enabled"})


MACHINE, DISK = "Microsoft.Compute/virtualMachines", "Microsoft.Compute/disks"
NETWORK = "Microsoft.Network/virtualNetworks"
PEERING = f"{NETWORK}/virtualNetworkPeerings"
CLOSED = {"networkAccessPolicy": "DenyAll", "publicNetworkAccess": "Disabled"}
STORE = {"isSftpEnabled": False, "isLocalUserEnabled": False, "allowCrossTenantReplication": False,
         "allowedCopyScope": "AAD", "publicNetworkAccess": "Disabled", "allowSharedKeyAccess": False,
         "allowBlobPublicAccess": False}  # fmt: skip
ELSEWHERE = "/subscriptions/10ca1000-0000-4000-8000-000000000001/resourceGroups/rg-theirs/providers"


def machine(**more: Any) -> dict[str, Any]:
    return {"storageProfile": {"osDisk": {"createOption": "FromImage"}, **more}}


def attached(disk: str, option: str = "Attach") -> dict[str, Any]:
    return machine(dataDisks=[{"createOption": option, "managedDisk": {"id": disk}}])


def role(id_: str) -> dict[str, Any]:
    return {"roleDefinitionId": f"/subscriptions/x/providers/Microsoft.Authorization/roleDefinitions/{id_}"}


CLOSED_REGISTRY: dict[str, Any] = {
    "publicNetworkAccess": "Disabled",
    "networkRuleBypassOptions": "None",
    "policies": {"exportPolicy": {"status": "disabled"}, "azureADAuthenticationAsArmPolicy": {"status": "disabled"}},
}
DENIED: list[tuple[str, str, dict[str, Any]]] = [
    ("types-stay", "Microsoft.Automation/automationAccounts", {}),
    ("types-stay", "Microsoft.DataFactory/factories", {}),
    ("types-stay", "Microsoft.Logic/workflows", {}),
    ("types-stay", "Microsoft.Web/sites", {}),
    ("types-stay", "Microsoft.Network/natGateways", {}),
    ("types-stay", "Microsoft.Network/networkWatchers/packetCaptures", {}),
    ("types-stay", "Microsoft.DataProtection/backupVaults", {}),
    ("types-stay", "Microsoft.MachineLearningServices/workspaces", {}),
    ("types-stay", "Microsoft.EventGrid/eventSubscriptions", {}),
    ("types-stay", "Microsoft.Insights/dataCollectionRules", {}),
    ("types-stay", "Microsoft.OperationalInsights/workspaces/dataExports", {}),
    ("types-stay", "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials", {}),
    ("types-stay", "Microsoft.SerialConsole/consoleServices", {}),
    ("rights-stay", "Microsoft.Authorization/roleAssignments", role("8e3af657-a8ff-443c-a75c-2fe8c4bcb635")),
    ("rights-stay", "Microsoft.Authorization/roleAssignments", role("b24988ac-6180-42a0-ab88-20f7382dd24c")),
    ("rights-stay", "Microsoft.Authorization/roleAssignments", role("9980e02c-c2be-4d73-94e8-173b1dc7cf3c")),
    ("rights-stay", "Microsoft.Authorization/roleAssignments", {}),
    ("rights-stay", "Microsoft.Authorization/roleDefinitions", {}),
    ("rights-stay", "Microsoft.Authorization/roleAssignmentScheduleRequests", {}),
    ("rights-stay", "Microsoft.Authorization/roleEligibilityScheduleRequests", {}),
    ("rights-stay", "Microsoft.Authorization/roleManagementPolicies", {}),
    ("rights-stay", "Microsoft.Authorization/policyExemptions", {}),
    ("rights-stay", "Microsoft.Authorization/policyAssignments", {"enforcementMode": "DoNotEnforce"}),
    ("rights-stay", "Microsoft.Authorization/policyAssignments", {"notScopes": [ELSEWHERE]}),
    ("logs-stay", "Microsoft.Insights/diagnosticSettings", {"eventHubAuthorizationRuleId": f"{ELSEWHERE}/e"}),
    ("logs-stay", "Microsoft.Insights/diagnosticSettings", {"storageAccountId": f"{ELSEWHERE}/s"}),
    ("logs-stay", "Microsoft.Insights/diagnosticSettings", {"serviceBusRuleId": f"{ELSEWHERE}/b"}),
    ("logs-stay", "Microsoft.Insights/diagnosticSettings", {"workspaceId": f"{ELSEWHERE}/w"}),
    ("logs-stay", "Microsoft.EventGrid/systemTopics/eventSubscriptions", {"destination": {"endpointType": "WebHook"}}),
    ("disks-stay", "Microsoft.Compute/snapshots", {}),
    ("disks-stay", "Microsoft.Compute/images", {}),
    ("disks-stay", "Microsoft.Compute/galleries/images/versions", {}),
    ("disks-stay", "Microsoft.Compute/restorePointCollections/restorePoints", {}),
    ("disks-stay", DISK, {"creationData": {"createOption": "Copy", "sourceResourceId": "d"}, **CLOSED}),
    ("disks-stay", DISK, {"creationData": {"createOption": "Upload"}, **CLOSED}),
    ("disks-stay", DISK, {}),
    ("disks-stay", MACHINE, attached(f"{ELSEWHERE}/{DISK}/theirs")),
    ("disks-stay", MACHINE, machine(dataDisks=[{"createOption": "Empty"}])),
    ("disks-stay", MACHINE, {"storageProfile": {"osDisk": {"createOption": "Attach"}}}),
    ("disks-stay", MACHINE, machine(imageReference={"id": f"{ELSEWHERE}/image"})),
    ("disks-stay", MACHINE, machine(imageReference={"communityGalleryImageId": "/CommunityGalleries/x"})),
    ("code-stays", f"{MACHINE}/runCommands", {}),
    ("code-stays", f"{MACHINE}/extensions", {"publisher": "Microsoft.Azure.Extensions", "type": "CustomScript"}),
    ("code-stays", f"{MACHINE}/extensions", {"publisher": "Microsoft.CPlat.Core", "type": "RunCommandLinux"}),
    (
        "code-stays",
        MACHINE,
        {**machine(), "applicationProfile": {"galleryApplications": [{"packageReferenceId": "x"}]}},
    ),
    ("networks-stay", PEERING, {"remoteVirtualNetwork": {"id": f"{ELSEWHERE}/network"}}),
    ("networks-stay", PEERING, {}),
    ("networks-stay", NETWORK, {"virtualNetworkPeerings": [{"remoteVirtualNetwork": {"id": f"{ELSEWHERE}/n"}}]}),
    ("networks-stay", NETWORK, {"subnets": [{"serviceEndpoints": [{"service": "Microsoft.Storage"}]}]}),
    ("networks-stay", f"{NETWORK}/subnets", {"serviceEndpoints": [{"service": "Microsoft.Storage"}]}),
    ("networks-stay", INTERFACE, {"ipConfigurations": [{"publicIPAddress": {"id": f"{ELSEWHERE}/pip"}}]}),
    ("copies-stay", "Microsoft.Storage/storageAccounts", {**STORE, "allowSharedKeyAccess": None}),
    ("copies-stay", "Microsoft.Storage/storageAccounts", {**STORE, "allowBlobPublicAccess": True}),
    ("copies-stay", "Microsoft.Storage/storageAccounts", {**STORE, "publicNetworkAccess": "Enabled"}),
    ("copies-stay", "Microsoft.KeyVault/vaults", {}),
    ("copies-stay", "Microsoft.Storage/storageAccounts", {**STORE, "isSftpEnabled": True}),
    ("copies-stay", "Microsoft.Storage/storageAccounts", {**STORE, "isLocalUserEnabled": None}),
    ("copies-stay", "Microsoft.Storage/storageAccounts", {**STORE, "allowCrossTenantReplication": None}),
    ("copies-stay", "Microsoft.Storage/storageAccounts", {**STORE, "allowedCopyScope": None}),
    ("copies-stay", "Microsoft.Storage/storageAccounts/objectReplicationPolicies", {}),
    ("copies-stay", "Microsoft.Storage/storageAccounts/localUsers", {}),
    ("copies-stay", "Microsoft.Storage/storageAccounts/fileServices/shares", {}),
    ("no-public-addresses", "Microsoft.Network/privateDnsZones", {}),
    ("registries-stay-closed", "Microsoft.ContainerRegistry/registries", {}),
    *(
        ("registries-stay-closed", "Microsoft.ContainerRegistry/registries", {**CLOSED_REGISTRY, **open_})
        for open_ in (
            {"publicNetworkAccess": "Enabled"},
            {"adminUserEnabled": True},
            {"anonymousPullEnabled": True},
            {"policies": {**CLOSED_REGISTRY["policies"], "exportPolicy": {"status": "enabled"}}},
        )
    ),
]
"""The guardrail that refuses each request in a zone."""


@pytest.mark.parametrize(("key", "type_", "inputs"), DENIED, ids=lambda one: str(one)[:60])
def test_a_technique_of_the_control_plane_is_refused(
    probe: GuardrailProbe, key: str, type_: str, inputs: dict[str, Any]
) -> None:
    with disallowed(key):
        requested(probe, probe.one("keyvault:Vault", "junction"), type_, **inputs)


def test_a_closed_registry_is_permitted(probe: GuardrailProbe) -> None:
    requested(
        probe, probe.one("keyvault:Vault", "junction"), "Microsoft.ContainerRegistry/registries", **CLOSED_REGISTRY
    )


def test_every_guardrail_of_a_subscription_refuses_something() -> None:
    changing = {one.key for one in subscription_guardrails("rg-") if one.values}
    tested = {key for key, _, _ in DENIED} | changing | {"groups-stay"}
    assert {one.key for one in subscription_guardrails("rg-")} <= tested


@pytest.mark.parametrize("name", ["rg-theirs", "rg-wmsd-x", "wmsde", "networkwatcher"])
def test_a_resource_outside_the_estates_groups_is_refused(probe: GuardrailProbe, name: str) -> None:
    subscription = "/".join(probe.one("keyvault:Vault").id.split("/")[:3])
    for id_, type_ in (
        (f"{subscription}/resourceGroups/{name}", "Microsoft.Resources/resourceGroups"),
        (f"{subscription}/resourceGroups/{name}/providers/Microsoft.Network/networkInterfaces/n", INTERFACE),
    ):
        with disallowed("groups-stay"):
            refuse_disallowed(probe.store, PolicyTarget(id_, type_, {}))


def test_a_disk_that_could_be_exported_is_closed(probe: GuardrailProbe) -> None:
    """That of a new virtual machine has no network settings, and an update may open it again."""
    group = "/".join(probe.one("keyvault:Vault", "junction").id.split("/")[:5])
    for opened in ({}, {"networkAccessPolicy": "AllowAll"}, {**CLOSED, "publicNetworkAccess": "Enabled"}):
        inputs = {"creationData": {"createOption": "FromImage"}, **opened}
        target = PolicyTarget(f"{group}/providers/{DISK}/system", DISK, inputs)
        assert refuse_disallowed(probe.store, target) == CLOSED


@pytest.mark.parametrize("id_", ["1e7ca9b1-60d1-4db8-a914-f2ca1ff27c40", "b7e6dc6d-f1e8-4753-8033-0f276bb0955b"])
def test_a_role_of_the_scanner_is_assigned_to_a_service_on_a_store_only(probe: GuardrailProbe, id_: str) -> None:
    store = probe.one("storage:StorageAccount", "junction").id
    type_ = "Microsoft.Authorization/roleAssignments"

    def assign(scope: str, principal: str) -> None:
        target = PolicyTarget(f"{scope}/providers/{type_}/one", type_, {**role(id_), "principalType": principal})
        refuse_disallowed(probe.store, target)

    assign(store, "ServicePrincipal")
    for scope, principal in (
        (store, "Group"),
        (store, "User"),
        (store.partition("/providers/")[0], "ServicePrincipal"),
    ):
        with disallowed("rights-stay"):
            assign(scope, principal)


def test_what_the_scanner_of_uploads_needs_is_permitted(probe: GuardrailProbe) -> None:
    vault = probe.one("keyvault:Vault", "junction")
    requested(probe, vault, "Microsoft.EventGrid/systemTopics")
    requested(probe, vault, "Microsoft.Security/dataScanners")
    receiver = {"WebHook": {"azureActiveDirectoryTenantId": SCANNER_TENANT}}
    requested(probe, vault, "Microsoft.EventGrid/systemTopics/eventSubscriptions", destination=receiver)
