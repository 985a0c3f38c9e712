"""A local Azure with all types, and the resources that most tests need."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from formats.local_cloud import TENANT
from local_azure.arm import Arm
from local_azure.model import AzureError
from local_azure.schema import Schemas, azure_native
from local_azure.store import Store
from local_azure.types import TYPES
from local_azure.validation import Inputs, validate

SUBSCRIPTION = "10ca1000-0000-4000-8000-000000000001"
CRYPTO_USER = "e147488a-f6f5-4113-8e2d-b22465e65bf6"
SSH_KEY = "ssh-ed25519 " + "A" * 68


@cache
def schemas() -> Schemas:
    return azure_native()


@contextmanager
def refused(code: str) -> Iterator[None]:
    """The block must be refused with this code."""
    with pytest.raises(AzureError) as caught:
        yield
    assert caught.value.code == code, caught.value


class World:
    """One local Azure with a resource group. Each method creates one resource and returns its id."""

    def __init__(self, path: Path) -> None:
        self.store = Store(path / "azure.db")
        self.arm = Arm(self.store, schemas(), TYPES)
        self.make("resources:ResourceGroup", group=None, location="uksouth", resourceGroupName="rg")

    def make(self, token: str, group: str | None = "rg", **inputs: Any) -> str:
        """Create a resource, after validation of its inputs as in the provider."""
        token = f"azure-native:{token}"
        given = dict(inputs)
        known = self.arm.known_type(token)
        if "resourceGroupName" in known.schema.inputs and group:
            given.setdefault("resourceGroupName", group)
        if TYPES[token].location in ("required", "global"):
            given.setdefault("location", "uksouth" if TYPES[token].location == "required" else "global")
        failures = validate(Inputs(known.type, known.schema, given))
        assert not failures, failures
        return self.arm.create(token, given, SUBSCRIPTION).id

    def change(self, id_: str, **changes: Any) -> None:
        """Update a resource: its inputs with these changes."""
        stored = self.store.get(id_)
        assert stored is not None
        schema = self.arm.known_type(stored.token).schema
        before = {key: value for key, value in stored.properties.items() if key in schema.inputs}
        self.arm.update(id_, stored.token, {**before, **changes}, SUBSCRIPTION)

    def remove(self, id_: str) -> None:
        stored = self.store.get(id_)
        assert stored is not None
        self.arm.delete(id_, stored.token, SUBSCRIPTION)

    def read(self, id_: str) -> Mapping[str, Any]:
        stored = self.store.get(id_)
        assert stored is not None
        return stored.properties

    # Resources that most tests need.

    def vnet(self, name: str = "hub", space: str = "10.0.0.0/16", **more: Any) -> str:
        more = {"addressSpace": {"addressPrefixes": [space]}} | more
        return self.make("network:VirtualNetwork", virtualNetworkName=name, **more)

    def subnet(self, name: str = "data", prefix: str = "10.0.1.0/24", vnet: str = "hub", **more: Any) -> str:
        return self.make("network:Subnet", virtualNetworkName=vnet, subnetName=name, addressPrefix=prefix, **more)

    def public_ip(self, name: str = "pip", **more: Any) -> str:
        more = {"sku": {"name": "Standard"}, "publicIPAllocationMethod": "Static"} | more
        return self.make("network:PublicIPAddress", publicIpAddressName=name, **more)

    def identity(self, name: str = "keeper") -> str:
        return self.make("managedidentity:UserAssignedIdentity", resourceName=name)

    def principal(self, id_: str) -> str:
        return str(self.read(id_)["principalId"])

    def vault(self, name: str = "kv-one", **properties: Any) -> str:
        properties = {
            "tenantId": TENANT,
            "sku": {"family": "A", "name": "premium"},
            "enableRbacAuthorization": True,
            "enablePurgeProtection": True,
        } | properties
        properties = {key: value for key, value in properties.items() if value is not None}
        return self.make("keyvault:Vault", vaultName=name, properties=properties)

    def key(self, name: str = "k1", vault: str = "kv-one", **properties: Any) -> str:
        properties = {"kty": "RSA", "keySize": 3072} | properties
        return self.make("keyvault:Key", vaultName=vault, keyName=name, properties=properties)

    def grant(self, principal: str, scope: str, role: str = CRYPTO_USER, name: str = "1", **more: Any) -> str:
        return self.make(
            "authorization:RoleAssignment",
            scope=scope,
            principalId=principal,
            principalType="ServicePrincipal",
            roleDefinitionId=f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/{role}",
            roleAssignmentName=f"00000000-0000-4000-8000-{int(name):012d}",
            **more,
        )

    def account(self, name: str = "storeone", **more: Any) -> str:
        more = {"kind": "StorageV2", "sku": {"name": "Standard_LRS"}} | more
        return self.make("storage:StorageAccount", accountName=name, **more)

    def workspace(self, name: str = "logs", **more: Any) -> str:
        return self.make("operationalinsights:Workspace", workspaceName=name, **more)

    def nic(self, name: str = "nic-1", subnet: str = "", **more: Any) -> str:
        config = {"name": "ip", "subnet": {"id": subnet}} | more
        return self.make("network:NetworkInterface", networkInterfaceName=name, ipConfigurations=[config])
