"""An airlock: the only path for data and tools into a project, or for results out of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

import pulumi

from formats.stack_config import Redundancy, Tiers
from infra.components.base_component import BaseComponent, ComponentArgs, PrivateEndpointPlacement
from infra.components.blob_storage_account import BlobStorageAccount, BlobStorageAccountArgs, PublicAccess
from infra.components.grants import Principal
from infra.components.key_vault import KeyVault


class Stage(Enum):
    """The two stages of an airlock. The values are part of the names of resources, containers and outputs."""

    PENDING = "asked"
    APPROVED = "released"


RETENTION = Tiers(delete_after_days=90)
"""An airlock is not an archive: approved files have been fetched by then, and refused ones must be deleted."""


@dataclass(frozen=True)
class AirlockRoles:
    """The three parties of an airlock."""

    submitters: Mapping[str, Principal]
    """Write files to the pending stage. The keys end the names of their assignments."""
    reviewer: Principal
    """Reads the pending stage and writes approved files to the approved stage."""
    recipients: Mapping[str, Principal]
    """Read the approved stage. The keys are as those of `submitters`."""


@dataclass(frozen=True)
class Outbox:
    """Who reads the approved stage from outside the estate, and from where."""

    recipients: Principal
    """The recipients outside. They may be the recipient inside as well."""
    access: PublicAccess
    """Their addresses."""


@dataclass(frozen=True, kw_only=True)
class AirlockArgs(ComponentArgs):
    """The arguments of `Airlock`."""

    roles: AirlockRoles
    endpoints: Mapping[Stage, PrivateEndpointPlacement]
    """The placement of the private endpoint of each stage's store."""
    keys: KeyVault
    """The vault of the keys that encrypt the stores."""
    redundancy: Redundancy
    outbox: Outbox | None = None
    """None: the approved stage is closed to the public network, as the pending one always is."""


class Airlock(BaseComponent):
    """Two stores, one for each stage. Neither submitter nor recipient can move a file from the first to the second.

    The reviewer writes to the approved stage. In the pending one the reviewer only reads, and only versions of files
    that the malware scan found clean. The submitter can replace a pending file at any time, which makes a new version.
    So that the released file is the reviewed one, the reviewer downloads one version and releases what was downloaded
    (docs/guides/checkers.md, decision 0017). The recipient cannot read the pending stage. With a store for each stage,
    network rules separate the parties as well: one wrong role assignment is not enough.
    """

    TYPE = "sde:infra:Airlock"

    def __init__(self, name: str, args: AirlockArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        roles, outside = args.roles, args.outbox.recipients if args.outbox else None
        if roles.reviewer in (*roles.submitters.values(), *roles.recipients.values(), outside):
            raise ValueError(f"the reviewer of the airlock {name} is also its submitter or recipient")
        self.stores = {stage: self._store(stage, args) for stage in Stage}
        pending, approved = self.stores[Stage.PENDING], self.stores[Stage.APPROVED]
        for suffix, submitter in roles.submitters.items():
            pending.grant_read_write(f"brings{suffix}", submitter, container=Stage.PENDING.value)
        pending.grant_read("checks", roles.reviewer, container=Stage.PENDING.value, clean_only=True)
        approved.grant_read_write("releases", roles.reviewer, container=Stage.APPROVED.value)
        for suffix, recipient in roles.recipients.items():
            approved.grant_read(f"fetches{suffix}", recipient, container=Stage.APPROVED.value)
        # Azure refuses a second assignment of one role to one principal on one resource.
        if outside and outside not in roles.recipients.values():
            approved.grant_read("outbox", outside, container=Stage.APPROVED.value)
        self.register_outputs({stage.value: store.account.id for stage, store in self.stores.items()})

    def _store(self, stage: Stage, args: AirlockArgs) -> BlobStorageAccount:
        store_name = f"{self.name}-{stage.value}"
        store_args = BlobStorageAccountArgs(
            scope=self.scope,
            endpoint=args.endpoints[stage],
            key=args.keys.encryption_key(store_name),
            redundancy=args.redundancy,
            containers=[stage.value],
            tiers=RETENTION,
            scan_uploads=stage is Stage.PENDING,
            public_access=args.outbox.access if args.outbox and stage is Stage.APPROVED else None,
        )
        return BlobStorageAccount(store_name, store_args, self.child_opts())
