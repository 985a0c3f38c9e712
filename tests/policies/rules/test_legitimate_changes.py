"""The shipped estate with good practice added, or with stricter settings, passes the whole catalogue."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace

import pytest

from formats.arm.sdk import sdk_type
from formats.urns import make_urn
from policies.azure_semantics.resource_types import takes_location, takes_tags
from policies.model import Finding, Policy, PolicyContext, Resource, Verdict
from policies.rules import load
from policies.runner import evaluate
from tests.policies import shipped
from tests.policies.rules import good_practice
from tests.policies.rules.cases import GROUP, TODAY
from tests.policies.rules.shipped_cases import copied, having, one, resources
from tests.policies.rules.test_other_services import backup

PROJECT, HUB = "tre-hcm-progression", "platform"
PLACES: dict[str, tuple[str, str, str]] = {
    "group": (PROJECT, "resources:ResourceGroup", "project"),
    "store": (PROJECT, "storage:StorageAccount", "data"),
    "machine": (PROJECT, "compute:VirtualMachine", "desk"),
    "net": (PROJECT, "network:VirtualNetwork", "net"),
    "vault": (PROJECT, "keyvault:Vault", "keys"),
    "key": (PROJECT, "keyvault:Key", "keys-data"),
    "sign-in": (PROJECT, "compute:VirtualMachineExtension", "desk-sign-in"),
    "logs": (HUB, "operationalinsights:Workspace", "logs"),
    "firewall": (HUB, "network:AzureFirewall", "firewall"),
    "rules": (HUB, "network:FirewallPolicy", "firewall"),
    "flows": (HUB, "storage:StorageAccount", "flows"),
}
"""The shipped resources that are changed or referred to."""
SETTING = "monitor:DiagnosticSetting"
PATCHES = "osProfile.linuxConfiguration.patchSettings.automaticByPlatformSettings"
STANDINS = ("group", "logs", "machine", "net", "store", "vault", "recovery", "machines", "item", "member")
"""Resources of the sample world that the estate has itself, or that need a vault of the other kind."""


def its(name: str) -> Resource:
    """Return a shipped resource by its name in this file."""
    return one(*PLACES[name])


def blocking(changed: Iterable[Resource], policies: Mapping[str, Policy] | None = None) -> list[Finding]:
    """Return the blocking findings of all or some policies on the shipped estate with resources changed or added."""
    every = {r.urn: r for r in [*resources(), *changed]}.values()
    context = PolicyContext(every, is_complete=True, today=TODAY, configs=shipped.configs())
    return [f for f in evaluate(context, policies or load(), today=TODAY).findings if f.verdict.blocks]


def settled(resource: Resource) -> Resource:
    """Return a resource of the sample world as one of the project's, with the project's ids, tags and location."""
    ids = {good_practice.at(good_practice.MACHINE): its("machine"), good_practice.at(good_practice.STORE): its("store"),
           good_practice.at("Microsoft.Network/virtualNetworks/net"): its("net"),
           good_practice.at(good_practice.WORKSPACE): its("logs"), GROUP: its("group")}  # fmt: skip
    text, id_ = json.dumps(dict(resource.inputs)), str(resource.id)
    for sample, real in ids.items():
        text, id_ = text.replace(sample, str(real.id)), id_.replace(sample, str(real.id))
    own = {"tags": its("group").inputs["tags"]} if takes_tags(resource.type) else {}
    place = {"location": its("group").inputs["location"]} if takes_location(resource.type) else {}
    version = {"azureApiVersion": sdk_type(f"azure-native:{resource.type}").api_version}
    urn = make_urn(PROJECT, "sde", "", f"azure-native:{resource.type}", resource.name)
    return replace(resource, urn=urn, stack=PROJECT, id=id_, inputs={**version, **place, **own, **json.loads(text)})


def logged(target: Resource) -> Resource:
    """Return a diagnostic setting of a resource, with all logs to the estate's workspace."""
    setting = next(r for r in resources() if r.type == SETTING and r.inputs["resourceUri"] == its("vault").id)
    logs = [{"categoryGroup": "allLogs", "enabled": True}]
    return _for(target, copied(setting, resourceUri=target.id, logs=logs))


def locked(target: Resource) -> Resource:
    """Return a lock on the deletion of a resource."""
    lock = next(r for r in resources() if r.type == "authorization:ManagementLockByScope" and r.stack == PROJECT)
    return _for(target, copied(lock, scope=target.id))


def _for(target: Resource, copy_: Resource) -> Resource:
    """Return a copy with a URN and an id of its own."""
    return replace(copy_, urn=f"{copy_.urn}-{target.name}", id=f"{copy_.id}-{target.name}")


def backup_vault() -> Resource:
    """Return a secure backup vault of the project, with a key of the project."""
    vault = settled(good_practice.world()["vault"])
    inputs = json.loads(json.dumps(backup()).replace("kv-heart", str(its("vault").inputs["vaultName"])))
    return replace(vault, inputs={**vault.inputs, "properties": inputs}, protect=True)


def practice() -> list[Resource]:
    """Return all resources of good practice in the project's stack, which has a DNS security policy already."""
    vault = backup_vault()
    added = [settled(r) for name, r in good_practice.world().items()
             if name not in STANDINS and not r.type.startswith("dnsresolver:")]  # fmt: skip
    endpoint = next(r for r in added if r.type == "monitor:DataCollectionEndpoint")
    member = next(r for r in resources() if r.type == "monitor:PrivateLinkScopedResource")
    logs = [r for r in added if r.type == "network:NetworkSecurityPerimeter"]
    scheduled = {"bypassPlatformSafetyChecksOnUserSchedule": True, "rebootSetting": "IfRequired"}
    machine = having(its("machine"), PATCHES, scheduled)
    return [*added, vault, machine, copied(member, linkedResourceId=endpoint.id), locked(vault),
            *(logged(one_) for one_ in (*logs, vault))]  # fmt: skip


def test_good_practice_passes_the_whole_catalogue() -> None:
    assert not blocking(practice())


ATTESTED = {"publisher": "Microsoft.Azure.Security.LinuxAttestation", "type": "GuestAttestation"}
ROTATION = {"attributes": {"expiryTime": "P120D"},
            "lifetimeActions": [{"trigger": {"timeAfterCreate": "P90D"}, "action": {"type": "rotate"}}]}  # fmt: skip
DENIAL = {"name": "no-smb", "direction": "Outbound", "access": "Deny", "priority": 105, "protocol": "Tcp",
          "sourceAddressPrefix": "*", "sourcePortRange": "*", "destinationAddressPrefix": "*",
          "destinationPortRange": "445"}  # fmt: skip


def group_lock() -> Resource:
    type_ = "authorization:ManagementLockAtResourceGroupLevel"
    inputs = {"resourceGroupName": "rg", "level": "CanNotDelete", "lockName": "lock"}
    id_ = f"{its('group').id}/providers/Microsoft.Authorization/locks/lock"
    return Resource(make_urn(PROJECT, "sde", "", f"azure-native:{type_}", "lock"), type_, "lock", PROJECT, inputs, id_)


def nsg() -> Resource:
    return next(r for r in resources() if r.type == "network:NetworkSecurityGroup" and r.stack == PROJECT)


def audited() -> Resource:
    """Return the vault's diagnostic setting with the category group `audit`."""
    setting = next(r for r in resources() if r.type == SETTING and r.inputs["resourceUri"] == its("vault").id)
    return having(setting, "logs", [{"categoryGroup": "audit", "enabled": True}])


def second_copy(days: int = 365, state: str = "Locked") -> list[Resource]:
    """Return the firewall's diagnostic setting with a second copy of its logs in an immutable store."""
    setting = next(r for r in resources() if r.type == SETTING and r.inputs["resourceUri"] == its("firewall").id)
    policy = {"state": state, "immutabilityPeriodSinceCreationInDays": days, "allowProtectedAppendWrites": True}
    immutable = {"enabled": True, "immutabilityPolicy": policy}
    return [
        having(setting, "storageAccountId", its("flows").id),
        having(its("flows"), "immutableStorageWithVersioning", immutable),
    ]


STRICTER = {
    "TLS 1.3": lambda: [having(its("store"), "minimumTlsVersion", "TLS1_3")],
    "copies through private endpoints": lambda: [having(its("store"), "allowedCopyScope", "PrivateLink")],
    "zone-redundant storage": lambda: [having(its("store"), "sku.name", "Standard_ZRS")],
    "a lock on the resource group": lambda: [group_lock()],
    "rotation after 90 days": lambda: [having(its("key"), "properties.rotationPolicy", ROTATION)],
    "a 4096-bit key": lambda: [having(its("key"), "properties.keySize", 4096)],
    "a key in an HSM": lambda: [having(its("key"), "properties.kty", "RSA-HSM")],
    "a vault without trusted services": lambda: [having(its("vault"), "properties.networkAcls.bypass", "None")],
    "a further NSG denial": lambda: [having(nsg(), "securityRules", [*nsg().inputs["securityRules"], DENIAL])],
    "guest attestation": lambda: [copied(its("sign-in"), **ATTESTED)],
    "the log group audit on a vault": lambda: [audited()],
    "a second copy of the firewall's logs": second_copy,
    "an ignored version of the image": lambda: [
        replace(its("machine"), ignore_changes=("storageProfile.imageReference.version",))
    ],
    "ignored settings of a first boot": lambda: [
        replace(its("machine"), ignore_changes=("osProfile.customData", "osProfile.linuxConfiguration.ssh.publicKeys"))
    ],
}


def together(changes: Iterable[list[Resource]]) -> list[list[Resource]]:
    """Combine changes of different resources, so that fewer estates are evaluated."""
    combined: list[dict[str, Resource]] = []
    for change in ({r.urn: r for r in resources_} for resources_ in changes):
        fitting = next((found for found in combined if found.keys().isdisjoint(change)), None)
        if fitting is None:
            combined.append(change)
        else:
            fitting.update(change)
    return [list(found.values()) for found in combined]


def test_stricter_settings_pass_the_whole_catalogue() -> None:
    for changes in together(change() for change in STRICTER.values()):
        assert not blocking(changes)


def said(policy: str, changed: Iterable[Resource]) -> set[Verdict]:
    """Return the blocking verdicts of one policy."""
    return {f.verdict for f in blocking(changed, {policy: load()[policy]})}


@pytest.mark.parametrize("weaker", [
    {"days": 364}, {"state": "Disabled"},
])  # fmt: skip
def test_a_second_copy_of_logs_that_can_be_changed_is_refused(weaker: dict[str, object]) -> None:
    assert said("LG3", second_copy(**weaker)) == {Verdict.FAIL}  # type: ignore[arg-type]


def test_another_ignored_property_of_the_image_is_refused() -> None:
    for path in (
        "storageProfile.imageReference",
        "storageProfile.imageReference.id",
        "storageProfile",
        "osProfile",
        "osProfile.linuxConfiguration",
        "osProfile.linuxConfiguration.ssh",
        "osProfile.adminUsername",
    ):
        assert said("GV4", [replace(its("machine"), ignore_changes=(path,))]) == {Verdict.FAIL}
    store = replace(its("store"), ignore_changes=("storageProfile.imageReference.version",))
    assert said("GV4", [store]) == {Verdict.FAIL}


def test_the_log_group_audit_is_too_little_for_other_types() -> None:
    setting = next(r for r in resources() if r.type == SETTING and "azureFirewalls" in str(r.inputs["resourceUri"]))
    logs = [{"categoryGroup": "audit", "enabled": True}]
    assert said("LG1", [having(setting, "logs", logs)]) == {Verdict.FAIL}


def test_a_perimeter_closes_a_store_in_the_flows_without_access_rules_only() -> None:
    secured = having(its("store"), "publicNetworkAccess", "SecuredByPerimeter")
    added = practice()
    closed = [r for r in added if r.type != "network:NetworkSecurityPerimeterAccessRule"]
    assert not blocking([*closed, secured])
    assert Verdict.FAIL in said("FL2", [*added, secured])
    assert {Verdict.FAIL} == said("ST1", [secured])
