"""What encrypts the disks of a project."""

from __future__ import annotations

from pulumi_azure_native import compute

from infra.components.key_vault import EncryptionKey
from infra.components.part import Part
from infra.components.room import Room
from infra.names import Kind


class DiskKeys(Part):
    """A disk encryption set: Azure's key and the project's own, one inside the other, following the key's rotation."""

    def __init__(self, name: str, room: Room, key: EncryptionKey, *, confidential: bool = False) -> None:
        """`confidential`: for the system disks of confidential computers, whose key never leaves what is attested."""
        super().__init__(name, room)
        if confidential is not key.released:
            raise ValueError(f"the disk encryption set {name} and its key are not both for confidential computers")
        kinds = compute.DiskEncryptionSetType
        self.set = compute.DiskEncryptionSet(
            name,
            disk_encryption_set_name=room.names.local(Kind.DISK_ENCRYPTION_SET, name),
            resource_group_name=room.group_name,
            location=room.location,
            encryption_type=(
                kinds.CONFIDENTIAL_VM_ENCRYPTED_WITH_CUSTOMER_KEY
                if confidential
                else kinds.ENCRYPTION_AT_REST_WITH_PLATFORM_AND_CUSTOMER_KEYS
            ),
            identity=compute.EncryptionSetIdentityArgs(
                type=compute.DiskEncryptionSetIdentityType.USER_ASSIGNED,
                user_assigned_identities=[key.identity.id],
            ),
            # Following the rotation wants a key without a version; confidential computers cannot follow it.
            active_key=compute.KeyForDiskEncryptionSetArgs(key_url=key.uri),
            rotation_to_latest_key_version_enabled=not confidential,
            tags=room.tags,
            opts=self.own(depends_on=list(key.after)),
        )
        self.register_outputs({"set": self.set.id})
