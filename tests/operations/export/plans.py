"""Small plans as an engine makes them: inputs as azure-native sends them, with their dependencies."""

from __future__ import annotations

from typing import Any

from formats.plan import Operation, Plan, PlannedResource
from operations.export.arm import template

SUBSCRIPTION = "10ca1000-0000-4000-8000-000000000001"
ROOT = "urn:pulumi:platform::sde::pulumi:pulumi:Stack::sde-platform"
PROVIDER = "urn:pulumi:platform::sde::pulumi:providers:azure-native::default_3_29_0"


def urn(type_: str, name: str) -> str:
    return f"urn:pulumi:platform::sde::{type_}::{name}"


def made(type_: str, name: str, inputs: dict[str, Any] | None = None, **rest: Any) -> PlannedResource:
    """A resource to create. `type_` without a package is azure-native's; `from_` maps inputs to what they come from."""
    full = type_ if type_.startswith(("pulumi:", "random:", "sde:", "aws:")) else f"azure-native:{type_}"
    sources = {key: tuple(urns) for key, urns in rest.pop("from_", {}).items()}
    every = {u for urns in sources.values() for u in urns} | set(rest.pop("dependencies", ()))
    rest.setdefault("operation", Operation.CREATE)
    return PlannedResource(
        urn=urn(full, name),
        type=full,
        inputs=inputs or {},
        provider=PROVIDER,
        dependencies=tuple(sorted(every)),
        property_dependencies=sources,
        **rest,
    )


def plan_of(*resources: PlannedResource) -> Plan:
    root = PlannedResource(ROOT, "pulumi:pulumi:Stack", Operation.SAME, custom=False)
    return Plan("sde", "platform", "local", (root, *resources), SUBSCRIPTION)


def group(name: str = "rg-hub") -> PlannedResource:
    return made("resources:ResourceGroup", name, {"resourceGroupName": name, "location": "uksouth"})


def network(room: PlannedResource, name: str = "vnet-hub", **inputs: Any) -> PlannedResource:
    return made(
        "network:VirtualNetwork",
        name,
        {
            "resourceGroupName": room.name,
            "virtualNetworkName": name,
            "location": "uksouth",
            "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]},
            **inputs,
        },
        from_={"resourceGroupName": [room.urn]},
    )


def subnet(room: PlannedResource, vnet: PlannedResource, name: str = "snet-data", **inputs: Any) -> PlannedResource:
    return made(
        "network:Subnet",
        name,
        {
            "resourceGroupName": room.name,
            "virtualNetworkName": vnet.name,
            "subnetName": name,
            "addressPrefix": "10.0.1.0/24",
            **inputs,
        },
        from_={"resourceGroupName": [room.urn], "virtualNetworkName": [vnet.urn]},
    )


def store(room: PlannedResource, name: str = "stsdehub", **inputs: Any) -> PlannedResource:
    return made(
        "storage:StorageAccount",
        name,
        {
            "resourceGroupName": room.name,
            "accountName": name,
            "location": "uksouth",
            "kind": "StorageV2",
            "sku": {"name": "Standard_LRS"},
            "enableHttpsTrafficOnly": True,
            "minimumTlsVersion": "TLS1_2",
            "networkRuleSet": {"defaultAction": "Deny", "bypass": "None", "ipRules": []},
            **inputs,
        },
        from_={"resourceGroupName": [room.urn]},
    )


def grant(**inputs: Any) -> dict[str, Any]:
    """A role assignment's inputs, on the group."""
    return {
        "roleAssignmentName": "11111111-2222-4333-8444-555555555555",
        "principalType": "ServicePrincipal",
        "roleDefinitionId": "/providers/Microsoft.Authorization/roleDefinitions/r",
        "principalId": "22222222-2222-4333-8444-555555555555",
        "scope": f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-hub",
        **inputs,
    }


def one(plan: Plan, type_: str) -> dict[str, Any]:
    """Return the only resource of a type in a plan's template."""
    (found,) = [r for r in template(plan)["resources"] if r["type"] == type_]
    return dict(found)
