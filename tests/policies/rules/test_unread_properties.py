"""TY2: a property that no rule reads and that is not harmless is unknown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from formats.arm.routes import route
from formats.arm.sdk import AZURE_NATIVE, has_type
from formats.errors import InputError
from formats.plan import SECRET, UNKNOWN
from formats.property_paths import ANY, parse
from formats.pulumi_sdk import leaves
from formats.yaml_reader import read_mapping
from policies import known_properties
from policies.known_properties import FILE, KnownProperties, harmless
from policies.model import PolicyContext, Resource, Verdict
from policies.plan_resources import resources_of
from policies.rules import load
from policies.rules.governance.known_types import known_types
from policies.rules.governance.unread_properties import POLICY
from policies.runner import evaluate
from tests.policies.shipped import STACKS, after, before

VAULT, STORE, MACHINE = "keyvault:Vault", "storage:StorageAccount", "compute:VirtualMachine"


def found(type_: str, inputs: Mapping[str, Any]) -> tuple[Verdict, str, str]:
    resource = Resource(urn=f"urn:{type_}", type=type_, name="one", stack="s", inputs=inputs)
    (finding,) = evaluate(PolicyContext([resource]), {POLICY.id: POLICY}).findings
    return finding.verdict, finding.path, finding.message


@pytest.mark.parametrize("plan", [before, after], ids=["before", "after"])
@pytest.mark.parametrize("stack", STACKS)
def test_every_property_of_the_shipped_stacks_is_known(stack: str, plan: Any) -> None:
    report = evaluate(PolicyContext(resources_of(plan(stack))), {POLICY.id: POLICY})
    assert not report.blocking
    assert {f.verdict for f in report.findings} >= {Verdict.PASS}


UNREAD = [
    # One property of each kind of danger: what runs, who gets in, what goes out, what recovers, what is logged.
    (MACHINE, "userData", "IyEvYmluL3No"),
    (MACHINE, "extensionsTimeBudget", "PT1H30M"),
    (MACHINE, "applicationProfile.galleryApplications[0].packageReferenceId", "/subscriptions/x"),
    (MACHINE, "osProfile.secrets[0].sourceVault.id", "/subscriptions/x"),
    (MACHINE, "osProfile.windowsConfiguration.additionalUnattendContent[0].content", "<xml/>"),
    (MACHINE, "capacityReservation.capacityReservationGroup.id", "/subscriptions/x"),
    (MACHINE, "securityProfile.proxyAgentSettings.mode", "Audit"),
    (MACHINE, "securityProfile.encryptionIdentity.userAssignedIdentityResourceId", "/subscriptions/x"),
    (MACHINE, "networkProfile.networkInterfaceConfigurations[0].dnsSettings.dnsServers[0]", "203.0.113.9"),
    (MACHINE, "storageProfile.dataDisks[0].sourceResource.id", "/subscriptions/x"),
    ("compute:VirtualMachineExtension", "protectedSettings", {"script": "x"}),
    ("compute:VirtualMachineExtension", "protectedSettingsFromKeyVault.secretUrl", "https://x.example"),
    ("compute:Disk", "supportedCapabilities.acceleratedNetwork", True),
    ("compute:Disk", "securityProfile.securityType", "NewKind"),
    ("compute:Disk", "creationData.storageAccountId", "/subscriptions/x"),
    ("compute:DiskEncryptionSet", "federatedClientId", "00000000-0000-0000-0000-000000000000"),
    (STORE, "routingPreference.routingChoice", "InternetRouting"),
    (STORE, "azureFilesIdentityBasedAuthentication.directoryServiceOptions", "AD"),
    (STORE, "dnsEndpointType", "AzureDnsZone"),
    (STORE, "enableExtendedGroups", True),
    ("storage:BlobServiceProperties", "defaultServiceVersion", "2009-09-19"),
    ("storage:BlobContainer", "metadata", {"a": "b"}),
    (VAULT, "properties.createMode", "recover"),
    (VAULT, "properties.vaultUri", "https://other.vault.azure.net"),
    ("keyvault:Key", "properties.releasePolicy.contentType", "text/plain"),
    ("network:Subnet", "delegations[0].serviceName", "Microsoft.Web/serverFarms"),
    ("network:Subnet", "serviceEndpointPolicies[0].id", "/subscriptions/x"),
    ("network:Subnet", "sharingScope", "Tenant"),
    ("network:VirtualNetwork", "bgpCommunities.virtualNetworkCommunity", "12076:20000"),
    ("network:NetworkInterface", "ipConfigurations[0].loadBalancerBackendAddressPools[0].id", "/subscriptions/x"),
    ("network:NetworkInterface", "ipConfigurations[0].virtualNetworkTaps[0].id", "/subscriptions/x"),
    ("network:NetworkInterface", "disableTcpStateTracking", True),
    ("network:NetworkSecurityGroup", "securityRules[0].etag", "x"),
    ("network:PrivateEndpoint", "customDnsConfigs[0].fqdn", "login.microsoftonline.com"),
    ("network:AzureFirewall", "additionalProperties", {"Network.DNS.EnableProxy": "true"}),
    ("network:AzureFirewall", "autoscaleConfiguration.maxCapacity", 50),
    ("network:BastionHost", "networkAcls.ipRules[0].addressPrefix", "0.0.0.0/0"),
    ("network:FirewallPolicy", "insights.logAnalyticsResources.defaultWorkspaceId.id", "/subscriptions/x"),
    ("network:PublicIPAddress", "dnsSettings.domainNameLabel", "desk"),
    ("operationalinsights:Workspace", "features.clusterResourceId", "/subscriptions/x"),
    ("operationalinsights:Workspace", "defaultDataCollectionRuleResourceId", "/subscriptions/x"),
    ("authorization:PolicyAssignment", "identity.userAssignedIdentities[0]", "/subscriptions/x"),
    ("authorization:PolicyAssignment", "overrides[0].value", "Disabled"),
    ("authorization:PolicyAssignment", "resourceSelectors[0].selectors[0].in[0]", "westeurope"),
    ("authorization:ManagementLockByScope", "owners[0].applicationId", "x"),
    ("managedidentity:UserAssignedIdentity", "isolationScope", "Regional"),
    (
        "security:DefenderForStorage",
        "properties.malwareScanning.scanResultsEventGridTopicResourceId",
        "/subscriptions/x",
    ),
    ("storage:StorageAccount", "aPropertyOfNextYear", "x"),
    ("storage:StorageAccount", "PublicNetworkAccess", "Enabled"),
    ("storage:StorageAccount", "networkRuleSet.aPropertyOfNextYear", "x"),
    ("resources:ResourceGroup", "managedBy", "/subscriptions/x"),
]


def nested(path: str, value: Any) -> Any:
    for step in reversed(parse(path)):
        value = [value] if isinstance(step, int) else {step: value}
    return value


@pytest.mark.parametrize(("type_", "path", "value"), UNREAD, ids=[f"{t} {p}"[:60] for t, p, _ in UNREAD])
def test_a_property_that_no_rule_reads_is_unknown(type_: str, path: str, value: Any) -> None:
    verdict, where, message = found(type_, nested(path, value))
    assert verdict is Verdict.UNKNOWN
    assert where.startswith(path)
    assert "no rule" in message


@pytest.mark.parametrize("value", [UNKNOWN, SECRET, 0, False])
def test_an_unread_property_with_any_kind_of_value_is_unknown(value: object) -> None:
    assert found(STORE, {"dnsEndpointType": value})[0] is Verdict.UNKNOWN


@pytest.mark.parametrize("value", [None, "", [], {}, {"inner": None}, [{"inner": []}]])
def test_an_empty_value_counts_as_not_set(value: object) -> None:
    assert found(STORE, {"dnsEndpointType": value})[0] is Verdict.PASS


@pytest.mark.parametrize("value", [UNKNOWN, SECRET])
def test_an_unreadable_object_is_unknown(value: object) -> None:
    assert found(STORE, {"sku": value})[:2] == (Verdict.UNKNOWN, "sku")


@pytest.mark.parametrize("value", ["RAGRS_OF_NEXT_YEAR", UNKNOWN, SECRET, 1])
def test_a_value_that_is_not_listed_as_harmless_is_unknown(value: object) -> None:
    verdict, path, message = found(STORE, {"sku": {"name": value}})
    assert (verdict, path) == (Verdict.UNKNOWN, "sku.name")
    assert "Standard_LRS or" in message


ENUMERATIONS = [
    ("compute:VirtualMachine", "storageProfile.osDisk.managedDisk.securityProfile.securityEncryptionType"),
    ("keyvault:Key", "properties.curveName"),
    ("network:FirewallPolicyRuleCollectionGroup", "ruleCollections[0].rules[0].ipProtocols[0]"),
    ("network:FirewallPolicyRuleCollectionGroup", "ruleCollections[0].rules[0].protocols[0].protocolType"),
    ("network:NetworkSecurityGroup", "securityRules[0].access"),
    ("network:NetworkSecurityGroup", "securityRules[0].direction"),
    ("network:SecurityRule", "access"),
    ("network:Subnet", "privateEndpointNetworkPolicies"),
    (STORE, "immutableStorageWithVersioning.immutabilityPolicy.state"),
    (STORE, "kind"),
]


@pytest.mark.parametrize(("type_", "path"), ENUMERATIONS, ids=[f"{t} {p}"[:60] for t, p in ENUMERATIONS])
def test_a_value_that_azure_adds_to_an_enumeration_is_unknown(type_: str, path: str) -> None:
    assert found(type_, nested(path, "AValueOfNextYear"))[:2] == (Verdict.UNKNOWN, path)


def test_a_listed_value_passes_in_any_case() -> None:
    assert found(STORE, {"sku": {"name": "standard_lrs"}})[0] is Verdict.PASS


def test_the_keys_of_tags_are_values_and_no_paths() -> None:
    assert found(STORE, {"tags": {"anything": "x", "more": UNKNOWN}})[0] is Verdict.PASS


def test_an_object_in_place_of_a_known_text_is_unknown() -> None:
    assert found(STORE, {"accessTier": {"inner": "x"}})[:2] == (Verdict.UNKNOWN, "accessTier.inner")


def test_the_message_names_a_few_of_many_paths() -> None:
    verdict, path, message = found(STORE, {f"p{index}": "x" for index in range(9)})
    assert (verdict, path) == (Verdict.UNKNOWN, "p0")
    assert "p1, p2, p3, p4 and 4 more" in message


def test_the_properties_of_an_unknown_type_are_left_to_the_rule_on_types() -> None:
    assert found("quantum:Workspace", {"x": 1})[0] is Verdict.NOT_APPLICABLE


# The list ------------------------------------------------------------------------------------------------------------

LISTED = [(type_, path) for type_, entry in harmless()[1].items() for path in (*entry.harmless, *entry.maps)]


def test_every_entry_has_a_reason_and_a_source() -> None:
    every_type, types = harmless()
    for entry in (every_type, *types.values()):
        assert entry.source.startswith("https://")
        assert all(len(one.because) > 3 for one in entry.harmless.values())


def test_the_list_has_no_key_twice() -> None:
    assert read_mapping(FILE)["types"]


def test_only_known_types_are_listed() -> None:
    assert not harmless()[1].keys() - known_types()


def test_a_listed_path_leads_to_a_value_of_the_sdk() -> None:
    """A path to an object would cover properties that nobody has looked at."""
    values = {type_: set(map(_plain, leaves(AZURE_NATIVE, f"azure-native:{type_}"))) for type_, _ in LISTED}
    assert not [(type_, path) for type_, path in LISTED if _plain(path) not in values[type_]]


def test_a_property_that_a_rule_reads_is_listed_for_its_values_only() -> None:
    known = KnownProperties(load().values())
    for type_, entry in harmless()[1].items():
        read = set(map(_plain, known.read(type_)))
        assert not [path for path, one in entry.harmless.items() if _plain(path) in read and not one.values], type_


def test_a_listed_name_is_part_of_the_id() -> None:
    for type_, entry in harmless()[1].items():
        token = f"azure-native:{type_}"
        if not has_type(token):
            continue
        try:
            arguments = {argument.lower() for argument in route(token).arguments}
        except InputError:
            continue
        others = {name for name in entry.names if name.lower() not in arguments}
        assert others <= SINGLE_NAMES, type_


SINGLE_NAMES = {
    "blobServicesName",
    "fileServicesName",
    "immutabilityPolicyName",
    "queueServiceName",
    "settingName",
    "tableServiceName",
}
"""Names of resources of which there is one, which the path of the request has as text."""


def test_a_broken_list_is_an_error_with_its_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    broken = tmp_path / "harmless_properties.yaml"
    broken.write_text("every_type: {source: x}\ntypes: {a: {source: x, harmless: {b: {becaus: c}}}}\n")
    monkeypatch.setattr(known_properties, "FILE", broken)
    harmless.cache_clear()
    try:
        with pytest.raises(InputError, match="becaus"):
            harmless()
    finally:
        harmless.cache_clear()


def _plain(path: str) -> str:
    return path.removesuffix(f"[{ANY}]")


# Every property of the SDK --------------------------------------------------------------------------------------------

SDK_TYPES = sorted(type_ for type_ in known_types() if has_type(f"azure-native:{type_}"))


@pytest.mark.parametrize("type_", SDK_TYPES)
def test_each_sdk_property_alone_is_read_or_listed_or_refused(type_: str) -> None:
    """An added property that is neither read nor listed is refused; a declared object covers nothing inside it."""
    known, (every_type, types) = KnownProperties(load().values()), harmless()
    listed = [entry for entry in (every_type, types.get(type_)) if entry]
    paths = {*known.read(type_), *(p for e in listed for p in (*e.names, *e.harmless, *e.maps))}
    open_maps = tuple(path for entry in listed for path in entry.maps)
    for path, property_ in leaves(AZURE_NATIVE, f"azure-native:{type_}").items():
        value = True if property_.annotation.endswith("[bool]") else "x"
        resource = Resource(urn="u", type=type_, name="n", stack="s", inputs=nested_in_lists(path, value))
        passes = not list(known.unknown(resource))
        if passes:
            assert _plain(path) in set(map(_plain, paths)) or path.startswith(open_maps), path


def nested_in_lists(path: str, value: Any) -> Any:
    for step in reversed(parse(path)):
        value = [value] if step == ANY else {step: value}
    return value
