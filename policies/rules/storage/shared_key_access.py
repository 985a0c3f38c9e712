"""ST3: nobody reaches a storage account with a shared key or a local password."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.properties import KEPT, must
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation


def check(account: Resource, _: PolicyContext) -> Iterator[Violation]:
    """All three in so many words: what is left out stays as it was on an account that exists."""
    yield from must(account, "allowSharedKeyAccess", False, default="true")
    yield from must(account, "isLocalUserEnabled", False, default=KEPT)
    yield from must(account, "isSftpEnabled", False, default=KEPT)


POLICY = Policy(
    id="ST3",
    title="Storage accounts know people and services by Entra alone: no shared keys, no local users, no SFTP",
    why="A shared key or a local password belongs to nobody: it cannot be traced, or taken from one person.",
    on=("storage:StorageAccount",),
    reads=("allowSharedKeyAccess", "isLocalUserEnabled", "isSftpEnabled"),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("1.5.05", "1.5.06", "3.2.01"), ncsc=("10",), cis=("9.3.1.3",), iso27001=("8.5",), five_safes=("people",)
    ),
    fix="Set allowSharedKeyAccess, isLocalUserEnabled and isSftpEnabled to false. A provider that can speak only SFTP "
    "needs an exemption with an owner and an end.",
    check=check,
)
