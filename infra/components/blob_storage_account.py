"""A storage account for blobs, without public access and encrypted with a customer-managed key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network

import pulumi
from pulumi_azure_native import storage

from formats.stack_config import Redundancy, Tiers
from formats.ways_in import storage_ip_rules
from infra.components.base_component import (
    BaseComponent,
    ComponentArgs,
    DiagnosticCategories,
    PrivateEndpointPlacement,
)
from infra.components.grants import NO_ACCESS, Principal
from infra.components.key_vault import EncryptionKey
from infra.components.malware_scan import MalwareScan, MalwareScanArgs, scanner_access_rule
from infra.components.tiering import lifecycle_rules
from infra.components.write_order import WriteOrder
from infra.malware_scanning import CLEAN_BLOBS_ONLY
from infra.names import GloballyUnique
from infra.network_services import PrivateService
from infra.roles import Role

SOFT_DELETE_DAYS = 30
"""The days during which deleted blobs and containers can be restored."""
SAS_LIFETIME = "0.01:00:00"
"""Days.hours:minutes:seconds. The maximum also for a shared access signature issued with Entra."""


@dataclass(frozen=True, kw_only=True)
class PublicAccess:
    """The public network access of an account, from some addresses only."""

    ranges: Sequence[IPv4Network]
    """The public addresses that it admits."""
    reason: str
    """The written reason. It is kept as a tag for auditors."""
    after: pulumi.Resource
    """The definition of the guardrail that permits these addresses. Azure applies a change of it to its writes within
    half an hour, and refuses the account until then (learn.microsoft.com, "Azure Policy": evaluation triggers)."""


@dataclass(frozen=True, kw_only=True)
class BlobStorageAccountArgs(ComponentArgs):
    """The arguments of `BlobStorageAccount`."""

    endpoint: PrivateEndpointPlacement
    """The placement of the account's private endpoint."""
    key: EncryptionKey
    """The key that encrypts the account."""
    redundancy: Redundancy
    containers: Sequence[str]
    """The names of the containers, at least one."""
    tiers: Tiers
    """The lifecycle of blobs."""
    immutable_days: int | None = None
    """The days during which a blob cannot be changed or deleted. None: blobs can be changed."""
    trusted_services_reason: str | None = None
    """The written reason to let Azure's trusted services pass the network rules. It is kept as a tag for auditors."""
    scan_uploads: bool = False
    """Scan each upload for malware: for an account that other parties write to."""
    public_access: PublicAccess | None = None
    """None: the account has no public network access."""


class BlobStorageAccount(BaseComponent):
    """A storage account with blob containers. Access is by role assignment, over a private endpoint and, if an
    argument says so, from named public addresses."""

    TYPE = "sde:infra:BlobStorageAccount"

    def __init__(self, name: str, args: BlobStorageAccountArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        scope = args.scope
        if not args.containers:
            raise ValueError(f"the storage account {name} has no container, so it can store nothing")
        self.account = self._account(args)
        scope.lock_at_exit(name, self.account)
        self._writes = WriteOrder(self.account)
        self.service = self._service()
        self.containers = {container: self._container(container, args.immutable_days) for container in args.containers}
        self._add_lifecycle(args.tiers)
        self.add_diagnostic_setting(name, self.account.id, DiagnosticCategories.STORAGE_ACCOUNT,
                                    locked_parent=self.account)  # fmt: skip
        self.add_diagnostic_setting(f"{name}-blobs", self.service.id, DiagnosticCategories.BLOB_SERVICE,
                                    locked_parent=self.account)  # fmt: skip
        if args.scan_uploads:
            scan_args = MalwareScanArgs(scope=scope, account=self.account, after=self._writes.last)
            self._writes.add(MalwareScan(name, scan_args, self.child_opts()).setting)
        self.add_private_endpoint(name, self.account, PrivateService.BLOB, args.endpoint, after=self._writes.last)
        self.register_outputs({"account": self.account.id})

    def _account(self, args: BlobStorageAccountArgs) -> storage.StorageAccount:
        scope, key, reason, public = args.scope, args.key, args.trusted_services_reason, args.public_access
        reasons = {"trusted-services": reason, "public-access": public and public.reason}
        return storage.StorageAccount(
            self.name,
            account_name=scope.names.globally_unique(GloballyUnique.STORAGE, self.name),
            resource_group_name=scope.group_name,
            location=scope.location,
            kind=storage.Kind.STORAGE_V2,
            sku=storage.SkuArgs(name=args.redundancy.value),
            access_tier=storage.AccessTier.HOT,
            identity=storage.IdentityArgs(
                type=storage.IdentityType.USER_ASSIGNED, user_assigned_identities=[key.identity.id]
            ),
            encryption=_encryption(key),
            public_network_access=(
                storage.PublicNetworkAccess.ENABLED if public else storage.PublicNetworkAccess.DISABLED
            ),
            network_rule_set=storage.NetworkRuleSetArgs(
                default_action=storage.DefaultAction.DENY,
                bypass=storage.Bypass.AZURE_SERVICES if reason else storage.Bypass.NONE,
                ip_rules=_ip_rules(public),
                virtual_network_rules=[],
                resource_access_rules=[scanner_access_rule(scope)] if args.scan_uploads else None,
            ),
            allow_blob_public_access=False,
            allow_shared_key_access=False,
            default_to_o_auth_authentication=True,
            allow_cross_tenant_replication=False,
            # Within the tenant only. `PrivateLink` is narrower, but requires private endpoints of both accounts in the
            # same network, and every zone has its own network.
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
            tags=scope.tags | {tag: text for tag, text in reasons.items() if text},
            opts=self.protected_opts(depends_on=[*key.after, *([public.after] if public else [])]),
        )

    def _service(self) -> storage.BlobServiceProperties:
        """Create the blob service settings: versions and soft delete, to undo a mistake or an attack for a month."""
        service = storage.BlobServiceProperties(
            self.name,
            blob_services_name="default",
            account_name=self.account.name,
            resource_group_name=self.scope.group_name,
            is_versioning_enabled=True,
            delete_retention_policy=storage.DeleteRetentionPolicyArgs(
                enabled=True, days=SOFT_DELETE_DAYS, allow_permanent_delete=False
            ),
            container_delete_retention_policy=storage.DeleteRetentionPolicyArgs(enabled=True, days=SOFT_DELETE_DAYS),
            change_feed=storage.ChangeFeedArgs(enabled=True),
            opts=self.child_opts(depends_on=self._writes.last),
        )
        self._add_write(service)
        return service

    def _container(self, container_name: str, immutable_days: int | None) -> storage.BlobContainer:
        container = storage.BlobContainer(
            f"{self.name}-{container_name}",
            container_name=container_name,
            account_name=self.account.name,
            resource_group_name=self.scope.group_name,
            public_access=storage.PublicAccess.NONE,
            opts=self.protected_opts(depends_on=self._writes.last),
        )
        self._add_write(container)
        if immutable_days:
            self._add_immutability_policy(container_name, container, immutable_days)
        return container

    def _add_immutability_policy(self, container_name: str, container: storage.BlobContainer, days: int) -> None:
        """Create an unlocked immutability policy for a container.

        Locking it is a separate Azure action (a POST with the policy's ETag) that no declared resource can take. It can
        never be undone, so it is a deliberate act of a steward, described in the platform team's guide (decision 0014).
        Deleting the policy alone needs its ETag too, which the provider does not send (pulumi-azure-native issue 2156),
        so it is deleted with its container, which must be empty then.
        """
        policy = storage.BlobContainerImmutabilityPolicy(
            f"{self.name}-{container_name}",
            immutability_policy_name="default",
            container_name=container.name,
            account_name=self.account.name,
            resource_group_name=self.scope.group_name,
            immutability_period_since_creation_in_days=days,
            allow_protected_append_writes=False,
            opts=self.protected_opts(deleted_with=container, depends_on=self._writes.last),
        )
        self._add_write(policy)

    def _add_lifecycle(self, tiers: Tiers) -> None:
        rules = lifecycle_rules(tiers)
        if not rules:
            return
        policy = storage.ManagementPolicy(
            self.name,
            management_policy_name="default",
            account_name=self.account.name,
            resource_group_name=self.scope.group_name,
            policy=storage.ManagementPolicySchemaArgs(rules=rules),
            # Rules for versions require versioning, which the service has turned on.
            opts=self.child_opts(depends_on=self._writes.last),
        )
        self._add_write(policy)

    def _add_write(self, write: pulumi.Resource) -> None:
        self._writes.add(write)
        self.scope.add_locked_child(self.account, write)

    def grant_read(
        self, name: str, principal: Principal, *, container: str | None = None, clean_only: bool = False
    ) -> pulumi.Resource:
        """Allow a principal to read the account or one container; with `clean_only`, only blobs that the malware scan
        found clean."""
        condition = CLEAN_BLOBS_ONLY if clean_only else None
        return self._grant(Role.BLOB_READER, f"{name}-reads", principal, container, condition)

    def grant_read_write(
        self, name: str, principal: Principal, *, container: str | None = None, closed: bool = False
    ) -> pulumi.Resource:
        """Allow a principal to read, write and delete blobs in the account or in one container. `closed`: not any more;
        the assignment stays, with a condition under which it permits nothing."""
        return self._grant(Role.BLOB_WRITER, f"{name}-writes", principal, container, NO_ACCESS if closed else None)

    def _grant(
        self, role: Role, name: str, principal: Principal, container: str | None, condition: str | None = None
    ) -> pulumi.Resource:
        if container is not None and container not in self.containers:
            raise ValueError(f"the storage account {self.name} has no container {container} to grant access to")
        resource = self.containers[container] if container is not None else self.account
        return self.grant(f"{self.name}-{name}", role, principal, resource.id, locked_parent=self.account,
                          condition=condition)  # fmt: skip


def _ip_rules(public: PublicAccess | None) -> list[storage.IPRuleArgs]:
    return [
        storage.IPRuleArgs(i_p_address_or_range=text, action=storage.Action.ALLOW)
        for text in storage_ip_rules(public.ranges if public else ())
    ]


def _encryption(key: EncryptionKey) -> storage.EncryptionArgs:
    """Return double encryption: Azure's key for the infrastructure, and the customer-managed key for all services.
    That of queues and tables can be set only when the account is created."""
    service = storage.EncryptionServiceArgs(enabled=True, key_type=storage.KeyType.ACCOUNT)
    return storage.EncryptionArgs(
        key_source=storage.KeySource.MICROSOFT_KEYVAULT,
        require_infrastructure_encryption=True,
        services=storage.EncryptionServicesArgs(blob=service, file=service, queue=service, table=service),
        encryption_identity=storage.EncryptionIdentityArgs(encryption_user_assigned_identity=key.identity.id),
        # Without key_version, the account follows the key's rotation.
        key_vault_properties=storage.KeyVaultPropertiesArgs(key_name=key.name, key_vault_uri=key.vault.uri),
    )
