"""An inbox: the store that one provider uploads to, and no other provider can reach."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address

import pulumi

from formats.providers import Provider
from infra.components.base_component import BaseComponent, ComponentArgs
from infra.components.blob_storage_account import BlobStorageAccount, BlobStorageAccountArgs, PublicAccess
from infra.components.grants import Principal
from infra.components.zone import Zone

CONTAINER = "uploads"


@dataclass(frozen=True, kw_only=True)
class InboxArgs(ComponentArgs):
    """The arguments of `Inbox`."""

    zone: Zone
    """The zone that the inbox belongs to."""
    provider: Provider
    address: IPv4Address
    """The address of its private endpoint."""
    public_access: PublicAccess | None = None
    """Set if the provider comes from public addresses."""


class Inbox(BaseComponent):
    """A storage account with a key of its own, so that the data of one provider can be made unreadable alone.

    Each provider has an account, not a container, because network rules are of accounts: the addresses that one
    provider comes from reach no other provider's data.
    """

    TYPE = "sde:infra:Inbox"

    def __init__(self, name: str, args: InboxArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        zone, provider = args.zone, args.provider
        store_args = BlobStorageAccountArgs(
            scope=args.scope,
            endpoint=zone.network.endpoint_placement(args.address, subnet="inboxes"),
            key=zone.keys.encryption_key(name),
            redundancy=zone.config.redundancy,
            containers=[CONTAINER],
            tiers=zone.config.tiers,
            immutable_days=zone.config.immutable_days,
            scan_uploads=True,
            public_access=args.public_access,
        )
        self.store = BlobStorageAccount(name, store_args, self.child_opts())
        zone.grant_own_access(self.store)
        self.store.grant_read_write(
            provider.code, Principal.group(provider.group), container=CONTAINER, closed=provider.closed
        )
        self.register_outputs({"store": self.store.account.id})

    def outputs(self) -> dict[str, pulumi.Input[str]]:
        """Return the outputs that people use."""
        return {"store_name": self.store.account.name, "store_id": self.store.account.id}
