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
NOT_ALONE: Mapping[str, tuple[str, ...]] = {
    "authorization:PolicyDefinition": ("policyDefinitionName",),
    "authorization:RoleAssignment": ("conditionVersion",),
    "compute:Disk": ("creationData.sourceResourceId", "diskAccessId"),
    "dbforpostgresql:Configuration": ("configurationName",),
    "dbforpostgresql:Server": ("createMode", "network.delegatedSubnetResourceId"),
    "network:FirewallPolicyRuleCollectionGroup": (
        "priority",
        "ruleCollections[*].priority",
        "ruleCollections[*].ruleCollectionType",
        "ruleCollections[*].rules[*].protocols[*].port",
        "ruleCollections[*].rules[*].ruleType",
    ),
    "network:FlowLog": ("retentionPolicy.enabled", "targetResourceId"),
    "network:NetworkSecurityGroup": (
        "securityRules[*].priority",
        "securityRules[*].sourcePortRanges",
    ),
    "network:RouteTable": ("routes[*].addressPrefix",),
    "network:Subnet": ("privateEndpointNetworkPolicies", "routeTable.id"),
    "resources:ResourceGroup": ("resourceGroupName", "tags"),
    "storage:BlobContainer": ("containerName", "denyEncryptionScopeOverride"),
    "storage:ManagementPolicy": (
        "policy.rules[*].definition.filters.blobTypes[*]",
        "policy.rules[*].definition.filters.prefixMatch[*]",
        "policy.rules[*].enabled",
    ),
    "storage:StorageAccount": ("isHnsEnabled", "kind"),
}
"""Paths of which no such value alone changes a verdict on the resource itself. Rules read them for another resource
(the subnet of a route table), together with another property (the priority of a rule), or only to compare names."""
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
    without: dict[str, tuple[str, ...]] = {}
    for (type_, path), policies in sorted(declared().items(), key=lambda item: item[0]):
        if not constrains(type_, path, policies):
            without[type_] = (*without.get(type_, ()), path)
    assert without == NOT_ALONE
    assert len(declared()) > 10 * sum(map(len, NOT_ALONE.values()))
