"""Changes of the sample estate's plans: each has its right meaning."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest

from formats.plan import Operation, Plan, PlannedResource
from formats.property_paths import parse, put
from operations.diffs.meaning import Meaning
from operations.diffs.model import StackDiff
from operations.diffs.stack_diff import stack_diff
from policies.azure_semantics.malware_scanning import CLEAN_BLOBS_ONLY
from policies.expected.entitlements import NO_ACCESS
from tests.operations.diffs.edits import Edit, added, edited, find, findings, removed, replaced, updated, with_resource
from tests.policies import restricted, shipped

PLATFORM, JUNCTION, HAVEN, TRE = shipped.STACKS
STORE, VAULT, KEY, GROUP = "storage:StorageAccount", "keyvault:Vault", "keyvault:Key", "network:NetworkSecurityGroup"
FIREWALL, GRANT, MACHINE = (
    "network:FirewallPolicyRuleCollectionGroup",
    "authorization:RoleAssignment",
    "compute:VirtualMachine",
)
BLOBS, LIFECYCLE = "storage:BlobServiceProperties", "storage:ManagementPolicy"
WORKSPACE, DISK_KEYS, SECRET = "operationalinsights:Workspace", "compute:DiskEncryptionSet", "keyvault:Secret"
ROLES = "/subscriptions/10ca1000-0000-4000-8000-000000000001/providers/Microsoft.Authorization/roleDefinitions/"
CONTRIBUTOR = ROLES + "ba92f5b4-2d11-453d-a403-e96b0029c9fe"
OTHER_GROUP = "3f2a7c11-0000-4000-8000-00000000000a"
DELETE_DAYS = "policy.rules[0].definition.actions.baseBlob.delete.daysAfterModificationGreaterThan"


def to(path: str, value: Any) -> Edit:
    """Set a property."""
    return lambda inputs: inputs.update(put(inputs, parse(path), value))


def rule(**more: Any) -> dict[str, Any]:
    return {"name": "extra", "access": "Allow", "direction": "Outbound", "protocol": "Tcp", "priority": 130,
            "sourceAddressPrefix": "10.65.0.128/25", "sourcePortRange": "*", "destinationPortRange": "443",
            "destinationAddressPrefix": "203.0.113.32/29", **more}  # fmt: skip


def add_rule(**more: Any) -> Edit:
    return lambda inputs: inputs["securityRules"].append(rule(**more))


def drop_rule(name: str) -> Edit:
    return lambda inputs: inputs.update(securityRules=[r for r in inputs["securityRules"] if r["name"] != name])


def in_firewall(**more: Any) -> Edit:
    return lambda inputs: inputs["ruleCollections"][0]["rules"][0].update(more)


def add_firewall_rule(inputs: dict[str, Any]) -> None:
    rules = inputs["ruleCollections"][0]["rules"]
    rules.append({**rules[0], "name": "mirror", "destinationAddresses": ["203.0.113.40/29"]})


def under(condition: str) -> Edit:
    return lambda inputs: inputs.update(condition=condition, conditionVersion="2.0")


def admit_an_address(inputs: dict[str, Any]) -> None:
    to("publicNetworkAccess", "Enabled")(inputs)
    to("networkRuleSet.ipRules", [{"iPAddressOrRange": "198.51.100.7", "action": "Allow"}])(inputs)


CHANGES: dict[str, tuple[Callable[[], Plan], Meaning, str]] = {
    "a new tenancy opens its private endpoints": (
        lambda: shipped.before(TRE), Meaning.OPENS_WAY, "Adds a private endpoint"),
    "a new tenancy gives its researchers rights": (
        lambda: shipped.before(TRE), Meaning.GRANTS_RIGHT, "Grants the role “Virtual Machine User Login” to group"),
    "opened egress at the firewall": (
        lambda: edited(PLATFORM, FIREWALL, "firewall-bespoke", add_firewall_rule), Meaning.OPENS_WAY, "Newly allows"),
    "opened egress at a security group": (
        lambda: edited(TRE, GROUP, "net-desks", add_rule()), Meaning.OPENS_WAY, "203.0.113.32/29"),
    "wider ports": (
        lambda: edited(PLATFORM, FIREWALL, "firewall-bespoke", in_firewall(destinationPorts=["443", "80"])),
        Meaning.OPENS_WAY, "443, 80"),
    "other sources": (
        lambda: edited(PLATFORM, FIREWALL, "firewall-bespoke", in_firewall(sourceAddresses=["10.65.0.0/24"])),
        Meaning.CLOSES_WAY, "No longer allows"),
    "closed egress": (
        lambda: edited(TRE, GROUP, "net-desks", drop_rule("packages-egress")), Meaning.CLOSES_WAY, "No longer allows"),
    "a rule that denies before one that allows": (
        lambda: edited(TRE, GROUP, "net-desks", add_rule(access="Deny", priority=90, destinationAddressPrefix="*")),
        Meaning.CLOSES_WAY, "No longer allows"),
    "the last rule is gone": (
        lambda: edited(TRE, GROUP, "net-desks", drop_rule("deny-all-out")), Meaning.OPENS_WAY, "Does not hold"),
    "a peering is taken away": (
        lambda: removed(TRE, "network:VirtualNetworkPeering", "net-to-hub"), Meaning.CLOSES_WAY, "peering"),
    "a public address": (
        lambda: added(PLATFORM, "network:PublicIPAddress", "bastion", "extra", to("publicIpAddressName", "pip-x")),
        Meaning.OPENS_WAY, "a public address"),
    "DNS of a network without its policy": (
        lambda: removed(TRE, "dnsresolver:DnsResolverPolicyVirtualNetworkLink", "net"), Meaning.OPENS_WAY, "DNS"),
    "one more domain is answered": (
        lambda: edited(PLATFORM, "dnsresolver:DnsResolverDomainList", "hub-allow",
                       lambda inputs: inputs["domains"].append("extra.example.")), Meaning.OPENS_WAY, ""),
    "an address that the estate names may open a store": (
        lambda: edited(TRE, STORE, "export-released", admit_an_address), Meaning.OPENS_WAY, ""),
    "public network access": (
        lambda: edited(TRE, STORE, "data", to("publicNetworkAccess", "Enabled")),
        Meaning.OPENS_WAY, "Storage accounts"),
    "weakened TLS": (
        lambda: edited(TRE, STORE, "data", to("minimumTlsVersion", "TLS1_0")), Meaning.WEAKENS_ENCRYPTION, "TLS 1.2"),
    "stronger TLS": (
        lambda: edited(TRE, STORE, "data", to("minimumTlsVersion", "TLS1_3")),
        Meaning.STRENGTHENS_ENCRYPTION, "Stricter"),
    "plain HTTP": (
        lambda: edited(TRE, STORE, "data", to("enableHttpsTrafficOnly", False)), Meaning.WEAKENS_ENCRYPTION, ""),
    "a key of Azure's instead of the estate's": (
        lambda: edited(TRE, STORE, "data", to("encryption.keySource", "Microsoft.Storage")),
        Meaning.WEAKENS_ENCRYPTION, ""),
    "a longer key": (
        lambda: replaced(TRE, KEY, "keys-data", to("properties.keySize", 4096)), Meaning.LOSES_DATA, "Replaces a key"),
    "a key rotated by hand": (
        lambda: edited(TRE, DISK_KEYS, "disks", to("activeKey.keyUrl", "https://kv/keys/k/2")),
        Meaning.WEAKENS_ENCRYPTION, ""),
    "one encryption instead of two": (
        lambda: edited(TRE, DISK_KEYS, "disks", to("encryptionType", "EncryptionAtRestWithCustomerKey")),
        Meaning.WEAKENS_ENCRYPTION, "encrypted twice"),
    "a role granted": (
        lambda: added(HAVEN, GRANT, "archive-stewards-reads", "more", to("roleDefinitionId", CONTRIBUTOR)),
        Meaning.GRANTS_RIGHT, "Storage Blob Data Contributor"),
    "a role revoked": (
        lambda: removed(HAVEN, GRANT, "archive-stewards-reads"), Meaning.REVOKES_RIGHT, "Storage Blob Data Reader"),
    "a revocation that failed": (
        lambda: removed(HAVEN, GRANT, "archive-stewards-reads", pending_delete=True),
        Meaning.REVOKES_RIGHT, "exists until its delete succeeds"),
    "other stewards": (
        lambda: replaced(HAVEN, GRANT, "archive-stewards-reads", to("principalId", OTHER_GROUP)),
        Meaning.REPLACES_HOLDER, "and no longer to group"),
    "a role under a condition": (
        lambda: edited(HAVEN, GRANT, "archive-stewards-reads", under(CLEAN_BLOBS_ONLY)),
        Meaning.REVOKES_RIGHT, "Restricts the role “Storage Blob Data Reader”"),
    "a role under a condition that permits nothing": (
        lambda: edited(HAVEN, GRANT, "archive-stewards-reads", under(NO_ACCESS)),
        Meaning.REVOKES_RIGHT, "under which it permits nothing"),
    "shared keys": (
        lambda: edited(TRE, STORE, "data", to("allowSharedKeyAccess", True)), Meaning.WEAKENS_CONTROL, "Entra ID only"),
    "a destroyed store": (
        lambda: removed(TRE, STORE, "data"), Meaning.LOSES_DATA, "Deletes a storage account"),
    "a replaced vault": (
        lambda: replaced(TRE, VAULT, "keys", to("location", "ukwest")), Meaning.LOSES_DATA, "Replaces a vault"),
    "blobs are deleted earlier": (
        lambda: edited(JUNCTION, LIFECYCLE, "junction", to(DELETE_DAYS, 8)), Meaning.LOSES_DATA, ""),
    "blobs are kept for longer": (
        lambda: edited(JUNCTION, LIFECYCLE, "junction", to(DELETE_DAYS, 400)), Meaning.STRENGTHENS_CONTROL, "longer"),
    "deleted blobs are kept for a shorter time": (
        lambda: edited(TRE, BLOBS, "data", to("deleteRetentionPolicy.days", 14)), Meaning.LOSES_DATA, ""),
    "a lock is gone": (
        lambda: removed(TRE, "authorization:ManagementLockByScope", "data"), Meaning.LOSES_DATA, "deletion lock"),
    "a lock is new": (
        lambda: added(TRE, "authorization:ManagementLockByScope", "data", "more", to("lockName", "more")),
        Meaning.STRENGTHENS_CONTROL, "Adds a lock"),
    "logs are kept for a shorter time": (
        lambda: edited(PLATFORM, WORKSPACE, "logs", to("retentionInDays", 30)), Meaning.WEAKENS_CONTROL, ""),
    "logs are kept for longer": (
        lambda: edited(PLATFORM, WORKSPACE, "logs", to("retentionInDays", 730)),
        Meaning.STRENGTHENS_CONTROL, "Stricter"),
    "a larger machine": (
        lambda: edited(TRE, MACHINE, "desk", to("hardwareProfile.vmSize", "Standard_E8s_v5")),
        Meaning.DISTURBS_PEOPLE, "restarts"),
    "a new machine": (
        lambda: replaced(TRE, MACHINE, "desk", to("osProfile.computerName", "other")),
        Meaning.DISTURBS_PEOPLE, "sessions and jobs end"),
    "a longer approval": (
        lambda: edited(TRE, STORE, "data", to("tags.expiry", "2029-12-31")), Meaning.MOVES_EXPIRY, "approval"),
    "a secret that expires later": (
        lambda: edited(HAVEN, SECRET, "staging-keys-pseudonyms", to("properties.attributes.expires", 1830000000)),
        Meaning.MOVES_EXPIRY, "Secrets expire"),
    "a renamed cost centre": (
        lambda: edited(TRE, STORE, "data", to("tags.cost-centre", "RES-1")), Meaning.HOUSEKEEPING, "label"),
    "a description": (
        lambda: edited(TRE, GROUP, "net-desks", to("securityRules[0].description", "words")),
        Meaning.HOUSEKEEPING, "no policy reads"),
    "a secret with another value": (
        lambda: edited(HAVEN, SECRET, "staging-keys-pseudonyms", lambda _: None,
                       changed=("properties.value",)), Meaning.CHANGES_CONTROL, ""),
}  # fmt: skip


def diff_of(make: Callable[[], Plan]) -> StackDiff:
    plan = make()
    created = all(r.operation.value != "update" for r in plan.changes) and len(plan.changes) > 5
    return stack_diff(plan, [] if created else findings(plan))


@pytest.mark.parametrize("name", CHANGES)
def test_each_change_has_its_meaning(name: str) -> None:
    make, meaning, words = CHANGES[name]
    found = [change for change in diff_of(make).changes if change.meaning is meaning and words in change.sentence]
    assert found, [(c.meaning.value, c.sentence, c.path) for c in diff_of(make).changes]


def _without_restrictions(resource: PlannedResource) -> dict[str, Any]:
    """Return the inputs of a resource as the program has them without tenant restrictions."""
    inputs = deepcopy(dict(resource.inputs))
    inputs.pop("transportSecurity", None)
    for one in inputs.get("ruleCollections", ()):
        for rule in one["rules"]:
            rule.pop("terminateTLS", None)
            rule.pop("httpHeadersToInsert", None)
    return inputs


@pytest.mark.parametrize(
    ("given_up", "meaning", "words"),
    [
        (True, Meaning.OPENS_WAY, ("Gives up an optional control", "without the inserted restrict-access-context")),
        (False, Meaning.CLOSES_WAY, ("Adds an optional control", "without the inserted restrict-access-context")),
    ],
)
def test_tenant_restrictions_are_a_control_of_a_way(given_up: bool, meaning: Meaning, words: tuple[str, ...]) -> None:
    """The estate names them or not, so that no policy fails before or after."""
    plan, changed = restricted.after(), []
    for one in plan.resources:
        without = _without_restrictions(one)
        if without != one.inputs:
            pair = (one, without) if given_up else (replace(one, inputs=without), dict(one.inputs))
            changed.append(updated(*pair))
    found = stack_diff(replace(plan, resources=tuple(changed))).changes
    assert {change.meaning for change in found} == {meaning}
    assert all(any(word in change.sentence for change in found) for word in words)


@pytest.mark.parametrize("stack", [PLATFORM, TRE])
def test_controls_that_go_with_all_that_they_protect_open_no_way(stack: str) -> None:
    plan = shipped.after(stack)
    gone = tuple(replace(r, operation=Operation.DELETE) for r in plan.resources)
    found = {change.meaning for change in stack_diff(replace(plan, resources=gone)).changes}
    assert Meaning.OPENS_WAY not in found
    assert {Meaning.LOSES_DATA, Meaning.CLOSES_WAY} <= found


@pytest.mark.parametrize(
    ("before", "after", "meaning"),
    [
        ("198.51.100.16/28", "198.51.100.16/29", Meaning.CLOSES_WAY),
        ("198.51.100.16/29", "198.51.100.16/28", Meaning.OPENS_WAY),
        ("198.51.100.16/29", "198.51.100.24/29", Meaning.OPENS_WAY),
    ],
)
def test_fewer_addresses_close_a_way(before: str, after: str, meaning: Meaning) -> None:
    """A range that becomes a part of itself; any other one may admit somebody new."""
    ip_rules = [{"iPAddressOrRange": before, "action": "Allow"}]
    store = find(TRE, STORE, "export-released")
    was = {**store.inputs, "networkRuleSet": {**store.inputs["networkRuleSet"], "ipRules": ip_rules}}
    now = {**was, "networkRuleSet": {**was["networkRuleSet"], "ipRules": [{**ip_rules[0], "iPAddressOrRange": after}]}}
    plan = with_resource(TRE, updated(replace(store, inputs=was), now))
    (change,) = stack_diff(plan).changes
    assert change.meaning is meaning


def test_a_group_is_named_where_the_estate_names_it() -> None:
    """A group that has another name, and the same id, changes no plan."""
    plan = removed(HAVEN, GRANT, "archive-stewards-reads")
    group = plan.changes[0].inputs["principalId"]
    (change,) = stack_diff(plan, names={group.lower(): "stewards of archive"}).changes
    assert change.sentence.startswith(
        "Revokes the role “Storage Blob Data Reader” from the group “stewards of archive”"
    )
