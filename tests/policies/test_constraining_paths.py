"""Each declared path constrains something: a declaration of a path that no check constrains would let TY2 pass it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from formats.arm.sdk import AZURE_NATIVE
from formats.property_paths import parse, put
from formats.pulumi_sdk import leaves
from policies.known_properties import ALL
from policies.model import Policy, PolicyContext, Resource
from policies.mutations.paths import places
from policies.mutations.sdk_mutants import enum_values, extended
from policies.rules import load
from policies.runner import BROKE, findings_of
from tests.policies.rules.cases import TODAY
from tests.policies.shipped import configs
from tests.policies.test_declared_paths import samples

TENANCY = "tre-hcm-progression"
ROOT = "/subscriptions/e15e0000-0000-4000-8000-00000000000e/resourceGroups/rg/providers"
NETWORK = f"{ROOT}/Microsoft.Network/virtualNetworks/v"
VALUES: tuple[Any, ...] = (
    "x", "", None, True, False, 0, -1, 10**6, "*", "Internet", "0.0.0.0/0", NETWORK, [], {}, ["x"], [NETWORK],
    ["0.0.0.0/0"], [1],
    {"x": "y"}, [{"x": "y"}], "https://elsewhere.example/x", "P1D", "Allow", "Enabled",
)  # fmt: skip
MAX_SAMPLES = 2
"""At most this many resources of a type are changed in each sample."""
NOT_ALONE: Mapping[str, Mapping[str, str]] = {
    "authorization:PolicyDefinition": {"policyDefinitionName": "GD4 finds a guardrail's definition by it."},
    "authorization:RoleAssignment": {"conditionVersion": "AL4 reads it of a condition; Azure has one for data."},
    "compute:Disk": {
        "creationData.sourceResourceId": "VM13 reads it of copies; no sample is one, since TY3 wants its source.",
        "diskAccessId": "VM4 reads it where private access is permitted, for synthetic data.",
    },
    "compute:Snapshot": {"diskAccessId": "VM4 reads it where private access is permitted, for synthetic data."},
    "compute:VirtualMachine": {"vmName": "VM16 reads it of Windows desks, which these plans have not."},
    "dbforpostgresql:Configuration": {"configurationName": "It says which setting the value is of."},
    "dbforpostgresql:Server": {"createMode": "A copy of another server needs the source with it."},
    "network:FirewallPolicyRuleCollectionGroup": {"priority": "FW11 compares it with those of other groups."},
    "network:FlowLog": {
        "retentionPolicy.enabled": "NW8 reads it with the days.",
        "targetResourceId": "NW8 reports the network that no flow log names.",
    },
    "network:SecurityRule": {
        "priority": "NW12 compares it with those of other rules.",
        "sourcePortRange": "The flows read it of denials, which must be for all ports.",
        "sourcePortRanges": "The flows read it of denials, which must be for all ports.",
    },
    "network:Subnet": {
        "privateEndpointNetworkPolicies": "NW15 reads it of subnets with private endpoints.",
        "routeTable.id": "NW3 reports a table that has no default route.",
    },
    "network:NetworkInterface": {
        "ipConfigurations[*].privateIPAddress": "NW22 compares it for staff, which these plans have not.",
        "ipConfigurations[*].privateIPAllocationMethod": "NW22 compares it for staff, which these plans have not.",
    },
    "resources:ResourceGroup": {
        "resourceGroupName": "SC1 and SC2 compare the groups of other resources with it.",
        "tags": "A map; GV10 reads each tag.",
    },
    "storage:BlobContainer": {
        "containerName": "AL5 finds the container of a provider by it.",
        "denyEncryptionScopeOverride": "ST23 reads it with the default scope.",
    },
    "storage:ManagementPolicy": {
        "policy.rules[*].definition.filters.blobTypes[*]": "ST30 asks for one rule for all blobs, of several.",
        "policy.rules[*].definition.filters.prefixMatch[*]": "ST30 asks for one rule for all blobs, of several.",
        "policy.rules[*].enabled": "ST30 asks for one rule for all blobs, of several.",
    },
    "storage:StorageAccount": {
        "isHnsEnabled": "ST10 reads it, since versions do not exist with it.",
        "kind": "ST10 reads it, since only some kinds have versions.",
    },
}
"""Paths of which no such value alone changes a verdict on the resource itself, each with the reason."""
Fixture = tuple[Resource, PolicyContext]


@cache
def fixtures() -> Mapping[str, list[Fixture]]:
    """Return resources of each type that the samples have."""
    found: dict[str, list[Fixture]] = {}
    for resources in samples():
        own = {resource.stack: configs()[TENANCY] for resource in resources} | configs()
        context = PolicyContext(resources, is_complete=True, today=TODAY, configs=own)
        counts = Counter[str]()
        for resource in resources:
            counts[resource.type] += 1
            if counts[resource.type] <= MAX_SAMPLES:
                found.setdefault(resource.type, []).append((resource, context))
    return found


def declared() -> Mapping[tuple[str, str], list[Policy]]:
    """Return the policies on a type that declare a path of it, for the paths of values of the SDK."""
    found: dict[tuple[str, str], list[Policy]] = {}
    for policy in load().values():
        for type_, path in policy.typed_paths:
            own = type_ in policy.resource_types or ALL in policy.resource_types
            if own and type_ in fixtures() and _is_value(type_, path):
                found.setdefault((type_, path), []).append(policy)
    return found


def _is_value(type_: str, path: str) -> bool:
    offered = leaves(AZURE_NATIVE, f"azure-native:{type_}")
    return path in offered or f"{path}[*]" in offered


def blocks(policy: Policy, resource: Resource, context: PolicyContext) -> set[tuple[str, str]]:
    """Return the blocking findings, without those of a rule that raised."""
    found = findings_of(policy, resource, context)
    return {(f.path, f.message) for f in found if f.verdict.blocks and not f.message.startswith(BROKE)}


def changed(resource: Resource, path: str) -> Iterator[Resource]:
    """Yield the resource with each value in the places of a path, and in one more entry of its list."""
    offered = leaves(AZURE_NATIVE, f"azure-native:{resource.type}")
    property_ = offered.get(path) or offered[f"{path}[*]"]
    for value in (*enum_values(resource.type, property_), *VALUES):
        for place in list(places(resource.inputs, path))[:2]:
            yield replace(resource, inputs=put(resource.inputs, place, value))
        yield replace(resource, inputs=extended(resource.inputs, parse(path), value))


def constrains(type_: str, path: str, policies: list[Policy]) -> bool:
    for resource, context in fixtures()[type_]:
        for policy in policies:
            before = blocks(policy, resource, context)
            if any(blocks(policy, after, context) - before for after in changed(resource, path)):
                return True
    return False


def test_some_value_of_each_declared_path_is_refused() -> None:
    without: dict[str, set[str]] = {}
    for (type_, path), policies in sorted(declared().items(), key=lambda item: item[0]):
        if not constrains(type_, path, policies):
            without.setdefault(type_, set()).add(path)
    assert without == {type_: set(paths) for type_, paths in NOT_ALONE.items()}
    assert len(declared()) > 10 * sum(map(len, NOT_ALONE.values()))
