"""The storage of a cell's flow logs."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from formats.stack_config import Redundancy, Tiers
from infra.components.base_component import BaseComponent, ComponentArgs, PrivateEndpointPlacement
from infra.components.blob_storage_account import BlobStorageAccount, BlobStorageAccountArgs
from infra.components.grants import Principal
from infra.components.key_vault import EncryptionKey

CONTAINER = "insights-logs-flowlogflowevent"
"""The container to which Azure writes flow logs of networks (learn.microsoft.com, "Virtual network flow logs")."""
RETENTION = Tiers(delete_after_days=365)
"""Deletes records and their earlier versions after a year; soft delete ends with the month after that."""


@dataclass(frozen=True, kw_only=True)
class FlowLogStorageArgs(ComponentArgs):
    """The arguments of `FlowLogStorage`."""

    endpoint: PrivateEndpointPlacement
    """The placement of the storage account's private endpoint."""
    key: EncryptionKey
    """The key that encrypts the storage account."""


class FlowLogStorage(BaseComponent):
    """A storage account for the flow logs of every network of a cell, and the managed identity that writes them."""

    TYPE = "sde:infra:FlowLogStorage"

    def __init__(self, name: str, args: FlowLogStorageArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        scope = args.scope
        self._writer = self.new_identity(f"{name}-writer")
        account_args = BlobStorageAccountArgs(
            scope=scope,
            endpoint=args.endpoint,
            key=args.key,
            redundancy=Redundancy.LOCAL,
            containers=[CONTAINER],
            tiers=RETENTION,
            trusted_services_reason="Network Watcher writes flow logs from Azure's own networks",
        )
        self._storage = BlobStorageAccount(name, account_args, self.child_opts())
        grant = self._storage.grant_read_write("writer", Principal.service(self._writer.principal_id))
        self.ready: tuple[pulumi.Resource, ...] = (grant,)
        """The resources that a flow log must depend on."""
        self.register_outputs({"store": self.account_id})

    @property
    def account_id(self) -> pulumi.Output[str]:
        """The id of the storage account."""
        account_id: pulumi.Output[str] = self._storage.account.id
        return account_id

    @property
    def writer_id(self) -> pulumi.Output[str]:
        """The id of the managed identity that writes."""
        writer_id: pulumi.Output[str] = self._writer.id
        return writer_id
