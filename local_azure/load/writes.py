"""The resources that a write changes besides its own, of which each accepts one write at a time.

Facts: docs/azure-facts.md#one-write-at-a-time, #durations-of-writes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from formats.property_paths import find, parse

_NETWORK, _STORAGE = "azure-native:network:", "azure-native:storage:"
DEFENDER = "azure-native:security:DefenderForStorage"
DEFINITION, ASSIGNED_ROLE = (f"azure-native:authorization:{name}" for name in ("PolicyDefinition", "RoleAssignment"))
ACCOUNT = "azure-native:storage:StorageAccount"

IN_PROGRESS, ACCOUNT_IN_PROGRESS = "AnotherOperationInProgress", "StorageAccountOperationInProgress"
NOT_PROVISIONED = "ReferencedResourceNotProvisioned"

_OWN = frozenset({"VirtualNetwork", "FirewallPolicy"})
_PARENTS = frozenset({"Subnet", "VirtualNetworkPeering", "FirewallPolicyRuleCollectionGroup"})
_SUBNET_PATHS = {
    "PrivateEndpoint": ("subnet.id",),
    "NetworkInterface": ("ipConfigurations[*].subnet.id",),
    "BastionHost": ("ipConfigurations[*].subnet.id",),
    "VirtualNetworkGateway": ("ipConfigurations[*].subnet.id",),
    "AzureFirewall": ("ipConfigurations[*].subnet.id", "managementIpConfiguration.subnet.id"),
}
_APPLIANCES = frozenset({"BastionHost", "AzureFirewall"})
"""Each has a subnet of its own. Two may be written at once, but no other write to the network beside them."""
_CONNECTIONS = ("privateLinkServiceConnections", "manualPrivateLinkServiceConnections")
_OPERATIONS = frozenset({"PrivateEndpoint", "VirtualNetworkGateway", "VirtualNetworkGatewayConnection", *_APPLIANCES})
_SECONDS = {
    "VirtualNetwork": 10, "Subnet": 10, "VirtualNetworkPeering": 20, "PrivateEndpoint": 60, "NetworkInterface": 5,
    "FlowLog": 10, "BastionHost": 600, "AzureFirewall": 600, "FirewallPolicy": 20, "Vault": 30, "Workspace": 60,
    "FirewallPolicyRuleCollectionGroup": 20, "StorageAccount": 25, "BlobServiceProperties": 5, "ManagementPolicy": 5,
    "DefenderForStorage": 10, "VirtualMachine": 60, "VirtualNetworkGateway": 1800, "LocalNetworkGateway": 10,
    "VirtualNetworkGatewayConnection": 30, "Registry": 20,
}  # fmt: skip
LATE = {DEFINITION: 30.0, ASSIGNED_ROLE: 60.0}
"""Seconds until the instances of other services see a new resource of the type."""


@dataclass(frozen=True)
class Written:
    """A resource that a write changes."""

    id: str
    """In lower case."""
    code: str
    """The error code of a second write."""
    shared: bool = False
    """True if it may overlap with other shared writes."""


def seconds(token: str) -> float:
    """Return the typical duration of a write of a type."""
    return float(_SECONDS.get(token.rpartition(":")[2], 2))


def is_operation(token: str) -> bool:
    """True if a conflict ends the write as a failed operation; other requests get the status 409, and are repeated."""
    return token.startswith(_NETWORK) and token.rpartition(":")[2] in _OPERATIONS


def written_by(token: str, id_: str, properties: Mapping[str, Any]) -> tuple[Written, ...]:
    """Return the resources that a write of a resource changes."""
    return tuple(dict.fromkeys(_written(token, id_.rstrip("/").lower(), properties)))


def _written(token: str, id_: str, properties: Mapping[str, Any]) -> Iterator[Written]:
    name = token.rpartition(":")[2]
    if token.startswith(_STORAGE):
        yield from _account(id_)
    elif token == DEFENDER:
        yield from _account(f"/{str(properties.get('resourceId')).strip('/')}")
    elif token.startswith(_NETWORK):
        if name in _OWN | _PARENTS:
            yield Written(id_ if name in _OWN else _parent(id_), IN_PROGRESS)
        code = NOT_PROVISIONED if name == "PrivateEndpoint" else IN_PROGRESS
        for subnet in _texts(properties, *_SUBNET_PATHS.get(name, ())):
            yield Written(_parent(subnet), code, shared=name in _APPLIANCES)
        yield from _other_resources(name, properties)


def _other_resources(name: str, properties: Mapping[str, Any]) -> Iterator[Written]:
    """Yield what a write in the network service changes beside the network."""
    if name == "AzureFirewall":
        for policy in _texts(properties, "firewallPolicy.id"):
            yield Written(policy, IN_PROGRESS)
    elif name == "VirtualNetworkGatewayConnection":
        for gateway in _texts(properties, "virtualNetworkGateway1.id"):
            yield Written(gateway, IN_PROGRESS)
    elif name == "FlowLog":
        for target in _texts(properties, "targetResourceId"):
            if target.rpartition("/")[0].endswith("/virtualnetworks"):
                yield Written(target, IN_PROGRESS)
    elif name == "PrivateEndpoint":
        for target in _texts(properties, *(f"{list_}[*].privateLinkServiceId" for list_ in _CONNECTIONS)):
            yield from _account(target)


def _account(id_: str) -> Iterator[Written]:
    """Yield the storage account that has the resource, if any."""
    before, found, after = id_.lower().partition("/microsoft.storage/storageaccounts/")
    if found:
        yield Written(before + found + after.partition("/")[0], ACCOUNT_IN_PROGRESS)


def _texts(properties: Mapping[str, Any], *paths: str) -> Iterator[str]:
    for path in paths:
        for _, value in find(properties, parse(path)):
            if isinstance(value, str):
                yield value.rstrip("/").lower()


def _parent(id_: str) -> str:
    return id_.rsplit("/", 2)[0]
