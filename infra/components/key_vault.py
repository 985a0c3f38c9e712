"""The key vault of a room: its keys are the room's alone, and go when the room goes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time

import pulumi
from pulumi_azure_native import keyvault, managedidentity

from infra.components.confidential import release_policy
from infra.components.grants import Principal
from infra.components.part import Doorway, Part, Report
from infra.components.room import Room
from infra.config import DataClass
from infra.names import Kind, Public
from infra.roles import PrivateService, Role

SOFT_DELETE_DAYS = 90
"""The most that Azure offers; it can never be changed once the vault is made."""
KEY_BITS = 3072
ROTATE_AFTER = "P11M"
"""Counted from a version's creation: the policy's expiry is set on rotated versions only, so "before expiry" would
never come for the first (learn.microsoft.com, "Configure key auto-rotation")."""
EXPIRE_AFTER = "P1Y"
NOTIFY_BEFORE = "P30D"


@dataclass(frozen=True)
class EncryptionKey:
    """A key, the identity that may use it, and what must be done before a service can."""

    key: keyvault.Key
    called: str
    """Its name in its vault."""
    vault: KeyVault
    identity: managedidentity.UserAssignedIdentity
    after: tuple[pulumi.Resource, ...]
    released: bool = False
    """Whether it goes to attested computers: such a key does not rotate by itself."""

    @property
    def uri(self) -> pulumi.Output[str]:
        """The key without a version: services then follow its rotation. With one, where it is released."""
        if self.released:
            versioned: pulumi.Output[str] = self.key.key_uri_with_version
            return versioned
        return pulumi.Output.from_input(f"{self.vault.uri}keys/{self.called}")

    @property
    def name(self) -> pulumi.Output[str]:
        """The key's name in its vault."""
        name: pulumi.Output[str] = self.key.name
        return name


class KeyVault(Part):
    """A vault with roles instead of access policies, purge protection, and no door but a private one."""

    def __init__(self, name: str, room: Room, door: Doorway, parent: pulumi.Resource | None = None) -> None:
        super().__init__(name, room, parent)
        vault_name = room.names.globally(Public.VAULT, name)
        self.uri = f"https://{vault_name}.vault.azure.net/"
        """Azure makes it of the name (learn.microsoft.com, "Azure Key Vault keys, secrets and certificates overview"):
        so plans tell whose keys are used before the vault is there."""
        self.vault = keyvault.Vault(
            name,
            vault_name=vault_name,
            resource_group_name=room.group_name,
            location=room.location,
            properties=keyvault.VaultPropertiesArgs(
                tenant_id=room.tenant,
                # Premium costs the same until a key is kept in hardware, which identifiable data asks for.
                sku=keyvault.SkuArgs(family=keyvault.SkuFamily.A, name=keyvault.SkuName.PREMIUM),
                enable_rbac_authorization=True,
                enable_soft_delete=True,
                soft_delete_retention_in_days=SOFT_DELETE_DAYS,
                enable_purge_protection=True,
                enabled_for_deployment=False,
                enabled_for_disk_encryption=False,
                enabled_for_template_deployment=False,
                public_network_access="Disabled",
                # Storage and disks reach their keys as trusted services, which come from no network of ours.
                network_acls=keyvault.NetworkRuleSetArgs(
                    default_action=keyvault.NetworkRuleAction.DENY,
                    bypass=keyvault.NetworkRuleBypassOptions.AZURE_SERVICES,
                    ip_rules=[],
                    virtual_network_rules=[],
                ),
            ),
            tags=room.tags,
            opts=self.kept(),
        )
        room.hold(name, self.vault)
        self.identity = managedidentity.UserAssignedIdentity(
            f"{name}-encrypts",
            resource_name_=room.names.local(Kind.IDENTITY, f"{name}-encrypts"),
            resource_group_name=room.group_name,
            location=room.location,
            tags=room.tags,
            opts=self.own(),
        )
        self._ready = self._open(door)
        self.register_outputs({"vault": self.vault.id})

    def _open(self, door: Doorway) -> pulumi.Resource:
        """Grant first, then the private endpoint, and only then are keys used: Azure takes minutes to carry a new role
        to the vault's data plane, about as long as the endpoint needs (else KeyVaultAuthenticationFailure)."""
        self.diagnose(self.called, self.vault.id, Report.GENERAL, holder=self.vault)
        granted = self.grant(
            f"{self.called}-encrypts", Role.ENCRYPTS, Principal.service(self.identity.principal_id), self.vault.id,
            holder=self.vault,
        )  # fmt: skip
        return self.open_privately(self.called, self.vault, PrivateService.VAULT, door, after=[granted])

    def encrypts(self, noun: str) -> EncryptionKey:
        """A key for one purpose, which rotates by itself before it expires."""
        key, called = self._key(noun)
        return EncryptionKey(key, called, self, self.identity, (key, self._ready))

    def encrypts_confidential_disks(self, noun: str, *, orchestrator: Principal) -> EncryptionKey:
        """A key that Azure releases to attested confidential computers only, through its orchestrator
        (learn.microsoft.com, "Create a confidential VM with a customer-managed key").

        It does not rotate by itself, which confidential computers do not support: they must be stopped for it
        (learn.microsoft.com, "Rotate customer-managed keys for confidential VMs"). The platform team's guide says how.
        """
        granted = self.grant(f"{self.called}-releases", Role.RELEASES_KEYS, orchestrator, self.vault.id,
                             holder=self.vault)  # fmt: skip
        key, called = self._key(noun, released=True)
        return EncryptionKey(key, called, self, self.identity, (key, self._ready, granted), released=True)

    def _key(self, noun: str, *, released: bool = False) -> tuple[keyvault.Key, str]:
        hardware = released or self.room.config.data_class is DataClass.IDENTIFIABLE
        called = self.room.names.local(Kind.KEY, noun)
        key = keyvault.Key(
            f"{self.called}-{noun}",
            key_name=called,
            vault_name=self.vault.name,
            resource_group_name=self.room.group_name,
            properties=keyvault.KeyPropertiesArgs(
                kty=keyvault.JsonWebKeyType.RS_A_HSM if hardware else keyvault.JsonWebKeyType.RSA,
                key_size=KEY_BITS,
                key_ops=["wrapKey", "unwrapKey"],
                attributes=keyvault.KeyAttributesArgs(enabled=True, exportable=released),
                rotation_policy=None if released else _rotation(),
                release_policy=keyvault.KeyReleasePolicyArgs(
                    content_type="application/json; charset=utf-8", data=release_policy(self.room.config.region)
                ) if released else None,
            ),
            tags=self.room.few_tags,
            # The vault takes its keys with it; a key alone could be deleted only from inside the network.
            opts=self.kept(deleted_with=self.vault),
        )  # fmt: skip
        return key, called

    def keep_secret(self, noun: str, value: pulumi.Output[str], *, expires: date, content_type: str) -> keyvault.Secret:
        """Keeps a secret until the start of the day it expires, UTC."""
        instant = datetime.combine(expires, time.min, tzinfo=UTC)
        secret = keyvault.Secret(
            f"{self.called}-{noun}",
            secret_name=self.room.names.local(Kind.SECRET, noun),
            vault_name=self.vault.name,
            resource_group_name=self.room.group_name,
            properties=keyvault.SecretPropertiesArgs(
                value=value,
                content_type=content_type,
                attributes=keyvault.SecretAttributesArgs(enabled=True, expires=int(instant.timestamp())),
            ),
            tags=self.room.few_tags,
            opts=self.kept(deleted_with=self.vault),
        )
        self.room.inside(self.vault, secret)
        return secret

    def grant_read_secrets(self, name: str, who: Principal) -> None:
        """Lets somebody read the content of the vault's secrets."""
        self.grant(name, Role.SECRETS_USER, who, self.vault.id, holder=self.vault)

    def grant_look(self, name: str, who: Principal) -> None:
        """Lets somebody see which keys and secrets there are, never their content."""
        self.grant(name, Role.VAULT_READER, who, self.vault.id, holder=self.vault)


def _rotation() -> keyvault.RotationPolicyArgs:
    def at(action: keyvault.KeyRotationPolicyActionType, **when: str) -> keyvault.LifetimeActionArgs:
        return keyvault.LifetimeActionArgs(
            action=keyvault.ActionArgs(type=action), trigger=keyvault.TriggerArgs(**when)
        )

    return keyvault.RotationPolicyArgs(
        attributes=keyvault.KeyRotationPolicyAttributesArgs(expiry_time=EXPIRE_AFTER),
        lifetime_actions=[
            at(keyvault.KeyRotationPolicyActionType.ROTATE, time_after_create=ROTATE_AFTER),
            at(keyvault.KeyRotationPolicyActionType.NOTIFY, time_before_expiry=NOTIFY_BEFORE),
        ],
    )
