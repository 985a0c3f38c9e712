"""A few declared types, and a client that calls the providers in-process, as an engine does."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import grpc
from pulumi.runtime.proto import provider_pb2

from formats.property_values import to_struct
from local_azure.model import AzureError, AzureType, NameRule, Request
from local_azure.provider import AzureProvider
from local_azure.schema import azure_native
from local_azure.store import Store
from local_azure.wire import from_struct

SUBSCRIPTION = "10ca1000-0000-4000-8000-000000000001"
GROUP = "azure-native:resources:ResourceGroup"
VNET = "azure-native:network:VirtualNetwork"
SUBNET = "azure-native:network:Subnet"
NSG = "azure-native:network:NetworkSecurityGroup"
ACCOUNT = "azure-native:storage:StorageAccount"
CONTAINER = "azure-native:storage:BlobContainer"
VAULT = "azure-native:keyvault:Vault"
KEY = "azure-native:keyvault:Key"
SECRET = "azure-native:keyvault:Secret"
LOCK = "azure-native:authorization:ManagementLockByScope"
ROLE = "azure-native:authorization:RoleAssignment"
WORKSPACE = "azure-native:operationalinsights:Workspace"
ZONE = "azure-native:privatedns:PrivateZone"

ANY = NameRule(r"[\w.()-]{1,90}", "1-90 word characters")


def _refuse_east(request: Request) -> None:
    if request.name.startswith("east"):
        raise AzureError("Forbidden", f"{request.name} is refused with {request.new.get('tags')}", status=403)


def _endpoints(request: Request) -> Mapping[str, Any]:
    return {
        "primaryEndpoints": {"blob": f"https://{request.name}.blob.core.windows.net/"},
        "identity.principalId": "5" * 8 + "-0000-4000-8000-000000000000",
        "creationTime": (request.old or {}).get("creationTime", "2024-01-01T00:00:00Z"),
    }


TYPES = {
    found.token: found
    for found in (
        AzureType(GROUP, NameRule(r"[\w.()-]{1,90}", "1-90 word characters")),
        AzureType(VNET, ANY, defaults={"enableDdosProtection": False}),
        AzureType(
            SUBNET, ANY, location="none", references={"networkSecurityGroup.id": (NSG,), "natGateway.id": ()}
        ),
        AzureType(NSG, ANY),
        AzureType(
            ACCOUNT,
            NameRule("[a-z0-9]{3,24}", "3-24 lower-case letters and digits", globally_unique=True,
                 code="AccountNameInvalid", taken_code="StorageAccountAlreadyTaken"),
            defaults={"minimumTlsVersion": "TLS1_0", "networkRuleSet.defaultAction": "Allow", "encryption.keySource":
                      "Microsoft.Storage"},
            replace_on_change=("isHnsEnabled", "encryption.requireInfrastructureEncryption", "location"),
            computed=_endpoints,
            constraints=(_refuse_east,),
            additional_values={"kind": ("StorageV3",)},
        ),
        AzureType(CONTAINER, ANY, location="none"),
        AzureType(
            VAULT,
            NameRule("[A-Za-z][A-Za-z0-9-]{2,23}", "3-24 letters, digits and -", globally_unique=True,
                 taken_code="VaultAlreadyExists"),
            soft_delete_days=90,
            recover_when={"properties.createMode": "recover"},
            immutable={"properties.softDeleteRetentionInDays": "BadRequest"},
        ),
        AzureType(KEY, ANY, location="none", computed=lambda request: request.new["properties"]),
        AzureType(
            SECRET,
            ANY,
            location="none",
            write_only=("properties.value",),
            defaults={"properties.attributes.enabled": True},
        ),
        AzureType(LOCK, ANY, location="none"),
        AzureType(ROLE, NameRule(r"[0-9a-f-]{36}", "a GUID"), location="none"),
        AzureType(WORKSPACE, ANY, soft_delete_days=14, recovered_by_create=True, secret_outputs=("customerId",),
                  computed=lambda _: {"customerId": "6" * 8}),
        AzureType(ZONE, ANY, location="global"),
    )
}  # fmt: skip


class Aborted(Exception):  # noqa: N818
    """A call that was aborted: its status and details."""

    def __init__(self, code: grpc.StatusCode, details: str) -> None:
        self.code, self.details = code, details
        super().__init__(details)


class Context:
    """The gRPC context of an in-process call."""

    def abort(self, code: grpc.StatusCode, details: str) -> None:
        raise Aborted(code, details)


class Cloud:
    """One local Azure with its azure-native provider. Each method is one call of the provider protocol."""

    def __init__(self, path: Path, location: str = "uksouth") -> None:
        self.store = Store(path / "azure.db")
        self.provider = AzureProvider(self.store, azure_native(), TYPES)
        settings = {"subscriptionId": SUBSCRIPTION} | ({"location": location} if location else {})
        self.provider.Configure(provider_pb2.ConfigureRequest(args=to_struct(settings)), Context())

    def check(self, token: str, news: Mapping[str, Any], olds: Mapping[str, Any] | None = None, **more: Any) -> Any:
        request = provider_pb2.CheckRequest(
            urn=urn(token), news=to_struct(news), olds=to_struct(olds or {}), randomSeed=b"seed", **more
        )
        return self.provider.Check(request, Context())

    def inputs(self, token: str, news: Mapping[str, Any]) -> dict[str, Any]:
        response = self.check(token, news)
        assert not response.failures, response.failures
        return from_struct(response.inputs)

    def create(self, token: str, news: Mapping[str, Any], *, preview: bool = False) -> tuple[str, dict[str, Any]]:
        request = provider_pb2.CreateRequest(
            urn=urn(token), properties=to_struct(self.inputs(token, news)), preview=preview
        )
        response = self.provider.Create(request, Context())
        return response.id, from_struct(response.properties)

    def diff(self, token: str, old: Mapping[str, Any], new: Mapping[str, Any], **more: Any) -> Any:
        request = provider_pb2.DiffRequest(
            urn=urn(token), old_inputs=to_struct(old), news=to_struct(new), olds=to_struct(old), **more
        )
        return self.provider.Diff(request, Context())

    def update(
        self, token: str, id_: str, old: Mapping[str, Any], olds: Mapping[str, Any], new: Mapping[str, Any],
        *, preview: bool = False,
    ) -> dict[str, Any]:  # fmt: skip
        request = provider_pb2.UpdateRequest(
            urn=urn(token), id=id_, old_inputs=to_struct(old), olds=to_struct(olds), news=to_struct(new),
            preview=preview,
        )  # fmt: skip
        return from_struct(self.provider.Update(request, Context()).properties)

    def read(
        self, token: str, id_: str, inputs: Mapping[str, Any] | None = None, state: Mapping[str, Any] | None = None
    ) -> tuple[str, dict[str, Any], dict[str, Any]]:
        request = provider_pb2.ReadRequest(urn=urn(token), id=id_)
        if inputs is not None:
            request.inputs.CopyFrom(to_struct(inputs))
            request.properties.CopyFrom(to_struct(state or {}))
        response = self.provider.Read(request, Context())
        return response.id, from_struct(response.inputs), from_struct(response.properties)

    def delete(self, token: str, id_: str) -> None:
        self.provider.Delete(provider_pb2.DeleteRequest(urn=urn(token), id=id_), Context())

    def invoke(self, token: str, arguments: Mapping[str, Any] | None = None) -> dict[str, Any]:
        request = provider_pb2.InvokeRequest(tok=token, args=to_struct(arguments or {}))
        return from_struct(getattr(self.provider.Invoke(request, Context()), "return"))

    def group(self, name: str = "rg-one", location: str = "uksouth") -> str:
        return self.create(GROUP, {"resourceGroupName": name, "location": location})[0]


def urn(token: str, name: str = "thing") -> str:
    return f"urn:pulumi:test::sde::{token}::{name}"


def account(name: str = "storeone", **more: Any) -> dict[str, Any]:
    return {
        "resourceGroupName": "rg-one",
        "accountName": name,
        "kind": "StorageV2",
        "sku": {"name": "Standard_LRS"},
    } | more
