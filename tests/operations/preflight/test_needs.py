"""The needs of plans, by subscription."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from formats.plan import Operation, Plan, PlannedResource
from operations.preflight import needs_of, services
from tests.certificates import AUTHORITY

HUB, PROJECT = "3c1f6f0e-0000-4000-8000-00000000abcd", "3c1f6f0e-0000-4000-8000-00000000abce"
HUB_NETWORK = f"/subscriptions/{HUB}/resourceGroups/hub/providers/Microsoft.Network/virtualNetworks/hub"
NETWORK = f"/subscriptions/{PROJECT}/resourceGroups/tre/providers/Microsoft.Network/virtualNetworks/tre"
PEERING = f"{NETWORK}/virtualNetworkPeerings/hub"


def plan(*resources: tuple[str, Mapping[str, Any]], operation: Operation = Operation.CREATE) -> Plan:
    planned = (
        PlannedResource(
            f"urn:pulumi:s::sde::azure-native:x:Y::n{n}", "azure-native:x:Y", operation, id=id_, inputs=inputs
        )
        for n, (id_, inputs) in enumerate(resources)
    )
    return Plan("sde", "tre", "azure", tuple(planned), PROJECT)


def test_reference_into_another_subscription_is_a_need_there() -> None:
    project, hub = needs_of([plan((PEERING, {"remoteVirtualNetwork": {"id": HUB_NETWORK}}))])
    assert (project.subscription, hub.subscription) == (PROJECT, HUB)
    assert project.actions == {NETWORK.partition("/providers/")[0]: {
        "Microsoft.Network/virtualNetworks/virtualNetworkPeerings/write"}}  # fmt: skip
    assert hub.actions == {HUB_NETWORK.partition("/providers/")[0]: {"Microsoft.Network/virtualNetworks/peer/action"}}
    assert hub.namespaces == []


def test_resource_group_is_written_at_its_subscription() -> None:
    (one,) = needs_of([plan((f"/subscriptions/{HUB}/resourceGroups/hub", {}))])
    assert one.actions == {f"/subscriptions/{HUB}": {"Microsoft.Resources/subscriptions/resourceGroups/write"}}
    assert one.namespaces == ["Microsoft.Resources"]


def test_providers_and_features_follow_from_the_resources() -> None:
    machine = NETWORK.replace("Microsoft.Network/virtualNetworks", "Microsoft.Compute/virtualMachines")
    scan = f"{NETWORK}/providers/Microsoft.Security/defenderForStorageSettings/current"
    on = {"properties": {"malwareScanning": {"onUpload": {"isEnabled": True}}}}
    (plain,) = needs_of([plan((machine, {}), (scan, {}))])
    assert (plain.namespaces, plain.features) == (["Microsoft.Compute", "Microsoft.Security"], [])
    (full,) = needs_of([plan((machine, {"securityProfile": {"encryptionAtHost": True}}), (scan, on))])
    assert full.namespaces == ["Microsoft.Compute", "Microsoft.EventGrid", "Microsoft.Security"]
    assert full.features == [("Microsoft.Compute", "EncryptionAtHost")]


def test_deleted_resource_is_no_need() -> None:
    assert needs_of([plan((NETWORK, {}), operation=Operation.DELETE)]) == []


POLICY = f"/subscriptions/{HUB}/resourceGroups/hub/providers/Microsoft.Network/firewallPolicies/afwp"
READER = f"/subscriptions/{HUB}/resourceGroups/hub/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-ca"


def test_the_identity_that_reads_a_certificate_authority_exists_before_it_is_named() -> None:
    named = {"transportSecurity": {"certificateAuthority": {"keyVaultSecretId": AUTHORITY}}}
    inputs = {"identity": {"userAssignedIdentities": [READER]}}
    (needs,) = needs_of([plan((POLICY, inputs | named))])
    (missing,) = services.certificate_authorities(needs, frozenset())
    assert (missing.holds, missing.found) == (False, "no id-ca yet")
    assert "az keyvault set-policy --name kv-organisation-pki --object-id" in missing.fix
    (present,) = services.certificate_authorities(needs, frozenset([READER.lower()]))
    assert (present.holds, present.fix) == (True, "")
    (prepared,) = needs_of([plan((POLICY, inputs))])
    assert not list(services.certificate_authorities(prepared, frozenset()))
    assert needs.actions[READER.partition("/providers/")[0]] >= {
        "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action"
    }
