"""A disk encryption set: the key that encrypts the disks of a project."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from pulumi_azure_native import compute

from infra.components.base_component import BaseComponent, ComponentArgs
from infra.components.key_vault import EncryptionKey
from infra.names import ResourceKind


@dataclass(frozen=True, kw_only=True)
class DiskEncryptionSetArgs(ComponentArgs):
    """The arguments of `DiskEncryptionSet`."""

    key: EncryptionKey
    """The customer-managed key; a releasable one if `confidential`."""
    confidential: bool = False
    """True for the system disks of confidential virtual machines."""


class DiskEncryptionSet(BaseComponent):
    """A disk encryption set with double encryption, by Azure's key and the project's, that follows the key's rotation.

    A confidential one encrypts with the project's key, which is released to attested virtual machines only.
    """

    TYPE = "sde:infra:DiskEncryptionSet"

    def __init__(self, name: str, args: DiskEncryptionSetArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        scope, key, confidential = args.scope, args.key, args.confidential
        if confidential is not key.releasable:
            raise ValueError(
                f"the disk encryption set {name} and its key are not both for confidential virtual machines"
            )
        types = compute.DiskEncryptionSetType
        self.set = compute.DiskEncryptionSet(
            name,
            disk_encryption_set_name=scope.names.local(ResourceKind.DISK_ENCRYPTION_SET, name),
            resource_group_name=scope.group_name,
            location=scope.location,
            encryption_type=(
                types.CONFIDENTIAL_VM_ENCRYPTED_WITH_CUSTOMER_KEY
                if confidential
                else types.ENCRYPTION_AT_REST_WITH_PLATFORM_AND_CUSTOMER_KEYS
            ),
            identity=compute.EncryptionSetIdentityArgs(
                type=compute.DiskEncryptionSetIdentityType.USER_ASSIGNED,
                user_assigned_identities=[key.identity.id],
            ),
            active_key=compute.KeyForDiskEncryptionSetArgs(key_url=key.versioned_uri()),
            # Confidential virtual machines cannot follow a rotation.
            rotation_to_latest_key_version_enabled=not confidential,
            tags=scope.tags,
            opts=self.child_opts(depends_on=list(key.after)),
        )
        self.register_outputs({"set": self.set.id})
