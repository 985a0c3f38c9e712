"""A store: a storage account for blobs, closed and encrypted with a key of the room's own."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
from pulumi_azure_native import storage

from infra.components.grants import Principal
from infra.components.key_vault import EncryptionKey
from infra.components.malware_scan import MalwareScan, admitted
from infra.components.part import Doorway, Part, Report
from infra.components.room import Room
from infra.components.tiering import lifecycle
from infra.config import Redundancy, Tiers
from infra.names import Public
from infra.roles import PrivateService, Role
from infra.scanning import CLEAN

UNDO_DAYS = 30
"""For how long deleted blobs and containers can be brought back."""
SAS_LIFETIME = "0.01:00:00"
"""Days.hours:minutes:seconds: even a signature made by Entra lasts no longer than this."""


class Store(Part):
    """Blobs in containers, for those who were granted them, over a private endpoint, and for nobody else."""

    def __init__(
        self, name: str, room: Room, door: Doorway, key: EncryptionKey, *, redundancy: Redundancy,
        containers: Sequence[str], tiers: Tiers | None, immutable_days: int | None = None,
        trusted_services: str | None = None, receives: bool = False, parent: pulumi.Resource | None = None,
    ) -> None:  # fmt: skip
        """`receives`: others bring what it holds, and all of that is scanned for malware. `tiers` None leaves the
        lifecycle to whoever else writes it. `trusted_services` is the written reason for which Azure's own services may
        pass the network rules; it stays on the store as a tag for the auditors."""
        super().__init__(name, room, parent)
        if not containers:
            raise ValueError(f"the store {name} has no container, so nothing could be kept in it")
        self.account = self._account(key, redundancy, trusted_services, receives=receives)
        room.hold(name, self.account)
        self.service = self._service()
        self.containers = {noun: self._container(noun, immutable_days) for noun in containers}
        if tiers:
            self._tier(tiers)
        self.diagnose(name, self.account.id, Report.ACCOUNT, holder=self.account)
        self.diagnose(f"{name}-blobs", self.service.id, Report.BLOBS, holder=self.account)
        self.open_privately(name, self.account, PrivateService.BLOB, door)
        if receives:
            MalwareScan(name, room, self.account, parent=self)
        self.register_outputs({"account": self.account.id})

    def _account(
        self, key: EncryptionKey, redundancy: Redundancy, trusted: str | None, *, receives: bool
    ) -> storage.StorageAccount:
        room = self.room
        return storage.StorageAccount(
            self.called,
            account_name=room.names.globally(Public.STORAGE, self.called),
            resource_group_name=room.group_name,
            location=room.location,
            kind=storage.Kind.STORAGE_V2,
            sku=storage.SkuArgs(name=redundancy.value),
            access_tier=storage.AccessTier.HOT,
            identity=storage.IdentityArgs(
                type=storage.IdentityType.USER_ASSIGNED, user_assigned_identities=[key.identity.id]
            ),
            encryption=_encryption(key),
            public_network_access=storage.PublicNetworkAccess.DISABLED,
            network_rule_set=storage.NetworkRuleSetArgs(
                default_action=storage.DefaultAction.DENY,
                bypass=storage.Bypass.AZURE_SERVICES if trusted else storage.Bypass.NONE,
                ip_rules=[],
                virtual_network_rules=[],
                resource_access_rules=[admitted(room)] if receives else None,
            ),
            allow_blob_public_access=False,
            allow_shared_key_access=False,
            default_to_o_auth_authentication=True,
            allow_cross_tenant_replication=False,
            # Within the tenant only. `PrivateLink` is narrower, but it asks both accounts to have endpoints in one and
            # the same network, and every zone has a network of its own.
            allowed_copy_scope=storage.AllowedCopyScope.AAD,
            minimum_tls_version=storage.MinimumTlsVersion.TLS1_2,
            enable_https_traffic_only=True,
            is_hns_enabled=False,
            is_sftp_enabled=False,
            is_local_user_enabled=False,
            enable_nfs_v3=False,
            sas_policy=storage.SasPolicyArgs(
                expiration_action=storage.ExpirationAction.BLOCK, sas_expiration_period=SAS_LIFETIME
            ),
            tags=room.tags | ({"trusted-services": trusted} if trusted else {}),
            opts=self.kept(depends_on=list(key.after)),
        )

    def _service(self) -> storage.BlobServiceProperties:
        """Versions and undelete: a mistake, or malice, can be taken back for a month."""
        undo = storage.DeleteRetentionPolicyArgs(enabled=True, days=UNDO_DAYS)
        service = storage.BlobServiceProperties(
            self.called,
            blob_services_name="default",
            account_name=self.account.name,
            resource_group_name=self.room.group_name,
            is_versioning_enabled=True,
            delete_retention_policy=storage.DeleteRetentionPolicyArgs(
                enabled=True, days=UNDO_DAYS, allow_permanent_delete=False
            ),
            container_delete_retention_policy=undo,
            change_feed=storage.ChangeFeedArgs(enabled=True),
            opts=self.own(),
        )
        self.room.inside(self.account, service)
        return service

    def _container(self, noun: str, immutable_days: int | None) -> storage.BlobContainer:
        container = storage.BlobContainer(
            f"{self.called}-{noun}",
            container_name=noun,
            account_name=self.account.name,
            resource_group_name=self.room.group_name,
            public_access=storage.PublicAccess.NONE,
            opts=self.kept(depends_on=[self.service]),
        )
        self.room.inside(self.account, container)
        if immutable_days:
            self._immutable(noun, container, immutable_days)
        return container

    def _immutable(self, noun: str, container: storage.BlobContainer, days: int) -> None:
        """What is written stays as written for so many days.

        The policy is made unlocked. Locking it is a separate action of Azure's (a POST, with the policy's ETag), which
        no declared resource can take; it can never be taken back, so it is a steward's deliberate act, described in the
        platform team's guide, and not a side effect of the first `up`. Deleting it alone wants its ETag as well, which
        the provider does not send (pulumi-azure-native issue 2156), so it goes with its container.
        """
        policy = storage.BlobContainerImmutabilityPolicy(
            f"{self.called}-{noun}",
            immutability_policy_name="default",
            container_name=container.name,
            account_name=self.account.name,
            resource_group_name=self.room.group_name,
            immutability_period_since_creation_in_days=days,
            allow_protected_append_writes=False,
            opts=self.kept(deleted_with=container),
        )
        self.room.inside(self.account, policy)

    def _tier(self, tiers: Tiers) -> None:
        rules = lifecycle(tiers)
        if not rules:
            return
        policy = storage.ManagementPolicy(
            self.called,
            management_policy_name="default",
            account_name=self.account.name,
            resource_group_name=self.room.group_name,
            policy=storage.ManagementPolicySchemaArgs(rules=rules),
            # Rules for versions want versioning on.
            opts=self.own(depends_on=[self.service]),
        )
        self.room.inside(self.account, policy)

    def grant_read(
        self, name: str, who: Principal, *, container: str | None = None, clean: bool = False
    ) -> pulumi.Resource:
        """Lets somebody read the store, or one container of it; if `clean`, what was scanned and found so alone."""
        return self._let(Role.BLOB_READER, f"{name}-reads", who, container, CLEAN if clean else None)

    def grant_read_write(self, name: str, who: Principal, *, container: str | None = None) -> pulumi.Resource:
        """Lets somebody read, write and delete in the store, or in one container of it."""
        return self._let(Role.BLOB_WRITER, f"{name}-writes", who, container)

    def _let(
        self, role: Role, name: str, who: Principal, container: str | None, condition: str | None = None
    ) -> pulumi.Resource:
        if container is not None and container not in self.containers:
            raise ValueError(f"the store {self.called} has no container {container}, so nobody can be granted it")
        scope = self.containers[container] if container is not None else self.account
        return self.grant(f"{self.called}-{name}", role, who, scope.id, holder=self.account, condition=condition)


def _encryption(key: EncryptionKey) -> storage.EncryptionArgs:
    """Twice: Azure's own key below, ours above, for queues and tables too (which can be said at creation only)."""
    ours = storage.EncryptionServiceArgs(enabled=True, key_type=storage.KeyType.ACCOUNT)
    return storage.EncryptionArgs(
        key_source=storage.KeySource.MICROSOFT_KEYVAULT,
        require_infrastructure_encryption=True,
        services=storage.EncryptionServicesArgs(blob=ours, file=ours, queue=ours, table=ours),
        encryption_identity=storage.EncryptionIdentityArgs(encryption_user_assigned_identity=key.identity.id),
        # No key_version: the account follows the key as it rotates.
        key_vault_properties=storage.KeyVaultPropertiesArgs(key_name=key.name, key_vault_uri=key.vault.uri),
    )
