"""The encryption of desks: disk encryption sets for the data class, and the reason for a network without encryption."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from formats.stack_config import DataClass
from formats.vm_size_names import has_accelerated_networking
from infra.components.desk import DiskEncryption
from infra.components.disk_encryption_set import DiskEncryptionSet, DiskEncryptionSetArgs
from infra.components.grants import Principal
from infra.components.key_vault import KeyVault
from infra.components.resource_group_scope import ResourceGroupScope


def disk_encryption(
    scope: ResourceGroupScope, keys: KeyVault, orchestrator: UUID | None, prefix: str = ""
) -> DiskEncryption:
    """Create the disk encryption sets of desks. Identifiable data requires confidential virtual machines, and with them
    `orchestrator`. `prefix` begins the logical names."""
    data, system = f"{prefix}disks", f"{prefix}system-disks"
    data_set = DiskEncryptionSet(data, DiskEncryptionSetArgs(scope=scope, key=keys.encryption_key(data)))
    if scope.config.data_class is not DataClass.IDENTIFIABLE:
        return DiskEncryption(data_set)
    assert orchestrator  # noqa: S101 - required by the configuration model
    key = keys.confidential_disk_key(system, orchestrator=Principal.service(str(orchestrator)))
    system_args = DiskEncryptionSetArgs(scope=scope, key=key, confidential=True)
    return DiskEncryption(data_set, DiskEncryptionSet(system, system_args))


def unencrypted_reason(data_class: DataClass, sizes: Iterable[str]) -> str | None:
    """Return the reason to disable network encryption, if any. Azure advises against it with confidential virtual
    machines, and it requires accelerated networking (learn.microsoft.com, "Virtual network encryption": limitations).
    """
    if data_class is DataClass.IDENTIFIABLE:
        return "confidential virtual machines do not support network encryption; TLS carries all traffic"
    if not all(map(has_accelerated_networking, sizes)):
        return "the desk's size does not support network encryption; TLS carries all traffic"
    return None
