"""A key vault for the keys and secrets of one resource group."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time

import pulumi
from pulumi_azure_native import keyvault, managedidentity

from formats.stack_config import DataClass
from infra.components.base_component import (
    BaseComponent,
    ComponentArgs,
    DiagnosticCategories,
    PrivateEndpointPlacement,
)
from infra.components.confidential import release_policy
from infra.components.grants import Principal
from infra.names import GloballyUnique, ResourceKind
from infra.network_services import PrivateService
from infra.roles import Role

SOFT_DELETE_DAYS = 90
"""The maximum of Azure. It cannot be changed after the vault is created."""
KEY_BITS = 3072
ROTATE_AFTER = "P11M"
"""Counted from the creation of a key version. The policy's expiry is set on rotated versions only, so "before expiry"
would never apply to the first version (learn.microsoft.com, "Configure key auto-rotation")."""
EXPIRE_AFTER = "P1Y"
NOTIFY_BEFORE = "P30D"


@dataclass(frozen=True)
class EncryptionKey:
    """A key in a vault, with the managed identity that may use it."""

    key: keyvault.Key
    name_in_vault: str
    vault: KeyVault
    identity: managedidentity.UserAssignedIdentity
    after: tuple[pulumi.Resource, ...]
    """The resources that a service which uses the key must depend on."""
    releasable: bool = False
    """True for a key that is released to attested virtual machines; it does not rotate automatically."""

    def versioned_uri(self) -> pulumi.Output[str]:
        """Return the URI of the key's present version; of a releasable key, of the version that the state knows.

        Disk encryption sets require a version (docs/azure-facts.md#key-url-of-a-disk-encryption-set). It is read from
        Azure in each run: the state has the version of the key's creation, and an update of the set with that one
        would undo a rotation.
        """
        known: pulumi.Output[str] = self.key.key_uri_with_version
        if self.releasable:
            return known

        def present(group: str, _: str) -> pulumi.Output[str]:
            found = keyvault.get_key_output(
                key_name=self.name_in_vault,
                vault_name=self.vault.vault_name,
                resource_group_name=group,
                opts=pulumi.InvokeOutputOptions(parent=self.key),
            )
            uri: pulumi.Output[str] = found.key_uri_with_version
            return uri

        # All sources are named here: the dependencies of a plan and of its run must be the same, and a first plan does
        # not reach `present`.
        return pulumi.Output.all(self.vault.scope.group_name, known).apply(lambda both: present(*both))

    @property
    def name(self) -> pulumi.Output[str]:
        """The key's name in its vault, as an output of the key."""
        name: pulumi.Output[str] = self.key.name
        return name


@dataclass(frozen=True, kw_only=True)
class KeyVaultArgs(ComponentArgs):
    """The arguments of `KeyVault`."""

    endpoint: PrivateEndpointPlacement
    """The placement of the vault's private endpoint."""


class KeyVault(BaseComponent):
    """A key vault with role-based access, purge protection and a private endpoint as its only access."""

    TYPE = "sde:infra:KeyVault"

    def __init__(self, name: str, args: KeyVaultArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        scope = args.scope
        vault_name = scope.names.globally_unique(GloballyUnique.VAULT, name)
        self.vault_name = vault_name
        self.uri = f"https://{vault_name}.vault.azure.net/"
        """Derived from the name, as Azure does (learn.microsoft.com, "Azure Key Vault keys, secrets and certificates
        overview"), so that a preview shows whose keys a service uses."""
        self.vault = self._vault(vault_name)
        scope.lock_at_exit(name, self.vault)
        self.identity = self.new_identity(f"{name}-encrypts")
        self.encrypting_identity_id = self.identity_id(f"{name}-encrypts")
        self._ready = self._grant_and_connect(args.endpoint)
        self.register_outputs({"vault": self.vault.id})

    def _vault(self, vault_name: str) -> keyvault.Vault:
        scope = self.scope
        return keyvault.Vault(
            self.name,
            vault_name=vault_name,
            resource_group_name=scope.group_name,
            location=scope.location,
            properties=keyvault.VaultPropertiesArgs(
                tenant_id=scope.tenant,
                # Premium costs the same until a key is in hardware, which identifiable data requires.
                sku=keyvault.SkuArgs(family=keyvault.SkuFamily.A, name=keyvault.SkuName.PREMIUM),
                enable_rbac_authorization=True,
                enable_soft_delete=True,
                soft_delete_retention_in_days=SOFT_DELETE_DAYS,
                enable_purge_protection=True,
                enabled_for_deployment=False,
                enabled_for_disk_encryption=False,
                enabled_for_template_deployment=False,
                public_network_access="Disabled",
                # Storage accounts and disks use their keys as trusted services, from outside the virtual networks.
                network_acls=keyvault.NetworkRuleSetArgs(
                    default_action=keyvault.NetworkRuleAction.DENY,
                    bypass=keyvault.NetworkRuleBypassOptions.AZURE_SERVICES,
                    ip_rules=[],
                    virtual_network_rules=[],
                ),
            ),
            tags=scope.tags,
            opts=self.protected_opts(),
        )

    def _grant_and_connect(self, endpoint: PrivateEndpointPlacement) -> pulumi.Resource:
        """Assign the role first, then create the private endpoint; keys are used after both. Azure takes minutes to
        apply a new role in the vault's data plane, about as long as the endpoint (else KeyVaultAuthenticationFailure).
        """
        self.add_diagnostic_setting(self.name, self.vault.id, DiagnosticCategories.GENERAL, locked_parent=self.vault)
        grant = self.grant(
            f"{self.name}-encrypts", Role.KEY_ENCRYPTION_USER, Principal.service(self.identity.principal_id),
            self.vault.id, locked_parent=self.vault,
        )  # fmt: skip
        return self.add_private_endpoint(self.name, self.vault, PrivateService.VAULT, endpoint, after=[grant])

    def encryption_key(self, purpose: str) -> EncryptionKey:
        """Create a key that rotates automatically before it expires."""
        key, name_in_vault = self._key(purpose)
        return EncryptionKey(key, name_in_vault, self, self.identity, (key, self._ready))

    def confidential_disk_key(self, purpose: str, *, orchestrator: Principal) -> EncryptionKey:
        """Create a key that Azure releases to attested confidential virtual machines only, through its orchestrator
        (learn.microsoft.com, "Create a confidential VM with a customer-managed key").

        It does not rotate automatically: confidential virtual machines must be stopped for a rotation
        (learn.microsoft.com, "Rotate customer-managed keys for confidential VMs"). The platform team's guide says how.
        """
        grant = self.grant(f"{self.name}-releases", Role.KEY_RELEASE_USER, orchestrator, self.vault.id,
                           locked_parent=self.vault)  # fmt: skip
        key, name_in_vault = self._key(purpose, releasable=True)
        return EncryptionKey(key, name_in_vault, self, self.identity, (key, self._ready, grant), releasable=True)

    def _key(self, purpose: str, *, releasable: bool = False) -> tuple[keyvault.Key, str]:
        hardware = releasable or self.scope.config.data_class is DataClass.IDENTIFIABLE
        name_in_vault = self.scope.names.local(ResourceKind.KEY, purpose)
        key = keyvault.Key(
            f"{self.name}-{purpose}",
            key_name=name_in_vault,
            vault_name=self.vault.name,
            resource_group_name=self.scope.group_name,
            properties=keyvault.KeyPropertiesArgs(
                kty=keyvault.JsonWebKeyType.RS_A_HSM if hardware else keyvault.JsonWebKeyType.RSA,
                key_size=KEY_BITS,
                key_ops=["wrapKey", "unwrapKey"],
                attributes=keyvault.KeyAttributesArgs(enabled=True, exportable=releasable),
                rotation_policy=None if releasable else _rotation_policy(),
                release_policy=keyvault.KeyReleasePolicyArgs(
                    content_type="application/json; charset=utf-8", data=release_policy(self.scope.config.region)
                ) if releasable else None,
            ),
            # No tags: Azure never changes those of a key (docs/azure-facts.md#keys).
            # A key is deleted with its vault; alone it could be deleted only from inside the network.
            opts=self.protected_opts(deleted_with=self.vault),
        )  # fmt: skip
        return key, name_in_vault

    def add_secret(self, purpose: str, value: pulumi.Output[str], *, expires: date, content_type: str) -> None:
        """Create a secret with an expiry, the start of a day in UTC.

        Azure still returns an expired secret. The date is for people and for `sde`, which changes no expired stack.
        """
        instant = datetime.combine(expires, time.min, tzinfo=UTC)
        secret = keyvault.Secret(
            f"{self.name}-{purpose}",
            secret_name=self.scope.names.local(ResourceKind.SECRET, purpose),
            vault_name=self.vault.name,
            resource_group_name=self.scope.group_name,
            properties=keyvault.SecretPropertiesArgs(
                value=value,
                content_type=content_type,
                attributes=keyvault.SecretAttributesArgs(enabled=True, expires=int(instant.timestamp())),
            ),
            tags=self.scope.limited_tags,
            opts=self.protected_opts(deleted_with=self.vault),
        )
        self.scope.add_locked_child(self.vault, secret)

    def grant_read_secrets(self, name: str, principal: Principal) -> None:
        """Allow a principal to read the content of the vault's secrets."""
        self.grant(name, Role.SECRETS_USER, principal, self.vault.id, locked_parent=self.vault)


def _rotation_policy() -> keyvault.RotationPolicyArgs:
    def action(type_: keyvault.KeyRotationPolicyActionType, **trigger: str) -> keyvault.LifetimeActionArgs:
        return keyvault.LifetimeActionArgs(
            action=keyvault.ActionArgs(type=type_), trigger=keyvault.TriggerArgs(**trigger)
        )

    return keyvault.RotationPolicyArgs(
        attributes=keyvault.KeyRotationPolicyAttributesArgs(expiry_time=EXPIRE_AFTER),
        lifetime_actions=[
            action(keyvault.KeyRotationPolicyActionType.ROTATE, time_after_create=ROTATE_AFTER),
            action(keyvault.KeyRotationPolicyActionType.NOTIFY, time_before_expiry=NOTIFY_BEFORE),
        ],
    )
